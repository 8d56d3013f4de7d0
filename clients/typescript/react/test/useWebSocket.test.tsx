// @vitest-environment happy-dom
import { once } from 'node:events';
import { act } from 'react';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import WebSocket, { type WebSocket as ServerSocket, WebSocketServer } from 'ws';
import { useWebSocket, type WebSocketOptions } from '../src/index.js';
import { renderHook } from './render.js';

let server: WebSocketServer;
let sockets: ServerSocket[];
let received: string[];
const url = (path = '') => `ws://127.0.0.1:${(server.address() as { port: number }).port}/${path}`;

/** In small steps: React shows what changed only after each. */
async function until(holds: () => unknown): Promise<void> {
    const deadline = performance.now() + 30_000;
    while (!holds()) {
        if (performance.now() > deadline) throw new Error(`still waiting for ${holds}`);
        await act(() => new Promise((resolve) => setTimeout(resolve, 5)));
    }
}

beforeEach(async () => {
    vi.stubGlobal('WebSocket', WebSocket);
    sockets = [];
    received = [];
    server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
    server.on('connection', (socket, { url }) => {
        sockets.push(socket);
        socket.on('message', (data) => received.push(`${url} ${data}`));
    });
    await once(server, 'listening');
});

afterEach(() => {
    for (const socket of sockets) socket.terminate();
    server.close();
    vi.unstubAllGlobals();
});

const render = (options: Partial<WebSocketOptions> = {}) =>
    renderHook(
        ({ url: given = url(), ...props }: Partial<WebSocketOptions>) =>
            useWebSocket({ url: given, reconnectInterval: 10, ...props }),
        options,
    );

it('opens one connection, also in StrictMode, and sends and receives JSON and text', async () => {
    const seen: unknown[] = [];
    const hook = await render({ onMessage: (data) => seen.push(data) });
    expect(hook.current.send('too early')).toBe(false);
    await until(() => hook.current.isConnected);
    hook.current.send({ hello: 'there' });
    hook.current.send('plain');
    await until(() => received.length === 2);
    expect(received).toEqual(['/ {"hello":"there"}', '/ plain']);
    sockets[0]!.send('{"a":1}');
    sockets[0]!.send('not json');
    await until(() => seen.length === 2);
    expect(seen).toEqual([{ a: 1 }, 'not json']);
    expect(sockets).toHaveLength(1);
});

it('keeps its connection and its functions when the callbacks change, and calls the last ones', async () => {
    const seen: string[] = [];
    const hook = await render({ onMessage: () => seen.push('first') });
    await until(() => hook.current.isConnected);
    const { send, disconnect } = hook.current;
    await hook.render({ onMessage: () => seen.push('second'), onOpen: () => {}, onClose: () => {} });
    sockets[0]!.send('1');
    await until(() => seen.length);
    expect(seen).toEqual(['second']);
    expect(hook.current).toMatchObject({ send, disconnect });
    expect(sockets).toHaveLength(1);
});

it('comes back after a loss, and starts counting again once it was connected', async () => {
    const events: string[] = [];
    const hook = await render({
        maxReconnectAttempts: 1,
        onOpen: () => events.push('open'),
        onClose: ({ code }) => events.push(`close ${code}`),
    });
    for (let losses = 1; losses <= 3; losses++) {
        await until(() => hook.current.isConnected && sockets.length === losses);
        sockets.at(-1)!.close(1012);
        await until(() => events.filter((event) => event === 'close 1012').length === losses);
    }
    await until(() => hook.current.isConnected && sockets.length === 4);
    expect(events).toEqual(['open', 'close 1012', 'open', 'close 1012', 'open', 'close 1012', 'open']);
});

it('gives up after so many tries', async () => {
    const gone = url();
    server.close();
    let closes = 0;
    await render({ url: gone, maxReconnectAttempts: 2, onClose: () => closes++ });
    await until(() => closes === 3);
    await act(() => new Promise((resolve) => setTimeout(resolve, 100)));
    expect(closes).toBe(3);
});

it('stays away after disconnect, and says that it closed', async () => {
    const codes: number[] = [];
    const hook = await render({ onClose: ({ code }) => codes.push(code) });
    await until(() => hook.current.isConnected);
    await act(async () => hook.current.disconnect());
    await until(() => !hook.current.isConnected);
    await act(() => new Promise((resolve) => setTimeout(resolve, 100)));
    expect(codes).toEqual([1000]);
    expect(sockets).toHaveLength(1);
});

it('follows the address, and none at all', async () => {
    const hook = await render({ url: url('a') });
    await until(() => hook.current.isConnected);
    await hook.render({ url: url('b') });
    await until(() => sockets.length === 2 && hook.current.isConnected);
    hook.current.send('x');
    await until(() => received.length);
    expect(received).toEqual(['/b x']);
    await hook.render({ url: null });
    await until(() => sockets.every((socket) => socket.readyState === WebSocket.CLOSED));
    expect(hook.current.isConnected).toBe(false);
});

it('closes when it is unmounted, and calls nobody any more', async () => {
    const closed = vi.fn();
    const hook = await render({ onClose: closed });
    await until(() => hook.current.isConnected);
    await hook.unmount();
    await until(() => sockets[0]!.readyState === WebSocket.CLOSED);
    expect(closed).not.toHaveBeenCalled();
});

// @vitest-environment happy-dom
import { act, type ReactNode } from 'react';
import { renderToString } from 'react-dom/server';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { FakeGateway } from '../../test/support/fakeGateway.js';
import { type ChannelView, GatewayProvider, useChannel, useGateway, usePresence } from '../src/index.js';
import { renderHook } from './render.js';

let gateway: FakeGateway;
const around = (children: ReactNode) => (
    <GatewayProvider url="/ws" transports={[gateway.transport]} backoff={{ min: 0 }}>
        {children}
    </GatewayProvider>
);
const message = (seq: number) => ({ type: 'message', channel: 'a', content: `m${seq}`, seq });
const says = (...messages: object[]) => act(async () => gateway.link.says(...messages));
const subscribes = (more?: object) => act(async () => gateway.link.subscribes('a', more));
const connects = () => act(async () => void gateway.link.connected());

/** What of a view an application draws. */
const drawn = ({ messages, state }: ChannelView<unknown>) => [state, messages.map(({ content }) => content)];

beforeEach(() => {
    gateway = new FakeGateway();
});

describe('GatewayProvider', () => {
    it('connects while it is mounted, in StrictMode over one connection that lasts, and tells the state', async () => {
        const hook = await renderHook(() => useGateway().state, {}, around);
        expect(hook.current).toBe('connecting');
        await connects();
        expect(hook.current).toBe('connected');
        const { link } = gateway;
        await hook.unmount();
        expect(link.closedWith).toEqual({ code: 1000, reason: '' });
        expect(gateway.links.filter(({ closedWith }) => !closedWith)).toEqual([]);
    });

    it('asks the token callback of the last render', async () => {
        const wrap = (children: ReactNode) => (
            <GatewayProvider
                url="/ws"
                transports={[gateway.transport]}
                token={() => `token-${renders}`}
                backoff={{ min: 0 }}
            >
                {children}
            </GatewayProvider>
        );
        let renders = 1;
        const hook = await renderHook(() => useGateway().client, {}, wrap);
        const client = hook.current;
        await connects();
        renders = 2;
        await hook.render({});
        await act(async () => {
            gateway.link.drops();
            await vi.waitUntil(() => gateway.link.request.token === 'token-2');
        });
        expect(hook.current).toBe(client);
    });

    it('tells why the client is closed', async () => {
        const hook = await renderHook(() => useGateway(), {}, around);
        const reason = 'the token is for another audience';
        await act(async () => gateway.link.drops(4001, reason));
        expect(hook.current).toEqual({ client: hook.current.client, state: 'closed', code: 4001, reason });
    });

    it('renders on a server without connecting', () => {
        function Page() {
            const { state } = useGateway();
            const { messages } = useChannel('a');
            return <p>{`${state} ${messages.length}`}</p>;
        }
        expect(renderToString(around(<Page />))).toContain('closed 0');
        expect(gateway.links).toHaveLength(0);
    });

    it('is asked for where it is missing', () => {
        function Lost() {
            useGateway();
            return null;
        }
        expect(() => renderToString(<Lost />)).toThrow('<GatewayProvider>');
    });
});

describe('useChannel', () => {
    it('gathers the messages and the state', async () => {
        const hook = await renderHook(() => useChannel<string>('a', { limit: 2 }), {}, around);
        await connects();
        expect(drawn(hook.current)).toEqual(['subscribing', []]);
        await subscribes({ epoch: 'e', seq: 0 });
        await says(message(1), message(2), message(3));
        expect(drawn(hook.current)).toEqual(['subscribed', ['m2', 'm3']]);
        await act(async () => gateway.link.drops());
        expect(drawn(hook.current)[0]).not.toBe('subscribed');
    });

    it('keeps none where only the callback is wanted', async () => {
        const seen: string[] = [];
        const onMessage = ({ content }: { content: string }) => seen.push(content);
        const hook = await renderHook(() => useChannel<string>('a', { limit: 0, onMessage }), {}, around);
        await connects();
        await subscribes({ epoch: 'e', seq: 0 });
        await says(message(1), message(2));
        expect(drawn(hook.current)).toEqual(['subscribed', []]);
        expect(seen).toEqual(['m1', 'm2']);
    });

    it('asks the token callback of the last render for a token of the channel', async () => {
        const hook = await renderHook(
            ({ name }: { name: string }) => useChannel('a', { token: () => `token-${name}` }),
            { name: 'first' },
            around,
        );
        await connects();
        await subscribes();
        await hook.render({ name: 'second' });
        await says({ type: 'unsubscribed', channel: 'a', code: 'expired', reason: 'ended' });
        await act(async () => void (await vi.waitUntil(() => gateway.link.of('subscribe').length === 2)));
        expect(gateway.link.of('subscribe')).toMatchObject([{ token: 'token-first' }, { token: 'token-second' }]);
    });

    it('calls the last onMessage and subscribes once, however often the callback changes', async () => {
        const seen: string[] = [];
        const hook = await renderHook(
            ({ name }: { name: string }) =>
                useChannel<string>('a', { onMessage: ({ content }) => seen.push(name + content) }),
            { name: 'first ' },
            around,
        );
        await connects();
        await subscribes();
        await says(message(1));
        await hook.render({ name: 'second ' });
        await says(message(2));
        expect(seen).toEqual(['first m1', 'second m2']);
        expect(gateway.link.of('subscribe')).toHaveLength(1);
        expect(gateway.link.of('unsubscribe')).toHaveLength(0);
    });

    it('loads history and puts it together with what came meanwhile, each message once, in order', async () => {
        const hook = await renderHook(() => useChannel<string>('a', { history: 3 }), {}, around);
        await connects();
        await subscribes({ epoch: 'e', seq: 3 });
        await says(message(4), message(5));
        const [{ id, limit }] = gateway.link.of('history');
        expect(limit).toBe(3);
        await says({ type: 'history', id, channel: 'a', epoch: 'e', messages: [2, 3, 4].map(message), more: true });
        expect(drawn(hook.current)).toEqual(['subscribed', ['m2', 'm3', 'm4', 'm5']]);
    });

    it('loads anew where messages were lost', async () => {
        const hook = await renderHook(() => useChannel<string>('a', { history: 3 }), {}, around);
        await connects();
        await subscribes({ epoch: 'e', seq: 0 });
        await says(message(1), message(2));
        await act(async () => {
            gateway.link.drops();
            await vi.waitUntil(() => gateway.links.filter(({ closedWith }) => !closedWith).length === 2);
        });
        await connects();
        await subscribes({ epoch: 'f', seq: 1, recovered: false });
        expect(hook.current).toMatchObject({ recovered: false, messages: [] });
        const { id } = gateway.link.of('history').at(-1);
        await says({
            type: 'history',
            id,
            channel: 'a',
            epoch: 'f',
            messages: [{ ...message(1), content: 'new' }],
            more: false,
        });
        expect(drawn(hook.current)).toEqual(['subscribed', ['new']]);
    });

    it('follows the channel it is given', async () => {
        const hook = await renderHook(
            ({ name }: { name: string | null }) => useChannel(name),
            { name: 'a' as string | null },
            around,
        );
        await connects();
        await subscribes();
        await says(message(1));
        await hook.render({ name: 'b' });
        expect(hook.current.messages).toEqual([]);
        expect(gateway.link.received.map(({ type, channel }) => `${type} ${channel}`)).toEqual([
            'subscribe a',
            'subscribe b',
            'unsubscribe a',
        ]);
        await hook.render({ name: null });
        expect(gateway.link.of('unsubscribe')).toHaveLength(2);
    });

    it('says why it was refused', async () => {
        const hook = await renderHook(() => useChannel('a'), {}, around);
        await connects();
        const [{ id }] = gateway.link.of('subscribe');
        await says({ type: 'error', id, channel: 'a', code: 'forbidden', message: 'no' });
        expect(hook.current).toMatchObject({ state: 'ended', error: { code: 'forbidden' } });
    });

    it('publishes with a function that stays the same', async () => {
        const hook = await renderHook(() => useChannel<string>('a'), {}, around);
        await connects();
        const { publish } = hook.current;
        await act(async () => void publish('hello', { echo: false }));
        expect(gateway.link.of('message')).toMatchObject([{ channel: 'a', content: 'hello', echo: false }]);
        expect(hook.current.publish).toBe(publish);
    });
});

describe('usePresence', () => {
    it('shares the subscription of useChannel and follows who is there', async () => {
        const hook = await renderHook(
            () => {
                useChannel('a');
                return usePresence('a');
            },
            {},
            around,
        );
        await connects();
        expect(hook.current).toEqual({ users: [], info: {}, count: 0 });
        await subscribes({ users: ['ada'], count: 1 });
        await says({ type: 'presence', channel: 'a', joined: ['bob'], count: 2 });
        expect(hook.current).toEqual({ users: ['ada', 'bob'], info: {}, count: 2 });
        expect(gateway.link.of('subscribe')).toHaveLength(1);
    });
});

import { once } from 'node:events';
import { createServer } from 'node:http';
import { afterEach, beforeEach, expect, it, onTestFinished, vi } from 'vitest';
import WebSocket, { type WebSocket as ServerSocket, WebSocketServer } from 'ws';
import { type ClientOptions, GatewayClient } from '../src/index.js';
import { eventually, lost } from './support/application.js';

/** A server that signs in with tokens as docs/protocol.md says, and gives them a life as short as the test wants. */
class TokenServer {
  readonly #server = new WebSocketServer({ port: 0, host: '127.0.0.1', handleProtocols: () => 'gateway.v1.json' });
  readonly handshakes: (string | undefined)[] = [];
  readonly tokens: string[] = [];
  readonly valid = new Set<string>();
  /** Seconds. */
  life = 3600;
  socket: ServerSocket | undefined;

  constructor() {
    this.#server.on('connection', (socket, request) => {
      this.socket = socket;
      this.handshakes.push(`${request.url} ${request.headers['sec-websocket-protocol']}`);
      socket.on('message', (data) => this.#read(socket, JSON.parse(String(data))));
    });
  }

  async listen(): Promise<this> {
    if (!this.#server.address()) await once(this.#server, 'listening');
    return this;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as { port: number }).port}/ws`;
  }

  stop(): void {
    for (const client of this.#server.clients) client.terminate();
    this.#server.close();
  }

  #read(socket: ServerSocket, { type, token, id }: any): void {
    const expires = Math.floor(Date.now() / 1000) + this.life;
    const say = (message: object) => socket.send(JSON.stringify(message));
    if (type !== 'auth' && type !== 'refresh') return;
    this.tokens.push(`${type} ${token}`);
    if (!this.valid.has(token)) {
      say({ type: 'disconnect', code: 4001, reason: 'Unauthorized', reconnect: false });
      socket.close(4001, 'Unauthorized');
    } else if (type === 'auth')
      say({ type: 'connected', connection: 'c', user: 'ada', node: 'n', ping: 25_000, expires });
    else say({ type: 'refreshed', id, expires });
  }
}

let server: TokenServer;

beforeEach(async () => {
  server = await new TokenServer().listen();
});

afterEach(() => server.stop());

function clientOf(options: ClientOptions) {
  const client = new GatewayClient(server.url, { WebSocket, backoff: { min: 10, max: 50 }, ...options });
  onTestFinished(() => client.close());
  return client;
}

it('signs in with the first message: the token is in no address and no header', async () => {
  server.valid.add('good');
  const client = clientOf({ token: 'good' });
  await client.connect();
  expect(client.session!.user).toBe('ada');
  expect(server.handshakes).toEqual(['/ws gateway.v1.json']);
  expect(server.tokens).toEqual(['auth good']);
});

it('gets a new token when the gateway refuses the one it had, and tells the callback so', async () => {
  server.valid.add('new');
  const client = clientOf({ token: async ({ renew }) => (renew ? 'new' : 'stale') });
  await client.connect();
  expect(server.tokens).toEqual(['auth stale', 'auth new']);
});

it('refreshes a token before it ends, without another connection', async () => {
  server.life = 1;
  let count = 0;
  const client = clientOf({
    token: () => {
      server.valid.add(`t${++count}`);
      return `t${count}`;
    },
  });
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date', 'performance'] });
  onTestFinished(() => void vi.useRealTimers());
  await client.connect();
  for (let refreshes = 1; refreshes <= 3; refreshes++) {
    await vi.advanceTimersByTimeAsync(5_000);
    while (server.tokens.length <= refreshes) await new Promise((resolve) => setImmediate(resolve));
  }
  expect(server.tokens.slice(0, 4)).toEqual(['auth t1', 'refresh t2', 'refresh t3', 'refresh t4']);
  expect(server.handshakes).toHaveLength(1);
});

it('comes back with a new token where the old one ended under it', async () => {
  server.valid.add('old').add('new');
  const client = clientOf({ token: ({ renew }) => (renew ? 'new' : 'old') });
  await client.connect();
  const loss = lost(client);
  server.socket!.close(4010, 'token expired');
  await loss;
  await eventually(
    () => client.state === 'connected',
    () => 'another connection',
  );
  expect(server.tokens).toEqual(['auth old', 'auth new']);
});

it('says why a handshake was refused, where the WebSocket knows', async () => {
  const refusing = createServer((_, response) => response.end()).listen(0, '127.0.0.1');
  refusing.on('upgrade', (_, socket) => socket.end('HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n'));
  onTestFinished(() => void refusing.close());
  await once(refusing, 'listening');
  const { port } = refusing.address() as { port: number };
  const client = new GatewayClient(`ws://127.0.0.1:${port}/ws`, { WebSocket });
  onTestFinished(() => client.close());
  const loss = lost(client);
  void client.connect();
  await loss;
  expect(client.status).toMatchObject({ state: 'waiting', code: 1006, reason: expect.stringContaining('401') });
});

it('uses the WebSocket there is', async () => {
  server.valid.add('good');
  vi.stubGlobal('WebSocket', WebSocket);
  onTestFinished(() => void vi.unstubAllGlobals());
  const client = clientOf({ token: 'good', WebSocket: undefined });
  await client.connect();
  expect(client.state).toBe('connected');
});

it('ends the connection over a message that is not JSON', async () => {
  server.valid.add('good');
  const client = clientOf({ token: 'good' });
  await client.connect();
  server.socket!.send('{');
  await eventually(
    () => client.state === 'closed',
    () => 'the end',
  );
});

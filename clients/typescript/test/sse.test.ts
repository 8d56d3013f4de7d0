import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { afterEach, beforeEach, expect, it, onTestFinished, vi } from 'vitest';
import WebSocket from 'ws';
import { GatewayClient, type Message, webSocket } from '../src/index.js';
import { serverSentEvents } from '../src/sse.js';
import { eventually } from './support/application.js';

/** A request to listen, held open. */
interface Stream {
  channels: string[];
  lastEventId?: string;
  authorization?: string;
  send(text: string | Buffer): void;
  event(type: string, message: object, id?: string): void;
  end(): void;
}

let server: Server;
let streams: Stream[];
let posts: { authorization?: string; body: any }[];
let refuse: ((request: IncomingMessage, response: ServerResponse) => boolean) | undefined;
let ack: (body: any, response: ServerResponse) => void;

beforeEach(async () => {
  streams = [];
  posts = [];
  refuse = undefined;
  ack = (_, response) => response.end(JSON.stringify({ epoch: 'e', seq: posts.length }));
  server = createServer(async (request, response) => {
    if (refuse?.(request, response)) return;
    const url = new URL(request.url!, 'http://gateway');
    const authorization = request.headers.authorization;
    if (url.pathname === '/edge/sse') {
      response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders();
      const send = (text: string | Buffer) => void response.write(text);
      streams.push({
        channels: url.searchParams.getAll('channel'),
        lastEventId: request.headers['last-event-id'] as string,
        authorization,
        send,
        event: (type, message, id) =>
          send(`event: ${type}\ndata: ${JSON.stringify({ type, ...message })}\n${id ? `id: ${id}\n` : ''}\n`),
        end: () => response.end(),
      });
      streams.at(-1)!.event('connected', { connection: 'c', user: 'u', node: 'n', ping: 25_000 });
    } else if (url.pathname === '/edge/publish' && request.method === 'POST') {
      let body = '';
      for await (const chunk of request) body += chunk;
      posts.push({ authorization, body: JSON.parse(body) });
      ack(posts.at(-1)!.body, response);
    } else response.writeHead(404).end();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
});

afterEach(() => {
  server.closeAllConnections();
  server.close();
});

function clientOf(token?: string) {
  const { port } = server.address() as { port: number };
  const client = new GatewayClient(`ws://127.0.0.1:${port}/edge/ws`, {
    token: token && (() => token),
    transports: [serverSentEvents()],
    backoff: { min: 10, max: 50 },
  });
  onTestFinished(() => client.close());
  return client;
}

const opened = async (count: number) => {
  await eventually(
    () => streams.length >= count,
    () => `stream ${count}`,
  );
  return streams[count - 1]!;
};

it('listens to all channels on one stream beside the WebSocket address, signed in', async () => {
  const client = clientOf('secret');
  const [a, b] = [client.subscribe<number>('a'), client.subscribe('b')];
  const seen: Message<number>[] = [];
  a.on('message', (message) => seen.push(message));
  await client.connect();
  const stream = await opened(1);
  expect(stream).toMatchObject({ channels: ['a', 'b'], authorization: 'Bearer secret', lastEventId: undefined });
  stream.event('subscribed', { channel: 'a', epoch: 'e', seq: 0 });
  stream.event('subscribed', { channel: 'b', users: ['u'], count: 1 });
  await Promise.all([a.ready, b.ready]);
  expect(b.presence).toEqual({ users: ['u'], info: {}, count: 1 });
  stream.event('message', { channel: 'a', content: 1, seq: 1 });
  await eventually(
    () => seen.length === 1,
    () => 'the message',
  );
  expect(seen[0]!.content).toBe(1);
});

it('reads events in whatever pieces they come, with comments and any line ends', async () => {
  const client = clientOf();
  const chat = client.subscribe<string>('a');
  const seen: string[] = [];
  chat.on('message', ({ content }) => seen.push(content));
  await client.connect();
  const stream = await opened(1);
  const text = [
    ': awake\n\nevent: subscribed\r\ndata: {"type":"subscribed","channel":"a"}\r\n\r\n',
    'event: message\rdata: {"type":"message",\rdata: "channel":"a","content":"ä€😀"}\r\r',
    'data:{"type":"message","channel":"a","content":"two"}\n\n: end\n\n',
  ].join('');
  for (const byte of Buffer.from(text).toString('latin1')) {
    stream.send(Buffer.from(byte, 'latin1'));
    await new Promise((resolve) => setImmediate(resolve));
  }
  await eventually(
    () => seen.length === 2,
    () => 'two messages',
  );
  expect(seen).toEqual(['ä€😀', 'two']);
});

it('comes back from where it was when the stream ends', async () => {
  const client = clientOf();
  const chat = client.subscribe<number>('a');
  const seen: number[] = [];
  chat.on('message', ({ content }) => seen.push(content));
  await client.connect();
  const first = await opened(1);
  first.event('subscribed', { channel: 'a', epoch: 'e', seq: 0 }, 'p0');
  first.event('message', { channel: 'a', content: 1, seq: 1 }, 'p1');
  first.end();
  const second = await opened(2);
  expect(second.lastEventId).toBe('p1');
  second.event('subscribed', { channel: 'a', epoch: 'e', seq: 2, recovered: true });
  second.event('message', { channel: 'a', content: 1, seq: 1 }, 'p1');
  second.event('message', { channel: 'a', content: 2, seq: 2 }, 'p2');
  await eventually(
    () => seen.length === 2,
    () => 'what was missed',
  );
  expect(seen).toEqual([1, 2]);
});

it('goes back to before a gap, and tells nothing twice', async () => {
  const client = clientOf();
  const chat = client.subscribe<number>('a');
  const seen: number[] = [];
  chat.on('message', ({ content }) => seen.push(content));
  await client.connect();
  const first = await opened(1);
  first.event('subscribed', { channel: 'a', epoch: 'e', seq: 0 }, 'p0');
  const elapsed = performance.now.bind(performance);
  vi.spyOn(performance, 'now').mockImplementation(() => elapsed() + 10_000);
  onTestFinished(() => void vi.restoreAllMocks());
  first.event('message', { channel: 'a', content: 1, seq: 1 }, 'p1');
  first.event('message', { channel: 'a', content: 3, seq: 3 }, 'p3');
  const second = await opened(2);
  expect(second).toMatchObject({ channels: ['a'], lastEventId: 'p1' });
  second.event('subscribed', { channel: 'a', epoch: 'e', seq: 3, recovered: true });
  for (const seq of [2, 3, 4]) second.event('message', { channel: 'a', content: seq, seq }, `p${seq}`);
  await eventually(
    () => seen.length === 4,
    () => 'what was missing',
  );
  expect(seen).toEqual([1, 2, 3, 4]);
  expect(client.state).toBe('connected');
});

it('tells as a loss what is missing again, whatever the stream says that was recovered', async () => {
  const client = clientOf();
  const chat = client.subscribe<number>('a');
  const recovered: (boolean | undefined)[] = [];
  chat.on('subscribed', (event) => recovered.push(event.recovered));
  await client.connect();
  for (const number of [1, 2, 3]) {
    const stream = await opened(number);
    stream.event('subscribed', { channel: 'a', epoch: 'e', seq: 3, ...(number > 1 && { recovered: true }) }, 'p3');
    if (number < 3) stream.event('message', { channel: 'a', content: 5, seq: 5 }, 'p5');
  }
  await eventually(
    () => recovered.length === 3,
    () => 'the loss',
  );
  expect(recovered).toEqual([undefined, true, false]);
});

it('opens another stream for other channels, one for all changes together, without losing the connection', async () => {
  const client = clientOf();
  const states: string[] = [];
  await client.connect();
  client.on('state', ({ state }) => states.push(state));
  const a = client.subscribe('a');
  client.subscribe('b');
  expect((await opened(1)).channels).toEqual(['a', 'b']);
  streams[0]!.event('subscribed', { channel: 'a' }, 'p7');
  await a.ready;
  a.unsubscribe();
  client.subscribe('c');
  expect(await opened(2)).toMatchObject({ channels: ['b', 'c'], lastEventId: 'p7' });
  expect(states).toEqual([]);
});

it('publishes in order, with the keys that make sending again safe, and tells refusals', async () => {
  const client = clientOf('secret');
  await client.connect();
  const acks = await Promise.all([1, 2, 3].map((n) => client.publish('a', n)));
  expect(acks.map(({ seq }) => seq)).toEqual([1, 2, 3]);
  expect(posts.map(({ body }) => body.content)).toEqual([1, 2, 3]);
  expect(posts[0]).toMatchObject({ authorization: 'Bearer secret', body: { channel: 'a', key: expect.any(String) } });
  ack = (_, response) =>
    response.writeHead(429, { 'retry-after': '2' }).end('{"error":"rate_limited","message":"slower"}');
  await expect(client.publish('a', 4)).rejects.toMatchObject({ code: 'rate_limited', retryAfter: 2000 });
});

it('sends a message again with the same key where the answer was lost', async () => {
  const client = clientOf();
  await client.connect();
  const answer = ack;
  ack = (_, response) => {
    ack = answer;
    response.destroy();
  };
  await client.publish('a', 1);
  expect(posts).toHaveLength(2);
  expect(posts[0]!.body.key).toBe(posts[1]!.body.key);
});

it('says of what goes only over WebSocket that it does', async () => {
  const client = clientOf();
  await client.connect();
  await expect(client.history('a')).rejects.toMatchObject({ code: 'unsupported' });
});

it.each([
  [401, 'closed', 4001],
  [403, 'closed', 4003],
  [503, 'waiting', 1013],
] as const)('takes HTTP %i for the close code that means the same', async (status, state, code) => {
  refuse = (_, response) => {
    response.writeHead(status, { 'retry-after': '5' }).end('{"error":"x","message":"because"}');
    return true;
  };
  const { port } = server.address() as { port: number };
  const client = new GatewayClient(`http://127.0.0.1:${port}/edge/ws`, {
    token: 'fixed',
    transports: [serverSentEvents()],
  });
  onTestFinished(() => client.close());
  client.subscribe('a');
  const change = new Promise<any>((resolve) =>
    client.on('state', (next) => next.state !== 'connecting' && resolve(next)),
  );
  client.connect();
  expect(await change).toMatchObject({ state, code, reason: 'because' });
  if (state === 'waiting') expect((await change).retryIn).toBeGreaterThanOrEqual(5000);
});

it('is what is left where WebSockets do not get through', async () => {
  const { port } = server.address() as { port: number };
  const client = new GatewayClient(`ws://127.0.0.1:${port}/edge/ws`, {
    transports: [webSocket(WebSocket), serverSentEvents()],
    backoff: { min: 5, max: 5 },
  });
  onTestFinished(() => client.close());
  await client.connect();
  await expect(client.publish('a', 1)).resolves.toMatchObject({ seq: 1 });
});

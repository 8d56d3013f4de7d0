import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type ClientOptions, GatewayClient, GatewayError, type StateChange } from '../src/index.js';
import { FakeGateway } from './support/fakeGateway.js';

let gateway: FakeGateway;
const soon = () => vi.advanceTimersByTimeAsync(0);

/** A client whose random waits are as long as they can get. */
function clientOf(options: ClientOptions = {}) {
  return new GatewayClient('ws://gateway/ws', {
    transports: [gateway.transport],
    backoff: { random: () => 1 },
    ...options,
  });
}

async function connected(options?: ClientOptions) {
  const client = clientOf(options);
  const connecting = client.connect();
  await soon();
  gateway.link.connected();
  await connecting;
  return client;
}

/** Lets time pass until there is another try. */
async function nextTry(at = gateway) {
  const before = at.links.length;
  while (at.links.length === before) await vi.advanceTimersByTimeAsync(50);
}

beforeEach(() => {
  vi.useFakeTimers();
  gateway = new FakeGateway();
});

afterEach(() => {
  vi.useRealTimers();
});

describe('connecting', () => {
  it('tells each state with the reason it came about', async () => {
    const client = clientOf();
    const seen: StateChange[] = [];
    client.on('state', (change) => seen.push(change));
    expect(client.state).toBe('closed');
    void client.connect();
    await soon();
    gateway.link.connected();
    gateway.link.drops(1006, 'gone');
    void client.close();
    expect(seen).toEqual([
      { state: 'connecting' },
      { state: 'connected' },
      { state: 'waiting', code: 1006, reason: 'gone', retryIn: 500 },
      { state: 'closed', code: 1000, reason: '' },
    ]);
  });

  it('waits longer after each failure, up to 20 s, and starts over once a connection has stayed up for 10 s', async () => {
    const client = clientOf();
    const waits: number[] = [];
    client.on('state', ({ retryIn }) => retryIn !== undefined && waits.push(retryIn));
    void client.connect();
    await soon();
    for (let i = 0; i < 8; i++) {
      gateway.link.drops();
      await vi.advanceTimersByTimeAsync(waits.at(-1)!);
    }
    gateway.link.connected();
    await vi.advanceTimersByTimeAsync(9_999);
    gateway.link.drops();
    await vi.advanceTimersByTimeAsync(20_000);
    gateway.link.connected();
    await vi.advanceTimersByTimeAsync(10_000);
    gateway.link.drops();
    expect(waits).toEqual([500, 1000, 2000, 4000, 8000, 16_000, 20_000, 20_000, 20_000, 500]);
    void client.close();
  });

  it('adds what the gateway asks to wait, and believes its farewell more than the close', async () => {
    const client = await connected();
    const changes: StateChange[] = [];
    client.on('state', (change) => changes.push(change));
    gateway.link.says({ type: 'disconnect', code: 1012, reason: 'restarting', reconnect: true, retryAfter: 3000 });
    gateway.link.drops(1006);
    expect(changes[0]).toEqual({ state: 'waiting', code: 1012, reason: 'restarting', retryIn: 3500 });
    void client.close();
  });

  it.each([1001, 1005, 1006, 1011, 1012, 1013, 4008, 4011, 4029])('comes back after %i', async (code) => {
    const client = await connected();
    gateway.link.drops(code);
    expect(client.state).toBe('waiting');
    await vi.advanceTimersByTimeAsync(500);
    expect(gateway.links).toHaveLength(2);
    void client.close();
  });

  it.each([1000, 1002, 1003, 1007, 1009, 4003])('stays away after %i, and says so to whoever waits', async (code) => {
    const client = await connected();
    const publishing = client.publish('a', 1);
    gateway.link.drops(code, 'because');
    expect(client.state).toBe('closed');
    await expect(publishing).rejects.toMatchObject({ name: 'GatewayError', code: 'closed', closeCode: code });
    await vi.advanceTimersByTimeAsync(60_000);
    expect(gateway.links).toHaveLength(1);
  });

  it('heeds what the gateway says about a code it does not know', async () => {
    const client = await connected();
    gateway.link.says({ type: 'disconnect', code: 4555, reason: 'never again', reconnect: false });
    gateway.link.drops(4555);
    expect(client.state).toBe('closed');
  });

  it('gives up on a try that does not get through in time', async () => {
    const client = clientOf();
    void client.connect();
    await vi.advanceTimersByTimeAsync(15_000);
    expect(client.status).toMatchObject({ state: 'waiting', reason: 'no connection in time' });
    expect(gateway.link.closedWith).toBeDefined();
    void client.close();
  });

  it('leaves the gateway the time to say that it waited for a token in vain', async () => {
    const client = clientOf();
    const connecting = client.connect();
    await soon();
    gateway.link.events.heard();
    await vi.advanceTimersByTimeAsync(11_500);
    const reason = 'no token within 10 s';
    gateway.link.says({ type: 'disconnect', code: 4001, reason, reconnect: false });
    gateway.link.drops(4001, reason);
    await expect(connecting).rejects.toMatchObject({ code: 'unauthorized', closeCode: 4001, message: reason });
    expect(client.status).toEqual({ state: 'closed', code: 4001, reason });
  });

  it('tells a gateway that does not let it in from one that is not there', async () => {
    const client = clientOf();
    void client.connect();
    await soon();
    gateway.link.events.heard();
    await vi.advanceTimersByTimeAsync(15_000);
    expect(client.status).toMatchObject({ state: 'waiting', reason: 'not signed in in time' });
    void client.close();
  });

  it('gives as the reason what the gateway said is wrong, where the close says less', async () => {
    const client = clientOf({ token: 'fixed' });
    const connecting = client.connect();
    await soon();
    gateway.link.says({ type: 'error', code: 'unauthorized', message: 'the token is for another audience' });
    gateway.link.drops(4001, 'Unauthorized');
    await expect(connecting).rejects.toMatchObject({ message: 'the token is for another audience' });
  });

  it('closes with 1000, waits for the other side at most 2 s, and can connect again', async () => {
    const client = await connected();
    let closed = false;
    const closing = client.close().then(() => {
      closed = true;
    });
    expect(client.state).toBe('closed');
    expect(gateway.link.closedWith).toEqual({ code: 1000, reason: '' });
    await vi.advanceTimersByTimeAsync(1_999);
    expect(closed).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    await closing;
    const again = client.connect();
    await soon();
    gateway.link.connected();
    await again;
    expect(client.state).toBe('connected');
    void client.close();
  });

  it('leaves no timer behind', async () => {
    const client = await connected({ token: () => 't' });
    client.subscribe('a');
    gateway.link.connected({ expires: Date.now() / 1000 + 600 });
    for (let i = 0; i < 100; i++) void client.publish('a', i);
    const closing = client.close();
    gateway.link.drops(1000);
    await closing;
    expect(vi.getTimerCount()).toBe(0);
  });

  it('rejects where no try can ever work', async () => {
    const client = new GatewayClient('not an address', { token: () => 't' });
    const publishing = client.publish('a', 1);
    await expect(client.connect()).rejects.toThrow();
    await expect(publishing).rejects.toMatchObject({ code: 'closed' });
  });
});

describe('a silent connection', () => {
  it('is asked for a sign of life after ping and pongTimeout, and left when there is none', async () => {
    const client = await connected();
    await vi.advanceTimersByTimeAsync(34_999);
    expect(gateway.link.of('ping')).toHaveLength(0);
    await vi.advanceTimersByTimeAsync(1);
    expect(gateway.link.of('ping')).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(9_999);
    expect(client.state).toBe('connected');
    await vi.advanceTimersByTimeAsync(1);
    expect(client.state).toBe('waiting');
    gateway.link.says({ type: 'message', channel: 'a', content: 'from the grave' });
    void client.close();
  });

  it('lives on when it answers, and is not asked while anything is heard', async () => {
    const client = await connected();
    for (let i = 0; i < 10; i++) {
      await vi.advanceTimersByTimeAsync(30_000);
      gateway.link.events.heard();
    }
    expect(gateway.link.of('ping')).toHaveLength(0);
    await vi.advanceTimersByTimeAsync(35_000);
    gateway.link.says({ type: 'pong' });
    await vi.advanceTimersByTimeAsync(30_000);
    expect(client.state).toBe('connected');
    expect(gateway.link.of('ping')).toHaveLength(1);
    void client.close();
  });
});

describe('tokens', () => {
  it('come from the callback for each connection, and anew where the last one was refused or has ended', async () => {
    const asked: boolean[] = [];
    const client = await connected({
      token: async ({ renew }) => {
        asked.push(renew);
        return `token-${asked.length}`;
      },
    });
    for (const code of [1006, 4010, 4001]) {
      gateway.link.drops(code);
      await nextTry();
      gateway.link.connected();
    }
    expect(asked).toEqual([false, false, true, true]);
    expect(gateway.links.map((link) => link.request.token)).toEqual(['token-1', 'token-2', 'token-3', 'token-4']);
    void client.close();
  });

  it('that can not be replaced and are refused close the client', async () => {
    const client = clientOf({ token: 'fixed' });
    const connecting = client.connect();
    await soon();
    gateway.link.drops(4001, 'Unauthorized');
    await expect(connecting).rejects.toMatchObject({ code: 'unauthorized', closeCode: 4001 });
    expect(client.state).toBe('closed');
  });

  it('that can not be had now are asked for again; one that never will be closes the client', async () => {
    let answer: Error = new Error('offline');
    const client = clientOf({
      token: () => {
        throw answer;
      },
    });
    const connecting = client.connect();
    await soon();
    expect(client.state).toBe('waiting');
    answer = new GatewayError('unauthorized', 'signed out');
    await vi.advanceTimersByTimeAsync(500);
    await expect(connecting).rejects.toBe(answer);
    expect(client.state).toBe('closed');
  });

  it('are refreshed before they end, on the connection there is', async () => {
    let count = 0;
    const client = clientOf({ token: () => `token-${++count}` });
    void client.connect();
    await soon();
    gateway.link.connected({ expires: Date.now() / 1000 + 600, ping: 10_000_000 });
    await vi.advanceTimersByTimeAsync(569_999);
    expect(gateway.link.of('refresh')).toHaveLength(0);
    await vi.advanceTimersByTimeAsync(1);
    expect(gateway.link.of('refresh')).toMatchObject([{ token: 'token-2' }]);
    const [{ id }] = gateway.link.of('refresh');
    gateway.link.says({ type: 'refreshed', id, expires: Date.now() / 1000 + 100 });
    await vi.advanceTimersByTimeAsync(90_000);
    expect(gateway.link.of('refresh')).toMatchObject([{ token: 'token-2' }, { token: 'token-3' }]);
    expect(client.state).toBe('connected');
    void client.close();
  });
});

/** Whatever the gateway says about when a token ends, and how often. */
it.each([
  ['nothing', {}],
  ['nonsense', { expires: 'soon' }],
  ['null', { expires: null }],
  ['long ago', { expires: 1 }],
  ['never', { expires: 1e300 }],
])('a callback is never asked in a storm: %s', async (_, expiry) => {
  let asked = 0;
  const client = clientOf({ token: () => `token-${++asked}` });
  void client.connect();
  await soon();
  gateway.link.connected({ expires: Date.now() / 1000 + 6, ping: 10_000_000 });
  for (let seconds = 0; seconds < 60; seconds++) {
    await vi.advanceTimersByTimeAsync(1_000);
    for (const { id } of gateway.link.of('refresh')) gateway.link.says({ type: 'refreshed', id, ...expiry });
    gateway.link.received.length = 0;
  }
  // One for the connection, and then one in 5 s at most.
  expect(asked).toBeLessThanOrEqual(1 + 60 / 5);
  expect(client.state).toBe('connected');
  void client.close();
});

it('a token that takes its time is used all the same, and one that fails is asked for again', async () => {
  const answers = [
    async () => 'first',
    () => slowly('second', 8_000),
    async () => Promise.reject(new Error('no')),
    async () => 'last',
  ];
  const slowly = (token: string, ms: number) => new Promise<string>((resolve) => setTimeout(() => resolve(token), ms));
  const client = clientOf({ token: () => answers.shift()!() });
  const errors: Error[] = [];
  client.on('error', (error) => errors.push(error));
  void client.connect();
  await soon();
  gateway.link.connected({ expires: Date.now() / 1000 + 600, ping: 10_000_000 });
  await vi.advanceTimersByTimeAsync(578_000);
  expect(gateway.link.of('refresh')).toMatchObject([{ token: 'second' }]);
  gateway.link.says({ type: 'refreshed', expires: Date.now() / 1000 + 100 });
  await vi.advanceTimersByTimeAsync(95_000);
  expect(gateway.link.of('refresh')).toMatchObject([{ token: 'second' }, { token: 'last' }]);
  expect(errors).toMatchObject([{ message: 'no' }]);
  void client.close();
});

describe('publishing', () => {
  it('settles with the acknowledgement, or with the error of the gateway', async () => {
    const client = await connected();
    const good = client.publish('a', { text: 'hello' }, { echo: false, key: 'mine' });
    const bad = client.publish('b', 1);
    await soon();
    const [first, second] = gateway.link.of('message');
    expect(first).toMatchObject({ channel: 'a', content: { text: 'hello' }, echo: false, key: 'mine' });
    gateway.link.says({ type: 'ack', id: first.id, channel: 'a', epoch: 'e', seq: 7 });
    gateway.link.says({ type: 'error', id: second.id, code: 'rate_limited', message: 'slower', retryAfter: 20 });
    await expect(good).resolves.toMatchObject({ channel: 'a', epoch: 'e', seq: 7 });
    await expect(bad).rejects.toMatchObject({ code: 'rate_limited', retryAfter: 20, key: second.key });
    void client.close();
  });

  it('waits for a connection, and sends again with the same key what was not acknowledged', async () => {
    const client = clientOf();
    const first = client.publish('a', 1);
    void client.connect();
    await soon();
    gateway.link.connected();
    const second = client.publish('a', 2);
    await soon();
    gateway.link.acknowledges(0);
    const before = gateway.link.of('message');
    gateway.link.drops();
    const third = client.publish('a', 3);
    await vi.advanceTimersByTimeAsync(500);
    gateway.link.connected();
    const after = gateway.link.of('message');
    expect(after.map((message) => message.content)).toEqual([2, 3]);
    expect(after[0].key).toBe(before[1].key);
    expect(new Set([...before, ...after].map((message) => message.key)).size).toBe(3);
    gateway.link.acknowledges(0, 1);
    await Promise.all([first, second, third]);
    expect(client.queued).toBe(0);
    void client.close();
  });

  it('keeps what was published from later changes to it', async () => {
    const client = clientOf();
    const content = { x: 1 };
    void client.publish('a', content);
    content.x = 2;
    void client.connect();
    await soon();
    expect(gateway.link.connected().of('message')[0].content).toEqual({ x: 1 });
    void client.close();
  });

  it('refuses the oldest message that was never sent when too many wait', async () => {
    const client = await connected({ queueSize: 3 });
    const sent = client.publish('a', 'sent');
    await soon();
    gateway.link.drops();
    const oldest = client.publish('a', 'oldest');
    for (const content of ['x', 'y']) void client.publish('a', content);
    await expect(oldest).rejects.toMatchObject({ code: 'queue_full' });
    await vi.advanceTimersByTimeAsync(500);
    gateway.link.connected();
    expect(gateway.link.of('message').map((message) => message.content)).toEqual(['sent', 'x', 'y']);
    gateway.link.acknowledges(0);
    await sent;
    void client.close();
  });

  it('holds 1,000 messages', async () => {
    const client = clientOf();
    const refused: number[] = [];
    for (let i = 0; i < 1005; i++) client.publish('a', i).catch(() => refused.push(i));
    await soon();
    expect(refused).toEqual([0, 1, 2, 3, 4]);
    expect(client.queued).toBe(1000);
  });

  it('never says of a message that may have arrived that it was not sent', async () => {
    const client = await connected({ queueSize: 1 });
    const first = client.publish('a', 1);
    const second = client.publish('a', 2);
    await expect(second).rejects.toMatchObject({ code: 'queue_full' });
    gateway.link.acknowledges(0);
    await expect(first).resolves.toBeDefined();
    void client.close();
  });

  it('does not send again what the gateway may no longer recognize as sent', async () => {
    const client = await connected();
    const old = client.publish('a', 'old');
    await soon();
    gateway.link.drops();
    const young = client.publish('a', 'young');
    await vi.advanceTimersByTimeAsync(5 * 60_000);
    await nextTry();
    gateway.link.connected();
    await expect(old).rejects.toMatchObject({ code: 'unconfirmed' });
    expect(gateway.link.of('message').map((message) => message.content)).toEqual(['young']);
    gateway.link.acknowledges(0);
    await young;
    void client.close();
  });

  it('sends again, in order, what the gateway could not confirm, and believes no refusal of a later try', async () => {
    const client = await connected();
    const first = client.publish('a', 1);
    await soon();
    const { id, key } = gateway.link.of('message')[0];
    gateway.link.says({ type: 'error', id, channel: 'a', code: 'unconfirmed', message: 'no answer' });
    const second = client.publish('a', 2);
    await vi.advanceTimersByTimeAsync(999);
    expect(gateway.link.of('message')).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(1);
    expect(gateway.link.of('message').slice(1)).toMatchObject([{ id, key, content: 1 }, { content: 2 }]);
    gateway.link.says({ type: 'error', id, channel: 'a', code: 'unavailable', message: 'away' });
    gateway.link.acknowledges(2);
    await second;
    await vi.advanceTimersByTimeAsync(1_000);
    expect(gateway.link.of('message').at(-1)).toMatchObject({ id, key, content: 1 });
    gateway.link.acknowledges(3);
    await first;
    expect(client.queued).toBe(0);
    void client.close();
  });

  it('says of what it can no longer send again that it is unconfirmed', async () => {
    const client = await connected();
    let code: string | undefined;
    client.publish('a', 1).catch((error: GatewayError) => (code = error.code));
    await soon();
    const { id } = gateway.link.of('message')[0];
    let tries = 1;
    while (!code && tries < 300) {
      gateway.link.says({ type: 'error', id, channel: 'a', code: 'unconfirmed', message: 'no answer' });
      await vi.advanceTimersByTimeAsync(1_000);
      tries++;
    }
    expect(code).toBe('unconfirmed');
    expect(tries).toBeGreaterThan(200);
    void client.close();
  });

  it('does not call refused what was lost with a connection and the next one cannot take', async () => {
    const client = await connected();
    const lost = client.publish('a', 1);
    await soon();
    gateway.link.drops();
    await nextTry();
    gateway.link.connected();
    const { id } = gateway.link.of('message')[0];
    gateway.link.says({ type: 'error', id, channel: 'a', code: 'unavailable', message: 'away' });
    await vi.advanceTimersByTimeAsync(1_000);
    gateway.link.acknowledges(1);
    await expect(lost).resolves.toMatchObject({ channel: 'a' });
    void client.close();
  });

  it('sends no faster than the gateway allows by default: 200 at once, 100 a second', async () => {
    const client = clientOf();
    for (let i = 0; i < 128; i++) client.subscribe(`c${i}`);
    for (let i = 0; i < 1000; i++) void client.publish('a', i);
    void client.connect();
    await soon();
    gateway.link.connected();
    let allowed = 200;
    let seen = 0;
    for (let ms = 0; ms < 13_000; ms += 100) {
      allowed = Math.min(200, allowed + (gateway.link.received.length > seen ? 0 : 10));
      allowed -= gateway.link.received.length - seen;
      seen = gateway.link.received.length;
      expect(allowed).toBeGreaterThanOrEqual(0);
      await vi.advanceTimersByTimeAsync(100);
      allowed += 10;
      gateway.link.events.heard();
    }
    expect(gateway.link.of('message').map((message) => message.content)).toEqual([...Array(1000).keys()]);
    void client.close();
  });
});

describe('presence', () => {
  it('tells who came and who went also where a snapshot comes unasked', async () => {
    const client = await connected();
    const subscription = client.subscribe('a');
    const seen: unknown[] = [];
    subscription.on('presence', ({ users, joined, left }) => seen.push({ users, joined, left }));
    await soon();
    const [{ id }] = gateway.link.of('subscribe');
    gateway.link.says({ type: 'subscribed', id, channel: 'a', users: ['u', 'v'], count: 2 });
    gateway.link.says({ type: 'presence', channel: 'a', users: ['v', 'w'], count: 2 });
    gateway.link.says({ type: 'presence', channel: 'a', joined: ['x'], left: [], count: 3 });
    expect(seen.slice(1)).toEqual([
      { users: ['v', 'w'], joined: ['w'], left: ['u'] },
      { users: ['v', 'w', 'x'], joined: ['x'], left: [] },
    ]);
    void client.close();
  });
});

describe('reading', () => {
  it('asks for history and presence, and again where the answer was lost', async () => {
    const client = await connected();
    const history = client.history('a', { limit: 2, before: 9 });
    const presence = client.presence('a');
    await soon();
    gateway.link.drops();
    await vi.advanceTimersByTimeAsync(500);
    gateway.link.connected();
    const [asked] = gateway.link.of('history');
    expect(asked).toMatchObject({ channel: 'a', limit: 2, before: 9 });
    gateway.link.says({
      type: 'history',
      id: asked.id,
      channel: 'a',
      epoch: 'e',
      messages: [{ channel: 'a', content: 1, seq: 8 }],
      more: true,
    });
    gateway.link.says({
      type: 'presence',
      id: gateway.link.of('presence')[0].id,
      channel: 'a',
      users: ['u'],
      count: 1,
    });
    await expect(history).resolves.toMatchObject({ epoch: 'e', more: true, messages: [{ seq: 8 }] });
    await expect(presence).resolves.toEqual({ users: ['u'], info: {}, count: 1 });
    void client.close();
  });
});

describe('transports', () => {
  it('get their turn where the one before fails twice; the one that works is kept', async () => {
    const other = new FakeGateway();
    const client = clientOf({ transports: [gateway.transport, other.transport] });
    void client.connect();
    await soon();
    gateway.link.drops();
    await vi.advanceTimersByTimeAsync(500);
    gateway.link.drops();
    await vi.advanceTimersByTimeAsync(1000);
    other.link.connected();
    expect(client.state).toBe('connected');
    other.link.drops();
    await nextTry(other);
    expect([gateway.links.length, other.links.length]).toEqual([2, 2]);
    void client.close();
  });

  it('that can not exist here reject connect', async () => {
    vi.stubGlobal('WebSocket', undefined);
    await expect(new GatewayClient('ws://gateway/ws').connect()).rejects.toThrow('no WebSocket');
    vi.unstubAllGlobals();
  });
});

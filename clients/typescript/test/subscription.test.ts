import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { GatewayClient, GatewayError, type Message, type Subscribed, type Subscription } from '../src/index.js';
import { FakeGateway } from './support/fakeGateway.js';
import { subscriptionToken } from './support/token.js';

let gateway: FakeGateway;
let client: GatewayClient;
const soon = () => vi.advanceTimersByTimeAsync(0);
const message = (seq: number, channel = 'a') => ({ type: 'message', channel, content: `m${seq}`, seq });

beforeEach(async () => {
  vi.useFakeTimers();
  gateway = new FakeGateway();
  client = new GatewayClient('ws://gateway/ws', { transports: [gateway.transport], backoff: { random: () => 1 } });
  void client.connect();
  await soon();
  gateway.link.connected();
});

afterEach(() => {
  void client.close();
  vi.useRealTimers();
});

async function reconnect() {
  gateway.link.drops();
  await vi.advanceTimersByTimeAsync(500);
  gateway.link.connected();
}

it('tells its messages, typed, in order', async () => {
  const chat = client.subscribe<string>('a');
  const seen: Message<string>[] = [];
  chat.on('message', (received) => seen.push(received));
  gateway.link.subscribes('a', { epoch: 'e', seq: 4 });
  await expect(chat.ready).resolves.toEqual({ recovered: undefined, position: { epoch: 'e', seq: 4 } });
  gateway.link.says(message(5), message(6), message(1, 'other'));
  expect(seen.map(({ content }) => content.toUpperCase())).toEqual(['M5', 'M6']);
  expect(chat.position).toEqual({ epoch: 'e', seq: 6 });
});

it('asks after a reconnect for what was missed, and drops what it has seen', async () => {
  const chat = client.subscribe('a');
  const seen: number[] = [];
  const begun: Subscribed[] = [];
  chat.on('message', ({ seq }) => seen.push(seq!));
  chat.on('subscribed', (event) => begun.push(event));
  gateway.link.subscribes('a', { epoch: 'e', seq: 0 });
  gateway.link.says(message(1), message(2));
  await reconnect();
  expect(gateway.link.of('subscribe')).toMatchObject([{ channel: 'a', recover: { epoch: 'e', seq: 2 } }]);
  gateway.link.subscribes('a', { epoch: 'e', seq: 4, recovered: true });
  gateway.link.says(message(2), message(3), message(4), message(4), message(5));
  expect(seen).toEqual([1, 2, 3, 4, 5]);
  expect(begun.map(({ recovered }) => recovered)).toEqual([undefined, true]);
});

it('says so where messages may have been lost, and goes on from the new position', async () => {
  const withHistory = client.subscribe('a');
  const without = client.subscribe('b');
  const begun: unknown[] = [];
  for (const chat of [withHistory, without])
    chat.on('subscribed', ({ recovered }) => begun.push([chat.channel, recovered]));
  gateway.link.subscribes('a', { epoch: 'e', seq: 9 });
  gateway.link.subscribes('b');
  await reconnect();
  gateway.link.subscribes('a', { epoch: 'f', seq: 3, recovered: false });
  gateway.link.subscribes('b');
  expect(withHistory.position).toEqual({ epoch: 'f', seq: 3 });
  expect(begun.slice(2)).toEqual([
    ['a', false],
    ['b', false],
  ]);
});

it('subscribes again by itself where the gateway lost its place, at first at once and then more slowly', async () => {
  const chat = client.subscribe('a');
  const seen: number[] = [];
  chat.on('message', ({ seq }) => seen.push(seq!));
  gateway.link.subscribes('a', { epoch: 'e', seq: 0 });
  gateway.link.says(message(1));
  await vi.advanceTimersByTimeAsync(10_000);
  gateway.link.says({ type: 'unsubscribed', channel: 'a', code: 'insufficient_state', reason: 'lost' });
  expect(gateway.link.of('subscribe')).toMatchObject([{}, { recover: { epoch: 'e', seq: 1 } }]);
  gateway.link.subscribes('a', { epoch: 'e', seq: 2, recovered: true });
  gateway.link.says(message(2));
  gateway.link.says({ type: 'unsubscribed', channel: 'a', code: 'insufficient_state', reason: 'lost' });
  expect(gateway.link.of('subscribe')).toHaveLength(2);
  await vi.advanceTimersByTimeAsync(500);
  expect(gateway.link.of('subscribe')).toHaveLength(3);
  expect(seen).toEqual([1, 2]);
});

it('counts its own messages that it asked not to hear as seen, whenever their acknowledgement comes', async () => {
  const chat = client.subscribe('a');
  const seen: number[] = [];
  chat.on('message', ({ seq }) => seen.push(seq!));
  gateway.link.subscribes('a', { epoch: 'e', seq: 0 });
  for (let i = 0; i < 3; i++) void client.publish('a', i, { echo: false });
  await soon();
  const acknowledge = (number: number, seq: number) =>
    gateway.link.says({ type: 'ack', id: gateway.link.of('message')[number].id, channel: 'a', epoch: 'e', seq });
  acknowledge(0, 2);
  await soon();
  gateway.link.says(message(1), message(4));
  acknowledge(1, 3);
  acknowledge(2, 5);
  await soon();
  expect(seen).toEqual([1, 4]);
  expect(chat.position).toEqual({ epoch: 'e', seq: 5 });
});

describe('what is missing', () => {
  let chat: Subscription;
  let seen: number[];
  let begun: (boolean | undefined)[];
  const subscribes = () => gateway.link.of('subscribe').length;
  const publish = (count: number, echo = false) => {
    for (let i = 0; i < count; i++) client.publish('a', i, { echo }).catch(() => {});
    return soon();
  };
  const answer = (number: number, reply: object) =>
    gateway.link.says({ id: gateway.link.of('message')[number].id, channel: 'a', epoch: 'e', ...reply });

  beforeEach(async () => {
    chat = client.subscribe('a');
    seen = [];
    begun = [];
    chat.on('message', ({ seq }) => seen.push(seq!));
    chat.on('subscribed', ({ recovered }) => begun.push(recovered));
    gateway.link.subscribes('a', { epoch: 'e', seq: 0 });
    await vi.advanceTimersByTimeAsync(10_000);
  });

  it('is asked for at once, from the last message that stood in its place', () => {
    gateway.link.says(message(1), message(2), message(5), message(6));
    expect(gateway.link.of('subscribe')[1]).toMatchObject({ channel: 'a', recover: { epoch: 'e', seq: 2 } });
    expect([chat.state, chat.position]).toEqual(['subscribing', { epoch: 'e', seq: 2 }]);
    gateway.link.subscribes('a', { epoch: 'e', seq: 6, recovered: true });
    gateway.link.says(message(3), message(4), message(5), message(6), message(7));
    expect(seen).toEqual([1, 2, 3, 4, 5, 6, 7]);
    expect(begun).toEqual([undefined, true]);
  });

  it('is told as a loss where it is missing again', async () => {
    gateway.link.says(message(1), message(3));
    gateway.link.subscribes('a', { epoch: 'e', seq: 3, recovered: true });
    gateway.link.says(message(3));
    await vi.advanceTimersByTimeAsync(500);
    expect(gateway.link.of('subscribe')[2]).not.toHaveProperty('recover');
    gateway.link.subscribes('a', { epoch: 'e', seq: 3 });
    gateway.link.says(message(4));
    expect(seen).toEqual([1, 4]);
    expect(begun).toEqual([undefined, true, false]);
  });

  it('may be its own that is not acknowledged yet: others wait for that', async () => {
    await publish(2);
    gateway.link.says(message(1), message(4), message(5));
    expect([seen, chat.position]).toEqual([[1], { epoch: 'e', seq: 1 }]);
    answer(1, { type: 'ack', seq: 3 });
    answer(0, { type: 'ack', seq: 2 });
    expect([seen, chat.position]).toEqual([[1, 4, 5], { epoch: 'e', seq: 5 }]);
    expect(subscribes()).toBe(1);
  });

  it('is not its own where more is missing than it published, heard and unheard', async () => {
    await publish(1);
    await publish(1, true);
    gateway.link.says(message(3));
    expect(gateway.link.of('subscribe')[1]).toMatchObject({ recover: { epoch: 'e', seq: 0 } });
  });

  it('is not its own where the acknowledgement or a refusal says otherwise', async () => {
    await publish(2);
    gateway.link.says(message(2));
    answer(0, { type: 'ack', seq: 3 });
    expect(subscribes()).toBe(1);
    answer(1, { type: 'error', code: 'rate_limited', message: 'slower' });
    expect(gateway.link.of('subscribe')[1]).toMatchObject({ recover: { epoch: 'e', seq: 0 } });
    gateway.link.subscribes('a', { epoch: 'e', seq: 3, recovered: true });
    // Recovery brings everything: its own is not told even so.
    gateway.link.says(message(1), message(2), message(3), message(4));
    expect(seen).toEqual([1, 2, 4]);
  });

  it('is not what was sent after the message behind it came', async () => {
    await publish(1);
    gateway.link.says(message(2));
    await publish(1);
    answer(0, { type: 'ack', seq: 3 });
    expect(gateway.link.of('subscribe')[1]).toMatchObject({ recover: { epoch: 'e', seq: 0 } });
  });

  it('is not waited for where the gateway could not confirm its own, which goes out again', async () => {
    await publish(2);
    gateway.link.says(message(3));
    answer(1, { type: 'ack', seq: 2 });
    answer(0, { type: 'error', code: 'unconfirmed', message: 'no answer' });
    expect(gateway.link.of('subscribe')[1]).toMatchObject({ recover: { epoch: 'e', seq: 0 } });
    gateway.link.subscribes('a', { epoch: 'e', seq: 3, recovered: true });
    gateway.link.says(message(1), message(2), message(3));
    await vi.advanceTimersByTimeAsync(1_000);
    gateway.link.says(message(5));
    // Sent again, it may explain what is missing now.
    answer(2, { type: 'ack', seq: 4 });
    expect(seen).toEqual([1, 3, 5]);
    expect(subscribes()).toBe(2);
  });

  it('is not waited for without end: a message too many, and it is asked for', async () => {
    await publish(1);
    for (let seq = 2; seq <= 1_001; seq++) gateway.link.says(message(seq));
    expect(subscribes()).toBe(1);
    gateway.link.says(message(1_002));
    expect(gateway.link.of('subscribe')[1]).toMatchObject({ recover: { epoch: 'e', seq: 0 } });
  });

  it('and was held when the connection was lost comes by recovery, once', async () => {
    await publish(1);
    gateway.link.says(message(2), message(3));
    await reconnect();
    expect(gateway.link.of('subscribe')).toMatchObject([{ recover: { epoch: 'e', seq: 0 } }]);
    gateway.link.subscribes('a', { epoch: 'e', seq: 3, recovered: true });
    answer(0, { type: 'ack', seq: 1 });
    gateway.link.says(message(1), message(2), message(3));
    expect(seen).toEqual([2, 3]);
  });

  it('before it began is nothing, also where its own was acknowledged first', async () => {
    client.subscribe('b');
    void client.publish('b', 1, { echo: false });
    await soon();
    answer(0, { type: 'ack', channel: 'b', seq: 5 });
    gateway.link.subscribes('b', { epoch: 'e', seq: 4 });
    gateway.link.says(message(6, 'b'));
    expect(subscribes()).toBe(2);
  });
});

it('goes on from a position that the application kept', () => {
  client.subscribe('a', { recover: { epoch: 'e', seq: 17 } });
  expect(gateway.link.of('subscribe')).toMatchObject([{ recover: { epoch: 'e', seq: 17 } }]);
});

it('is shared: two of one channel cost one, and the last to leave ends it', async () => {
  const one = client.subscribe('a');
  const two = client.subscribe('a');
  gateway.link.subscribes('a');
  const late = client.subscribe('a');
  await late.ready;
  expect(gateway.link.of('subscribe')).toHaveLength(1);
  one.unsubscribe();
  two.unsubscribe();
  await soon();
  expect(gateway.link.of('unsubscribe')).toHaveLength(0);
  expect([one.state, late.state]).toEqual(['ended', 'subscribed']);
  late.unsubscribe();
  await soon();
  expect(gateway.link.of('unsubscribe')).toHaveLength(1);
});

it('left and taken up again in one task changes nothing for the gateway', async () => {
  client.subscribe('a').unsubscribe();
  client.subscribe('a');
  await soon();
  expect(gateway.link.received.map(({ type }) => type)).toEqual(['subscribe']);
});

it('is not ended by an error to the one before it, which was left just when the gateway ended it', async () => {
  const errors = vi.fn();
  client.on('error', errors);
  client.subscribe('a').unsubscribe();
  await soon();
  const chat = client.subscribe('a');
  const [{ id }] = gateway.link.of('unsubscribe');
  gateway.link.says({ type: 'error', id, channel: 'a', code: 'not_subscribed', message: 'not subscribed' });
  gateway.link.subscribes('a');
  expect(chat.state).toBe('subscribed');
  expect(errors).not.toHaveBeenCalled();
});

describe('refused', () => {
  it('for now, it is asked for again', async () => {
    const chat = client.subscribe('a');
    const [{ id }] = gateway.link.of('subscribe');
    gateway.link.says({ type: 'error', id, channel: 'a', code: 'unavailable', message: 'later', retryAfter: 200 });
    expect(chat.state).toBe('subscribing');
    await vi.advanceTimersByTimeAsync(200 + 500);
    gateway.link.subscribes('a');
    expect(chat.state).toBe('subscribed');
  });

  it('for good, it ends with the error, and a new one starts afresh', async () => {
    const chat = client.subscribe('a');
    const ended = vi.fn();
    chat.on('ended', ended);
    const [{ id }] = gateway.link.of('subscribe');
    gateway.link.says({ type: 'error', id, channel: 'a', code: 'forbidden', message: 'no' });
    await expect(chat.ready).rejects.toMatchObject({ code: 'forbidden', channel: 'a' });
    expect(ended).toHaveBeenCalledWith(expect.objectContaining({ code: 'forbidden' }));
    await reconnect();
    expect(gateway.link.of('subscribe')).toHaveLength(0);
    client.subscribe('a');
    expect(gateway.link.of('subscribe')).toHaveLength(1);
  });

  it('by the gateway later on, it ends too', () => {
    const chat = client.subscribe('a');
    gateway.link.subscribes('a');
    gateway.link.says({ type: 'unsubscribed', channel: 'a', code: 'forbidden', reason: 'kicked' });
    expect(chat.state).toBe('ended');
  });

  it('for its own token, it asks for a new one', async () => {
    const asked: boolean[] = [];
    client.subscribe('a', {
      token: ({ renew }) => {
        asked.push(renew);
        return `t${asked.length}`;
      },
    });
    await soon();
    const [{ id }] = gateway.link.of('subscribe');
    gateway.link.says({ type: 'error', id, channel: 'a', code: 'unauthorized', message: 'token expired' });
    await vi.advanceTimersByTimeAsync(500);
    expect(gateway.link.of('subscribe')).toMatchObject([{ token: 't1' }, { token: 't2' }]);
    expect(asked).toEqual([false, true]);
  });
});

describe('a token of its own', () => {
  const minute = () => subscriptionToken('u', 'a', 60);
  let asked: boolean[];
  let chat: Subscription;
  let begun: (boolean | undefined)[];
  let answer: () => string;

  beforeEach(async () => {
    gateway.link.connected({ ping: 10_000_000 });
    asked = [];
    answer = minute;
    begun = [];
    chat = client.subscribe('a', {
      token: ({ renew }) => {
        asked.push(renew);
        return answer();
      },
    });
    chat.on('subscribed', ({ recovered }) => begun.push(recovered));
    await soon();
    gateway.link.subscribes('a', { epoch: 'e', seq: 7, users: ['u'], count: 1 });
  });

  it('is renewed in the last tenth of its life, without a word to the application', async () => {
    for (let times = 1; times <= 3; times++) {
      await vi.advanceTimersByTimeAsync(54_500);
      expect(asked).toEqual([false, ...Array(times).fill(true)]);
      expect(gateway.link.of('subscribe').at(-1)).toEqual({
        type: 'subscribe',
        channel: 'a',
        id: expect.any(Number),
        token: expect.any(String),
      });
      gateway.link.subscribes('a', { epoch: 'e', seq: 7 + times, users: ['u', 'v'], count: 2 });
      gateway.link.says(message(7 + times));
    }
    expect(begun).toEqual([undefined]);
    expect([chat.position, chat.presence?.count]).toEqual([{ epoch: 'e', seq: 10 }, 2]);
  });

  it('that is refused ends nothing: another is asked for, once in 5 s at most', async () => {
    const errors = vi.fn();
    client.on('error', errors);
    for (let seconds = 0; seconds < 59; seconds++) {
      await vi.advanceTimersByTimeAsync(1_000);
      const { id, recover } = gateway.link.of('subscribe').at(-1);
      if (!recover && asked.length > 1)
        gateway.link.says({ type: 'error', id, channel: 'a', code: 'unauthorized', message: 'token expired' });
    }
    expect(chat.state).toBe('subscribed');
    expect(errors).toHaveBeenCalledWith(expect.objectContaining({ code: 'unauthorized' }));
    expect(asked).toEqual([false, true, true]);
  });

  it('that has ended under it is replaced, and the subscription goes on where it was', async () => {
    await vi.advanceTimersByTimeAsync(10_000);
    gateway.link.says(message(8), { type: 'unsubscribed', channel: 'a', code: 'expired', reason: 'ended' });
    await soon();
    expect(asked).toEqual([false, true]);
    expect(gateway.link.of('subscribe')[1]).toMatchObject({ token: minute(), recover: { epoch: 'e', seq: 8 } });
    // The end of what was there before, told late.
    gateway.link.says({ type: 'unsubscribed', channel: 'a', code: 'expired', reason: 'ended' });
    gateway.link.subscribes('a', { epoch: 'e', seq: 8, recovered: true });
    expect([chat.state, begun]).toEqual(['subscribed', [undefined, true]]);
  });

  it('is not asked for in a storm where each one ends at once', async () => {
    for (let seconds = 0; seconds < 60; seconds++) {
      await vi.advanceTimersByTimeAsync(1_000);
      if (chat.state === 'subscribed')
        gateway.link.says({ type: 'unsubscribed', channel: 'a', code: 'expired', reason: 'ended' });
      else gateway.link.subscribes('a', { epoch: 'e', seq: 7, recovered: true });
    }
    expect(asked.length).toBeLessThan(12);
  });

  it('that will never be had again ends it, when the last one has', async () => {
    answer = () => {
      throw new GatewayError('unauthorized', 'no member any more');
    };
    const ended = vi.fn();
    chat.on('ended', ended);
    await vi.advanceTimersByTimeAsync(55_000);
    expect([asked.length, chat.state]).toEqual([2, 'subscribed']);
    gateway.link.says({ type: 'unsubscribed', channel: 'a', code: 'expired', reason: 'ended' });
    await soon();
    expect(ended).toHaveBeenCalledWith(expect.objectContaining({ code: 'unauthorized' }));
  });

  it('is let be where the connection is lost, or nobody is subscribed any more', async () => {
    await vi.advanceTimersByTimeAsync(50_000);
    gateway.link.drops();
    await vi.advanceTimersByTimeAsync(499);
    expect(asked).toEqual([false]);
    chat.unsubscribe();
    await vi.advanceTimersByTimeAsync(100_000);
    expect(asked).toEqual([false]);
  });

  it('is not renewed where history began anew with the answer: that is a loss', async () => {
    await vi.advanceTimersByTimeAsync(54_500);
    gateway.link.subscribes('a', { epoch: 'f', seq: 1 });
    await soon();
    expect(gateway.link.of('subscribe').at(-1)).toMatchObject({ recover: { epoch: 'e', seq: 7 } });
    gateway.link.subscribes('a', { epoch: 'f', seq: 1, recovered: false });
    expect(begun).toEqual([undefined, false]);
  });
});

describe('presence', () => {
  it('starts with the snapshot and follows the changes, as a set', () => {
    const chat = client.subscribe('a');
    const seen: unknown[] = [];
    chat.on('presence', (presence) => seen.push(presence));
    gateway.link.subscribes('a', { users: ['ada', 'bob'], info: { ada: { name: 'Ada' } }, count: 2 });
    gateway.link.says({
      type: 'presence',
      channel: 'a',
      joined: ['bob', 'cleo'],
      left: ['ada'],
      info: { cleo: { name: 'Cleo' } },
      count: 2,
    });
    expect(chat.presence).toEqual({ users: ['bob', 'cleo'], info: { cleo: { name: 'Cleo' } }, count: 2 });
    expect(seen).toEqual([
      { users: ['ada', 'bob'], info: { ada: { name: 'Ada' } }, count: 2, joined: [], left: [] },
      { users: ['bob', 'cleo'], info: { cleo: { name: 'Cleo' } }, count: 2, joined: ['bob', 'cleo'], left: ['ada'] },
    ]);
  });

  it('knows only the number in a full channel, until there is a snapshot again', () => {
    const chat = client.subscribe('a');
    gateway.link.subscribes('a', { users: ['ada'], count: 1 });
    gateway.link.says({ type: 'presence', channel: 'a', count: 201 });
    expect(chat.presence).toEqual({ users: undefined, info: {}, count: 201 });
    gateway.link.says({ type: 'presence', channel: 'a', users: ['bob'], count: 1 });
    expect(chat.presence).toEqual({ users: ['bob'], info: {}, count: 1 });
  });
});

describe('as an iterator', () => {
  it('yields the messages from where it was made, also those that came before they were asked for', async () => {
    const chat = client.subscribe<string>('a');
    gateway.link.subscribes('a');
    const seen: string[] = [];
    const reading = (async () => {
      for await (const { content } of chat) {
        seen.push(content);
        if (content === 'm3') break;
      }
    })();
    gateway.link.says(message(1), message(2));
    await soon();
    gateway.link.says(message(3), message(4));
    await reading;
    expect(seen).toEqual(['m1', 'm2', 'm3']);
  });

  it('ends when the client is closed or unsubscribed, and throws where the gateway ended it', async () => {
    const iterate = (channel: string) => client.subscribe(channel)[Symbol.asyncIterator]().next();
    const left = client.subscribe('b');
    const leaving = left[Symbol.asyncIterator]().next();
    const failing = iterate('c');
    const closing = iterate('a');
    left.unsubscribe();
    await expect(leaving).resolves.toEqual({ value: undefined, done: true });
    gateway.link.says({ type: 'unsubscribed', channel: 'c', code: 'forbidden', reason: 'kicked' });
    await expect(failing).rejects.toMatchObject({ code: 'forbidden' });
    void client.close();
    await expect(closing).resolves.toEqual({ value: undefined, done: true });
  });

  it('gives up rather than hold messages without end', async () => {
    const iterator = client.subscribe('a')[Symbol.asyncIterator]();
    gateway.link.subscribes('a');
    for (let i = 1; i <= 10_001; i++) gateway.link.says(message(i));
    for (let i = 1; i <= 10_001; i++) expect((await iterator.next()).done).toBe(false);
    await expect(iterator.next()).rejects.toMatchObject({ code: 'overflow' });
  });
});

it('keeps listeners apart: one that throws is reported and stops no other', async () => {
  const thrown: unknown[] = [];
  const report = (error: unknown) => thrown.push(error);
  const others = process.listeners('uncaughtException');
  process.removeAllListeners('uncaughtException').once('uncaughtException', report);
  const chat = client.subscribe('a');
  const seen: unknown[] = [];
  chat.on('message', () => {
    throw new Error('mine');
  });
  chat.on('message', ({ content }) => seen.push(content));
  gateway.link.subscribes('a');
  gateway.link.says(message(1));
  vi.useRealTimers();
  await new Promise((resolve) => setImmediate(resolve));
  for (const other of others) process.on('uncaughtException', other);
  expect(seen).toEqual(['m1']);
  expect(thrown).toMatchObject([{ message: 'mine' }]);
});

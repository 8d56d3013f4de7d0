import { describe, expect, it } from 'vitest';
import type { StateChange } from '../../src/index.js';
import { clientOf, connect, connectedAgain, eventually, lost, numbers, Seen } from '../support/application.js';
import { GatewayProcess } from '../support/processes.js';
import { TcpProxy } from '../support/tcpProxy.js';
import { secret, token } from '../support/token.js';

const settings = ['Namespaces:chat:History=1000', 'Namespaces:chat:Presence=true'];

it('publishes, acknowledges and delivers in order, also through an iterator', async () => {
  const gateway = await GatewayProcess.start(...settings);
  const [ada, bob] = [await connect(gateway.url), await connect(gateway.url)];
  const chat = bob.subscribe<number>('chat:1');
  await chat.ready;
  const messages = chat[Symbol.asyncIterator]();
  const acks = await Promise.all(numbers(500).map((n) => ada.publish('chat:1', n)));
  expect(acks.map(({ seq }) => seq)).toEqual(numbers(500, 1));
  for (const n of numbers(500)) {
    expect((await messages.next()).value).toMatchObject({ content: n, seq: n + 1, sender: ada.session!.user });
  }
});

it('reads history and presence', async () => {
  const gateway = await GatewayProcess.start(...settings);
  const [ada, bob] = [await connect(gateway.url), await connect(gateway.url)];
  const chat = ada.subscribe<number>('chat:1');
  await chat.ready;
  for (const n of numbers(5)) await chat.publish(n);
  const page = await chat.history({ limit: 2 });
  expect(page).toMatchObject({
    more: true,
    messages: [
      { content: 3, seq: 4 },
      { content: 4, seq: 5 },
    ],
  });
  await expect(bob.history('chat:1', { before: 2 })).resolves.toMatchObject({ more: false, messages: [{ seq: 1 }] });
  const theirs = bob.subscribe('chat:1');
  await theirs.ready;
  const users = [ada.session!.user, bob.session!.user].sort();
  await eventually(
    () => chat.presence?.count === 2,
    () => 'both in the channel',
  );
  expect(chat.presence!.users!.toSorted()).toEqual(users);
  expect((await ada.presence('chat:1')).users!.toSorted()).toEqual(users);
  theirs.unsubscribe();
  await eventually(
    () => chat.presence?.count === 1,
    () => 'one to leave',
  );
  await expect(bob.history('plain')).rejects.toMatchObject({ code: 'history_unavailable' });
});

it('keeps a message from the connection that sent it where asked to, also when that connection is lost', async () => {
  const gateway = await GatewayProcess.start(...settings);
  const network = await TcpProxy.to(gateway.port);
  const client = await connect(network.url, { backoff: { min: 10, max: 50 } });
  const seen = new Seen<string>(client.subscribe('chat:1'));
  await seen.subscription.ready;
  await client.publish('chat:1', 'silent', { echo: false });
  network.cut();
  await eventually(
    () => seen.recovered.length === 2,
    () => 'another subscription',
  );
  await client.publish('chat:1', 'loud');
  await seen.count(1);
  expect(seen.contents).toEqual(['loud']);
});

describe('a connection that is cut again and again', () => {
  it('loses nothing, doubles nothing and mixes nothing up, for publisher and subscriber', async () => {
    const gateway = await GatewayProcess.start(...settings, `Auth:Secret=${secret}`);
    const network = await TcpProxy.to(gateway.port);
    // The keys of somebody without a token end with the connection.
    const options = { backoff: { min: 10, max: 100 }, token: token('ann', 3600) };
    const [publisher, subscriber] = [await connect(network.url, options), await connect(network.url, options)];
    const seen = new Seen<number>(subscriber.subscribe('chat:1'));
    await seen.subscription.ready;
    const publishing: Promise<unknown>[] = [];
    for (const n of numbers(600)) {
      publishing.push(publisher.publish('chat:1', n));
      if (n % 100 === 50) {
        await Promise.all([publisher, subscriber].map(connectedAgain));
        const cut = [publisher, subscriber].map(lost);
        network.cut();
        await Promise.all(cut);
      }
      if (n % 10 === 0) await new Promise((resolve) => setTimeout(resolve, 1));
    }
    await Promise.all(publishing);
    await seen.count(600);
    expect(seen.contents).toEqual(numbers(600));
    expect(seen.seqs).toEqual(numbers(600, 1));
    expect(seen.recovered[0]).toBeUndefined();
    expect(seen.recovered.slice(1).every((recovered) => recovered === true)).toBe(true);
  });

  it('that falls silent is noticed, left, and everything recovered', async () => {
    const gateway = await GatewayProcess.start(...settings, 'Heartbeat:Ping=00:00:00.300');
    const network = await TcpProxy.to(gateway.port);
    const client = await connect(network.url, { pongTimeout: 300 });
    const other = await connect(gateway.url);
    const seen = new Seen<number>(client.subscribe('chat:1'));
    await seen.subscription.ready;
    await other.publish('chat:1', 0);
    await seen.count(1);
    const changes: StateChange[] = [];
    client.on('state', (change) => changes.push(change));
    network.silence();
    for (const n of numbers(20, 1)) await other.publish('chat:1', n);
    await seen.count(21);
    expect(changes[0]).toMatchObject({ state: 'waiting', code: 4011 });
    expect(seen.contents).toEqual(numbers(21));
    expect(seen.recovered).toEqual([undefined, true]);
  });
});

describe('a gateway that is killed', () => {
  it('tells those who come back that it lost what they might have missed', async () => {
    const gateway = await GatewayProcess.start(...settings);
    const backoff = { min: 50, max: 200 };
    const [publisher, subscriber] = [await connect(gateway.url, { backoff }), await connect(gateway.url, { backoff })];
    const seen = new Seen<number>(subscriber.subscribe('chat:1'));
    await seen.subscription.ready;
    await Promise.all(numbers(50).map((n) => publisher.publish('chat:1', n)));
    await seen.count(50);
    await gateway.kill();
    await gateway.start();
    await eventually(
      () => seen.recovered.length === 2,
      () => 'another subscription',
    );
    await Promise.all(numbers(50, 50).map((n) => publisher.publish('chat:1', n)));
    await seen.count(100);
    expect(seen.contents).toEqual(numbers(100));
    expect(seen.recovered).toEqual([undefined, false]);
  });

  it('gets what waited in the queue as soon as it is back, in order and once', async () => {
    const gateway = await GatewayProcess.start(...settings);
    const publisher = await connect(gateway.url, { backoff: { min: 50, max: 200 } });
    const loss = lost(publisher);
    await gateway.kill();
    await loss;
    const publishing = numbers(300).map((n) => publisher.publish('chat:1', n));
    await gateway.start();
    const acks = await Promise.all(publishing);
    expect(acks.map(({ seq }) => seq)).toEqual(numbers(300, 1));
    const { messages } = await publisher.history<number>('chat:1', { limit: 1000 });
    expect(messages.map(({ content }) => content)).toEqual(numbers(300));
  });

  it('was waited for from the very start', async () => {
    const gateway = await GatewayProcess.start(...settings);
    await gateway.kill();
    const client = clientOf(gateway.url, { backoff: { min: 50, max: 200 } });
    const connecting = client.connect();
    await eventually(
      () => client.state === 'waiting',
      () => 'a try that failed',
    );
    await gateway.start();
    await connecting;
    expect(client.state).toBe('connected');
  });
});

it('comes back to a gateway that was drained', async () => {
  const gateway = await GatewayProcess.start(...settings, 'Drain:Duration=00:00:00');
  const client = await connect(gateway.url, { backoff: { min: 10, max: 50 } });
  const waiting = new Promise<StateChange>((resolve) =>
    client.on('state', (change) => change.state === 'waiting' && resolve(change)),
  );
  await gateway.drain();
  await gateway.start();
  expect((await waiting).code).toBe(1012);
  await connectedAgain(client);
});

it('stays away after a message over the limit, and says which limit', async () => {
  const gateway = await GatewayProcess.start(...settings, 'Limits:MessageBytes=1024');
  const client = await connect(gateway.url);
  const publishing = client.publish('chat:1', 'x'.repeat(2000));
  await expect(publishing).rejects.toMatchObject({
    code: 'closed',
    closeCode: 1009,
    message: expect.stringContaining('1024'),
  });
  expect(client.state).toBe('closed');
});

it('closes cleanly: the others in the channel are told', async () => {
  const gateway = await GatewayProcess.start(...settings);
  const [ada, bob] = [await connect(gateway.url), await connect(gateway.url)];
  const chat = ada.subscribe('chat:1');
  await bob.subscribe('chat:1').ready;
  await eventually(
    () => chat.presence?.count === 2,
    () => 'both',
  );
  await bob.close();
  expect(bob.state).toBe('closed');
  await eventually(
    () => chat.presence?.count === 1,
    () => 'one',
  );
});

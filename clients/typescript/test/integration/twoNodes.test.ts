import { expect, it } from 'vitest';
import { GatewayError } from '../../src/index.js';
import { connect, connectedAgain, lost, numbers, Seen } from '../support/application.js';
import { GatewayProcess, RedisProcess } from '../support/processes.js';
import { TcpProxy } from '../support/tcpProxy.js';

const backoff = { min: 50, max: 200 };

async function twoNodes() {
  const redis = await RedisProcess.start();
  const settings = [`Redis:Addresses=${redis.address}`, 'Namespaces:chat:History=1000'];
  const [one, two] = await Promise.all([GatewayProcess.start(...settings), GatewayProcess.start(...settings)]);
  return { redis, one, two };
}

/** As an application does that must not lose a message: tries until it is taken, with the key it had the first time. */
async function publishUntilTaken(publish: (key?: string) => Promise<unknown>): Promise<void> {
  for (let key: string | undefined; ;) {
    try {
      await publish(key);
      return;
    } catch (error) {
      if (!(error instanceof GatewayError) || error.code !== 'unavailable') throw error;
      key = error.key;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

it('goes through two nodes, and a node that is killed costs its clients nothing', async () => {
  const { one, two } = await twoNodes();
  const publisher = await connect(one.url, { backoff });
  const subscriber = await connect(two.url, { backoff });
  const seen = new Seen<number>(subscriber.subscribe('chat:1'));
  await seen.subscription.ready;
  await Promise.all(numbers(100).map((n) => publisher.publish('chat:1', n)));
  await two.kill();
  await Promise.all(numbers(100, 100).map((n) => publisher.publish('chat:1', n)));
  await two.start();
  await connectedAgain(subscriber);
  await Promise.all(numbers(100, 200).map((n) => publisher.publish('chat:1', n)));
  await seen.count(300);
  expect(seen.contents).toEqual(numbers(300));
  expect(seen.recovered).toEqual([undefined, true]);
});

it('recovers on the other node what it missed while it changed over', async () => {
  const { one, two } = await twoNodes();
  const publisher = await connect(one.url, { backoff });
  const [first, second] = [await connect(one.url, { backoff }), await connect(two.url, { backoff })];
  const seen = new Seen<number>(first.subscribe('chat:1'));
  await seen.subscription.ready;
  await Promise.all(numbers(10).map((n) => publisher.publish('chat:1', n)));
  await seen.count(10);
  const { position } = seen.subscription;
  await first.close();
  await Promise.all(numbers(10, 10).map((n) => publisher.publish('chat:1', n)));
  const rest = new Seen<number>(second.subscribe('chat:1', { recover: position }));
  await rest.count(10);
  expect(rest.contents).toEqual(numbers(10, 10));
  expect(rest.recovered).toEqual([true]);
});

it('survives a restart of Redis: nothing that was taken is lost, doubled or out of order', async () => {
  const { redis, one, two } = await twoNodes();
  const network = await TcpProxy.to(two.port);
  const publisher = await connect(one.url, { backoff });
  const subscriber = await connect(network.url, { backoff });
  const seen = new Seen<number>(subscriber.subscribe('chat:1'));
  await seen.subscription.ready;
  for (const n of numbers(100)) await publisher.publish('chat:1', n);
  await redis.kill();
  // A client that comes to the node just now is told to wait, and waits.
  const cut = lost(subscriber);
  network.cut();
  await cut;
  const publishing = (async () => {
    for (const n of numbers(100, 100)) await publishUntilTaken((key) => publisher.publish('chat:1', n, { key }));
  })();
  await redis.start();
  await publishing;
  await seen.count(200);
  expect(seen.contents).toEqual(numbers(200));
  expect(seen.recovered.slice(1).every((recovered) => recovered === true)).toBe(true);
});

import { expect, it } from 'vitest';
import WebSocket from 'ws';
import { webSocket } from '../../src/index.js';
import { serverSentEvents } from '../../src/sse.js';
import { connect, connectedAgain, lost, numbers, Seen } from '../support/application.js';
import { GatewayProcess, RedisProcess } from '../support/processes.js';
import { TcpProxy } from '../support/tcpProxy.js';

const backoff = { min: 10, max: 100 };
const sse = () => ({ backoff, transports: [serverSentEvents()] });

it('loses nothing, doubles nothing and mixes nothing up where streams and requests are cut', async () => {
  const gateway = await GatewayProcess.start('Namespaces:chat:History=1000');
  const network = await TcpProxy.to(gateway.port);
  const [publisher, subscriber] = [await connect(network.url, sse()), await connect(network.url, sse())];
  const seen = new Seen<number>(subscriber.subscribe('chat:1'));
  await seen.subscription.ready;
  const publishing: Promise<unknown>[] = [];
  for (const n of numbers(300)) {
    publishing.push(publisher.publish('chat:1', n));
    // The gateway asks streams that break to wait for some seconds each time.
    if (n % 150 === 100) {
      await connectedAgain(subscriber);
      const cut = lost(subscriber);
      network.cut();
      await cut;
    }
    if (n % 10 === 0) await new Promise((resolve) => setTimeout(resolve, 1));
  }
  await Promise.all(publishing);
  await seen.count(300);
  expect(seen.contents).toEqual(numbers(300));
  expect(seen.seqs).toEqual(numbers(300, 1));
  expect(seen.recovered.slice(1).every((recovered) => recovered === true)).toBe(true);
});

it('recovers across a restart of the node, and sends then what was published meanwhile', async () => {
  const redis = await RedisProcess.start();
  const gateway = await GatewayProcess.start(`Redis:Addresses=${redis.address}`, 'Namespaces:chat:History=1000');
  const [publisher, subscriber] = [await connect(gateway.url, sse()), await connect(gateway.url, sse())];
  const seen = new Seen<number>(subscriber.subscribe('chat:1'));
  await seen.subscription.ready;
  await Promise.all(numbers(50).map((n) => publisher.publish('chat:1', n)));
  await seen.count(50);
  const loss = lost(subscriber);
  await gateway.kill();
  await loss;
  const publishing = numbers(50, 50).map((n) => publisher.publish('chat:1', n));
  await gateway.start();
  await Promise.all(publishing);
  await seen.count(100);
  expect(seen.contents).toEqual(numbers(100));
  expect(seen.recovered).toEqual([undefined, true]);
});

it('gets through a proxy that lets no WebSocket through', async () => {
  const gateway = await GatewayProcess.start('Namespaces:chat:History=1000', 'Namespaces:chat:Presence=true');
  const network = await TcpProxy.to(gateway.port);
  network.stopWebSockets();
  const client = await connect(network.url, { backoff, transports: [webSocket(WebSocket), serverSentEvents()] });
  const seen = new Seen<string>(client.subscribe('chat:1'));
  await seen.subscription.ready;
  await client.publish('chat:1', 'hello');
  await seen.count(1);
  expect(seen.contents).toEqual(['hello']);
  expect(seen.subscription.presence?.count).toBe(1);
  await expect(client.history('chat:1')).rejects.toMatchObject({ code: 'unsupported' });
});

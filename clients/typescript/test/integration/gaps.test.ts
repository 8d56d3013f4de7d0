import { expect, it } from 'vitest';
import WebSocket from 'ws';
import { type Transport, webSocket } from '../../src/index.js';
import { connect, numbers, Seen } from '../support/application.js';
import { GatewayProcess, RedisProcess } from '../support/processes.js';

const history = 'Namespaces:chat:History=10000';

/** WebSocket, with what arrives changed on its last step: each text becomes those that `arrives` makes of it. */
function tampered(arrives: (message: any, text: string) => string[]): Transport {
  const transport = webSocket(WebSocket);
  return (request, events) =>
    transport(request, {
      ...events,
      message: (text) => arrives(JSON.parse(String(text)), String(text)).forEach(events.message),
    });
}

it('a message that is missing is noticed with the next one, and recovered; one that comes twice is told once', async () => {
  const gateway = await GatewayProcess.start(history);
  const publisher = await connect(gateway.url);
  const lose = new Set([7, 8, 30]);
  const subscriber = await connect(gateway.url, {
    backoff: { min: 10, max: 50 },
    transports: [
      tampered(({ type, seq }, text) => {
        if (type !== 'message') return [text];
        return lose.delete(seq) ? [] : seq % 5 === 0 ? [text, text] : [text];
      }),
    ],
  });
  const seen = new Seen<number>(subscriber.subscribe('chat:1'));
  await seen.subscription.ready;
  for (const n of numbers(50)) {
    await publisher.publish('chat:1', n);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  await seen.count(50);
  expect(seen.contents).toEqual(numbers(50));
  expect(seen.recovered).toEqual([undefined, true, true]);
});

it('what is missing again each time it is asked for is told as a loss, and what follows comes', async () => {
  const gateway = await GatewayProcess.start(history);
  const publisher = await connect(gateway.url);
  const subscriber = await connect(gateway.url, {
    backoff: { min: 10, max: 50 },
    transports: [tampered(({ type, seq }, text) => (type === 'message' && seq === 3 ? [] : [text]))],
  });
  const seen = new Seen<number>(subscriber.subscribe('chat:1'));
  await seen.subscription.ready;
  for (let n = 0; !seen.contents.includes(-1); n++) {
    await publisher.publish('chat:1', n < 10 ? n : -1);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  expect(seen.contents.slice(0, 2)).toEqual([0, 1]);
  expect(seen.recovered).toEqual([undefined, true, false]);
});

/** WebSocket, over which acknowledgements come some time after the messages that followed what they are for. */
const slowToAcknowledge: Transport = (request, events) =>
  webSocket(WebSocket)(request, {
    ...events,
    message: (text) =>
      JSON.parse(String(text)).type === 'ack'
        ? void setTimeout(() => events.message(text), 20 * Math.random())
        : events.message(text),
  });

it.each([1, 2])('a message of its own that it asked not to hear is no gap: %i nodes', async (nodes) => {
  const settings = [history, ...(nodes > 1 ? [`Redis:Addresses=${(await RedisProcess.start()).address}`] : [])];
  const gateways = await Promise.all(numbers(nodes).map(() => GatewayProcess.start(...settings)));
  const ada = await connect(gateways[0]!.url, { transports: [slowToAcknowledge] });
  const bob = await connect(gateways.at(-1)!.url);
  const [adas, bobs] = [ada, bob].map((client) => new Seen<string>(client.subscribe('chat:1')));
  await Promise.all([adas!.subscription.ready, bobs!.subscription.ready]);
  const publishing: Promise<unknown>[] = [];
  for (const n of numbers(500)) {
    publishing.push(ada.publish('chat:1', `ada ${n}`, { echo: n % 3 === 0 }), bob.publish('chat:1', `bob ${n}`));
    if (n % 10 === 0) await new Promise((resolve) => setTimeout(resolve, 1));
  }
  await Promise.all(publishing);
  await Promise.all([adas!.count(500 + 167), bobs!.count(1000)]);
  const heard = numbers(500).filter((n) => n % 3 === 0);
  expect(adas!.contents.filter((text) => text.startsWith('ada'))).toEqual(heard.map((n) => `ada ${n}`));
  expect(adas!.contents.filter((text) => text.startsWith('bob'))).toEqual(numbers(500).map((n) => `bob ${n}`));
  expect(adas!.recovered).toEqual([undefined]);
  expect(bobs!.recovered).toEqual([undefined]);
});

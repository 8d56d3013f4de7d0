import { expect, it } from 'vitest';
import type { Message } from '../../src/index.js';
import { serverSentEvents } from '../../src/sse.js';
import { connect, connectedAgain, eventually, lost } from '../support/application.js';
import { GatewayProcess } from '../support/processes.js';
import { TcpProxy } from '../support/tcpProxy.js';

const picture = crypto.getRandomValues(new Uint8Array(40_000));
const bytes = (...values: number[]) => new Uint8Array(values);

it.each(['WebSocket', 'Server-Sent Events'])(
  'publishes and receives bytes, with content and without, over %s',
  async (way) => {
    const gateway = await GatewayProcess.start();
    const options = way === 'WebSocket' ? {} : { transports: [serverSentEvents()] };
    const [ada, bob] = [await connect(gateway.url, options), await connect(gateway.url)];
    const [hers, his] = [ada.subscribe<any>('chat'), bob.subscribe<any>('chat')];
    await Promise.all([hers.ready, his.ready]);
    const seen: Message<any>[][] = [[], []];
    [hers, his].forEach((chat, index) => chat.on('message', (message) => seen[index]!.push(message)));
    await hers.publish(picture);
    await hers.publish({ name: 'é' }, { attachments: [bytes(1, 2), bytes(), bytes(255)] });
    await hers.publish(bytes(7), { attachments: [bytes(8)] });
    await hers.publish('text', { attachments: [] });
    for (const messages of seen) {
      await eventually(
        () => messages.length === 4,
        () => 'all to come',
      );
      expect(messages.map(({ content }) => content)).toEqual([undefined, { name: 'é' }, undefined, 'text']);
      expect(messages.map(({ attachments }) => attachments)).toEqual([
        [picture],
        [bytes(1, 2), bytes(), bytes(255)],
        [bytes(7), bytes(8)],
        undefined,
      ]);
    }
  },
);

it('reads them in history, and recovers them after a loss of the connection', async () => {
  const gateway = await GatewayProcess.start('Namespaces:chat:History=100');
  const network = await TcpProxy.to(gateway.port);
  const [ada, bob] = [await connect(gateway.url), await connect(network.url, { backoff: { min: 10, max: 100 } })];
  const chat = bob.subscribe('chat:1');
  await chat.ready;
  const seen: Message[] = [];
  chat.on('message', (message) => seen.push(message));
  await ada.publish('chat:1', bytes(1));
  await eventually(
    () => seen.length === 1,
    () => 'the first',
  );
  const cut = lost(bob);
  network.cut();
  await cut;
  await ada.publish('chat:1', bytes(2, 2));
  await ada.publish('chat:1', 3);
  await connectedAgain(bob);
  await eventually(
    () => seen.length === 3,
    () => 'what was missed',
  );
  expect(seen.map(({ seq, attachments }) => [seq, attachments])).toEqual([
    [1, [bytes(1)]],
    [2, [bytes(2, 2)]],
    [3, undefined],
  ]);
  const { messages } = await bob.history('chat:1');
  expect(messages.map(({ attachments }) => attachments)).toEqual([[bytes(1)], [bytes(2, 2)], undefined]);
});

it('what the application does to the bytes afterwards changes nothing', async () => {
  const gateway = await GatewayProcess.start();
  const [ada, bob] = [await connect(gateway.url), await connect(gateway.url)];
  const chat = bob.subscribe('chat');
  await chat.ready;
  const messages = chat[Symbol.asyncIterator]();
  const own = bytes(1);
  const publishing = ada.publish('chat', own);
  own[0] = 9;
  await publishing;
  expect((await messages.next()).value?.attachments).toEqual([bytes(1)]);
});

import { describe, expect, it } from 'vitest';
import WebSocket from 'ws';
import { type ClientOptions, type StateChange, webSocket } from '../../src/index.js';
import { serverSentEvents } from '../../src/sse.js';
import { clientOf } from '../support/application.js';
import { GatewayProcess } from '../support/processes.js';
import { secret, token } from '../support/token.js';

const settings = [`Auth:Secret=${secret}`, 'Auth:Audience=us'];
const foreign = () => token('ada', 60, { aud: 'them' });

/** Connects to a gateway that refuses, and tells what the application gets to know. */
async function refused(options: ClientOptions, ...more: string[]) {
  const gateway = await GatewayProcess.start(...settings, ...more);
  const client = clientOf(gateway.url, options);
  // Over Server-Sent Events nothing is asked of the gateway before there is something to listen to.
  client.subscribe('chat:1');
  const changes: StateChange[] = [];
  client.on('state', (change) => changes.push(change));
  const error = await client.connect().then(
    () => undefined,
    (error) => error,
  );
  return { client, error, changes };
}

describe.each([
  ['WebSocket', () => webSocket(WebSocket)],
  ['Server-Sent Events', serverSentEvents],
])('over %s', (_, transport) => {
  it('a token that will not do is refused with the reason in words, to who connects and in the state', async () => {
    const { client, error, changes } = await refused({ token: foreign(), transports: [transport()] });
    const reason = 'the token is for another audience';
    expect(error).toMatchObject({ code: 'unauthorized', closeCode: 4001, message: reason });
    expect(changes.at(-1)).toEqual({ state: 'closed', code: 4001, reason });
    expect(client.status).toEqual(changes.at(-1));
  });

  it('so is one from a callback, which is asked for another', async () => {
    const gateway = await GatewayProcess.start(...settings);
    const asked: boolean[] = [];
    const client = clientOf(gateway.url, {
      transports: [transport()],
      backoff: { min: 10, max: 50 },
      token: ({ renew }) => {
        asked.push(renew);
        return renew ? token('ada', 60, { aud: 'us' }) : foreign();
      },
    });
    client.subscribe('chat:1');
    const waiting = new Promise<StateChange>((resolve) =>
      client.on('state', (change) => change.state === 'waiting' && resolve(change)),
    );
    await client.connect();
    await expect(waiting).resolves.toMatchObject({ code: 4001, reason: 'the token is for another audience' });
    expect(asked).toEqual([false, true]);
  });
});

it('a gateway that waits for a token in vain says so, before the client takes its silence for a lost network', async () => {
  // The defaults of both: 10 s for the gateway.
  const { error, changes } = await refused({});
  expect(error).toMatchObject({ code: 'unauthorized', closeCode: 4001 });
  expect(changes.map(({ state }) => state)).toEqual(['connecting', 'closed']);
});

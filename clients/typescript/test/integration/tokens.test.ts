import { expect, it } from 'vitest';
import type { StateChange } from '../../src/index.js';
import { serverSentEvents } from '../../src/sse.js';
import { connect, eventually, numbers, Seen } from '../support/application.js';
import { GatewayProcess } from '../support/processes.js';
import { secret, token } from '../support/token.js';

const settings = [`Auth:Secret=${secret}`, 'Namespaces:chat:History=1000'];

/** Every change of state, and everything that went wrong without ending anything. */
function watched(client: Awaited<ReturnType<typeof connect>>) {
  const changes: StateChange[] = [];
  const errors: Error[] = [];
  client.on('state', (change) => changes.push(change));
  client.on('error', (error) => errors.push(error));
  return { changes, errors };
}

// One test, for all of them wait for the same clock: the gateway closes 25 s after a token's end.
it('a token that ends costs nothing where it is renewed, and the connection, but no message, where it is not', async () => {
  const gateway = await GatewayProcess.start(...settings);
  const given = { ada: 0, carol: 0 };
  const renewing = (user: keyof typeof given) => () => {
    given[user]++;
    return token(user, 8);
  };
  const ada = await connect(gateway.url, { token: renewing('ada') });
  const carol = await connect(gateway.url, { token: renewing('carol'), transports: [serverSentEvents()] });
  let backend = true;
  const bob = await connect(gateway.url, {
    backoff: { min: 50, max: 200 },
    token: () => {
      if (!backend) throw new Error('the backend is away');
      return token('bob', 2);
    },
  });
  const [adas, bobs, carols] = [ada, bob, carol].map((client) => new Seen<number>(client.subscribe('chat:1')));
  await Promise.all([adas, bobs, carols].map((seen) => seen!.subscription.ready));
  const [onAda, onBob, onCarol] = [watched(ada), watched(bob), watched(carol)];
  backend = false;

  let published = 0;
  const publishing: Promise<unknown>[] = [];
  const say = () => publishing.push(ada.publish('chat:1', published++));
  await eventually(
    () => {
      if (publishing.length < 1000) say();
      return bob.state === 'waiting';
    },
    () => 'the gateway to close',
  );
  for (const _ of numbers(20)) say();
  expect(onBob.changes[0]).toMatchObject({ state: 'waiting', code: 4010 });
  expect(onBob.errors).toContainEqual(expect.objectContaining({ code: 'unauthorized' }));
  expect(onBob.errors).toContainEqual(expect.objectContaining({ message: 'the backend is away' }));
  backend = true;

  await Promise.all(publishing);
  for (const seen of [adas!, bobs!, carols!]) {
    await seen.count(published);
    expect(seen.contents).toEqual(numbers(published));
  }
  expect(bobs!.recovered).toEqual([undefined, true]);
  expect(bob.session!.user).toBe('bob');
  // Each token lived for 8 s.
  expect(Math.min(given.ada, given.carol)).toBeGreaterThan(2);
  expect([...onAda.changes, ...onCarol.changes]).toEqual([]);
});

it('a token without an end that takes the place of one with an end is not asked for again', async () => {
  const gateway = await GatewayProcess.start(...settings);
  let asked = 0;
  const client = await connect(gateway.url, { token: () => token('ada', 6, asked++ ? { exp: undefined } : {}) });
  await eventually(
    () => asked === 2,
    () => 'the renewal',
  );
  await new Promise((resolve) => setTimeout(resolve, 2_000));
  expect(asked).toBe(2);
  expect(client.state).toBe('connected');
});

it('a token that has ended is refused, and another one asked for at once', async () => {
  const gateway = await GatewayProcess.start(...settings);
  const asked: boolean[] = [];
  const client = await connect(gateway.url, {
    backoff: { min: 10, max: 50 },
    token: ({ renew }) => {
      asked.push(renew);
      return renew ? token('ada', 60) : token('ada', -60);
    },
  });
  expect(client.session!.user).toBe('ada');
  expect(asked).toEqual([false, true]);
});

it('rights are those of the token: what it does not allow is refused, and the connection stays', async () => {
  const gateway = await GatewayProcess.start(`Auth:Secret=${secret}`, 'Namespaces:closed:Subscribe=nobody');
  const client = await connect(gateway.url, { token: () => token('ada', 60) });
  await expect(client.subscribe('closed:1').ready).rejects.toMatchObject({ code: 'forbidden' });
  await client.publish('open', 1);
});

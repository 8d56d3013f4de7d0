import { expect, it } from 'vitest';
import { connect, numbers, Seen } from '../support/application.js';
import { GatewayProcess } from '../support/processes.js';
import { secret, subscriptionToken, token } from '../support/token.js';

const settings = [`Auth:Secret=${secret}`, 'Namespaces:room:History=1000', 'Namespaces:room:Subscribe=granted'];

/** A publisher, and a subscriber whose only right to the channel is a token of its own, with a life of so many seconds. */
async function room(seconds: number) {
  const gateway = await GatewayProcess.start(...settings);
  const publisher = await connect(gateway.url, { token: () => token('ada', 600) });
  const subscriber = await connect(gateway.url, { token: () => token('bob', 600, { channels: {} }) });
  const asked: boolean[] = [];
  const errors: Error[] = [];
  subscriber.on('error', (error) => errors.push(error));
  const chat = subscriber.subscribe<number>('room:1', {
    token: ({ renew }) => {
      asked.push(renew);
      return subscriptionToken('bob', 'room:1', seconds);
    },
  });
  const seen = new Seen<number>(chat);
  await chat.ready;
  return { publisher, chat, seen, asked, errors };
}

it('a token of its own is renewed before it ends: the subscription goes on as if nothing had been', async () => {
  const { publisher, chat, seen, asked, errors } = await room(7);
  let published = 0;
  while (asked.length < 3) {
    await publisher.publish('room:1', published++);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(chat.state).toBe('subscribed');
  }
  for (const _ of numbers(20)) await publisher.publish('room:1', published++);
  await seen.count(published);
  expect(seen.contents).toEqual(numbers(published));
  expect(seen.recovered).toEqual([undefined]);
  expect(asked.slice(0, 3)).toEqual([false, true, true]);
  expect(errors).toEqual([]);
});

it('where a token of its own has ended, another is asked for, and nothing is missed', async () => {
  // Too short a life to be renewed ahead of its end.
  const { publisher, chat, seen, asked } = await room(2);
  let published = 0;
  while (seen.recovered.length < 3) {
    await publisher.publish('room:1', published++);
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(chat.state).not.toBe('ended');
  }
  await seen.count(published);
  expect(seen.contents).toEqual(numbers(published));
  expect(seen.recovered.slice(0, 3)).toEqual([undefined, true, true]);
  expect(asked.slice(0, 3)).toEqual([false, true, true]);
});

it('a token that is a fixed string, and has ended, ends the subscription', async () => {
  const gateway = await GatewayProcess.start(...settings);
  const client = await connect(gateway.url, { token: () => token('bob', 600, { channels: {} }) });
  const chat = client.subscribe('room:1', { token: subscriptionToken('bob', 'room:1', 1) });
  await chat.ready;
  const ended = new Promise((resolve) => chat.on('ended', resolve));
  await expect(ended).resolves.toMatchObject({ code: 'expired', channel: 'room:1' });
  expect(client.state).toBe('connected');
});

import { expect, it } from 'vitest';
import { GatewayError } from '../../src/index.js';
import { connect, numbers } from '../support/application.js';
import { GatewayProcess } from '../support/processes.js';

const settings = ['Namespaces:chat:History=100', 'Limits:MessagesPerSecond=10', 'Limits:MessageBurst=5'];

it('tells who is too fast so, and when another try makes sense; with the same key nothing doubles', async () => {
  const gateway = await GatewayProcess.start(...settings);
  const client = await connect(gateway.url);
  let refusals = 0;
  async function publish(n: number, key?: string): Promise<void> {
    try {
      await client.publish('chat:1', n, { key });
    } catch (error) {
      if (!(error instanceof GatewayError) || error.code !== 'rate_limited') throw error;
      refusals++;
      expect(error.retryAfter).toBeGreaterThan(0);
      await new Promise((resolve) => setTimeout(resolve, error.retryAfter! + 500 * Math.random()));
      await publish(n, error.key);
    }
  }
  await Promise.all(numbers(15).map((n) => publish(n)));
  expect(refusals).toBeGreaterThan(0);
  await new Promise((resolve) => setTimeout(resolve, 500));
  const { messages } = await client.history<number>('chat:1', { limit: 100 });
  expect(messages.map(({ content }) => content).toSorted((a, b) => a - b)).toEqual(numbers(15));
  expect(client.state).toBe('connected');
});

it('stays below the limit by itself where it is told what the limit is', async () => {
  const gateway = await GatewayProcess.start(...settings);
  const client = await connect(gateway.url, { rate: { perSecond: 9, burst: 4 } });
  const acks = await Promise.all(numbers(15).map((n) => client.publish('chat:1', n)));
  expect(acks.map(({ seq }) => seq)).toEqual(numbers(15, 1));
});

// @vitest-environment happy-dom
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { GatewayClient } from '../src/index.js';
import { FakeGateway } from './support/fakeGateway.js';

let gateway: FakeGateway;
let client: GatewayClient;

beforeEach(async () => {
  vi.useFakeTimers();
  gateway = new FakeGateway();
  client = new GatewayClient('/ws', { transports: [gateway.transport], backoff: { random: () => 1, min: 20_000 } });
  void client.connect();
  await vi.advanceTimersByTimeAsync(0);
  gateway.link.connected();
});

afterEach(() => {
  void client.close();
  vi.useRealTimers();
});

it.each([
  ['online', () => dispatchEvent(new Event('online'))],
  ['visible', () => document.dispatchEvent(new Event('visibilitychange'))],
])('does not wait out its pause when the page is %s again', async (_, happens) => {
  gateway.link.drops();
  expect(client.state).toBe('waiting');
  happens();
  await vi.advanceTimersByTimeAsync(0);
  expect(gateway.links).toHaveLength(2);
  gateway.link.connected();
  expect(client.state).toBe('connected');
});

it.each([
  ['the network went', () => dispatchEvent(new Event('offline'))],
  ['the network changed', () => dispatchEvent(new Event('online'))],
  ['the page is looked at again', () => document.dispatchEvent(new Event('visibilitychange'))],
])('asks at once whether the connection still lives when %s', async (_, happens) => {
  happens();
  expect(gateway.link.of('ping')).toHaveLength(1);
  await vi.advanceTimersByTimeAsync(10_000);
  expect(client.state).toBe('waiting');
});

it('pays no attention to the page once it is closed', async () => {
  void client.close();
  dispatchEvent(new Event('online'));
  document.dispatchEvent(new Event('visibilitychange'));
  await vi.advanceTimersByTimeAsync(60_000);
  expect(gateway.links).toHaveLength(1);
});

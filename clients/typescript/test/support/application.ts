import { onTestFinished } from 'vitest';
import WebSocket from 'ws';
import { type ClientOptions, GatewayClient, type Message, type Subscription } from '../../src/index.js';
import { unlimited } from './processes.js';

/** A client as an application makes it, on the `ws` package; closed with the test. */
export function clientOf(url: string, options: ClientOptions = {}): GatewayClient {
  const client = new GatewayClient(url, { WebSocket, rate: unlimited, ...options });
  onTestFinished(() => client.close());
  return client;
}

export async function connect(url: string, options?: ClientOptions): Promise<GatewayClient> {
  const client = clientOf(url, options);
  await client.connect();
  return client;
}

/** Everything a subscription tells its application, in order. */
export class Seen<T> {
  readonly contents: T[] = [];
  readonly seqs: (number | undefined)[] = [];
  readonly recovered: (boolean | undefined)[] = [];

  constructor(readonly subscription: Subscription<T>) {
    subscription.on('message', ({ content, seq }: Message<T>) => {
      this.contents.push(content);
      this.seqs.push(seq);
    });
    subscription.on('subscribed', ({ recovered }) => this.recovered.push(recovered));
  }

  /** Waits until the application has seen so many messages. */
  count(wanted: number): Promise<void> {
    return eventually(
      () => this.contents.length >= wanted,
      () => `${wanted} messages, seen ${this.contents.length}`,
    );
  }
}

/** The only deadline is generous: it says that something hangs, not that it is slow. */
export async function eventually(holds: () => boolean | Promise<boolean>, what: () => string): Promise<void> {
  const deadline = performance.now() + 40_000;
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(`still waiting for ${what()}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** Resolves when the client has lost its connection; to be asked before that can happen. */
export const lost = (client: GatewayClient) =>
  new Promise<void>((resolve) => {
    client.on('state', ({ state }) => state === 'waiting' && resolve());
  });

export const connectedAgain = (client: GatewayClient) =>
  eventually(
    () => client.state === 'connected',
    () => `a connection; ${client.state}`,
  );

export const numbers = (count: number, from = 0) => Array.from({ length: count }, (_, i) => from + i);

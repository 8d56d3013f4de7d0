import type { Message, Position } from './messages.js';
import type { Rate } from './outbox.js';
import type { TokenSource } from './token.js';
import type { Transport } from './transport.js';
import type { WebSocketConstructor } from './websocket.js';

/**
 * `waiting`: the connection was lost, another try comes after a pause. `closed`: before `connect`, after `close`, and
 * where the gateway said that coming back is of no use.
 */
export type State = 'connecting' | 'connected' | 'waiting' | 'closed';

export interface StateChange {
  state: State;
  /** The close code, where a connection or a try just ended. */
  code?: number;
  reason?: string;
  /** Milliseconds until the next try, when waiting. */
  retryIn?: number;
}

export interface ClientEvents {
  state: StateChange;
  /** Every message, also of channels that the gateway subscribed this client to by itself. */
  message: Message;
  /** What belongs to no promise and no subscription; the client goes on. */
  error: Error;
}

export interface ClientOptions {
  /** A token, or a function that gets one: asked for each connection, and again before a token ends. */
  token?: TokenSource;
  /** The WebSocket to use where there is no global one, as in Node before 22. */
  WebSocket?: WebSocketConstructor;
  /** Ways to reach the gateway; the next is tried where one does not work. WebSocket alone unless told otherwise. */
  transports?: Transport[];
  /** Unanswered messages and requests, at most (1,000): past it the oldest that was not sent yet is refused. */
  queueSize?: number;
  /** How fast they go out at most: 80 a second after 60 at once, which is below what the gateway allows by default. */
  rate?: Rate;
  /** Bounds of the random wait before another try, in ms (500 and 20,000). */
  backoff?: { min?: number; max?: number; random?: () => number };
  /**
   * Time to connect and sign in, in ms (15,000). Longer than the gateway waits for a token (`Auth:Timeout`, 10 s): it is to
   * say what is wrong before the client takes it for a network that is lost.
   */
  connectTimeout?: number;
  /** Time for an answer before a silent connection counts as dead, in ms (10,000). */
  pongTimeout?: number;
}

export interface SubscribeOptions {
  /** A token for this channel alone, or a function that gets one: asked each time it is subscribed to, and again before the token ends. */
  token?: TokenSource;
  /** Where to go on from: what the application has seen, from an earlier `subscription.position`. */
  recover?: Position;
}

export interface PublishOptions {
  /** Bytes to go along, up to 16 pieces. */
  attachments?: Uint8Array[];
  /** False keeps the message from this very connection. */
  echo?: boolean;
  /** An idempotency key of the application's own: the gateway takes one message per key within five minutes. */
  key?: string;
}

/** @internal Numbers of docs/protocol.md, "Reconnecting", where it has them. */
export const defaults = {
  queueSize: 1000,
  /** The gateway's own default is 100 a second after 200; re-subscribing to its 128 channels takes from the 200, too. */
  rate: { perSecond: 80, burst: 60 },
  connectTimeout: 15_000,
  pongTimeout: 10_000,
  /** A connection that stayed up this long was a success: the next wait starts small. */
  settled: 10_000,
};

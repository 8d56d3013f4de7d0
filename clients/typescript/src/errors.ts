import type { ErrorMessage } from './messages.js';

/**
 * What went wrong. From the gateway: `bad_request`, `unauthorized`, `forbidden`, `not_subscribed`, `limit_exceeded`,
 * `rate_limited`, `message_too_large`, `history_unavailable`, `unavailable`, `internal`, or the code it ended a
 * subscription with. From the client: `closed` (the client is closed for good), `queue_full` (too much waits; this was
 * never sent), `unconfirmed` (sent, perhaps more than once, and never answered: it may have been published), `unsupported` (not over this
 * transport), `overflow` (an iterator was not read in time), `timeout`.
 */
export class GatewayError extends Error {
  override readonly name = 'GatewayError';
  readonly channel?: string;
  /** Milliseconds after which another try makes sense. */
  readonly retryAfter?: number;
  /** The idempotency key of the refused message: publishing it again with this `key` cannot double it. */
  readonly key?: string;
  /** The close code, where the end of the connection is the reason. */
  readonly closeCode?: number;

  constructor(
    readonly code: string,
    message: string,
    details?: { channel?: string; retryAfter?: number; key?: string; closeCode?: number },
  ) {
    super(message);
    Object.assign(this, details);
  }
}

/** @internal */
export const errorOf = ({ code, message, channel, retryAfter }: ErrorMessage, key?: string) =>
  new GatewayError(code, message, { channel, retryAfter, key });

/** Errors that say nothing about the request itself: it may be made again. @internal */
export const isTemporary = (code: string) => code === 'unavailable' || code === 'rate_limited' || code === 'internal';

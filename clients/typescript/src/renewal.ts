import { type TokenSource, tokenFrom } from './token.js';

/** How long before a token's end a new one is asked for, at most; shorter lives are renewed in their last tenth. */
const margin = 30_000;

/**
 * However soon a token ends, or seems to: renewals come this far apart. A clock here that runs ahead of the gateway's makes
 * every token look old.
 */
const shortest = 5_000;

/** The longest time that timers can hold. */
const longest = 2 ** 31 - 1;

/** When a renewal that failed, or was not confirmed, is tried again. */
const again = 5_000;

/** @internal Gets a new token before the one in use ends: the connection's, or that of one channel. */
export class Renewal {
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** Counts what was scheduled: a token that comes late belongs to a connection that is gone. */
  #round = 0;

  constructor(
    readonly source: TokenSource | undefined,
    readonly send: (token: string) => void,
    readonly failed: (error: Error) => void,
  ) {}

  /** @param expires Unix seconds; undefined where the token has no end, and so needs no other. */
  schedule(expires: number | undefined): void {
    const left = expires! * 1000 - Date.now();
    // What is no number must not become a timer: that would fire at once, again and again.
    if (Number.isFinite(left)) this.#in(Math.min(longest, Math.max(shortest, left - Math.min(margin, left / 10))));
    else this.stop();
  }

  stop(): void {
    this.#round++;
    clearTimeout(this.#timer);
  }

  #in(wait: number): void {
    this.stop();
    if (typeof this.source === 'function') this.#timer = setTimeout(() => void this.#renew(), wait);
  }

  async #renew(): Promise<void> {
    const round = this.#round;
    try {
      const token = await tokenFrom(this.source, true);
      if (round === this.#round) this.send(token!);
    } catch (error) {
      this.failed(error as Error);
    }
    // The gateway's confirmation schedules the next one instead.
    if (round === this.#round) this.#in(again);
  }
}

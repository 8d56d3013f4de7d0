import { GatewayError } from './errors.js';

/** Asks for a token. `renew` says that the one given before has ended, is about to, or was refused: do not give it again. */
export type TokenCallback = (context: { renew: boolean }) => string | Promise<string>;

/** A token, or a function that gets one. The function is asked again for every connection and before a token ends. */
export type TokenSource = string | TokenCallback;

/** A callback that takes longer counts as failed, or a request that hangs would keep the client away for good. */
const patience = 15_000;

/** @internal */
export async function tokenFrom(source: TokenSource | undefined, renew: boolean): Promise<string | undefined> {
  if (typeof source !== 'function') return source;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new GatewayError('timeout', 'the token callback did not answer')), patience);
  });
  try {
    return await Promise.race([source({ renew }), late]);
  } finally {
    clearTimeout(timer);
  }
}

/** How long before a token's end a new one is asked for, at most; shorter lives are renewed in their last tenth. */
const margin = 30_000;

/** A clock here that runs ahead of the gateway's makes every token look old: then renewals come this far apart. */
const shortest = 5_000;

/** The longest time that timers can hold. */
const longest = 2 ** 31 - 1;

/** @internal @param expires Unix seconds. @returns Milliseconds until a new token is wanted. */
export function renewalDelay(expires: number, now = Date.now()): number {
  const left = expires * 1000 - now;
  return Math.min(longest, Math.max(shortest, left - Math.min(margin, left / 10)));
}

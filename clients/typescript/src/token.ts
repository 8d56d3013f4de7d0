import { GatewayError } from './errors.js';

/** Asks for a token. `renew` says that the one given before has ended, is about to, or was refused: do not give it again. */
export type TokenCallback = (context: { renew: boolean }) => string | Promise<string>;

/** A token, or a function that gets one. The function is asked again for every connection or subscription, and before a token ends. */
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

/** @internal When a token ends, in Unix seconds; undefined where it does not say so in a way that can be read here. */
export function expiryOf(token: string | undefined): number | undefined {
  try {
    return JSON.parse(atob(token!.split('.')[1]!.replace(/-/g, '+').replace(/_/g, '/'))).exp;
  } catch {
    return undefined;
  }
}

import { createHmac } from 'node:crypto';

export const secret = 'a secret that is long enough for HMAC';

const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');

/** What a backend signs. */
function sign(claims: object): string {
  const signed = `${encode({ alg: 'HS256', typ: 'JWT' })}.${encode(claims)}`;
  return `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`;
}

const inSeconds = (seconds: number) => Math.floor(Date.now() / 1000) + seconds;

/** For a user who may do everything in every channel, and who is believed for so many seconds. */
export function token(user: string, seconds: number, more: object = {}): string {
  return sign({ sub: user, exp: inSeconds(seconds), channels: everything, ...more });
}

const everything = { '*': ['subscribe', 'publish', 'presence', 'history'] };

/** For one user in one channel, for so many seconds. */
export function subscriptionToken(user: string, channel: string, seconds: number): string {
  return sign({ sub: user, channel, exp: inSeconds(seconds) });
}

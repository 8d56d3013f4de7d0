import { createHmac } from 'node:crypto';

export const secret = 'a secret that is long enough for HMAC';

/** As a backend makes one: for a user who may do everything in every channel, and who is believed for so many seconds. */
export function token(user: string, seconds: number): string {
  const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const rights = { '*': ['subscribe', 'publish', 'presence', 'history'] };
  const claims = { sub: user, exp: Math.floor(Date.now() / 1000) + seconds, channels: rights };
  const signed = `${encode({ alg: 'HS256', typ: 'JWT' })}.${encode(claims)}`;
  return `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`;
}

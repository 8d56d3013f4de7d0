/** How a connection ended, as the client saw it. */
export interface Close {
  code: number;
  reason: string;
  /** Milliseconds that the gateway asks to wait before coming back. */
  retryAfter?: number;
  /** What the gateway said about coming back, if it said anything. */
  reconnect?: boolean;
}

/** @internal What to do about it: stay away, come back, or come back with a new token. */
export type Advice = 'stay' | 'return' | 'renew';

/** Close codes with a meaning of their own (docs/protocol.md, "Closing"). */
const advices: Record<number, Advice> = {
  1000: 'stay',
  1002: 'stay',
  1003: 'stay',
  1007: 'stay',
  1009: 'stay',
  4001: 'renew',
  4003: 'stay',
  4010: 'renew',
};

/** @internal For codes without one the gateway's word counts; without that, a network that failed is worth another try. */
export const adviceFor = ({ code, reconnect }: Close): Advice =>
  advices[code] ?? (reconnect === false ? 'stay' : 'return');

/** @internal The code of an end that only this side saw: what the gateway calls the same. */
export const nothingHeard = 4011;

/** @internal As browsers call it: the connection ended and nobody said why. */
export const abnormal = 1006;

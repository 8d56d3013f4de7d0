import { errorOf, GatewayError } from './errors.js';
import type { ErrorMessage, ServerMessage } from './messages.js';

/** How fast messages go out at most: a bucket of `burst` tokens that fills by `perSecond`. */
export interface Rate {
  perSecond: number;
  burst: number;
}

interface Entry {
  id: number;
  text: string;
  key?: string;
  /** When it first went out; what never did can be refused without any doubt. */
  sentAt?: number;
  resolve(reply: any): void;
  reject(error: GatewayError): void;
}

/**
 * The gateway knows a key for five minutes (docs/protocol.md, "Idempotency"). A message that went out longer ago than this,
 * and was not acknowledged, might be doubled by sending it again.
 */
const keyLife = 4 * 60_000;

/**
 * @internal What was asked of the gateway and not answered yet, in order: messages to publish, history and presence to read.
 * All of it goes out again on the next connection, publishes with the same key. It sends more slowly than the gateway's
 * limits allow, so that a queue that gathered while away is not thrown back by them.
 */
export class Outbox {
  /** Everything unanswered, in the order asked. */
  readonly #entries = new Map<number, Entry>();
  /** What of it has to go out on this connection. */
  #due: Entry[] = [];
  #send: ((text: string) => void) | undefined;
  #tokens: number;
  #filledAt = performance.now();
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    readonly limit: number,
    readonly rate: Rate,
  ) {
    this.#tokens = rate.burst;
  }

  get size(): number {
    return this.#entries.size;
  }

  add<Reply>(id: number, text: string, key?: string): Promise<Reply> {
    return new Promise<Reply>((resolve, reject) => {
      const entry: Entry = { id, text, key, resolve, reject };
      if (this.#entries.size >= this.limit && !this.#refuseOldest()) {
        this.#refuse(entry);
        return;
      }
      this.#entries.set(id, entry);
      if (this.#send) {
        this.#due.push(entry);
        this.#pump();
      }
    });
  }

  /** A connection is there: everything unanswered goes out on it. */
  start(send: (text: string) => void): void {
    this.#send = send;
    for (const entry of this.#entries.values()) {
      if (!entry.key || !entry.sentAt || Date.now() - entry.sentAt < keyLife) continue;
      this.#take(entry.id)!.reject(
        new GatewayError('uncertain', 'sent, but not known to have arrived, and too long ago to send again', entry),
      );
    }
    this.#due = [...this.#entries.values()];
    this.#pump();
  }

  /** The connection is gone. */
  stop(): void {
    this.#send = undefined;
    this.#due = [];
    clearTimeout(this.#timer);
  }

  /** @returns Whether the reply was to something asked here. */
  settle(reply: ServerMessage & { id?: unknown }): boolean {
    const entry = this.#take(reply.id as number);
    if (!entry) return false;
    if (reply.type === 'error') entry.reject(errorOf(reply as ErrorMessage, entry.key));
    else entry.resolve(reply);
    return true;
  }

  rejectAll(because: GatewayError): void {
    for (const entry of [...this.#entries.values()])
      this.#take(entry.id)!.reject(
        new GatewayError(because.code ?? 'closed', because.message, { closeCode: because.closeCode, key: entry.key }),
      );
  }

  #take(id: number): Entry | undefined {
    const entry = this.#entries.get(id);
    this.#entries.delete(id);
    return entry;
  }

  /** What may have reached the gateway is never refused: the error would say something untrue. */
  #refuseOldest(): boolean {
    for (const entry of this.#entries.values()) {
      if (entry.sentAt) continue;
      this.#entries.delete(entry.id);
      this.#due = this.#due.filter((due) => due !== entry);
      this.#refuse(entry);
      return true;
    }
    return false;
  }

  #refuse(entry: Entry): void {
    entry.reject(new GatewayError('queue_full', `more than ${this.limit} messages wait; this one was not sent`, entry));
  }

  #pump(): void {
    clearTimeout(this.#timer);
    const now = performance.now();
    this.#tokens = Math.min(this.rate.burst, this.#tokens + ((now - this.#filledAt) / 1000) * this.rate.perSecond);
    this.#filledAt = now;
    while (this.#tokens >= 1 && this.#due.length) {
      const entry = this.#due.shift()!;
      // It may have been answered on an earlier connection's last breath, or refused.
      if (!this.#entries.has(entry.id)) continue;
      this.#tokens--;
      entry.sentAt ??= Date.now();
      this.#send!(entry.text);
    }
    if (this.#due.length)
      this.#timer = setTimeout(() => this.#pump(), Math.ceil(((1 - this.#tokens) / this.rate.perSecond) * 1000));
  }
}

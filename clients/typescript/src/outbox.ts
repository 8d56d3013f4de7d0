import { errorOf, GatewayError } from './errors.js';
import type { ErrorMessage, ServerMessage } from './messages.js';

/** How fast messages go out at most: a bucket of `burst` tokens that fills by `perSecond`. */
export interface Rate {
  perSecond: number;
  burst: number;
}

interface Entry {
  id: number;
  data: string | Uint8Array<ArrayBuffer>;
  key?: string;
  /** The channel, if this is a message that will not be heard there. */
  silentIn?: string;
  /** When it first went out; what never did can be refused without any doubt. */
  sentAt?: number;
  /** Whether it was sent and not answered, or the gateway got no answer itself: it may have been published. */
  uncertain?: boolean;
  /** Whether it waits to go out again. */
  waits?: boolean;
  resolve(reply: any): void;
  reject(error: GatewayError): void;
}

/**
 * The gateway knows a key for five minutes (docs/protocol.md, "Idempotency"). A message that went out longer ago than this,
 * and was not acknowledged, might be doubled by sending it again.
 */
const keyLife = 4 * 60_000;

/** Before something is sent again that the gateway could not confirm, unless it says otherwise. */
const pause = 1_000;

/**
 * @internal What was asked of the gateway and not answered yet, in order: messages to publish, history and presence to read.
 * All of it goes out again on the next connection, publishes with the same key. It sends more slowly than the gateway's
 * limits allow, so that a queue that gathered while away is not thrown back by them.
 */
export class Outbox {
  /** Everything unanswered, in the order asked. */
  readonly #entries = new Map<number, Entry>();
  /** The id of the newest of it that went out on this connection. */
  lastSent = 0;
  /** What of it has to go out on this connection. */
  #due: Entry[] = [];
  #send: ((data: string | Uint8Array<ArrayBuffer>) => void) | undefined;
  /** How many more may be on their way. */
  #room = 0;
  #tokens: number;
  #filledAt = performance.now();
  /** Nothing goes out before. */
  #heldUntil = 0;
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

  /** How many of the messages that will not be heard in the channel, up to this id, are on their way to be answered. */
  silent(channel: string, until: number): number {
    let count = 0;
    for (const { id, silentIn, waits } of this.#entries.values())
      if (silentIn === channel && id <= until && !waits) count++;
    return count;
  }

  add<Reply>(id: number, data: string | Uint8Array<ArrayBuffer>, key?: string, silentIn?: string): Promise<Reply> {
    return new Promise<Reply>((resolve, reject) => {
      const entry: Entry = { id, data, key, silentIn, resolve, reject };
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
  start(send: (data: string | Uint8Array<ArrayBuffer>) => void, room = Infinity): void {
    this.#send = send;
    this.#room = room;
    this.lastSent = 0;
    this.#due = [...this.#entries.values()];
    for (const entry of this.#due) entry.uncertain = !!entry.key && !!entry.sentAt;
    this.#pump();
  }

  /** The connection is gone. */
  stop(): void {
    this.#send = undefined;
    this.#due = [];
    this.#heldUntil = 0;
    clearTimeout(this.#timer);
  }

  /** @returns What the reply was to, if that was asked here. */
  settle(reply: ServerMessage & { id?: unknown }): { silentIn?: string } | undefined {
    const entry = this.#entries.get(reply.id as number);
    if (entry) this.#room++;
    if (!entry || (reply.type === 'error' && this.#repeats(entry, reply as ErrorMessage))) return entry;
    this.#entries.delete(entry.id);
    if (reply.type === 'error') entry.reject(errorOf(reply as ErrorMessage, entry.key));
    else entry.resolve(reply);
    this.#pump();
    return entry;
  }

  /**
   * What the gateway could not confirm goes out again, with the same key, and what comes after it waits. An `unavailable` for such a
   * message is about the last try alone, and says nothing about those before.
   */
  #repeats(entry: Entry, { code, retryAfter }: ErrorMessage): boolean {
    if (entry.key && code === 'unconfirmed') entry.uncertain = true;
    if (!entry.uncertain || (code !== 'unconfirmed' && code !== 'unavailable')) return false;
    this.#heldUntil = performance.now() + (retryAfter ?? pause);
    entry.waits = true;
    this.#due.push(entry);
    this.#due.sort((a, b) => a.id - b.id);
    this.#pump();
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
    while (now >= this.#heldUntil && this.#tokens >= 1 && this.#room && this.#due.length) {
      const entry = this.#due.shift()!;
      // It may have been answered on an earlier connection's last breath, or refused.
      if (!this.#entries.has(entry.id)) continue;
      if (entry.uncertain && Date.now() - entry.sentAt! >= keyLife) {
        this.#entries.delete(entry.id);
        entry.reject(new GatewayError('unconfirmed', 'sent too long ago to send it again', entry));
        continue;
      }
      this.#tokens--;
      this.#room--;
      entry.sentAt ??= Date.now();
      entry.waits = false;
      this.lastSent = Math.max(this.lastSent, entry.id);
      this.#send!(entry.data);
    }
    const wait = Math.max(this.#heldUntil - now, ((1 - this.#tokens) / this.rate.perSecond) * 1000);
    if (this.#room && this.#due.length) this.#timer = setTimeout(() => this.#pump(), Math.ceil(wait));
  }
}

import { Backoff } from './backoff.js';
import { errorOf, GatewayError, isTemporary } from './errors.js';
import type {
  Ack,
  ClientMessage,
  ErrorMessage,
  Message,
  Position,
  ServerMessage,
  SubscribedMessage,
} from './messages.js';
import { PresenceSet } from './presence.js';
import type { Subscription } from './subscription.js';
import { type TokenSource, tokenFrom } from './token.js';

/** @internal */
export interface ChannelHost {
  nextId(): number;
  send(message: ClientMessage): void;
  /** The channel has ended: the gateway refused or ended it, or nobody here wants it any more. */
  forget(channel: Channel): void;
}

/** A subscription that ended sooner than this after it began is not begun again at once. */
const settled = 10_000;

/** @internal What all subscriptions of one client to one channel share: how far it has been read, and who is there. */
export class Channel {
  readonly subscriptions = new Set<Subscription<any>>();
  state: 'waiting' | 'subscribing' | 'subscribed' | 'ended' = 'waiting';
  position: Position | undefined;
  presence: PresenceSet | undefined;
  /** The last answer, for those who subscribe here later. */
  answer: SubscribedMessage | undefined;
  /** Numbers ahead of the position that will not be heard. */
  readonly #skipped = new Set<number>();
  #request: number | undefined;
  #subscribedAt = 0;
  #renewToken = false;
  readonly #backoff = new Backoff();
  #retry: ReturnType<typeof setTimeout> | undefined;

  constructor(
    readonly name: string,
    readonly host: ChannelHost,
    readonly token: TokenSource | undefined,
    position: Position | undefined,
  ) {
    this.position = position && { ...position };
  }

  /** A connection is there: subscribes, from where it was left. */
  async resume(): Promise<void> {
    clearTimeout(this.#retry);
    this.state = 'subscribing';
    const request = this.host.nextId();
    this.#request = request;
    let token: string | undefined;
    if (this.token) {
      try {
        token = await tokenFrom(this.token, this.#renewToken);
      } catch (error) {
        if (this.#request === request) this.#refused('internal', error as Error);
        return;
      }
      if (this.#request !== request) return;
    }
    this.host.send({ type: 'subscribe', channel: this.name, id: request, token, recover: this.position });
  }

  /** The connection is gone. */
  suspend(): void {
    clearTimeout(this.#retry);
    this.#request = undefined;
    if (this.state !== 'ended') this.state = 'waiting';
  }

  /** A subscription here is over; the last one ends the channel once the current task is done, so that a page that leaves and comes back at once changes nothing. */
  leave(subscription: Subscription<any>): void {
    this.subscriptions.delete(subscription);
    queueMicrotask(() => {
      if (this.subscriptions.size || this.state === 'ended') return;
      if (this.state !== 'waiting') {
        // With an id of its own: an error to it is not taken for one to a new subscription.
        this.host.send({ type: 'unsubscribe', channel: this.name, id: this.host.nextId() });
      }
      this.end();
    });
  }

  end(error?: GatewayError): void {
    this.suspend();
    this.state = 'ended';
    this.host.forget(this);
    for (const subscription of [...this.subscriptions]) subscription.end(error);
  }

  receive(message: ServerMessage): void {
    if (message.type === 'message') this.#onMessage(message);
    else if (message.type === 'subscribed') this.#onSubscribed(message);
    else if (message.type === 'unsubscribed') this.#onUnsubscribed(message.code, message.reason);
    else if (message.type === 'presence') this.#onPresence(message);
  }

  /** @returns Whether the error was about subscribing to this channel. */
  fails(error: ErrorMessage): boolean {
    const mine = error.id === undefined ? error.channel === this.name : error.id === this.#request;
    if (!mine || this.state !== 'subscribing') return false;
    this.#renewToken = error.code === 'unauthorized';
    this.#refused(error.code, errorOf(error), error.retryAfter);
    return true;
  }

  /** A message of this client's own that it asked not to hear: it leaves a hole, and must not come back by recovery. */
  skip({ epoch, seq }: Ack): void {
    if (!this.position || epoch !== this.position.epoch || seq! <= this.position.seq) return;
    this.#skipped.add(seq!);
    this.#advance(this.position.seq);
  }

  #advance(seq: number): void {
    while (this.#skipped.delete(seq + 1)) seq++;
    this.position!.seq = seq;
  }

  #onMessage(message: Message): void {
    // What was under way when the subscription was lost stands behind a gap.
    if (this.state !== 'subscribed') return;
    const { seq } = message;
    if (seq !== undefined && this.position) {
      if (seq <= this.position.seq) return;
      this.#advance(seq);
    }
    for (const subscription of this.subscriptions) subscription.emit('message', message);
  }

  #onSubscribed(message: SubscribedMessage): void {
    if (message.id !== undefined && message.id !== this.#request) return;
    const first = !this.answer && !this.position;
    const again = this.state === 'subscribed';
    this.state = 'subscribed';
    this.#subscribedAt = performance.now();
    this.#renewToken = false;
    const recovered = message.recovered ?? (first ? undefined : again);
    if (message.epoch === undefined) this.position = undefined;
    else if (!message.recovered) {
      this.position = { epoch: message.epoch, seq: message.seq! };
      this.#skipped.clear();
    }
    this.answer = { ...message, recovered };
    if (message.count !== undefined) {
      this.presence ??= new PresenceSet();
      this.presence.apply(message);
    }
    for (const subscription of this.subscriptions) subscription.begin(this.answer);
  }

  #onUnsubscribed(code: string | undefined, reason = ''): void {
    if (code === undefined) return;
    if (code === 'insufficient_state') this.#resumeSoon();
    else this.end(new GatewayError(code, reason, { channel: this.name }));
  }

  #onPresence(message: ServerMessage & { type: 'presence' }): void {
    if (this.state !== 'subscribed') return;
    this.presence ??= new PresenceSet();
    this.presence.apply(message);
    const { joined = [], left = [] } = message;
    const presence = { ...this.presence.value, joined, left };
    for (const subscription of this.subscriptions) subscription.emit('presence', presence);
  }

  /** At once where all went well for a while; a client that keeps losing its place takes its time. */
  #resumeSoon(): void {
    this.suspend();
    this.state = 'subscribing';
    if (performance.now() - this.#subscribedAt < settled) {
      this.#retryIn(this.#backoff.next());
      return;
    }
    this.#backoff.reset();
    void this.resume();
  }

  #refused(code: string, error: Error, retryAfter = 0): void {
    if (isTemporary(code) || (this.#renewToken && typeof this.token === 'function')) {
      this.#retryIn(retryAfter + this.#backoff.next());
      return;
    }
    this.end(error as GatewayError);
  }

  #retryIn(wait: number): void {
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => void this.resume(), wait);
  }
}

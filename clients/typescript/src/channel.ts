import { Backoff } from './backoff.js';
import { errorOf, GatewayError, isTemporary } from './errors.js';
import type {
  ClientMessage,
  ErrorMessage,
  Position,
  PresenceMessage,
  ServerMessage,
  SubscribedMessage,
} from './messages.js';
import type { Outbox } from './outbox.js';
import { PresenceSet } from './presence.js';
import { Renewal } from './renewal.js';
import { Sequence } from './sequence.js';
import type { Subscription } from './subscription.js';
import { expiryOf, type TokenSource, tokenFrom } from './token.js';

/** @internal */
export interface ChannelHost {
  readonly outbox: Outbox;
  nextId(): number;
  send(message: ClientMessage): void;
  /** Something went wrong, and the channel goes on. */
  failed(error: Error): void;
  /** The channel has ended: the gateway refused or ended it, or nobody here wants it any more. */
  forget(channel: Channel): void;
}

/** A subscription that ended sooner than this after it began is not begun again at once. */
const settled = 10_000;

/** @internal What all subscriptions of one client to one channel share: how far it has been read, and who is there. */
export class Channel {
  readonly subscriptions = new Set<Subscription<any>>();
  state: 'waiting' | 'subscribing' | 'subscribed' | 'ended' = 'waiting';
  presence: PresenceSet | undefined;
  /** The last answer, for those who subscribe here later. */
  answer: SubscribedMessage | undefined;
  readonly sequence: Sequence;
  #request: number | undefined;
  /** The token last sent, and what renews it. */
  #token: string | undefined;
  readonly #renewal: Renewal;
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
    this.sequence = new Sequence(
      name,
      position,
      host.outbox,
      (message) => {
        for (const subscription of this.subscriptions) subscription.emit('message', message);
      },
      () => this.#recover(),
    );
    this.#renewal = new Renewal(
      token,
      (token) => {
        this.#request = host.nextId();
        // Without `recover`, the subscription goes on undisturbed.
        this.#subscribe(token);
      },
      host.failed,
    );
  }

  /** How far it has been read, where it has history. */
  get position(): Position | undefined {
    return this.sequence.position;
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
        if (this.#request !== request) return;
        if ((error as GatewayError).code === 'unauthorized') this.end(error as GatewayError);
        else this.#refused('internal', error as Error);
        return;
      }
      if (this.#request !== request) return;
    }
    this.#subscribe(token, this.position);
  }

  #subscribe(token: string | undefined, recover?: Position): void {
    this.#token = token;
    this.host.send({ type: 'subscribe', channel: this.name, id: this.#request, token, recover });
  }

  /** The connection is gone. */
  suspend(): void {
    clearTimeout(this.#retry);
    this.#renewal.stop();
    this.#request = undefined;
    this.sequence.drop();
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
    // What was under way when the subscription was lost stands behind a gap.
    if (message.type === 'message') this.state === 'subscribed' && this.sequence.add(message);
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

  #recover(): void {
    // Server-Sent Events go back only for a channel that was not there before.
    this.host.send({ type: 'unsubscribe', channel: this.name, id: this.host.nextId() });
    this.#resumeSoon();
  }

  #onSubscribed(message: SubscribedMessage): void {
    const { id, epoch, seq } = message;
    if (id !== undefined && id !== this.#request) return;
    // A stream (SSE) has a place of its own; recovered from there says nothing where the channel had none.
    const recovered = this.position ? (message.recovered ?? false) : this.answer ? false : undefined;
    const again = this.state === 'subscribed' && message.recovered === undefined;
    this.state = 'subscribed';
    // Elsewhere there is no place for a token of the channel's own.
    if (id !== undefined) this.#renewal.schedule(expiryOf(this.#token));
    if (again) {
      // Asked once more, or with a newer token: nothing began anew, unless history did.
      if (message.count !== undefined) this.#onPresence(message);
      if (this.position && epoch !== undefined && epoch !== this.position.epoch) this.#recover();
      return;
    }
    this.#subscribedAt = performance.now();
    this.#renewToken = false;
    this.sequence.begin(epoch, seq!, recovered);
    this.answer = { ...message, recovered };
    if (message.count !== undefined) {
      this.presence ??= new PresenceSet();
      this.presence.apply(message);
    }
    for (const subscription of this.subscriptions) subscription.begin(this.answer);
  }

  #onUnsubscribed(code: string | undefined, reason = ''): void {
    if (code === undefined) return;
    const renewable = code === 'expired' && typeof this.token === 'function';
    if (!renewable && code !== 'insufficient_state') this.end(new GatewayError(code, reason, { channel: this.name }));
    // While it is asked for, the end is that of what was there before.
    else if (this.state === 'subscribed') {
      this.#renewToken = renewable;
      this.#resumeSoon();
    }
  }

  #onPresence(message: SubscribedMessage | PresenceMessage): void {
    if (this.state !== 'subscribed') return;
    this.presence ??= new PresenceSet();
    const before = this.presence.value.users ?? [];
    this.presence.apply(message);
    const { users } = message;
    // A snapshot says who is there, and not who came and went since.
    const {
      joined = users?.filter((user) => !before.includes(user)) ?? [],
      left = users ? before.filter((user) => !users.includes(user)) : [],
    } = message as PresenceMessage;
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

import type { Channel } from './channel.js';
import type { GatewayClient } from './client.js';
import { Emitter } from './emitter.js';
import { GatewayError } from './errors.js';
import type { Ack, History, HistoryQuery, Message, Position, SubscribedMessage } from './messages.js';
import type { PublishOptions } from './options.js';
import type { Presence } from './presence.js';

/** A subscription begins, or begins again after the connection was lost. */
export interface Subscribed {
  /**
   * Undefined the first time. Then: true, everything missed follows; false, messages may have been lost, so the
   * application loads its state again.
   */
  recovered?: boolean;
  /** The channel's position at that moment, where it has history. */
  position?: Position;
}

export interface SubscriptionEvents<T> {
  subscribed: Subscribed;
  message: Message<T>;
  /** Who is there now, and what changed; empty lists with a new snapshot. */
  presence: Presence & { joined: string[]; left: string[] };
  /** It is over for good: with an error where the gateway refused or ended it, without where it was unsubscribed here. */
  ended: GatewayError | undefined;
}

/** Messages an iterator holds for a reader that is behind, before it gives up. */
const iteratorLimit = 10_000;

/** One interest in a channel: an event emitter, and with `for await` an iterator over its messages. */
export class Subscription<T = unknown> extends Emitter<SubscriptionEvents<T>> implements AsyncIterable<Message<T>> {
  #channel: Channel;
  #client: GatewayClient;
  #begun = false;
  #ended = false;
  #iterators = new Set<(error?: GatewayError) => void>();
  #ready!: { resolve(event: Subscribed): void; reject(error: GatewayError): void };
  /** Settles when it has begun for the first time, or was refused. */
  readonly ready: Promise<Subscribed> = new Promise((resolve, reject) => {
    this.#ready = { resolve, reject };
  });

  /** @internal */
  constructor(client: GatewayClient, channel: Channel) {
    super();
    this.#client = client;
    this.#channel = channel;
    this.ready.catch(() => {});
    channel.subscriptions.add(this);
    // Others here have begun long ago: this one begins too, once its maker had time to listen.
    queueMicrotask(() => {
      if (!this.#begun && channel.state === 'subscribed')
        this.begin({ ...channel.answer!, recovered: undefined, ...channel.position });
    });
  }

  get channel(): string {
    return this.#channel.name;
  }

  get state(): 'waiting' | 'subscribing' | 'subscribed' | 'ended' {
    return this.#ended ? 'ended' : this.#channel.state;
  }

  /** The last message seen, where the channel has history. Kept, it lets a later `subscribe` go on from here. */
  get position(): Position | undefined {
    return this.#channel.position && { ...this.#channel.position };
  }

  /** Who is there, where the channel has presence. */
  get presence(): Presence | undefined {
    return this.#channel.presence?.value;
  }

  publish(content: T | Uint8Array, options?: PublishOptions): Promise<Ack> {
    return this.#client.publish(this.channel, content, options);
  }

  history(query?: HistoryQuery): Promise<History<T>> {
    return this.#client.history<T>(this.channel, query);
  }

  unsubscribe(): void {
    if (this.#ended) return;
    this.#channel.leave(this);
    this.end();
  }

  /** The messages from now on. Ends with the subscription and when the client is closed; throws where that was not asked for. */
  [Symbol.asyncIterator](): AsyncIterator<Message<T>, undefined> {
    const messages: Message<T>[] = [];
    let over: { error?: GatewayError } | undefined = this.#ended ? {} : undefined;
    let wake = () => {};
    const finish = (error?: GatewayError) => {
      over ??= { error };
      stop();
      this.#iterators.delete(finish);
      wake();
    };
    const stop = this.on('message', (message) => {
      if (messages.push(message) > iteratorLimit)
        finish(new GatewayError('overflow', `${iteratorLimit} messages were not read`, { channel: this.channel }));
      wake();
    });
    if (!over) this.#iterators.add(finish);
    return {
      next: async () => {
        while (true) {
          const value = messages.shift();
          if (value) return { value, done: false };
          if (over) {
            const { error } = over;
            over = {};
            if (error) throw error;
            return { value: undefined, done: true };
          }
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
        }
      },
      return: async () => {
        messages.length = 0;
        finish();
        return { value: undefined, done: true };
      },
    };
  }

  /** @internal */
  begin({ recovered, epoch, seq }: SubscribedMessage): void {
    const event: Subscribed = {
      recovered,
      position: epoch === undefined ? undefined : { epoch, seq: seq! },
    };
    this.#begun = true;
    this.#ready.resolve(event);
    this.emit('subscribed', event);
    if (this.presence) this.emit('presence', { ...this.presence, joined: [], left: [] });
  }

  /** @internal The client is closed: who iterates is let go, who listens may be called again after another `connect`. */
  pause(error?: GatewayError): void {
    for (const finish of [...this.#iterators]) finish(error);
  }

  /** @internal */
  end(error?: GatewayError): void {
    if (this.#ended) return;
    this.#ended = true;
    this.pause(error);
    this.#ready.reject(error ?? new GatewayError('closed', 'unsubscribed', { channel: this.channel }));
    this.emit('ended', error);
  }
}

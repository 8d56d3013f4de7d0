import { pack } from './attachments.js';
import { Backoff } from './backoff.js';
import { Channel, type ChannelHost } from './channel.js';
import { abnormal, adviceFor, type Close } from './close.js';
import { Connection } from './connection.js';
import { Emitter } from './emitter.js';
import { errorOf, GatewayError } from './errors.js';
import type { Ack, ClientMessage, Connected, History, HistoryQuery, Message, ServerMessage } from './messages.js';
import {
  type ClientEvents,
  type ClientOptions,
  defaults,
  type PublishOptions,
  type State,
  type StateChange,
  type SubscribeOptions,
} from './options.js';
import { Outbox } from './outbox.js';
import { watchPage } from './page.js';
import { type Presence, PresenceSet } from './presence.js';
import { Renewal } from './renewal.js';
import { Subscription } from './subscription.js';
import { tokenFrom } from './token.js';
import type { Transport } from './transport.js';
import { webSocket } from './websocket.js';

type Timer = ReturnType<typeof setTimeout> | undefined;

/** Tries with a transport that has not worked yet, before the next one gets its turn. */
const triesPerTransport = 2;

/** A connection to the gateway that comes back by itself, and what goes over it. */
export class GatewayClient extends Emitter<ClientEvents> {
  readonly url: string;
  readonly #options: ClientOptions;
  readonly #transports: Transport[];
  readonly #outbox: Outbox;
  readonly #host: ChannelHost;
  readonly #backoff: Backoff;
  readonly #channels = new Map<string, Channel>();
  /** Of this client alone, so that a key made of it and a number is of one message alone. Works without a secure context, too. */
  readonly #keyPrefix = crypto.getRandomValues(new Uint32Array(4)).join('-');
  #lastId = 0;
  #status: StateChange = { state: 'closed' };
  #session: Connected | undefined;
  #connection: Connection | undefined;
  /** Counts tries to connect; what belongs to an earlier one is over. */
  #try = 0;
  #fruitless = 0;
  #firstTransport = 0;
  #renewToken = false;
  #retry: Timer;
  #settled: Timer;
  readonly #renewal: Renewal;
  #ready: { promise: Promise<void>; resolve(): void; reject(error: Error): void } | undefined;
  #unwatch = () => {};

  /** @param url As `wss://gateway.example.com/ws`; in a page also relative to it, as `/ws`. */
  constructor(url: string | URL, options: ClientOptions = {}) {
    super();
    this.url = String(url);
    this.#options = options;
    this.#transports = options.transports ?? [webSocket(options.WebSocket)];
    this.#outbox = new Outbox(options.queueSize ?? defaults.queueSize, options.rate ?? defaults.rate);
    this.#host = {
      outbox: this.#outbox,
      nextId: () => this.nextId(),
      send: (message: ClientMessage) => this.#connection?.send(message),
      failed: (error: Error) => this.emit('error', error),
      forget: (channel: Channel) => {
        if (this.#channels.get(channel.name) === channel) this.#channels.delete(channel.name);
      },
    };
    this.#renewal = new Renewal(
      options.token,
      (token) => this.#connection?.send({ type: 'refresh', token, id: this.nextId() }),
      (error) => this.emit('error', error),
    );
    this.#backoff = new Backoff(options.backoff?.min, options.backoff?.max, options.backoff?.random);
  }

  get state(): State {
    return this.#status.state;
  }

  /** The state, and why it came about: what the event `state` told last. */
  get status(): StateChange {
    return this.#status;
  }

  /** What the gateway said of the current, or else the last, connection. */
  get session(): Connected | undefined {
    return this.#session;
  }

  /** Messages and requests that the gateway has not answered yet. */
  get queued(): number {
    return this.#outbox.size;
  }

  /** Connects, and keeps connected until `close`. Resolves with the first connection; rejects where the gateway refuses for good. */
  connect(): Promise<void> {
    if (!this.#ready) {
      let settle!: { resolve(): void; reject(error: Error): void };
      const promise = new Promise<void>((resolve, reject) => {
        settle = { resolve, reject };
      });
      promise.catch(() => {});
      this.#ready = { promise, ...settle };
      this.#renewToken = false;
      this.#fruitless = 0;
      this.#backoff.reset();
      this.#unwatch = watchPage((cause) => this.#onPage(cause));
      void this.#open();
    }
    return this.#ready.promise;
  }

  /** Ends the connection. What is unanswered is refused; subscriptions stay, and begin again with another `connect`. */
  async close(): Promise<void> {
    if (this.state === 'closed') return;
    const closing = this.#connection?.close(1000, '');
    this.#end({ code: 1000, reason: '' });
    await closing;
  }

  /** Subscribes, now or as soon as there is a connection. Subscribing to a channel twice costs the gateway nothing. */
  subscribe<T = unknown>(name: string, options: SubscribeOptions = {}): Subscription<T> {
    let channel = this.#channels.get(name);
    if (!channel) {
      channel = new Channel(name, this.#host, options.token, options.recover);
      this.#channels.set(name, channel);
      if (this.state === 'connected') void channel.resume();
    }
    return new Subscription<T>(this, channel);
  }

  /**
   * Publishes, now or as soon as there is a connection: any JSON, or bytes, or both. Resolves when the gateway has taken the
   * message.
   */
  publish(channel: string, content: unknown, { echo, key, attachments = [] }: PublishOptions = {}): Promise<Ack> {
    if (content instanceof Uint8Array) {
      attachments = [content, ...attachments];
      content = undefined;
    }
    const id = this.nextId();
    key ??= `${this.#keyPrefix}-${id}`;
    const silentIn = echo === false ? channel : undefined;
    return this.#ask({ type: 'message', channel, content, id, echo, key }, key, silentIn, attachments);
  }

  /** Reads a page of a channel's history. */
  history<T = unknown>(channel: string, { limit, before, after }: HistoryQuery = {}): Promise<History<T>> {
    return this.#ask({ type: 'history', channel, id: this.nextId(), limit, before, after });
  }

  /** Asks who is in a channel, without subscribing to it. */
  async presence(channel: string): Promise<Presence> {
    const present = new PresenceSet();
    present.apply(await this.#ask({ type: 'presence', channel, id: this.nextId() }));
    return present.value;
  }

  /** @internal */
  nextId(): number {
    return ++this.#lastId;
  }

  #ask<Reply>(
    message: ClientMessage & { id?: number },
    key?: string,
    silentIn?: string,
    attachments?: Uint8Array[],
  ): Promise<Reply> {
    // Written at once: what the caller does to the content afterwards changes nothing.
    const asking = (async () => {
      const data = attachments?.length ? pack(message, attachments) : JSON.stringify(message);
      return this.#outbox.add<Reply>(message.id!, data, key, silentIn);
    })();
    // Not everybody who publishes looks at the result; a refusal must not end their process.
    asking.catch(() => {});
    return asking;
  }

  async #open(): Promise<void> {
    const current = ++this.#try;
    clearTimeout(this.#retry);
    this.#change('connecting');
    let token: string | undefined;
    try {
      token = await tokenFrom(this.#options.token, this.#renewToken);
    } catch (error) {
      if (current !== this.#try) return;
      const close = { code: abnormal, reason: (error as Error).message };
      if ((error as GatewayError).code === 'unauthorized') this.#end(close, error as Error);
      else this.#wait(close);
      return;
    }
    if (current !== this.#try) return;
    try {
      this.#connection = new Connection(
        this.#transport(),
        { url: this.url, token, channels: [...this.#channels.keys()] },
        {
          connect: this.#options.connectTimeout ?? defaults.connectTimeout,
          pong: this.#options.pongTimeout ?? defaults.pongTimeout,
        },
        {
          connected: (message) => this.#onConnected(message),
          message: (message) => this.#onMessage(message),
          closed: (close) => this.#onClosed(close),
        },
      );
    } catch (error) {
      // An address or an environment that can never work.
      this.#end({ code: abnormal, reason: (error as Error).message }, error as Error);
    }
  }

  #transport(): Transport {
    const turn = this.#firstTransport + Math.floor(this.#fruitless / triesPerTransport);
    return this.#transports[turn % this.#transports.length]!;
  }

  #onConnected(message: Connected): void {
    this.#session = message;
    this.#renewToken = false;
    this.#renewal.schedule(message.expires);
    if (this.state === 'connected') return;
    this.#firstTransport += Math.floor(this.#fruitless / triesPerTransport);
    this.#fruitless = 0;
    this.#settled = setTimeout(() => this.#backoff.reset(), defaults.settled);
    this.#status = { state: 'connected' };
    for (const channel of this.#channels.values()) void channel.resume();
    this.#outbox.start((data) => this.#connection!.sendData(data), this.#connection!.window);
    this.#ready!.resolve();
    this.emit('state', { state: 'connected' });
  }

  #onMessage(message: ServerMessage): void {
    switch (message.type) {
      case 'error':
        if (this.#settle(message)) return;
        for (const channel of this.#channels.values()) if (channel.fails(message)) return;
        // Left here just when the gateway ended it: both got what they wanted.
        if (message.code === 'not_subscribed') return;
        this.emit('error', errorOf(message));
        return;
      case 'ack':
      case 'history':
        this.#settle(message);
        return;
      case 'presence':
        if (message.id !== undefined && this.#settle(message)) return;
        break;
      case 'refreshed':
        this.#renewal.schedule(message.expires);
        return;
      case 'message':
        this.emit('message', message);
    }
    this.#channels.get((message as Message).channel)?.receive(message);
  }

  /** @returns Whether the reply was to something asked here. */
  #settle(reply: ServerMessage): boolean {
    const asked = this.#outbox.settle(reply);
    // Now, not with the promise: the next message may be here already, and be looked at before that.
    if (asked?.silentIn !== undefined) this.#channels.get(asked.silentIn)?.sequence.answered(reply as Partial<Ack>);
    return !!asked;
  }

  #onClosed(close: Close): void {
    const advice = adviceFor(close);
    // Until a connection stands: a try that fails in between says nothing about the token.
    if (advice === 'renew') this.#renewToken = true;
    const refused = advice === 'renew' && typeof this.#options.token !== 'function';
    if (advice === 'stay' || refused) this.#end(close);
    else this.#wait(close);
  }

  #wait(close: Close): void {
    this.#leave();
    if (this.state === 'connecting') this.#fruitless++;
    const retryIn = (close.retryAfter ?? 0) + this.#backoff.next();
    this.#retry = setTimeout(() => void this.#open(), retryIn);
    this.#change('waiting', close, retryIn);
  }

  #end(close: Close, cause?: Error): void {
    this.#try++;
    this.#leave();
    this.#unwatch();
    const code = close.code === 4001 ? 'unauthorized' : 'closed';
    const asked = close.code === 1000 && !close.reason;
    const error = cause ?? new GatewayError(code, close.reason || 'the client is closed', { closeCode: close.code });
    this.#outbox.rejectAll(error as GatewayError);
    for (const channel of this.#channels.values())
      for (const subscription of channel.subscriptions) subscription.pause(asked ? undefined : (error as GatewayError));
    const ready = this.#ready!;
    this.#ready = undefined;
    ready.reject(error);
    this.#change('closed', close);
  }

  /** Lets go of everything that belonged to the connection. */
  #leave(): void {
    clearTimeout(this.#retry);
    clearTimeout(this.#settled);
    this.#renewal.stop();
    this.#connection = undefined;
    this.#outbox.stop();
    for (const channel of this.#channels.values()) channel.suspend();
  }

  #change(state: State, close?: Close, retryIn?: number): void {
    this.#status = {
      state,
      ...(close && { code: close.code, reason: close.reason }),
      ...(retryIn !== undefined && { retryIn }),
    };
    this.emit('state', this.#status);
  }

  #onPage(cause: 'online' | 'offline' | 'visible'): void {
    // Another network may let through what this one did not.
    if (cause === 'online') this.#firstTransport = this.#fruitless = 0;
    if (this.state === 'connected') this.#connection!.probe();
    else if (this.state === 'waiting' && cause !== 'offline') void this.#open();
  }
}

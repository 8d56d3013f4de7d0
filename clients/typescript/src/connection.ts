import { readText, unpack } from './attachments.js';
import { abnormal, type Close, nothingHeard } from './close.js';
import type { ClientMessage, Connected, DisconnectMessage, ServerMessage } from './messages.js';
import type { Link, LinkRequest, Transport } from './transport.js';

/** @internal */
export interface ConnectionEvents {
  connected(message: Connected): void;
  message(message: ServerMessage): void;
  /** Once, and nothing after it. */
  closed(close: Close): void;
}

/** A closing handshake that takes longer is not waited for. */
const closePatience = 2_000;

/** @internal One link's life: the wait for `connected`, the watch over silence, and how it ended. */
export class Connection {
  #link: Link | undefined;
  #ended = false;
  #heardAt = performance.now();
  #answered = false;
  /** Silence after which the gateway is asked for a sign of life; known once connected. */
  #silence = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #farewell: DisconnectMessage | undefined;
  /** What the gateway said is wrong before it let us in: more than the close that follows may say. */
  #problem: string | undefined;
  #linkClosed!: () => void;
  readonly #whenLinkClosed = new Promise<void>((resolve) => {
    this.#linkClosed = resolve;
  });

  constructor(
    transport: Transport,
    request: LinkRequest,
    readonly timeouts: { connect: number; pong: number },
    readonly events: ConnectionEvents,
  ) {
    this.#timer = setTimeout(
      () => this.#fail(abnormal, this.#answered ? 'not signed in in time' : 'no connection in time'),
      timeouts.connect,
    );
    this.#link = transport(request, {
      message: (data) => this.#onMessage(data),
      heard: () => this.#heard(),
      closed: (code, reason, retryAfter) => {
        this.#linkClosed();
        this.#end({ code, reason, retryAfter });
      },
    });
  }

  send(message: ClientMessage): void {
    this.sendData(JSON.stringify(message));
  }

  get window(): number | undefined {
    return this.#link!.window;
  }

  sendData(data: string | Uint8Array<ArrayBuffer>): void {
    if (!this.#ended) this.#link!.send(data);
  }

  /** Asks for a sign of life now, whenever the last one came. */
  probe(): void {
    if (this.#silence) this.#ping();
  }

  /** Ends it without an event; resolves when the other side has agreed, or took too long to. */
  async close(code: number, reason: string): Promise<void> {
    this.#ended = true;
    clearTimeout(this.#timer);
    this.#link!.close(code, reason);
    let timer: ReturnType<typeof setTimeout> | undefined;
    await Promise.race([
      this.#whenLinkClosed,
      new Promise<void>((resolve) => {
        timer = setTimeout(resolve, closePatience);
      }),
    ]);
    clearTimeout(timer);
  }

  #heard(): void {
    this.#heardAt = performance.now();
    this.#answered = true;
  }

  #onMessage(data: string | ArrayBuffer): void {
    if (this.#ended) return;
    this.#heard();
    let message: ServerMessage;
    try {
      message = typeof data === 'string' ? readText(data) : unpack(data);
    } catch {
      this.#fail(1002, 'a message that cannot be read');
      return;
    }
    if (message.type === 'connected') {
      this.#problem = undefined;
      this.#silence = message.ping + this.timeouts.pong;
      this.#watch(this.#silence);
      this.events.connected(message);
    } else if (message.type === 'disconnect') {
      this.#farewell = message;
    } else if (message.type === 'error' && !this.#silence) {
      this.#problem = message.message;
    } else {
      this.events.message(message);
    }
  }

  #watch(wait: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      const left = this.#silence - (performance.now() - this.#heardAt);
      left > 0 ? this.#watch(left) : this.#ping();
    }, wait);
  }

  #ping(): void {
    clearTimeout(this.#timer);
    this.#answered = false;
    this.#timer = setTimeout(
      () => (this.#answered ? this.#watch(this.#silence) : this.#fail(nothingHeard, 'nothing heard')),
      this.timeouts.pong,
    );
    this.send({ type: 'ping' });
  }

  /** The closing handshake of a dead connection may take minutes: it is left to itself. */
  #fail(code: number, reason: string): void {
    this.#end({ code, reason });
    this.#link?.close(code < 3000 ? 1000 : code, reason);
  }

  #end(close: Close): void {
    if (this.#ended) return;
    this.#ended = true;
    clearTimeout(this.#timer);
    const problem = this.#problem && { reason: this.#problem };
    this.events.closed({ ...close, ...this.#farewell, ...problem });
  }
}

import { unpack } from './attachments.js';
import { abnormal } from './close.js';
import type { ServerMessage } from './messages.js';
import { addressOf, type Link, type LinkEvents, type LinkRequest, type Transport } from './transport.js';

/** What HTTP says, as the close code that means the same; anything else is a network that failed. */
const closeCodes: Record<number, number> = { 400: 1002, 401: 4001, 403: 4003, 429: 1013, 503: 1013 };

/** Without a stream nobody says how often there is something to hear. */
const unknownPing = 25_000;

const retryAfterOf = (response: Response) => Number(response.headers.get('retry-after')) * 1000 || undefined;

interface Place {
  /** The last event's id: where all channels of the stream stood. */
  lastEventId?: string;
}

/**
 * Server-Sent Events to listen and POST to publish, for networks that let no WebSocket through. One way each: history and
 * presence can't be asked for, presence still comes with the subscription. Make one for each client.
 */
export function serverSentEvents(options: { fetch?: typeof fetch } = {}): Transport {
  const place: Place = {};
  // A browser's fetch must not be called as a method of anything else.
  const request = options.fetch ?? ((...args: Parameters<typeof fetch>) => fetch(...args));
  return (link, events) => new SseLink(link, events, request, place);
}

class SseLink implements Link {
  /** One after the other: messages keep their order, also where one has to be sent again. */
  readonly window = 1;
  readonly #channels: Set<string>;
  #token: string | undefined;
  #stream: AbortController | undefined;
  #scheduled = false;
  #closed = false;
  #retryAfter: number | undefined;

  constructor(
    readonly request: LinkRequest,
    readonly events: LinkEvents,
    readonly fetch: typeof globalThis.fetch,
    readonly place: Place,
  ) {
    this.#channels = new Set(request.channels);
    this.#token = request.token;
    if (this.#channels.size) this.#reopen();
    // There is nothing to listen to yet: publishing will show whether the gateway is there.
    else queueMicrotask(() => this.#tell({ type: 'connected', connection: '', user: '', node: '', ping: unknownPing }));
  }

  send(data: string | Uint8Array<ArrayBuffer>): void {
    const message = typeof data === 'string' ? JSON.parse(data) : unpack(data.buffer);
    const { type, channel, id } = message;
    if (type === 'subscribe') {
      if (!this.#channels.has(channel)) this.#reopen();
      this.#channels.add(channel);
    } else if (type === 'unsubscribe') {
      if (this.#channels.delete(channel)) this.#reopen();
    } else if (type === 'refresh') {
      this.#token = message.token;
      this.#reopen();
    } else if (type === 'message') {
      // Over HTTP, attachments are base64.
      message.attachments = message.attachments?.map((bytes: Uint8Array) =>
        btoa(bytes.reduce((letters, byte) => letters + String.fromCharCode(byte), '')),
      );
      void this.#post(JSON.stringify(message), id, channel);
    } else if (type === 'ping') {
      // Asked only where the stream was silent for too long. Without a stream there is nothing that could have died.
      if (!this.#channels.size) this.#tell({ type: 'pong' });
    } else {
      this.#tell({
        type: 'error',
        id,
        channel,
        code: 'unsupported',
        message: `${type} can't be asked for over Server-Sent Events`,
      });
    }
  }

  close(code: number, reason: string): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#stream?.abort();
    this.events.closed(code, reason, this.#retryAfter);
  }

  #tell(message: ServerMessage): void {
    if (!this.#closed) this.events.message(JSON.stringify(message));
  }

  #headers(): Record<string, string> {
    return this.#token === undefined ? {} : { authorization: `Bearer ${this.#token}` };
  }

  /** The channels are part of the address: others need another stream. All changes of one task make one. */
  #reopen(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    queueMicrotask(() => {
      this.#scheduled = false;
      this.#stream?.abort();
      this.#stream = new AbortController();
      if (!this.#closed && this.#channels.size) void this.#listen(this.#stream.signal);
    });
  }

  async #listen(signal: AbortSignal): Promise<void> {
    const url = addressOf(this.request.url, 'http', 'sse');
    for (const channel of this.#channels) url.searchParams.append('channel', channel);
    const headers: Record<string, string> = { ...this.#headers(), accept: 'text/event-stream' };
    if (this.place.lastEventId) headers['last-event-id'] = this.place.lastEventId;
    try {
      const response = await this.fetch(url, { headers, signal, cache: 'no-store', credentials: 'include' });
      if (!response.ok || !response.body) {
        this.#retryAfter = retryAfterOf(response);
        const body = await response.json().catch(() => ({}));
        if (!signal.aborted)
          this.close(closeCodes[response.status] ?? abnormal, body.message ?? `HTTP ${response.status}`);
        return;
      }
      await this.#read(response.body, signal);
    } catch {
      // The network; the end below says all there is to say.
    }
    if (!signal.aborted) this.close(abnormal, 'the stream ended');
  }

  /** Server-Sent Events as the HTML standard parses them, less what the gateway does not use. */
  async #read(body: ReadableStream<Uint8Array>, signal: AbortSignal): Promise<void> {
    const reader = body.getReader();
    const decoder = new TextDecoder();
    let rest = '';
    let data = '';
    let id: string | undefined;
    while (!signal.aborted) {
      const { value, done } = await reader.read();
      if (done || signal.aborted) return;
      this.events.heard();
      const lines = (rest + decoder.decode(value, { stream: true })).split(/\r\n|\n|\r(?!$)/);
      rest = lines.pop()!;
      for (const line of lines) {
        if (signal.aborted) return;
        const [, field, text = ''] = /^(\w+)(?:: ?(.*))?$/.exec(line) ?? [];
        if (field === 'data') data += data ? `\n${text}` : text;
        else if (field === 'id') id = text;
        else if (field === 'retry') this.#retryAfter = Number(text) || undefined;
        else if (!line) {
          if (data) this.events.message(data);
          // Another stream repeats what made it necessary, such as the message behind a gap.
          if (id !== undefined && !this.#scheduled) this.place.lastEventId = id;
          data = '';
          id = undefined;
        }
      }
    }
  }

  async #post(text: string, id: number, channel: string): Promise<void> {
    if (this.#closed) return;
    try {
      const response = await this.fetch(addressOf(this.request.url, 'http', 'publish'), {
        method: 'POST',
        headers: { ...this.#headers(), 'content-type': 'application/json' },
        body: text,
        credentials: 'include',
      });
      const body = await response.json();
      if (response.ok) this.#tell({ ...body, type: 'ack', id, channel });
      else
        this.#tell({
          type: 'error',
          id,
          channel,
          code: body.error,
          message: body.message,
          retryAfter: retryAfterOf(response),
        });
    } catch {
      this.close(abnormal, 'publishing failed');
    }
  }
}

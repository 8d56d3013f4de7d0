/** What a link tells: every server message as it came in, text or binary, that anything was heard at all, and its end. */
export interface LinkEvents {
  message(data: string | ArrayBuffer): void;
  heard(): void;
  /** Once, and nothing after it. */
  closed(code: number, reason: string, retryAfter?: number): void;
}

/** One connection to the gateway. After `close` it tells nothing but `closed`. */
export interface Link {
  /** How many messages may be sent before the first is answered; as many as there are if not given. */
  readonly window?: number;
  /** A client message as JSON text, or a binary one where it has attachments. */
  send(data: string | Uint8Array<ArrayBuffer>): void;
  close(code: number, reason: string): void;
}

export interface LinkRequest {
  /** The address the client was given. */
  url: string;
  token?: string;
  /** The channels that will be subscribed to once the link is there. */
  channels: string[];
}

/** A way to reach the gateway. It opens a link and signs in; the server's `connected` tells that it worked. */
export type Transport = (request: LinkRequest, events: LinkEvents) => Link;

/** @internal An address beside the client's, such as `sse` beside `wss://…/ws`. */
export function addressOf(url: string, scheme: 'ws' | 'http', path = ''): URL {
  const address = new URL(path, new URL(url, globalThis.location?.href));
  address.protocol = address.protocol.replace(/^(ws|http)/, scheme);
  return address;
}

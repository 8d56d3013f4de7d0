/** Where a reader stands in a channel with history: the last message it has seen. */
export interface Position {
  epoch: string;
  seq: number;
}

/** What was published to a channel. `seq` and `epoch` are there where the channel has history. */
export interface Message<T = unknown> {
  channel: string;
  /** Undefined in a message that has attachments alone. */
  content: T;
  /** The bytes that came with it, where some did. */
  attachments?: Uint8Array[];
  sender?: string;
  seq?: number;
  /** Unix milliseconds, by the gateway's clock. */
  time?: number;
}

/** A page of a channel's history, oldest message first. */
export interface History<T = unknown> {
  epoch: string;
  messages: Message<T>[];
  /** Whether there are others in the direction of reading. */
  more: boolean;
}

/** Which page: the newest; with `before`, the newest with a smaller seq; with `after`, the oldest with a greater one. */
export interface HistoryQuery {
  limit?: number;
  before?: number;
  after?: number;
}

/** That the gateway took a message, and its position where the channel has history. */
export interface Ack {
  channel: string;
  epoch?: string;
  seq?: number;
}

/** What a user's token says about the user, by user id. */
export type UserInfo = Record<string, unknown>;

/** @internal */
export type Id = string | number;

/** @internal */
export type ClientMessage =
  | { type: 'auth'; token: string }
  | { type: 'subscribe'; channel: string; id?: Id; token?: string; recover?: Position }
  | { type: 'unsubscribe'; channel: string; id?: Id }
  | { type: 'message'; channel: string; content: unknown; id?: Id; echo?: boolean; key?: string }
  | { type: 'presence'; channel: string; id?: Id }
  | ({ type: 'history'; channel: string; id?: Id } & HistoryQuery)
  | { type: 'refresh'; token: string; id?: Id }
  | { type: 'ping'; id?: Id };

/** The first message of a connection: who we are to the gateway. */
export interface Connected {
  type: 'connected';
  connection: string;
  user: string;
  node: string;
  /** Milliseconds of silence after which the gateway pings. */
  ping: number;
  /** When the token ends, in Unix seconds. */
  expires?: number;
  /** Channels that the gateway subscribed this connection to by itself. */
  subscriptions?: string[];
}

/** @internal */
export interface PresenceMessage {
  type: 'presence';
  channel: string;
  id?: Id;
  users?: string[];
  joined?: string[];
  left?: string[];
  info?: UserInfo;
  count: number;
}

/** @internal */
export interface SubscribedMessage {
  type: 'subscribed';
  channel: string;
  id?: Id;
  epoch?: string;
  seq?: number;
  recovered?: boolean;
  users?: string[];
  info?: UserInfo;
  count?: number;
}

/** @internal */
export interface ErrorMessage {
  type: 'error';
  code: string;
  message: string;
  id?: Id;
  channel?: string;
  retryAfter?: number;
}

/** @internal */
export interface DisconnectMessage {
  type: 'disconnect';
  code: number;
  reason: string;
  reconnect: boolean;
  retryAfter?: number;
}

/** @internal */
export type ServerMessage =
  | Connected
  | SubscribedMessage
  | { type: 'unsubscribed'; channel: string; id?: Id; code?: string; reason?: string }
  | ({ type: 'message' } & Message)
  | PresenceMessage
  | ({ type: 'history'; channel: string; id?: Id } & History)
  | ({ type: 'ack'; id: Id } & Ack)
  | { type: 'refreshed'; id?: Id; expires?: number }
  | { type: 'pong'; id?: Id }
  | ErrorMessage
  | DisconnectMessage;

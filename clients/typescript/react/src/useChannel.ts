import type { Ack, GatewayError, Message, PublishOptions, TokenSource } from '@gateway/client';
import { useCallback, useEffect, useState } from 'react';
import { useClient } from './useGateway.js';
import { useLatest } from './useLatest.js';

export interface ChannelOptions<T> {
  /** Called for each message that comes; may be another function with each render. */
  onMessage?: (message: Message<T>) => void;
  /** So many messages of the channel's history are loaded at the start, and again where some may have been missed. */
  history?: number;
  /** So many messages are kept, the newest (100). */
  limit?: number;
  /** A token for this channel alone. */
  token?: TokenSource;
}

export interface ChannelView<T> {
  /** In the channel's order. */
  messages: Message<T>[];
  state: 'waiting' | 'subscribing' | 'subscribed' | 'ended';
  /** False after a reconnect where messages may have been missed. */
  recovered?: boolean;
  /** Why the subscription ended, or history could not be had. */
  error?: GatewayError;
}

const empty: ChannelView<never> = { messages: [], state: 'waiting' };

function merge<T>(known: Message<T>[], more: Message<T>[], limit: number): Message<T>[] {
  const seqs = new Set(known.map(({ seq }) => seq));
  const added = more.filter(({ seq }) => seq === undefined || !seqs.has(seq));
  const all = [...known, ...added].sort((a, b) => (a.seq ?? 0) - (b.seq ?? 0));
  return all.slice(Math.max(0, all.length - limit));
}

/** Subscribes while the component is mounted; `null` subscribes to nothing. Components with the same channel share one subscription. */
export function useChannel<T = unknown>(
  channel: string | null,
  { onMessage, token, history = 0, limit = 100 }: ChannelOptions<T> = {},
): ChannelView<T> & { publish: (content: T | Uint8Array, options?: PublishOptions) => Promise<Ack> } {
  const client = useClient();
  const latest = useLatest({ onMessage, token });
  const [view, setView] = useState<ChannelView<T>>(empty);

  useEffect(() => {
    setView(empty);
    if (channel === null) return;
    let mounted = true;
    const { token } = latest.current;
    const subscription = client.subscribe<T>(channel, {
      // It is renewed long after this render: the callback asked is that of the last one.
      token: typeof token === 'function' ? (context) => (latest.current.token as typeof token)(context) : token,
    });
    const change = (next: (view: ChannelView<T>) => Partial<ChannelView<T>>) => {
      if (mounted) setView((view) => ({ ...view, ...next(view) }));
    };
    const add = (messages: Message<T>[]) => change((view) => ({ messages: merge(view.messages, messages, limit) }));
    const load = () =>
      subscription.history({ limit: history }).then(
        ({ messages }) => add(messages),
        (error: GatewayError) => change(() => ({ error })),
      );

    subscription.on('message', (message) => {
      if (!mounted) return;
      latest.current.onMessage?.(message);
      add([message]);
    });
    subscription.on('subscribed', ({ recovered }) => {
      // What was loaded before may be of another epoch, where the same numbers mean other messages.
      const anew = history > 0 && recovered === false;
      change(({ messages }) => ({ state: 'subscribed', recovered, error: undefined, messages: anew ? [] : messages }));
      if (history > 0 && !recovered) void load();
    });
    subscription.on('ended', (error) => change(() => ({ state: 'ended', error })));
    const stop = client.on('state', () => change(() => ({ state: subscription.state })));
    change(() => ({ state: subscription.state }));
    return () => {
      mounted = false;
      stop();
      subscription.unsubscribe();
    };
  }, [client, channel, history, limit, latest]);

  const publish = useCallback(
    (content: T | Uint8Array, options?: PublishOptions) => client.publish(channel!, content, options),
    [client, channel],
  );
  return { ...view, publish };
}

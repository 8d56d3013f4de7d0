import { useCallback, useEffect, useRef, useState } from 'react';
import { useLatest } from './useLatest.js';

export interface WebSocketOptions {
  /** Another address makes another connection; `null` makes none. */
  url: string | null;
  /** Gets what JSON text holds, and other text and bytes as they are. */
  onMessage?: (data: any, event: MessageEvent) => void;
  onOpen?: (event: Event) => void;
  onClose?: (event: CloseEvent) => void;
  /** Milliseconds between tries, give or take half, so that many clients do not come back at the same moment (3,000). */
  reconnectInterval?: number;
  /** Tries in a row that may fail (without end). */
  maxReconnectAttempts?: number;
}

export interface WebSocketHook {
  /** Sends text and bytes as they are, anything else as JSON. @returns False where there is no connection: nothing was sent. */
  send: (data: unknown) => boolean;
  isConnected: boolean;
  /** Closes the connection for good: until the address changes or the component is mounted again. */
  disconnect: () => void;
}

const isRaw = (data: unknown): data is string | ArrayBuffer | Blob | ArrayBufferView<ArrayBuffer> =>
  typeof data === 'string' || data instanceof ArrayBuffer || data instanceof Blob || ArrayBuffer.isView(data);

function contentOf(data: unknown): unknown {
  if (typeof data !== 'string') return data;
  try {
    return JSON.parse(data);
  } catch {
    return data;
  }
}

/**
 * A plain WebSocket that comes back, for code written against a hook like this one. What a gateway channel gives, such as
 * order, recovery and a queue, it does not: see `useChannel`.
 */
export function useWebSocket(options: WebSocketOptions): WebSocketHook {
  const { url } = options;
  const latest = useLatest(options);
  const socket = useRef<WebSocket | null>(null);
  const stop = useRef(() => {});
  const [isConnected, setConnected] = useState(false);

  useEffect(() => {
    if (url === null) return;
    let over = false;
    let failures = 0;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const open = () => {
      if (over) return;
      const opened = new WebSocket(url);
      socket.current = opened;
      opened.onopen = (event) => {
        failures = 0;
        setConnected(true);
        latest.current.onOpen?.(event);
      };
      opened.onmessage = (event) => latest.current.onMessage?.(contentOf(event.data), event);
      // The close event that follows says all there is to know; without a listener some implementations throw.
      opened.onerror = () => {};
      opened.onclose = (event) => {
        socket.current = null;
        setConnected(false);
        latest.current.onClose?.(event);
        const { reconnectInterval = 3000, maxReconnectAttempts = Number.POSITIVE_INFINITY } = latest.current;
        if (!over && failures++ < maxReconnectAttempts)
          timer = setTimeout(open, reconnectInterval * (0.5 + Math.random()));
      };
    };
    stop.current = () => {
      over = true;
      clearTimeout(timer);
      socket.current?.close(1000);
    };
    // StrictMode mounts twice within one task: only the second makes a connection.
    queueMicrotask(open);
    return () => {
      const closing = socket.current;
      if (closing) closing.onopen = closing.onmessage = closing.onclose = null;
      stop.current();
      socket.current = null;
      setConnected(false);
    };
  }, [url, latest]);

  const send = useCallback((data: unknown) => {
    if (socket.current?.readyState !== WebSocket.OPEN) return false;
    socket.current.send(isRaw(data) ? data : JSON.stringify(data));
    return true;
  }, []);
  const disconnect = useCallback(() => stop.current(), []);
  return { send, isConnected, disconnect };
}

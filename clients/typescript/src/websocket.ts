import type { ClientMessage } from './messages.js';
import { addressOf, type Transport } from './transport.js';

/** The part of the browser's WebSocket that is used; the one of the npm package `ws` has it too. */
export type WebSocketConstructor = new (
  url: string,
  protocols: string[],
) => {
  binaryType: any;
  onopen: ((event: any) => void) | null;
  onmessage: ((event: any) => void) | null;
  onerror: ((event: any) => void) | null;
  onclose: ((event: any) => void) | null;
  send(data: string | Uint8Array<ArrayBuffer>): void;
  close(code?: number, reason?: string): void;
};

/**
 * Talks over WebSocket. The token goes in the first message, not in the handshake: so it stands in no server's log, and
 * a refusal arrives as a close code, where of a refused handshake a browser learns nothing.
 */
export function webSocket(implementation?: WebSocketConstructor): Transport {
  return ({ url, token }, events) => {
    const WebSocket = implementation ?? (globalThis.WebSocket as WebSocketConstructor | undefined);
    if (!WebSocket) throw new TypeError('There is no WebSocket here: pass one in the options');
    const socket = new WebSocket(addressOf(url, 'ws').href, ['gateway.v1.json']);
    socket.binaryType = 'arraybuffer';
    socket.onopen = () => {
      events.heard();
      if (token !== undefined) socket.send(JSON.stringify({ type: 'auth', token } satisfies ClientMessage));
    };
    socket.onmessage = (event) => events.message(event.data);
    // Browsers do not say what went wrong; "ws" does, such as that the handshake was refused, and would throw without a listener.
    let problem = '';
    socket.onerror = (event) => {
      problem = event.message ?? '';
    };
    socket.onclose = (event) => events.closed(event.code, event.reason || problem);
    return socket;
  };
}

// What the scripts share: a client on npm `ws` whose messages can be awaited one by one.
import assert from 'node:assert/strict';
import { WebSocket } from 'ws';

export class Client {
  #socket;
  #received = [];
  #waiting = [];

  /** The gateway's Sec-WebSocket-Extensions; empty without. */
  answer = '';

  /** Resolves with the code and reason of the close frame. */
  closed;

  constructor(socket) {
    this.#socket = socket;
    socket.on('upgrade', ({ headers }) => (this.answer = headers['sec-websocket-extensions'] ?? ''));
    this.closed = new Promise((resolve) => socket.on('close', (code, reason) => resolve({ code, reason: reason.toString() })));
    socket.on('message', (data, isBinary) => this.#take({ data, isBinary }));
    // A lost connection ends the waits, so that a script fails instead of hanging.
    socket.on('close', () => this.#waiting.forEach(({ reject }) => reject(new Error('closed while waiting'))));
  }

  /** Resolves when the connection is open; rejects when it is refused. */
  static async open(url, protocols = ['gateway.v1.json'], options = {}) {
    const socket = new WebSocket(url, protocols, options);
    const client = new Client(socket);
    await new Promise((resolve, reject) => {
      socket.on('open', resolve);
      socket.on('error', reject);
    });
    return client;
  }

  /** Opens and takes the `connected` message. */
  static async signIn(url, options = {}) {
    const client = await Client.open(url, ['gateway.v1.json'], options);
    client.connected = await client.next('connected');
    return client;
  }

  get socket() {
    return this.#socket;
  }

  send(message) {
    this.#socket.send(JSON.stringify(message));
  }

  /** The next message as it came. */
  nextRaw() {
    if (this.#received.length > 0)
      return Promise.resolve(this.#received.shift());
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }));
  }

  /** The next message, which must be of this type. */
  async next(type) {
    const { data, isBinary } = await this.nextRaw();
    assert.equal(isBinary, false);
    const message = JSON.parse(data.toString());
    assert.equal(message.type, type, data.toString());
    return message;
  }

  /** Sends, then takes the next message, which must be of this type. */
  ask(message, type) {
    this.send(message);
    return this.next(type);
  }

  async close(code, reason) {
    this.#socket.close(code, reason);
    return this.closed;
  }

  #take(message) {
    if (this.#waiting.length > 0)
      this.#waiting.shift().resolve(message);
    else
      this.#received.push(message);
  }
}

/** The HTTP answer of a refused upgrade. */
export function refusal(url, protocols, options = {}) {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url, protocols, options);
    socket.on('open', () => reject(new Error('was not refused')));
    socket.on('error', reject);
    socket.on('unexpected-response', (_, response) => {
      let body = '';
      response.on('data', (chunk) => (body += chunk));
      response.on('end', () => resolve({ status: response.statusCode, body: JSON.parse(body) }));
    });
  });
}

/** The gateway's address, given by the test that runs the script. */
export const address = process.argv[2];

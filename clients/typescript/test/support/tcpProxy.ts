import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';

/** A network between client and gateway that a test can cut, or let fall silent. Ends with the test. */
export class TcpProxy {
  readonly #pairs = new Set<[Socket, Socket]>();
  readonly #silenced: Socket[] = [];
  #isDown = false;
  #stopsWebSockets = false;

  private constructor(
    readonly server: Server,
    readonly target: number,
  ) {
    server.on('connection', (client) => this.#join(client));
    onTestFinished(() => {
      this.cut();
      for (const socket of this.#silenced) socket.destroy();
      server.close();
    });
  }

  get url(): string {
    return `ws://127.0.0.1:${this.port}/ws`;
  }

  get port(): number {
    return (this.server.address() as { port: number }).port;
  }

  get connections(): number {
    return this.#pairs.size;
  }

  static async to(port: number): Promise<TcpProxy> {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new TcpProxy(server, port);
  }

  /** Ends every connection at once, whatever is under way. */
  cut(): void {
    for (const pair of this.#pairs) for (const socket of pair) socket.resetAndDestroy();
  }

  /** Ends every connection, and lets no other through until `up`. */
  down(): void {
    this.#isDown = true;
    this.cut();
  }

  up(): void {
    this.#isDown = false;
  }

  /** From now on, requests to upgrade are refused, as some companies' proxies do. */
  stopWebSockets(): void {
    this.#stopsWebSockets = true;
  }

  /** From now on, nothing that was connected before hears or ends: a cable pulled. */
  silence(): void {
    for (const socket of [...this.#pairs].flat()) this.#silenced.push(socket.unpipe().pause());
    this.#pairs.clear();
  }

  #join(client: Socket): void {
    if (this.#isDown) {
      client.on('error', () => {}).resetAndDestroy();
      return;
    }
    if (this.#stopsWebSockets) client.once('data', (head) => /^upgrade: /im.test(String(head)) && refuse(client));
    const gateway = connect(this.target, '127.0.0.1');
    const pair: [Socket, Socket] = [client, gateway];
    this.#pairs.add(pair);
    for (const [from, to] of [pair, [gateway, client] as const]) {
      from.on('error', () => {});
      from.on('close', () => {
        to.destroy();
        this.#pairs.delete(pair);
      });
      from.pipe(to);
    }
  }
}

function refuse(client: Socket): void {
  client.unpipe();
  client.end('HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n');
}

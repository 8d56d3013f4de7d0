import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

// Not import.meta.url: in a page's environment that is no file.
const gatewayDll = join(import.meta.dirname, '../../../../src/Gateway/bin/Release/net10.0/Gateway.dll');

/** As fast as a test likes; what the gateway allows a client by itself is not what these tests are about. */
export const noRateLimits = ['Limits:MessagesPerSecond=100000', 'Limits:MessageBurst=100000'];
/** All clients come from one address, and many at once. */
const noConnectionLimits = [
  'Connections',
  'ConnectionsPerAddress',
  'ConnectionsPerUser',
  'SocketsPerAddress',
  'HandshakesPerSecondPerAddress',
].map((limit) => `Limits:${limit}=0`);
/** How the gateway serves its sockets: `epoll` or `sockets`, or its default. */
const transport = process.env.GATEWAY_TEST_TRANSPORT ? [`Transport:Kind=${process.env.GATEWAY_TEST_TRANSPORT}`] : [];
export const unlimited = { perSecond: 100_000, burst: 100_000 };

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}

/** A process on a port of its own that can be killed and started again there, and ends with the test. */
abstract class TestProcess {
  readonly folder = mkdtempSync(join(tmpdir(), 'gateway-'));
  #process: ChildProcess | undefined;

  constructor() {
    onTestFinished(async () => {
      await this.kill();
      rmSync(this.folder, { recursive: true, force: true });
    });
  }

  protected abstract command(): [string, string[]];
  protected abstract readonly saysWhenReady: string;

  async start(): Promise<this> {
    const [name, args] = this.command();
    const child = spawn(name, args, { cwd: this.folder, stdio: ['ignore', 'pipe', 'pipe'] });
    this.#process = child;
    let output = '';
    await new Promise<void>((resolve, reject) => {
      const read = (chunk: Buffer) => {
        output += chunk;
        if (output.includes(this.saysWhenReady)) resolve();
      };
      child.stdout.on('data', read);
      child.stderr.on('data', read);
      child.once('error', reject);
      child.once('exit', () => reject(new Error(`${name} ended: ${output}`)));
    });
    return this;
  }

  async end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#process;
    this.#process = undefined;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill(signal);
    await ended;
  }

  kill(): Promise<void> {
    return this.end('SIGKILL');
  }

  drain(): Promise<void> {
    return this.end('SIGTERM');
  }
}

export class GatewayProcess extends TestProcess {
  protected readonly saysWhenReady = 'namespaces';

  private constructor(
    readonly port: number,
    readonly internalPort: number,
    readonly settings: string[],
  ) {
    super();
  }

  get url(): string {
    return `ws://127.0.0.1:${this.port}/ws`;
  }

  /**
   * In development mode, unless there is a key for tokens.
   * @param settings As `Namespaces:chat:History=100`.
   */
  static async start(...settings: string[]): Promise<GatewayProcess> {
    return new GatewayProcess(await freePort(), await freePort(), settings).start();
  }

  protected command(): [string, string[]] {
    const ports = [`Public=http://127.0.0.1:${this.port}`, `Internal=http://127.0.0.1:${this.internalPort}`];
    const defaults = ['Development=true', ...ports, ...noRateLimits, ...noConnectionLimits, ...transport];
    const settings = [...defaults, ...this.settings].map((setting) => `--Gateway:${setting}`);
    return ['dotnet', [gatewayDll, ...settings]];
  }
}

export class RedisProcess extends TestProcess {
  protected readonly saysWhenReady = 'Ready to accept connections';

  private constructor(readonly port: number) {
    super();
  }

  get address(): string {
    return `127.0.0.1:${this.port}`;
  }

  static async start(): Promise<RedisProcess> {
    return new RedisProcess(await freePort()).start();
  }

  /** What it holds outlives a restart, as a production Redis with an append-only file does. */
  protected command(): [string, string[]] {
    const settings = ['--bind', '127.0.0.1', '--save', '', '--appendonly', 'yes', '--appendfsync', 'always'];
    return ['redis-server', ['--port', String(this.port), ...settings, '--dir', this.folder]];
  }
}

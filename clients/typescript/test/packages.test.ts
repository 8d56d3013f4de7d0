import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { afterAll, beforeAll, expect, it } from 'vitest';

const clients = join(import.meta.dirname, '../..');
/** An application that has installed both packages as npm packs them. */
const application = mkdtempSync(join(tmpdir(), 'gateway-packages-'));
const contents: Record<string, string[]> = {};
const gzipped = (file: string) => gzipSync(readFileSync(join(application, 'node_modules', file)), { level: 9 }).length;

beforeAll(() => {
  const run = (name: string, ...args: string[]) =>
    execFileSync(name, args, { cwd: clients, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  run('npm', 'run', 'build', '--workspace=@gateway/client', '--workspace=@gateway/react');
  const packed = JSON.parse(
    run(
      'npm',
      'pack',
      '--workspace=@gateway/client',
      '--workspace=@gateway/react',
      '--ignore-scripts',
      '--json',
      '--pack-destination',
      application,
    ),
  );
  for (const { name, filename, files } of Object.values<any>(packed)) {
    contents[name] = files.map(({ path }: { path: string }) => path).sort();
    const folder = join(application, 'node_modules', name);
    mkdirSync(folder, { recursive: true });
    run('tar', '-xzf', join(application, filename), '--strip-components=1', '-C', folder);
  }
  for (const name of ['react', '@types', 'csstype'])
    symlinkSync(join(clients, 'node_modules', name), join(application, 'node_modules', name));
  writeFileSync(join(application, 'package.json'), '{ "type": "module" }');
});

afterAll(() => rmSync(application, { recursive: true, force: true }));

it.each(['@gateway/client', '@gateway/react'])('%s is packed with what it needs and nothing else', (name) => {
  expect(contents[name]).toEqual(
    expect.arrayContaining(['LICENSE', 'README.md', 'dist/index.d.ts', 'dist/index.js', 'package.json']),
  );
  expect(
    contents[name]!.filter((path) => !/^(LICENSE|README\.md|package\.json|dist\/\w+\.(d\.ts|js|js\.map))$/.test(path)),
  ).toEqual([]);
});

it('the client has no dependency and stays under 6.5 KB gzipped; what SSE adds is an import of its own', () => {
  const { dependencies } = JSON.parse(
    readFileSync(join(application, 'node_modules/@gateway/client/package.json'), 'utf8'),
  );
  expect(dependencies).toBeUndefined();
  expect(gzipped('@gateway/client/dist/index.js')).toBeLessThan(6.5 * 1024);
  expect(gzipped('@gateway/client/dist/sse.js')).toBeLessThan(1.6 * 1024);
  expect(readFileSync(join(application, 'node_modules/@gateway/client/dist/index.js'), 'utf8')).not.toContain(
    'event-stream',
  );
});

it('Node can import them', () => {
  const script = `
    import { GatewayClient } from '@gateway/client';
    import { serverSentEvents } from '@gateway/client/sse';
    import * as hooks from '@gateway/react';
    console.log(new GatewayClient('ws://gateway/ws').state, typeof serverSentEvents(), Object.keys(hooks).join());`;
  const printed = execFileSync(process.execPath, ['--input-type=module', '--eval', script], {
    cwd: application,
    encoding: 'utf8',
  });
  expect(printed.trim()).toBe('closed function GatewayProvider,useChannel,useGateway,usePresence,useWebSocket');
});

it('TypeScript finds their types', () => {
  writeFileSync(
    join(application, 'application.ts'),
    `import { GatewayClient, GatewayError, type Message } from '@gateway/client';
     import { serverSentEvents } from '@gateway/client/sse';
     import { useChannel } from '@gateway/react';
     const client = new GatewayClient('/ws', { transports: [serverSentEvents()] });
     client.subscribe<{ text: string }>('a').on('message', (message: Message<{ text: string }>) => message.content.text.trim());
     export const channel = () => useChannel<number>('a').messages[0]!.content.toFixed();
     // @ts-expect-error: it is a number
     client.subscribe<number>('a').publish('text');
     export const code: string = new GatewayError('closed', '').code;`,
  );
  const tsc = join(clients, 'node_modules/typescript/bin/tsc');
  const compilerOptions = { noEmit: true, strict: true, module: 'nodenext', lib: ['es2022', 'dom'], types: [] };
  writeFileSync(join(application, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['application.ts'] }));
  execFileSync(process.execPath, [tsc], { cwd: application, stdio: 'inherit' });
});

it('who uses one hook carries that hook alone', async () => {
  const { outputFiles } = await build({
    stdin: { contents: `export { useWebSocket } from '@gateway/react';`, resolveDir: application },
    bundle: true,
    minify: true,
    format: 'esm',
    external: ['react'],
    write: false,
    logLevel: 'silent',
  });
  // The names imported from React stay, because it is left out here; nothing is made with those of other hooks.
  const bundle = outputFiles[0]!.text.replaceAll(/import\{.*?\}from"react.*?";/g, '');
  expect(bundle).not.toMatch(/GatewayError|subscribe|Provider|void 0/);
  expect(gzipSync(bundle).length).toBeLessThan(1024);
});

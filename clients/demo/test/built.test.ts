import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';

const committed = join(import.meta.dirname, '../../../src/Gateway/Demo/built');

const filesOf = (folder: string) =>
  Object.fromEntries(readdirSync(folder).map((name) => [name, readFileSync(join(folder, name), 'utf8')]));

it('is what the gateway serves: run `npm run build -w gateway-demo` after a change, and commit what it made', () => {
  const fresh = mkdtempSync(join(tmpdir(), 'gateway-demo-'));
  onTestFinished(() => rmSync(fresh, { recursive: true, force: true }));
  const vite = join(import.meta.dirname, '../../node_modules/vite/bin/vite.js');
  execFileSync(process.execPath, [vite, 'build', '--outDir', fresh, '--logLevel', 'error'], {
    cwd: join(import.meta.dirname, '..'),
    env: { ...process.env, NODE_ENV: 'production' },
  });
  const [now, before] = [filesOf(fresh), filesOf(committed)];
  expect(Object.keys(before)).toEqual(Object.keys(now));
  // Not toEqual: nobody wants to see the difference.
  for (const [name, text] of Object.entries(now)) expect(before[name] === text, `${name} is up to date`).toBe(true);
});

it('stays small: a quarter of a megabyte with React in it, and nothing from elsewhere', () => {
  const { 'licenses.md': _, ...page } = filesOf(committed);
  const text = Object.values(page).join('');
  expect(Buffer.byteLength(text)).toBeLessThan(256 * 1024);
  expect(page['index.html']).not.toMatch(/https?:/);
  expect(page['demo.css']).not.toMatch(/url\(|@import/);
});

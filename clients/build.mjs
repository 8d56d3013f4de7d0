// Builds the package in the current folder: a module with a source map for each of its exports, and the types.
import { execFileSync } from 'node:child_process';
import { copyFileSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const clients = dirname(fileURLToPath(import.meta.url));
const { exports, peerDependencies } = JSON.parse(readFileSync('package.json', 'utf8'));
rmSync('dist', { recursive: true, force: true });
await build({
  entryPoints: Object.values(exports).map(({ default: built }) => built.replace('dist', 'src').replace(/js$/, 'ts')),
  outdir: 'dist',
  bundle: true,
  // What goes through the application's bundler anyway is left to it: minifying here would drop the notes it shakes by.
  minify: !peerDependencies,
  sourcemap: true,
  format: 'esm',
  target: 'es2022',
  jsx: 'automatic',
  // What the package depends on stays an import: one copy of it serves the whole application.
  packages: 'external',
  // Not the sources that tests and the editor see.
  tsconfigRaw: {},
});
execFileSync(process.execPath, [join(clients, 'node_modules/typescript/bin/tsc'), '--project', 'tsconfig.build.json'], {
  stdio: 'inherit',
});
copyFileSync(join(clients, '..', 'LICENSE'), 'LICENSE');

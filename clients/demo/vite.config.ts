import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';

const source = (path: string) => fileURLToPath(new URL(`../typescript/${path}`, import.meta.url));

export default defineConfig({
  root: import.meta.dirname,
  // Where the gateway serves it.
  base: '/demo/',
  resolve: {
    // The sources, so that what is built depends on nothing that was built before.
    alias: { '@gateway/client': source('src/index.ts'), '@gateway/react': source('react/src/index.ts') },
  },
  build: {
    // Committed there, and part of the gateway: a clone needs no Node to serve it.
    outDir: '../../src/Gateway/Demo/built',
    emptyOutDir: true,
    target: 'es2023',
    cssTarget: ['chrome123', 'firefox128', 'safari17.5'],
    assetsInlineLimit: 0,
    modulePreload: false,
    // React's licence asks for its notice to go along.
    license: { fileName: 'licenses.md' },
    // Every file is asked for again with its ETag; names without a hash keep changes readable.
    rolldownOptions: {
      output: { entryFileNames: 'demo.js', assetFileNames: 'demo[extname]' },
      // The hooks say that they are for the client; all of a page is.
      onwarn: (warning, warn) => warning.code !== 'MODULE_LEVEL_DIRECTIVE' && warn(warning),
    },
  },
  // `npm run dev` talks to a gateway on its default port.
  server: { proxy: { '/ws': { target: 'http://127.0.0.1:8080', ws: true } } },
});

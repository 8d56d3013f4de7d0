import { defineConfig } from 'vite';

export default defineConfig({
  // Wherever it is served, as at /demo.
  base: './',
  build: {
    rolldownOptions: {
      // The hooks say that they are for the client; all of a page is.
      onwarn: (warning, warn) => warning.code !== 'MODULE_LEVEL_DIRECTIVE' && warn(warning),
    },
  },
  // `npm run dev` talks to a gateway on its default port.
  server: { proxy: { '/ws': { target: 'http://127.0.0.1:8080', ws: true } } },
});

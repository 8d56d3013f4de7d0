import { defineConfig } from 'vitest/config';

export default defineConfig({
  resolve: {
    // The sources, not what was built last.
    alias: {
      '@gateway/client/sse': new URL('./typescript/src/sse.ts', import.meta.url).pathname,
      '@gateway/client': new URL('./typescript/src/index.ts', import.meta.url).pathname,
      '@gateway/react': new URL('./typescript/react/src/index.ts', import.meta.url).pathname,
    },
  },
  test: {
    include: ['{typescript,demo}/**/test/**/*.test.{ts,tsx}'],
    maxWorkers: 2,
    // What the real gateway and Redis take to start on a busy machine.
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});

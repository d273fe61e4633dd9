import { sveltekit } from '@sveltejs/kit/vite';
import tailwindcss from '@tailwindcss/vite';
import { defineConfig } from 'vitest/config';

const server = process.env.ISM_SERVER ?? 'http://127.0.0.1:8080';

export default defineConfig({
  plugins: [tailwindcss(), sveltekit()],
  build: { target: 'es2022', manifest: true },
  server: {
    port: 5173,
    // The Host header stays the browser's: the server compares it with the Origin.
    proxy: {
      '/api': { target: server, changeOrigin: false },
      '/widget': { target: server, changeOrigin: false },
      '/docs': { target: server, changeOrigin: false },
      '/realtime': { target: server, changeOrigin: false, ws: true }
    }
  },
  test: {
    include: ['tests/unit/**/*.test.ts'],
    environment: 'node'
  }
});

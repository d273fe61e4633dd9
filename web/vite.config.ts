import { sveltekit } from '@sveltejs/kit/vite';
import tailwindcss from '@tailwindcss/vite';
import { defineConfig } from 'vitest/config';

const server = process.env.ISM_SERVER ?? 'http://127.0.0.1:8080';

export default defineConfig({
  plugins: [tailwindcss(), sveltekit()],
  build: { target: 'es2022', manifest: true },
  server: {
    port: 5173,
    proxy: {
      '/api': server,
      '/widget': server,
      '/docs': server,
      '/realtime': { target: server, ws: true }
    }
  },
  test: {
    include: ['tests/unit/**/*.test.ts'],
    environment: 'node'
  }
});

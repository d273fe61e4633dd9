// Builds widget/dist: loader.js and panel.js for the host page; frame.html, frame.css, frame.js and its locale chunks for the iframe.
import { build, context } from 'esbuild';
import { createHash } from 'node:crypto';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';

const dist = new URL('dist/', import.meta.url);
const watch = process.argv.includes('--watch');

const shared = {
  bundle: true,
  minify: true,
  absWorkingDir: new URL('.', import.meta.url).pathname,
  logLevel: 'warning',
  legalComments: 'none',
  charset: 'utf8',
};

/** A hash in the address, so that the fixed names may be cached for long. */
async function version(name) {
  return createHash('sha256').update(await readFile(new URL(name, dist))).digest('hex').slice(0, 10);
}

async function writeFrame() {
  const html = await readFile(new URL('src/frame/frame.html', import.meta.url), 'utf8');
  const out = html
    .replace('frame.js', `frame.js?v=${await version('frame.js')}`)
    .replace('frame.css', `frame.css?v=${await version('frame.css')}`);
  await writeFile(new URL('frame.html', dist), out);
}

const frameHtml = {
  name: 'frame-html',
  setup(b) {
    b.onEnd(async (result) => {
      if (result.errors.length === 0) await writeFrame();
    });
  },
};

const bundles = [
  { ...shared, entryPoints: { panel: 'src/panel/panel.ts' }, outdir: 'dist', format: 'esm', target: 'es2020' },
  {
    ...shared,
    entryPoints: { frame: 'src/frame/main.tsx' },
    outdir: 'dist',
    format: 'esm',
    splitting: true,
    target: 'es2020',
    jsx: 'automatic',
    jsxImportSource: 'preact',
    chunkNames: '[name]-[hash]',
    plugins: [frameHtml],
  },
];

/** The loader names the second stage with its version, so it is built last. */
async function loader() {
  return {
    ...shared,
    entryPoints: { loader: 'src/loader/index.ts' },
    outdir: 'dist',
    format: 'iife',
    target: 'es2020',
    define: { __PANEL__: JSON.stringify(`panel.js?v=${await version('panel.js')}`) },
  };
}

await rm(dist, { recursive: true, force: true });
await mkdir(dist, { recursive: true });
await Promise.all(bundles.map((options) => build(options)));
await build(await loader());
if (watch) {
  for (const options of [...bundles, await loader()]) await (await context(options)).watch();
}

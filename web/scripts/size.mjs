// What a browser loads to show an open conversation on the first visit, gzipped. Fails above the budget.
import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { join } from 'node:path';

const BUDGET_KB = 150;
const client = '.svelte-kit/output/client';
const manifest = JSON.parse(readFileSync(join(client, '.vite/manifest.json'), 'utf8'));

/** The pages measured, each with the layouts around it, as SvelteKit numbers them. */
const server = readFileSync('.svelte-kit/generated/client/app.js', 'utf8');
const dictionary = /dictionary = (\{[\s\S]*?\n\t?\})/.exec(server)?.[1] ?? '';
const nodesOf = (route) => {
  const row = new RegExp(`"${route.replace(/[[\]()/]/g, '\\$&')}": \\[~?(\\d+)(?:,\\[([\\d,]*)\\])?`).exec(
    dictionary
  );
  if (!row) throw new Error(`Route ${route} is not in the app.`);
  return [0, ...(row[2] ?? '').split(',').filter(Boolean).map(Number), Number(row[1])];
};

function load(keys) {
  const seen = new Set();
  const files = new Set();
  const visit = (key) => {
    if (seen.has(key)) return;
    seen.add(key);
    const chunk = manifest[key];
    files.add(chunk.file);
    for (const css of chunk.css ?? []) files.add(css);
    for (const next of chunk.imports ?? []) visit(next);
  };
  keys.forEach(visit);
  return [...files].filter((f) => /\.(js|css)$/.test(f));
}

const entries = Object.keys(manifest).filter((key) =>
  /client\/(entry\.js|app\.js)$|generated\/client[^/]*\/app\.js$|runtime\/client\/entry\.js$/.test(key)
);
const node = (n) => Object.keys(manifest).find((key) => key.endsWith(`/nodes/${n}.js`));
let worst = 0;
for (const route of [
  '/(app)/[workspace=id]/inbox/[contact=id]',
  '/(app)/[workspace=id]/settings/channels',
  '/sign-in'
]) {
  const files = load([...entries, ...nodesOf(route).map(node)]);
  const bytes = files.reduce(
    (sum, f) => sum + gzipSync(readFileSync(join(client, f)), { level: 9 }).length,
    0
  );
  const kb = bytes / 1024;
  worst = Math.max(worst, kb);
  console.log(`${kb.toFixed(1).padStart(6)} KB  ${route}  (${files.length} files)`);
}
if (worst > BUDGET_KB) {
  console.error(`The first load is above the budget of ${BUDGET_KB} KB.`);
  process.exit(1);
}

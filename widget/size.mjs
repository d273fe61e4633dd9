// Fails when the widget outgrows its budget: what a visitor downloads, gzipped.
import { readFile, readdir } from 'node:fs/promises';
import { gzipSync } from 'node:zlib';

const LOADER_BUDGET = 4 * 1024;
const WHOLE_BUDGET = 45 * 1024;

const dist = new URL('dist/', import.meta.url);
const names = (await readdir(dist)).sort();
const sizes = new Map();
for (const name of names) sizes.set(name, gzipSync(await readFile(new URL(name, dist)), { level: 9 }).length);

// A visitor loads one locale at most; count the largest.
const isLocale = (name) => /^(?!loader|frame|chunk).*-[A-Z0-9]{8}\.js$/.test(name);
const locale = Math.max(0, ...names.filter(isLocale).map((name) => sizes.get(name)));
const whole = names.filter((name) => !isLocale(name)).reduce((sum, name) => sum + sizes.get(name), locale);

for (const name of names) console.log(`${String(sizes.get(name)).padStart(7)} B  ${name}`);
console.log(`loader ${sizes.get('loader.js')} of ${LOADER_BUDGET} B, whole ${whole} of ${WHOLE_BUDGET} B (gzip)`);

if (!(sizes.get('loader.js') <= LOADER_BUDGET) || whole > WHOLE_BUDGET) {
  console.error('The widget is over its size budget.');
  process.exit(1);
}

// Adds to a package-lock.json the optional packages that npm left out because the registry at hand does not carry them:
// native binaries for platforms other than this one. Without them `npm ci` calls the file incomplete, here and elsewhere.
// Run it after `npm install` has changed the file. Usage: node complete-lock.mjs DIR…
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

// Ends of package names, as napi-rs, esbuild and their like give them: system, processor, kind of C library.
const platform = /(?:^|[-/])(aix|android|darwin|freebsd|linux|netbsd|openbsd|openharmony|sunos|win32)-(arm64|arm|ia32|loong64|mips64el|ppc64|riscv64|s390x|x64)(?:-(gnu|musl|msvc|eabi|gnueabihf|musleabihf))?$/;

for (const dir of process.argv.slice(2)) {
  const path = join(dir, 'package-lock.json');
  const lock = JSON.parse(await readFile(path, 'utf8'));
  const added = complete(lock.packages);
  if (added.length > 0) {
    const sorted = Object.entries(lock.packages).sort(([a], [b]) => a.localeCompare(b, 'en'));
    lock.packages = Object.fromEntries(sorted);
    await writeFile(path, JSON.stringify(lock, null, 2) + '\n');
  }
  console.log(`${path}: ${added.length === 0 ? 'complete' : `added ${added.join(', ')}`}`);
}

function complete(packages) {
  const added = [];
  for (const [parent, entry] of Object.entries(packages)) {
    for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
      const target = restriction(name);
      if (isInstalled(packages, parent, name) || !/^\d+\.\d+\.\d+$/.test(version) || !target) continue;
      packages[`node_modules/${name}`] = { version, ...target, ...(entry.dev && { dev: true }), optional: true };
      added.push(`${name}@${version}`);
    }
  }
  return added;
}

/** Node looks in the package's own folder and then in those above. */
function isInstalled(packages, parent, name) {
  for (let at = parent; ; at = at.slice(0, Math.max(0, at.lastIndexOf('node_modules/') - 1))) {
    if (packages[at === '' ? `node_modules/${name}` : `${at}/node_modules/${name}`]) return true;
    if (at === '') return false;
  }
}

/** Which machines a package is for; undefined if its name does not say. */
function restriction(name) {
  if (/[-/]wasm32(-wasi)?$/.test(name)) return { cpu: ['wasm32'] };
  const [, os, cpu, abi] = platform.exec(name) ?? [];
  if (!os) return undefined;
  const libc = { gnu: 'glibc', musl: 'musl' }[abi];
  return { cpu: [cpu], os: [os], ...(os === 'linux' && libc && { libc: [libc] }) };
}

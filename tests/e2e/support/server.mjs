// A server of our own for each test file: real binary, fresh data, free ports.

import { execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { closeSync, existsSync, mkdirSync, openSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { results } from './browser.mjs';

const run = promisify(execFile);
const repository = fileURLToPath(new URL('../../../', import.meta.url));

/** The owner every server starts with. */
export const owner = { email: 'owner@northwind.example', password: 'correct horse battery' };

/** A port that is free now. */
export async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

/**
 * Starts a server with one workspace, its owner, and the simulator.
 *
 * @param {{ name: string, database?: 'sqlite' | 'postgres' }} options `name` names the log under test-results/e2e.
 */
export async function startServer({ name, database = 'sqlite' }) {
  const binary = process.env.ISM_BINARY ?? join(repository, 'target/debug/is-messenger');
  if (!existsSync(binary)) throw new Error(`${binary} is missing: run make e2e, or name the binary in ISM_BINARY`);
  const data = await mkdtemp(join(tmpdir(), 'ism-e2e-'));
  const store = ['--data', data, ...(database === 'postgres' ? ['--database', await newDatabase()] : [])];
  const [port, simulatorPort] = [await freePort(), await freePort()];

  /** Runs a command of the binary on this server's data; the last line it prints is taken as JSON. */
  const command = async (...words) => {
    const { stdout } = await run(binary, [...words, ...store, '--json'], { cwd: data });
    return JSON.parse(stdout.trim().split('\n').at(-1));
  };
  const ids = await command(
    ...['init', '--email', owner.email, '--password', owner.password, '--workspace', 'Northwind Coffee'],
  );

  mkdirSync(results, { recursive: true });
  const log = join(results, `${name}.log`);
  let process_;
  const server = {
    url: `http://127.0.0.1:${port}`,
    simulatorUrl: `http://127.0.0.1:${simulatorPort}`,
    workspaceId: ids.workspace_id,
    userId: ids.user_id,
    data,
    command,

    /** Starts the process, unless it runs, and waits until it is ready. */
    async start() {
      const output = openSync(log, 'a');
      const listen = ['--listen', `127.0.0.1:${port}`, '--simulator', `127.0.0.1:${simulatorPort}`];
      process_ = spawn(binary, ['serve', ...store, ...listen], { cwd: data, stdio: ['ignore', output, output] });
      closeSync(output);
      await ready(process_, `${server.url}/readyz`, log);
    },

    /** Ends the process: SIGTERM asks it to finish what is in flight, SIGKILL does not ask. */
    async end(signal = 'SIGTERM') {
      if (process_.exitCode !== null || process_.signalCode !== null) return;
      const ended = once(process_, 'exit');
      process_.kill(signal);
      await ended;
    },

    /** Ends the process and removes the data. */
    async stop() {
      await server.end();
      await rm(data, { recursive: true, force: true });
    },
  };
  try {
    await server.start();
  } catch (error) {
    await server.stop();
    throw error;
  }
  return server;
}

async function ready(child, url, log) {
  let failed;
  child.once('error', (error) => (failed = error.message));
  for (const end = Date.now() + 60_000; Date.now() < end; await pause(50)) {
    if (failed !== undefined || child.exitCode !== null || child.signalCode !== null) break;
    const answer = await fetch(url).catch(() => undefined);
    if (answer?.ok) return;
  }
  const text = await readFile(log, 'utf8');
  throw new Error(`the server did not become ready: ${failed ?? ''}\n${text.split('\n').slice(-20).join('\n')}`);
}

async function newDatabase() {
  const server = process.env.ISM_TEST_POSTGRES;
  if (!server) throw new Error('ISM_TEST_POSTGRES is not set: run this through scripts/with-services.sh');
  const url = new URL(server);
  const name = `e2e_${randomBytes(6).toString('hex')}`;
  await run('psql', [server, '--quiet', '--command', `create database ${name}`]);
  url.pathname = `/${name}`;
  return url.href;
}

/** A server of our own for a test: a native program in a folder of its own, on a free port. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { ed25519 } from '@ucanto/principal';
import { program, run } from './program.js';

/**
 * @typedef {{
 *   did: string, plan: string, capacity: number, subscribeOnSync?: boolean
 * } & Record<string, any>} Provider
 * @typedef {{ did: string, providers: Provider[] } & Record<string, any>} Tenant
 */

/** One tenant with one plan that each space gets by its first sync. @type {Tenant[]} */
const TENANTS = [
  {
    did: 'did:web:localhost',
    providers: [
      {
        did: 'did:web:free.localhost',
        plan: 'free',
        capacity: 2 ** 30,
        subscribeOnSync: true,
      },
    ],
  },
];

const START_MS = 20_000;
const STOP_MS = 20_000;

/** Only children that a Server started are ever ended, each by its own handle. */
class Server {
  /** @type {import('node:child_process').ChildProcess | undefined} */
  #child;
  #listen = '127.0.0.1:0';
  #end = () => void this.#child?.kill('SIGKILL');

  /** Where it answers. */
  url = '';
  /** The first tenant. */
  did = '';
  /** The key of the first tenant. */
  didKey = '';
  /** What the program has written to stderr, of all its lives. */
  log = '';

  /** @param {string} folder @param {string[]} args */
  constructor(folder, args) {
    /** Config, keys and data. */
    this.folder = folder;
    this.args = args;
    process.once('exit', this.#end);
  }

  /** The process, while it lives. */
  get pid() {
    return this.#child?.pid;
  }

  /** Starts the program and waits until it tells where it answers. */
  async start() {
    const config = join(this.folder, 'config.json');
    const data = join(this.folder, 'data');
    const args = ['serve', '--config', config, '--listen', this.#listen, '--data', data];
    const child = spawn(program, [...args, ...this.args], { stdio: ['ignore', 'pipe', 'pipe'] });
    child.stderr.setEncoding('utf8').on('data', (text) => (this.log += text));
    this.#child = child;
    child.once('exit', () => (this.#child = undefined));
    const timer = setTimeout(() => child.kill('SIGKILL'), START_MS);
    try {
      const lines = createInterface({ input: child.stdout });
      const line = await Promise.race([
        once(lines, 'line').then(([text]) => text),
        once(child, 'exit').then(([code, signal]) => {
          throw new Error(`${program} ended early (${code ?? signal}): ${this.log}`);
        }),
      ]);
      if (!line.startsWith('{')) throw new Error(`${program} says ${line}`);
      const { url, did, didKey } = JSON.parse(line);
      Object.assign(this, { url, did, didKey });
    } catch (error) {
      child.kill('SIGKILL');
      throw error;
    } finally {
      clearTimeout(timer);
    }
    this.#listen = new URL(this.url).host; // another life answers at the same address
    return this;
  }

  /** @param {NodeJS.Signals} signal */
  async #kill(signal) {
    const child = this.#child;
    if (!child) return;
    const gone = once(child, 'exit');
    child.kill(signal);
    const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
    const [code, by] = await gone;
    clearTimeout(timer);
    if (signal === 'SIGTERM' && code !== 0) {
      throw new Error(`the server did not stop in order (${code ?? by}): ${this.log}`);
    }
  }

  /** Asks it to end, and waits. Its data stay. */
  stop() {
    return this.#kill('SIGTERM');
  }

  /** Ends it at once, as a crash would. Its data stay. */
  kill9() {
    return this.#kill('SIGKILL');
  }

  /** Starts it on the data that it has, at the same address; stops it first if it lives. */
  async restart() {
    await this.stop();
    return this.start();
  }

  /** Ends it and removes its folder. */
  async close() {
    process.removeListener('exit', this.#end);
    try {
      await this.stop();
    } finally {
      await rm(this.folder, { recursive: true, force: true });
    }
  }

  /** The signer of a tenant, for what an operator signs: attestations of logins. */
  async signer(did = this.did) {
    const { tenants } = JSON.parse(await readFile(join(this.folder, 'config.json'), 'utf8'));
    const { keyFile } = tenants.find((/** @type {Tenant} */ tenant) => tenant.did === did);
    const text = await readFile(join(this.folder, keyFile), 'utf8');
    const [secret] = text.match(/\bM[A-Za-z0-9+/=]{80,}/) ?? [];
    if (!secret) throw new Error(`no key in ${keyFile}`);
    return ed25519.parse(secret).withDID(/** @type {any} */ (did));
  }
}

/**
 * Starts a server with fresh keys and no data. Close it when done.
 *
 * @param {{ tenants?: Tenant[], args?: string[] }} [options]
 */
export const startServer = async ({ tenants = TENANTS, args = [] } = {}) => {
  const folder = await mkdtemp(join(tmpdir(), 'freehold-server-'));
  const server = new Server(folder, args);
  try {
    const config = { tenants: /** @type {any[]} */ ([]) };
    for (const [i, tenant] of tenants.entries()) {
      const keyFile = i === 0 ? 'service.key' : `service${i}.key`;
      await writeFile(join(folder, keyFile), await run('key', 'new'), { mode: 0o600 });
      config.tenants.push({ ...tenant, keyFile });
    }
    await writeFile(join(folder, 'config.json'), JSON.stringify(config, null, 2));
    return await server.start();
  } catch (error) {
    await server.close();
    throw error;
  }
};

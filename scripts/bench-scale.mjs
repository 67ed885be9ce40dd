#!/usr/bin/env node
// What a space of N entries costs the server's memory and the wire: a server of its own over
// loopback, and `freehold space` as the device. Prints lines of JSON, one a figure. The results:
// docs/performance.md.
//
//   node scripts/bench-scale.mjs [--folder /tmp] N…
//
// For each N a device opens the space lazily and reads one key; then it puts 1,000 others, and
// syncs them with a server that has just started; then once more, without news. Up to
// N = 1,000,000 (or WHOLE_MAX, of the environment) it has all of the space by then.
// Bytes are those of the TCP streams, HTTP included, up and down. Memory is sampled every 2 ms:
// RssAnon, the process's own; RssFile, the pages of LMDB that it has mapped, which the system takes
// back as it likes.

import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';

const built = new URL('../build/release/freehold', import.meta.url).pathname;
const program = process.env.FREEHOLD_PROGRAM || built;
const run = async (...args) => {
  const { stdout } = await promisify(execFile)(program, args, { maxBuffer: 2 ** 28 });
  return stdout;
};
const words = process.argv.slice(2);
const parent = words[0] === '--folder' ? words.splice(0, 2)[1] : '/tmp';
const changes = 1000;
const putAtOnce = 50; // many at once in a large space take long to find their nodes
const wholeMax = Number(process.env.WHOLE_MAX ?? 1_000_000); // the device has a copy of its own

for (const n of words.map(Number)) await measure(n);

async function measure(n) {
  const folder = await mkdtemp(join(parent, 'freehold-scale-'));
  const report = (metric, value, unit) =>
    console.log(
      JSON.stringify({ peer: 'freehold', workload: 'scale', n, d: changes, metric, value, unit }),
    );
  try {
    const config = join(folder, 'config.json');
    const quota = 2 ** 40; // the state of a space is not what is measured
    const plan = {
      did: 'did:web:free.localhost',
      plan: 'free',
      capacity: 1,
      subscribeOnSync: true,
      state: { quota, bytesPerSecond: quota, burstBytes: quota },
    };
    const tenant = { did: 'did:web:localhost', keyFile: 'service.key', createKey: true };
    await writeFile(config, JSON.stringify({ tenants: [{ ...tenant, providers: [plan] }] }));
    const data = join(folder, 'data');
    const started = performance.now();
    const filled = await run('bench', 'fill', '--data', data, '--config', config, '--n', `${n}`);
    const space = JSON.parse(filled);
    report('fill_seconds', (performance.now() - started) / 1000, 's');
    report('node_bytes', space.nodeBytes, 'B');
    await onServer({ n, config, data, folder, space, report });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function onServer({ n, config, data, folder, space, report }) {
  let server = await startOn(config, data, '127.0.0.1:0');
  const wire = await proxyTo(server.url);
  try {
    const [owner, dir] = ['owner', 'device'].map((name) => join(folder, name));
    const key = join(folder, 'recovery');
    await writeFile(key, space.recoveryKey);
    const remote = ['--remote', wire.url];
    await run('space', 'clone', owner, ...remote, '--recovery', key, '--lazy'); // authorises
    const agent = join(folder, 'agent');
    await run('key', 'new', agent);
    const did = (await run('key', 'did', agent)).trim();
    const delegation = join(folder, 'delegation');
    await writeFile(delegation, await run('space', 'share', owner, '--to', did));

    [wire.up, wire.down] = [0, 0];
    const given = ['--delegation', delegation, '--key', agent];
    await run('space', 'clone', dir, ...remote, ...given, '--lazy');
    const value = await run('space', 'get', dir, space.key);
    if (value.length < 300) throw new Error(`get says ${value}`);
    report('lazy_open_and_get_down_bytes', wire.down, 'B');
    report('lazy_open_and_get_up_bytes', wire.up, 'B');

    if (n <= wholeMax) await run('space', 'sync', dir, '--whole');
    const lines = join(folder, 'lines');
    for (let put = 0; put < changes; put += putAtOnce) {
      await writeFile(lines, Array.from({ length: putAtOnce }, () => newLine()).join('\n'));
      await run('space', 'put', dir, '--lines', lines);
    }
    await server.stop();
    server = await startOn(config, data, server.url.host); // with nothing in its memory
    await measureSync(server.pid, () => run('space', 'sync', dir), report);
    [wire.up, wire.down] = [0, 0];
    await run('space', 'sync', dir);
    report('idle_sync_down_bytes', wire.down, 'B');
    report('idle_sync_up_bytes', wire.up, 'B');
  } finally {
    wire.close();
    await server.stop();
  }
}

async function measureSync(pid, sync, report) {
  const idle = memoryOf(pid);
  const peak = { ...idle };
  const timer = setInterval(() => {
    const { anon, file } = memoryOf(pid);
    peak.anon = Math.max(peak.anon, anon);
    peak.file = Math.max(peak.file, file);
  }, 2);
  const startedAt = performance.now();
  await sync();
  clearInterval(timer);
  report('sync_seconds', (performance.now() - startedAt) / 1000, 's');
  report('idle_anon_bytes', idle.anon, 'B');
  report('peak_anon_over_idle_bytes', peak.anon - idle.anon, 'B');
  report('peak_file_bytes', peak.file, 'B');
}

async function startOn(config, data, listen) {
  const args = ['serve', '--config', config, '--data', data, '--listen', listen];
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = await once(createInterface({ input: child.stdout }), 'line');
  const stop = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill('SIGTERM');
    await gone;
  };
  return { pid: child.pid, url: new URL(JSON.parse(line).url), stop };
}

/** A key like the others, at a random place, and 300 bytes. */
function newLine() {
  const letters = 'abcdefghijklmnopqrstuvwxyz234567';
  const some = (count) =>
    Array.from({ length: count }, () => letters[Math.floor(Math.random() * 32)]).join('');
  return JSON.stringify({ key: `/blob/ciq${some(52)}`, value: some(298) });
}

function memoryOf(pid) {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const bytes = (name) => Number(status.match(new RegExp(`${name}:\\s+(\\d+) kB`))[1]) * 1024;
  return { anon: bytes('RssAnon'), file: bytes('RssFile') };
}

/** Counts what goes by. */
async function proxyTo(target) {
  const proxy = { up: 0, down: 0, url: '', close: () => listener.close() };
  const listener = createServer((client) => {
    const upstream = connect(Number(target.port), target.hostname);
    client.on('data', (part) => (proxy.up += part.length));
    upstream.on('data', (part) => (proxy.down += part.length));
    for (const end of [client, upstream]) end.on('error', () => end.destroy());
    client.pipe(upstream).pipe(client);
  });
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  proxy.url = `http://127.0.0.1:${listener.address().port}`;
  return proxy;
}

/** Watching with the package against our server: what comes, how it ends, and who lies. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';

import { FreeholdError } from '../../js/index.js';
import { live, watch } from '../../js/watch.js';
import { newDevice, newSpace, shareWith } from '../support/js/package.js';
import { program } from '../support/js/program.js';
import { startServer } from '../support/js/server.js';
import { startStreamProxy } from '../support/js/stream-proxy.js';

/** @type {any} */ let server;
/** @type {any} */ let proxy;
before(async () => {
  server = await startServer();
  proxy = await startStreamProxy(server.url);
});
after(async () => {
  proxy?.close();
  await server?.close();
});

/** The same space on another device, which syncs by the proxy. @param {any} space */
const shareByProxy = async (space) => {
  const other = await shareWith(space);
  await other.sync(proxy.url);
  return other;
};

/** A space on two devices, at its first checkpoint. */
const newPair = async () => {
  const { space: here } = await newSpace();
  await here.put('/n', 0);
  await here.sync(server.url);
  return { here, there: await shareByProxy(here) };
};

/** @param {any} space @param {any} value */
const edit = async (space, value) => {
  await space.put('/n', value);
  return space.sync();
};

/** A watch under way: `next()` is its next checkpoint. @param {any} space */
const watching = (space, options = {}) => {
  const ender = new AbortController();
  const events = watch(space, { ...options, signal: ender.signal });
  return {
    next: async () => (await events.next()).value,
    end: async () => {
      ender.abort();
      return events.next();
    },
  };
};

const until = async (/** @type {() => any} */ condition) => {
  const end = Date.now() + 20_000;
  while (!(await condition())) {
    assert.ok(Date.now() < end, `waited for ${condition}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
};

const rejects = (/** @type {Promise<any>} */ promise, /** @type {string} */ code) =>
  assert.rejects(promise, (/** @type {any} */ error) => {
    assert.ok(error instanceof FreeholdError, String(error?.stack));
    assert.equal(error.code, code, error.message);
    return true;
  });

test('watch: the head at once, then each new checkpoint', async () => {
  const { here, there } = await newPair();
  const watched = watching(there);
  const head = await watched.next();
  assert.equal(head.seq, here.seq);
  assert.equal(String(head.root), here.root);
  assert.equal(head.isStale, false);
  for (let i = 1; i < 4; i += 1) {
    await edit(here, i);
    const next = await watched.next();
    assert.equal(next.seq, head.seq + i);
    assert.equal(String(next.root), here.root);
    assert.equal(there.seq, head.seq, 'a watch tells, and brings nothing');
  }
  await there.sync();
  assert.equal(await there.get('/n'), 3);
  assert.deepEqual(await watched.end(), { done: true, value: undefined });
});

test('watch: goes on after the connection broke, and repeats nothing', async () => {
  const { here, there } = await newPair();
  const watched = watching(there);
  const { seq } = await watched.next();
  const { watches } = proxy;
  proxy.cut();
  const next = watched.next();
  await until(() => proxy.watches > watches);
  await edit(here, 1);
  assert.equal((await next).seq, seq + 1);
  const later = watched.next();
  await server.stop();
  await new Promise((resolve) => setTimeout(resolve, 100));
  await server.start();
  await edit(here, 2);
  assert.equal((await later).seq, seq + 2);
  await watched.end();
});

test('watch: ends with its loop, its signal and its space', async () => {
  const { here, there } = await newPair();
  for await (const { seq } of watch(there)) {
    assert.equal(seq, here.seq);
    break;
  }
  const aborted = new AbortController();
  aborted.abort();
  for await (const _ of watch(there, { signal: aborted.signal })) assert.fail('it was aborted');
  const watched = watching(there);
  await watched.next();
  const next = watched.next();
  there.close();
  assert.equal(await next, undefined);
  await rejects(watch(there).next(), 'Closed');
});

test('watch: what cannot be mended by trying again is an error', async () => {
  const agent = await newDevice();
  const { space } = await agent.createSpace({ name: 'drawer' });
  await rejects(watch(space).next(), 'NoService');
  await rejects(watch(space, { url: server.url }).next(), 'NotFound');
  await space.sync();
  const reader = await newDevice();
  const text = await space.share(reader.did, { can: ['space/state/sync', 'space/state/read'] });
  const limited = await reader.importDelegation(text);
  await limited.sync(server.url);
  await rejects(watch(limited).next(), 'Unauthorized');
});

/** The checkpoint in the stream of the last watch that came last. */
const lastFrame = () => proxy.pieces.at(-1);

test('X3: a host that puts forged, stale or forked checkpoints into a stream', async (t) => {
  const { here, there } = await newPair();
  const data = join(server.folder, 'data');
  const original = join(server.folder, 'original');
  const older = join(server.folder, 'older');
  /** Stops the server, and starts it on the data of another time. @param {string} [folder] */
  const swap = async (folder) => {
    await server.stop();
    if (folder) {
      await rm(data, { recursive: true });
      await cp(folder, data, { recursive: true });
    }
  };
  await swap();
  await cp(data, older, { recursive: true });
  await server.start();
  await edit(here, 'to there');
  await there.sync();
  await swap();
  await cp(data, original, { recursive: true });

  // Another history, by the same key, from where they were before.
  await swap(older);
  await server.start();
  const fresh = await (async () => {
    const agent = await newDevice();
    return agent.importDelegation(await here.share(agent.did));
  })();
  await fresh.sync(proxy.url);
  const other = watching(fresh);
  await other.next();
  await edit(fresh, 'to others');
  await other.next();
  const forked = lastFrame();
  await other.end();
  await swap(original);
  await server.start();

  await t.test('a stale one is told to be stale', async () => {
    const watched = watching(there);
    const head = await watched.next();
    await edit(here, 'again');
    assert.equal((await watched.next()).seq, head.seq + 1);
    const stale = lastFrame();
    await edit(here, 'and again');
    assert.equal((await watched.next()).seq, head.seq + 2);
    proxy.inject(stale);
    const told = await watched.next();
    assert.deepEqual([told.seq, told.isStale], [head.seq + 1, true]);
    await watched.end();
  });

  await t.test('a forged one is refused', async () => {
    const watched = watching(there);
    await watched.next();
    const forged = Buffer.from(forked);
    forged[forged.length - 20] ^= 1;
    proxy.inject(forged);
    await rejects(watched.next(), 'Malformed');
  });

  await t.test('what is no frame is refused', async () => {
    for (const [bytes, code] of /** @type {[number[], string][]} */ ([
      [[0xff, 0xff, 0xff, 0x7f], 'LimitExceeded'],
      [[0x80, 0x00], 'Malformed'],
      [[3, 1, 2, 3], 'Malformed'],
    ])) {
      const watched = watching(there);
      await watched.next();
      proxy.inject(Uint8Array.from(bytes));
      await rejects(watched.next(), code);
    }
  });

  await t.test('a forked one is named, with evidence that anyone can verify', async () => {
    const watched = watching(there);
    await watched.next();
    proxy.inject(forked);
    const error = await watched.next().catch((/** @type {any} */ failure) => failure);
    assert.equal(error.code, 'Fork');
    const file = join(server.folder, 'evidence.car');
    await writeFile(file, error.evidence);
    const key = `${server.did}=${server.didKey}`;
    const args = ['verify', file, '--json', '--key', key];
    const { stdout } = await promisify(execFile)(program, args);
    assert.equal(JSON.parse(stdout).evidence, 'fork');
  });
});

test('live: edits of each device are on the other, and nobody polls', async () => {
  const { here, there } = await newPair();
  await here.connect(proxy.url);
  const ender = new AbortController();
  const { signal } = ender;
  const both = [live(here, { signal }), live(there, { signal })];
  const events = /** @type {string[]} */ ([]);
  there.subscribe(({ type }) => void events.push(type));
  for (let i = 1; i <= 5; i += 1) {
    await here.put('/from/here', i);
    await until(async () => (await there.get('/from/here')) === i);
    await there.put('/from/there', i);
    await until(async () => (await here.get('/from/there')) === i);
  }
  await until(() => !here.isAhead && !there.isAhead && here.seq === there.seq);
  assert.equal(here.root, there.root);
  assert.equal(events.filter((type) => type === 'edit').length, 5);
  const { posts } = proxy;
  await new Promise((resolve) => setTimeout(resolve, 1500));
  assert.equal(proxy.posts, posts, 'nothing is asked while nothing happens');
  ender.abort();
  await Promise.all(both);
});

test('R16: a pending blob turns to stored by one event, without polling', async () => {
  const { here, there } = await newPair();
  const ender = new AbortController();
  const kept = live(there, { signal: ender.signal });
  await until(() => proxy.watches > 0);
  const states = /** @type {string[]} */ ([]);
  there.subscribe(async () => {
    const [blob] = await there.blobs();
    if (blob) states.push(`${blob.state} ${blob.awaits}`.trim());
  });
  // The bytes are held back until the other device has heard that they are awaited.
  const { fetch } = globalThis;
  let release = () => {};
  const released = new Promise((resolve) => (release = () => resolve(undefined)));
  globalThis.fetch = async (url, init) => {
    if (init?.method === 'PUT') await released;
    return fetch(url, init);
  };
  try {
    await here.add(new TextEncoder().encode('hello'));
    const synced = here.sync();
    await until(() => states.length > 0);
    assert.deepEqual([...new Set(states)], ['pending put']);
    const before = states.length;
    release();
    await synced;
    await until(() => states.at(-1) === 'stored');
    await until(() => there.seq === here.seq);
    const flips = states.slice(before - 1).filter((state, i, all) => i > 0 && state !== all[i - 1]);
    assert.deepEqual(flips, ['stored']);
  } finally {
    globalThis.fetch = fetch;
    ender.abort();
    await kept;
  }
});

test('live: gets over a service that is away, and one restored from a backup', async () => {
  const { here, there } = await newPair();
  const data = join(server.folder, 'data');
  const backup = join(server.folder, 'backup');
  await server.stop();
  await cp(data, backup, { recursive: true });
  await server.start();
  const ender = new AbortController();
  const errors = /** @type {string[]} */ ([]);
  const kept = live(there, {
    signal: ender.signal,
    onError: ({ code }) => void errors.push(code),
  });
  await edit(here, 'before the loss');
  await until(async () => (await there.get('/n')) === 'before the loss');
  await server.stop();
  await there.put('/mine', 'while it was away');
  await until(() => errors.includes('Offline') || errors.includes('HttpError'));
  await rm(data, { recursive: true });
  await cp(backup, data, { recursive: true });
  await server.start();
  await until(() => !there.isAhead);
  await here.sync();
  assert.equal(await here.get('/mine'), 'while it was away');
  assert.equal(await here.get('/n'), 'before the loss');
  await edit(here, 'after the loss');
  await until(async () => (await there.get('/n')) === 'after the loss');
  ender.abort();
  await kept;
});

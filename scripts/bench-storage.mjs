#!/usr/bin/env node
// Measures the stores in Chromium: a space of 10,000 entries of 300 bytes. Prints a line of JSON
// for each store and run; times are milliseconds, sizes bytes. The results: docs/storage.md.
//
//   node scripts/bench-storage.mjs [runs]

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { launchWithProfile, serveFiles } from '../tests/support/js/browser.js';

const runs = Number(process.argv[2] ?? 3);
const stores = ['indexeddb', 'idbfs'];

const files = await serveFiles();
for (let run = 1; run <= runs; ++run) {
  for (const store of stores) {
    const profile = await mkdtemp(join(tmpdir(), 'freehold-bench-'));
    const browser = await launchWithProfile(profile);
    try {
      const written = await inPage(browser, write, store);
      const read = await inPage(browser, readBack, store);
      console.log(JSON.stringify({ store, run, ...written, ...read }));
    } finally {
      await browser.close();
      await rm(profile, { recursive: true, force: true });
    }
  }
}
files.close();

/** Runs `measure` in a fresh page, and adds what memory the page then has. */
async function inPage(browser, measure, store) {
  const page = await browser.newPage();
  await page.goto(files.url);
  const figures = await page.evaluate(measure, store);
  const session = await page.context().newCDPSession(page);
  await session.send('HeapProfiler.collectGarbage');
  const heap = await session.send('Runtime.getHeapUsage');
  await page.close();
  const { memoryName, ...rest } = figures;
  return { ...rest, [memoryName]: Math.round(heap.usedSize + (heap.backingStorageSize ?? 0)) };
}

async function write(kind) {
  const { Agent } = await import('/js/index.js');
  const { openIdbfs } = await import('/tests/support/js/idbfs-pack-store.js');
  const store = kind === 'idbfs' ? await openIdbfs('default') : kind;
  const agent = await Agent.open({ store });
  const { space } = await agent.createSpace({ name: 'bench' });
  const count = 10_000;
  let state = 1;
  const random = (n) => (state = (state * 48271) % 2147483647) % n;
  const value = () =>
    Array.from({ length: 297 }, () => String.fromCharCode(33 + random(90))).join('');
  const keyOf = (i) => `/notes/${String(i).padStart(8, '0')}`;
  const timed = async (action) => {
    const start = performance.now();
    await action();
    return performance.now() - start;
  };
  const spread = (times) => {
    const sorted = times.toSorted((a, b) => a - b);
    const at = (share) => Number(sorted[Math.floor((sorted.length - 1) * share)].toFixed(2));
    return { median: at(0.5), p95: at(0.95) };
  };

  const changes = Array.from({ length: count }, (_, i) => ({ key: keyOf(i), value: value() }));
  const fill = await timed(() => space.batch(changes));
  const one = [];
  for (let i = 0; i < 100; ++i) {
    const change = [{ key: keyOf(random(count)), value: value() }];
    one.push(await timed(() => space.batch(change)));
  }
  const hundred = [];
  for (let i = 0; i < 20; ++i) {
    const batch = Array.from({ length: 100 }, () => ({
      key: keyOf(random(count)),
      value: value(),
    }));
    hundred.push(await timed(() => space.batch(batch)));
  }
  const { usage } = await navigator.storage.estimate();
  return {
    fill: Math.round(fill),
    commitOfOne: spread(one),
    commitOfHundred: spread(hundred),
    diskBytes: usage,
    memoryName: 'memoryAfterWriting',
  };
}

async function readBack(kind) {
  // What both have to load is not the stores' doing.
  const { Agent } = await import('/js/index.js');
  const { loadCore } = await import('/js/load-core.js');
  const { loadIdbfs, openIdbfs } = await import('/tests/support/js/idbfs-pack-store.js');
  await loadCore();
  await loadIdbfs();
  const loaded = performance.now();
  const store = kind === 'idbfs' ? await openIdbfs('default') : kind;
  const agent = await Agent.open({ store });
  const opened = performance.now();
  const [{ did }] = await agent.spaces();
  const space = await agent.openSpace(did);
  if ((await space.get('/notes/00005000')) === undefined) throw new Error('nothing there');
  const first = performance.now();
  for (let i = 0; i < 10; ++i) await space.get(`/notes/0000${1000 + i * 77}`);
  const ten = performance.now();
  let count = 0;
  for await (const entry of space.entries()) count += entry ? 1 : 0;
  const all = performance.now();
  if (count !== 10_000) throw new Error(`${count} entries`);
  const round = (time) => Number(time.toFixed(1));
  return {
    openToFirstRead: round(first - loaded),
    ofThatAgent: round(opened - loaded),
    tenMoreReads: round(ten - first),
    allEntries: round(all - ten),
    memoryName: 'memoryAfterReading',
  };
}

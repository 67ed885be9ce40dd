#!/usr/bin/env node
// Measures what single edits leave in IndexedDB, in Chromium: a space of 10,000 entries of 300
// bytes, then another value at a random key, again and again, each edit a durable commit. Prints a
// line of JSON at the start and after each tenth: bytes of the entries, of all packs, of the disk.
// The results: docs/storage.md.
//
//   node scripts/bench-keep-storage.mjs [edits = 1000000]

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { launchWithProfile, serveFiles } from '../tests/support/js/browser.js';

const edits = Number(process.argv[2] ?? 1_000_000);
const files = await serveFiles();
const profile = await mkdtemp(join(tmpdir(), 'freehold-bench-'));
const browser = await launchWithProfile(profile);
try {
  const page = await browser.newPage();
  await page.goto(files.url);
  await page.evaluate(open);
  console.log(JSON.stringify({ edits: 0, ...(await page.evaluate(measure)) }));
  for (let part = 1; part <= 10; ++part) {
    const count = Math.round((edits * part) / 10) - Math.round((edits * (part - 1)) / 10);
    const seconds = await page.evaluate(editMany, count);
    const done = Math.round((edits * part) / 10);
    console.log(JSON.stringify({ edits: done, seconds, ...(await page.evaluate(measure)) }));
  }
} finally {
  await browser.close();
  await rm(profile, { recursive: true, force: true });
  files.close();
}

/** Fills the space; it stays in the page as `bench`. */
async function open() {
  const { Agent } = await import('/js/index.js');
  const agent = await Agent.open({ store: 'indexeddb' });
  const { space } = await agent.createSpace({ name: 'bench' });
  let state = 1;
  const random = (n) => (state = (state * 48271) % 2147483647) % n;
  const value = () =>
    Array.from({ length: 297 }, () => String.fromCharCode(33 + random(90))).join('');
  const keyOf = (i) => `/notes/${String(i).padStart(8, '0')}`;
  await space.batch(Array.from({ length: 10_000 }, (_, i) => ({ key: keyOf(i), value: value() })));
  const edit = () => space.batch([{ key: keyOf(random(10_000)), value: value() }]);
  globalThis.bench = { space, edit };
}

async function editMany(count) {
  const start = performance.now();
  for (let i = 0; i < count; ++i) await globalThis.bench.edit();
  return Math.round((performance.now() - start) / 1000);
}

async function measure() {
  const db = await new Promise((resolve, reject) => {
    const request = indexedDB.open('freehold/default');
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
  const bytesOf = (store, sizeOf) =>
    new Promise((resolve, reject) => {
      let bytes = 0;
      const request = db.transaction(store).objectStore(store).openCursor();
      request.onerror = () => reject(request.error);
      request.onsuccess = () => {
        if (!request.result) return resolve(bytes);
        bytes += sizeOf(request.result.value);
        request.result.continue();
      };
    });
  const packBytes = await bytesOf('packs', (pack) => pack.length);
  const recordBytes = await bytesOf(
    'records',
    ({ keys, ends, dead }) =>
      keys.reduce((sum, key) => sum + key.length, 0) + 4 * (ends.length + dead.length),
  );
  db.close();
  const { usage } = await navigator.storage.estimate();
  return { packBytes, recordBytes, diskBytes: usage };
}

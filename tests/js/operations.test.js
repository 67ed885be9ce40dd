/**
 * The same 10,000 operations natively, in wasm and here: tests/unit/tree/operations_test.cpp makes
 * them one after the other and expects the roots of `operations.json`, which this test computes
 * with the independent implementation, from the entries that are left.
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { build } from '../support/js/tree.js';

const COUNT = 10_000;
const sha = (/** @type {string} */ text) => createHash('sha256').update(text).digest();

/** The root after each thousandth operation. */
const roots = () => {
  /** @type {Map<string, Uint8Array>} */
  const map = new Map();
  const list = [];
  for (let i = 0; i < COUNT; i++) {
    const h = sha(`dev/op/${i}`);
    const key = `/op/${(h[0] * 256 + h[1]) % 3000}`;
    if (h[2] % 4 === 0) map.delete(key);
    else map.set(key, new Uint8Array(h[3] * 5).fill(h[4]));
    if ((i + 1) % 1000 !== 0) continue;
    const entries = [...map].map(([text, value]) => [Buffer.from(text), value]);
    entries.sort((a, b) => Buffer.compare(a[0], b[0]));
    list.push(String(build(entries).root));
  }
  return list;
};

test('R9 X2: 10,000 operations end at the root that the entries have', async () => {
  const vector = new URL('../vectors/tree/operations.json', import.meta.url);
  assert.deepEqual(roots(), JSON.parse(await readFile(vector, 'utf8')));
});

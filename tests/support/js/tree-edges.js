/**
 * Sets of entries that sit on the edges of the chunking rule, where the golden sets of tree-sets.js
 * would not tell `<` from `<=`: sums that are exactly 2,048, 4,096 or 16,384 bytes, equal hashes,
 * the ceiling at an inner level. Keys are mined here, which is cheap, and the same on every run.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import xxhash from 'xxhash-wasm';
import { cidOf } from './tree.js';
import { goldenSet } from './tree-sets.js';

/**
 * @typedef {import('./tree.js').Entry} Entry
 * @typedef {import('./tree-sets.js').Golden} Golden
 */

/** What each set must come to, by tree.js. @type {Golden[]} */
export const edges = JSON.parse(
  readFileSync(new URL('../../vectors/tree/edges.json', import.meta.url), 'utf8'),
);

const { h64Raw } = await xxhash();
const ANCHOR = 2n ** 32n;

/** @type {(length: number) => Uint8Array} */
const zeros = (length) => new Uint8Array(length);

/**
 * Entries of exactly the same size, so that sums of sizes fall on round numbers.
 *
 * @type {(count: number, valueLength: number) => Entry[]}
 */
const grid = (count, valueLength) =>
  Array.from({ length: count }, (_, i) => {
    const key = createHash('sha256').update(`edge/grid/${i}`).digest().subarray(0, 8);
    return [Uint8Array.from(key), zeros(valueLength)];
  });

/**
 * Whether a hash lies in slice `k` of `n` equal slices of its range.
 *
 * @type {(hash: bigint, k: number, n: number) => boolean}
 */
const inSlice = (hash, k, n) => (hash * BigInt(n)) >> 64n === BigInt(k);

/**
 * Ascending keys, the i-th with its level-0 hash in slice `slice(i)` of n.
 *
 * @type {(count: number, n: number, slice: (i: number) => number, keyOf: (c: bigint) => Uint8Array)
 *   => Uint8Array[]}
 */
const mine = (count, n, slice, keyOf) => {
  const keys = [];
  for (let c = 0n; keys.length < count; c++) {
    const key = keyOf(c);
    if (inSlice(h64Raw(key, 0n), slice(keys.length), n)) keys.push(key);
  }
  return keys;
};

/** @type {(c: bigint) => Uint8Array} */
const bigEndian = (c) => {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, c);
  return bytes;
};

// XXH64 of a short key takes in one word of 8 bytes after the other, each through a permutation, so
// the last word can undo whatever the others did: any number of keys with one hash, for the asking.
const mask = (/** @type {bigint} */ x) => BigInt.asUintN(64, x);
/** @type {(x: bigint, n: bigint) => bigint} */
const rotate = (x, n) => mask(x << n) | (mask(x) >> (64n - n));
const P1 = 0x9e3779b185ebca87n;
const P2 = 0xc2b2ae3d27d4eb4fn;
const P4 = 0x85ebca77c2b2ae63n;
const P5 = 0x27d4eb2f165667c5n;
/** The inverse modulo 2^64 of an odd number, by Newton's iteration. @param {bigint} a */
const inverse = (a) => {
  let x = a;
  for (let i = 0; i < 6; i++) x = mask(x * (2n - a * x));
  return x;
};
const [P1_INVERSE, P2_INVERSE] = [inverse(P1), inverse(P2)];

/**
 * The key of 24 bytes that begins with `c`, with the XXH64 of all others of that seed and state.
 *
 * @type {(c: bigint, seed: bigint, state?: bigint) => Uint8Array}
 */
const collidingKey = (c, seed, end = 0n) => {
  const key = new Uint8Array(24);
  key.set(bigEndian(c));
  const view = new DataView(key.buffer);
  let state = mask(seed + P5 + 24n);
  for (const at of [0, 8]) {
    const word = mask(rotate(mask(view.getBigUint64(at, true) * P2), 31n) * P1);
    state = mask(rotate(state ^ word, 27n) * P1 + P4);
  }
  const last = mask(rotate(mask((state ^ end) * P1_INVERSE), 33n) * P2_INVERSE);
  view.setBigUint64(16, last, true);
  return key;
};

/** @type {(c: bigint) => Uint8Array} */
const longKey = (c) => Uint8Array.from([...zeros(980).fill(0x61), ...bigEndian(c)]);

/**
 * Leaves of four long keys, cut after the fourth, whose separators (whole keys, as the key before
 * each is its predecessor) rise in their level-1 hash: level 1 has no natural cut and must use its
 * ceiling.
 */
const innerCeiling = () => {
  const leaves = 96;
  const high = (/** @type {bigint} */ c) => inSlice(h64Raw(longKey(c), 0n), 1, 2);
  /** @type {Entry[]} */
  const entries = [];
  for (let leaf = 1, c = 0n; leaf <= leaves; leaf++) {
    const isEnd = () =>
      high(c) &&
      !high(c + 1n) &&
      c % 256n !== 255n &&
      inSlice(h64Raw(longKey(c + 1n), 1n), leaf, leaves + 1);
    for (let i = 0; i < 4; c++) {
      if (i > 0 && (i < 3 ? high(c) : !isEnd())) continue;
      entries.push([longKey(c), leaf]);
      i++;
    }
  }
  return entries;
};

/** Pairs of equal peaks four entries apart: neither is greater than the other, so neither cuts. */
const peakTies = () => {
  let state = 1n;
  while (!inSlice(h64Raw(collidingKey(0n, 0n, state), 0n), 7, 8)) state++;
  const low = mine(200, 2, () => 0, bigEndian);
  return low.map((key, i) => {
    const peak = i % 20 === 6 || i % 20 === 10;
    return /** @type {Entry} */ ([
      peak ? collidingKey(new DataView(key.buffer).getBigUint64(0), 0n, state) : key,
      zeros(300),
    ]);
  });
};

/** Numbers at the ends of their ranges, and a link. */
const numbers = () =>
  [
    2n ** 63n - 1n,
    -(2n ** 63n),
    2n ** 53n,
    Number.MIN_SAFE_INTEGER,
    2 ** 53,
    1e300,
    -1e21,
    5e-324,
    0.1,
    23,
    24,
    -257,
    65536,
    2 ** 32,
    [null, [true, false], { '': [{}] }, '\u{1d11e}\ufffd'],
    cidOf(zeros(0)),
  ].map((value, i) => /** @type {Entry} */ ([Uint8Array.of(i), value]));

/** @type {Record<string, () => Entry[]>} */
const sets = {
  numbers,
  grid64: () => grid(4000, 52),
  grid512: () => grid(3000, 499),
  gridRising1024: () => goldenSet('rising2000').map(([key]) => [key, zeros(1007)]),
  // 17 rising entries of 1,000 bytes: the peak is a natural cut of a node that is over the ceiling
  sawtooth: () => mine(340, 17, (i) => i % 17, bigEndian).map((key) => [key, zeros(987)]),
  // a cut with exactly 2,048 bytes before and after its entry
  exactEnds: () => mine(9, 2, (i) => (i === 4 ? 1 : 0), bigEndian).map((key) => [key, zeros(499)]),
  hashTies: () => Array.from({ length: 400 }, (_, i) => [collidingKey(BigInt(i), 0n), zeros(200)]),
  anchorTies: () =>
    mine(
      120,
      120,
      (i) => i,
      (c) => collidingKey(c, ANCHOR),
    ).map((key) => [key, zeros(500)]),
  peakTies,
  innerCeiling,
};

/** The names of the sets. */
export const edgeNames = Object.keys(sets);

/** The entries of the set `name`. @param {string} name */
export const edgeSet = (name) => sets[name]();

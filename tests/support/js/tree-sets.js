/** The golden sets of entries by name, as tests/vectors/tree/README.md describes them. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { cuts, leafRow, sorted } from './tree.js';

/**
 * @typedef {import('./tree.js').Entry} Entry
 * @typedef {{
 *   name: string, entries: number, root: string, nodes: number, height: number,
 *   blocks: number, blockBytes: number, largest: number, keys?: string[]
 * }} Golden
 */

/** What each golden set must come to. @type {Golden[]} */
export const goldens = JSON.parse(
  readFileSync(new URL('../../vectors/tree/vectors.json', import.meta.url), 'utf8'),
);

/** @type {(text: string) => Uint8Array} */
const ascii = (text) => Uint8Array.from(Buffer.from(text, 'latin1'));
/** @type {(text: string) => Uint8Array} */
const sha = (text) => Uint8Array.from(createHash('sha256').update(text).digest());
/** @type {(...parts: Uint8Array[]) => Uint8Array} */
const concat = (...parts) => Uint8Array.from(Buffer.concat(parts));
/** @type {(length: number, byte: number) => Uint8Array} */
const repeat = (length, byte) => new Uint8Array(length).fill(byte);
/** @type {(count: number, entry: (i: number) => Entry) => Entry[]} */
const times = (count, entry) => Array.from({ length: count }, (_, i) => entry(i));

/** @type {(i: number) => Entry} */
const receipt = (i) => {
  const hex = Buffer.from(sha(`dev/r/${i}`)).toString('hex');
  return [ascii(`/receipt/${hex}`), ascii(hex.repeat(5).slice(0, 300))];
};

/** @type {(i: number) => Entry} */
const mixed = (i) => {
  const h = sha(`dev/m/${i}`);
  return [h.subarray(0, 4 + (h[0] % 29)), repeat(h[1] * 8 + h[2], h[3])];
};

/**
 * Sets with keys mined against the chunking.
 *
 * @type {(name: string, value: Uint8Array) => Entry[]}
 */
const mined = (name, value) => {
  const keys = goldens.find((golden) => golden.name === name)?.keys ?? [];
  return keys.map((hex) => [Uint8Array.from(Buffer.from(hex, 'hex')), value]);
};

/** Twelve large entries whose last leaf holds one of them alone. */
const singleLast = () => {
  for (let t = 0; ; t++) {
    const entries = times(12, (i) => [
      concat(Uint8Array.of(i), sha(`dev/s/${t}/${i}`), repeat(991, 0x62)),
      repeat(1021, i),
    ]);
    const ends = cuts(
      sorted(entries).map((entry) => leafRow(entry).row),
      0,
    );
    if (ends[ends.length - 1] - (ends[ends.length - 2] ?? 0) === 1) return entries;
  }
};

/** @type {Record<string, () => Entry[]>} */
const sets = {
  empty: () => [],
  one: () => [[ascii('/a'), 1]],
  two: () => [
    [ascii('/a'), 1],
    [ascii('/b'), 'two'],
  ],
  binary: () => [0, 1, 127, 128, 255].map((b) => [Uint8Array.of(b), Uint8Array.of(b, b)]),
  values: () => [
    [ascii('a'), null],
    [ascii('b'), true],
    [ascii('c'), -1],
    [ascii('d'), Number.MAX_SAFE_INTEGER],
    [ascii('e'), 1.5],
    [ascii('f'), []],
    [ascii('g'), { b: 1, a: [2], aa: 'x' }],
    [ascii('h'), ''],
  ],
  edge1024: () => [
    [ascii('in'), repeat(1021, 0)],
    [ascii('out'), repeat(1022, 0)],
    [ascii('big'), repeat(100_000, 7)],
  ],
  longkeys: () => times(300, (i) => [concat(repeat(990, 0x61), sha(`dev/long/${i}`)), i]),
  prefixes: () => times(1000, (i) => [repeat(i + 1, 0x61), i]),
  receipts100: () => times(100, receipt),
  receipts10000: () => times(10_000, receipt),
  receipts100000: () => times(100_000, receipt),
  small50000: () => times(50_000, (i) => [sha(`dev/k/${i}`).subarray(0, 8), i]),
  mixed20000: () => times(20_000, mixed),
  rising2000: () => mined('rising2000', repeat(100, 1)),
  risingFalling100: () => mined('risingFalling100', repeat(1000, 2)),
  singleLast,
};

/** The entries of the golden set `name`, in the order of its description. @param {string} name */
export const goldenSet = (name) => {
  if (!Object.hasOwn(sets, name)) throw new Error(`no golden set ${name}`);
  return sets[name]();
};

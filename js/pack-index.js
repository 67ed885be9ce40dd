/**
 * Where the blocks of one space lie, and which are dead. A commit is one pack, or a few if it is
 * large: its blocks end to end under a number, and a record that lists them and the blocks of older
 * packs that it frees:
 *
 *     {n, keys: CIDs as binary strings, ends: where each block ends, dead: [n, i, n, i, …]}
 *
 * Replayed in the order of their numbers the records give this index. Numbers are never used again.
 *
 * @typedef {{n: number, keys: string[], ends: number[], dead: number[]}} PackRecord
 * @typedef {{n: number, i: number, from: number, to: number}} Place
 */

const packBytesMax = 256 << 10; // whoever wants one block reads a pack
const smallBytes = 64 << 10; // packs with less that is alive are merged ...
const smallPacksMax = 32; // ... when there are so many
const deadBytesMin = 256 << 10; // less is not worth a compaction
const deadShareMax = 0.75; // of what is alive: so that storage stays below twice that

export class PackIndex {
  /** The number of the next pack; equal in store and index iff the index is up to date. */
  next = 1;
  /** @type {Map<string, Place>} */
  #places = new Map();
  /** @type {Map<number, {record: PackRecord, dead: Set<number>, deadBytes: number}>} */
  #packs = new Map();

  /** @param {PackRecord} record */
  add(record) {
    this.#packs.set(record.n, { record, dead: new Set(), deadBytes: 0 });
    record.keys.forEach((key, i) => this.#places.set(key, placeOf(record, i)));
    for (let at = 0; at < record.dead.length; at += 2) {
      this.#kill(record.dead[at], record.dead[at + 1]);
    }
    this.next = Math.max(this.next, record.n + 1);
  }

  /** @param {number} n */
  drop(n) {
    for (const key of this.#packs.get(n)?.record.keys ?? []) {
      if (this.#places.get(key)?.n === n) this.#places.delete(key);
    }
    this.#packs.delete(n);
  }

  /** @param {Uint8Array} cid */
  find(cid) {
    return this.#places.get(keyOf(cid));
  }

  /** Of all that is alive. */
  cids() {
    return Array.from(this.#places.keys(), (key) => Uint8Array.from(key, (c) => c.charCodeAt(0)));
  }

  /** The packs of a commit. @param {import('./internal.js').Commit} commit */
  packsOf({ added, freed }) {
    const fresh = new Map(added.map((block) => [keyOf(block.cid), block.bytes]));
    for (const key of fresh.keys()) if (this.#places.has(key)) fresh.delete(key);
    const dead = freed.flatMap((cid) => {
      const place = this.find(cid);
      return place ? [place.n, place.i] : [];
    });
    return pack(this.next, fresh, dead);
  }

  /** Numbers of the packs that ought to be rewritten; often none. */
  wasteful() {
    const packs = [...this.#packs.values()].map(({ record, deadBytes }) => {
      const bytes = record.ends.at(-1) ?? 0;
      return { n: record.n, alive: bytes - deadBytes, dead: deadBytes };
    });
    const small = packs.filter(({ alive }) => alive < smallBytes);
    if (small.length > smallPacksMax) return small.map(({ n }) => n);
    const dead = packs.reduce((sum, each) => sum + each.dead, 0);
    const alive = packs.reduce((sum, each) => sum + each.alive, 0);
    if (dead < Math.max(alive * deadShareMax, deadBytesMin)) return [];
    return packs.filter((each) => each.dead > each.alive * deadShareMax).map(({ n }) => n);
  }

  /**
   * The packs that take the place of others: what is alive in them, and what they say is dead in
   * the packs that stay.
   * @param {Map<number, Uint8Array>} victims their bytes, by number
   */
  repack(victims) {
    const fresh = new Map();
    /** @type {number[]} */
    const dead = [];
    for (const [n, bytes] of victims) {
      const { record } = /** @type {{record: PackRecord}} */ (this.#packs.get(n));
      for (const key of record.keys) {
        const place = this.#places.get(key);
        if (place?.n === n) fresh.set(key, bytes.subarray(place.from, place.to));
      }
      for (let at = 0; at < record.dead.length; at += 2) {
        const other = record.dead[at];
        if (this.#packs.has(other) && !victims.has(other)) dead.push(other, record.dead[at + 1]);
      }
    }
    return pack(this.next, fresh, dead);
  }

  /** @param {number} n @param {number} i */
  #kill(n, i) {
    const found = this.#packs.get(n);
    if (!found || found.dead.has(i)) return;
    const place = placeOf(found.record, i);
    const key = found.record.keys[i];
    found.dead.add(i);
    found.deadBytes += place.to - place.from;
    if (this.#places.get(key)?.n === n) this.#places.delete(key);
  }
}

/** @param {PackRecord} record @param {number} i @returns {Place} */
const placeOf = ({ n, ends }, i) => ({ n, i, from: i === 0 ? 0 : ends[i - 1], to: ends[i] });

/**
 * @param {number} next @param {Map<string, Uint8Array>} blocks @param {number[]} dead
 * @returns {{record: PackRecord, bytes: Uint8Array}[]}
 */
function pack(next, blocks, dead) {
  /** @type {{keys: string[], parts: Uint8Array[], size: number}[]} */
  const groups = [];
  for (const [key, bytes] of blocks) {
    let group = groups.at(-1);
    if (!group || group.size + bytes.length > packBytesMax) {
      groups.push((group = { keys: [], parts: [], size: 0 }));
    }
    group.keys.push(key);
    group.parts.push(bytes);
    group.size += bytes.length;
  }
  if (groups.length === 0 && dead.length > 0) groups.push({ keys: [], parts: [], size: 0 });
  return groups.map(({ keys, parts, size }, i) => {
    const bytes = new Uint8Array(size);
    /** @type {number[]} */
    const ends = [];
    let end = 0;
    for (const part of parts) {
      bytes.set(part, end);
      ends.push((end += part.length));
    }
    return { record: { n: next + i, keys, ends, dead: i === 0 ? dead : [] }, bytes };
  });
}

/** A CID as a key of maps: a character a byte. @param {Uint8Array} cid */
export const keyOf = (cid) => String.fromCharCode(...cid);

/** @param {Uint8Array | undefined} left @param {Uint8Array | undefined} right */
export function equalBytes(left, right) {
  if (left === undefined || right === undefined) return left === right;
  return left.length === right.length && left.every((byte, i) => byte === right[i]);
}

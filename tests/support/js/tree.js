/**
 * An independent reading of the tree format `freehold/tree@1` (docs/design.md section 4): the peer
 * against which the C++ core is tested. Written from the text alone and for clarity: it holds the
 * whole tree in memory and takes the chunking rule literally, without increments.
 */
import { createHash } from 'node:crypto';
import { decode, encode } from '@ipld/dag-cbor';
import { CID } from 'multiformats/cid';
import { create as digestOf } from 'multiformats/hashes/digest';
import xxhash from 'xxhash-wasm';

/**
 * @typedef {[key: Uint8Array, value: any]} Entry
 * @typedef {{ root: CID, blocks: Map<string, Uint8Array>, nodes: number, height: number }} Built
 *
 * A row of a level: what its node says of it. `tail` is what follows the key; `size` is what
 * chunking counts; `count` and `bytes` are what an internal node sums up.
 * @typedef {{ key: Uint8Array, tail: any[], size: number, count: number, bytes: number }} Row
 *
 * What a parent must say of a node.
 * @typedef {{ separator: Uint8Array, count: number, bytes: number }} Child
 */

const CODE = 0x71; // dag-cbor
const SHA2_256 = 0x12;
const WINDOW = 2048;
const ANCHOR_MIN = 4096;
const CEILING = 16384;
const EMPTY = new Uint8Array(0);
const { h64Raw } = await xxhash();

/** @param {Uint8Array} bytes */
const sha256 = (bytes) => Uint8Array.from(createHash('sha256').update(bytes).digest());
/** @param {Uint8Array} bytes */
export const cidOf = (bytes) => CID.createV1(CODE, digestOf(SHA2_256, sha256(bytes)));

/** @type {(a: Uint8Array, b: Uint8Array) => number} */
const compare = (a, b) => Buffer.compare(a, b);
/** @type {(a: Uint8Array, b: Uint8Array) => boolean} */
const equal = (a, b) => compare(a, b) === 0;

/**
 * The number of bytes that `a` and `b` share at their start.
 *
 * @type {(a: Uint8Array, b: Uint8Array) => number}
 */
export const sharedLength = (a, b) => {
  let n = 0;
  while (n < a.length && n < b.length && a[n] === b[n]) n++;
  return n;
};

/**
 * The shortest prefix of `first` that is greater than `before`, the key before it (empty: none).
 */
const separatorOf = (
  /** @type {Uint8Array} */ first,
  /** @type {Uint8Array | undefined} */ before,
) => (before ? first.subarray(0, sharedLength(first, before) + 1) : EMPTY);

/** @param {boolean} holds @param {string} what @returns {asserts holds} */
function demand(holds, what) {
  if (!holds) throw new Error(what);
}

/** Refuses what the format has no place for; the rest (sorted keys, floats…) is the encoder's. */
const checkValue = (/** @type {any} */ value, depth = 0) => {
  if (typeof value === 'bigint') {
    demand(value >= -(2n ** 63n) && value < 2n ** 63n, 'InvalidValue: integer out of range');
  }
  if (value === null || typeof value !== 'object') return;
  if (value instanceof Uint8Array || CID.asCID(value)) return;
  demand(depth < 64, 'InvalidValue: too deep');
  demand(!Object.hasOwn(value, '__proto__'), 'InvalidValue: a key named __proto__');
  for (const inner of Object.values(value)) checkValue(inner, depth + 1);
};

/** The encoding of `value`, if the tree accepts it. @param {any} value */
export const encodeValue = (value) => {
  checkValue(value);
  const bytes = encode(value);
  demand(bytes.length <= 2 ** 20, 'InvalidValue: over 1 MiB');
  return bytes;
};

/**
 * Where one level is cut: the index after the last row of each node.
 *
 * @type {(rows: Row[], level: number) => number[]}
 */
export const cuts = (rows, level) => {
  const h = rows.map(({ key }) => h64Raw(key, BigInt(level)));
  const start = [0];
  for (const { size } of rows) start.push(start[start.length - 1] + size);
  const total = start[rows.length];
  const natural = (/** @type {number} */ i) => {
    if (start[i] < WINDOW || total - start[i + 1] < WINDOW) return false;
    for (let j = i - 1; j >= 0 && start[i] - start[j + 1] < WINDOW; j--) {
      if (h[j] >= h[i]) return false;
    }
    for (let j = i + 1; j < rows.length && start[j] - start[i + 1] < WINDOW; j++) {
      if (h[j] >= h[i]) return false;
    }
    return true;
  };
  const lowestAnchor = (/** @type {number} */ f, /** @type {number} */ last) => {
    let lowest = -1;
    let least = 0n;
    for (let j = f; j <= last; j++) {
      if (start[j + 1] - start[f] < ANCHOR_MIN) continue;
      const anchor = h64Raw(rows[j].key, BigInt(level) + 2n ** 32n);
      if (lowest < 0 || anchor < least) [lowest, least] = [j, anchor];
    }
    return lowest;
  };
  const ends = [];
  for (let f = 0, i = 0; i < rows.length;) {
    if (i > f && start[i + 1] - start[f] > CEILING) f = lowestAnchor(f, i - 2) + 1;
    else if (!natural(i++)) continue;
    else f = i;
    ends.push(f);
  }
  if (ends[ends.length - 1] !== rows.length) ends.push(rows.length);
  return ends;
};

/** The row of a leaf, and the block of its value if that is linked. @param {Entry} entry */
export const leafRow = ([key, value]) => {
  demand(key.length >= 1 && key.length <= 1024, 'a key has 1 to 1,024 bytes');
  const bytes = encodeValue(value);
  const linked = bytes.length > 1024;
  const tail = linked ? [cidOf(bytes), bytes.length] : [value];
  const size = encode([key, ...tail]).length;
  /** @type {Row} */
  const row = { key, tail, size, count: 1, bytes: size + (linked ? bytes.length : 0) };
  return { row, block: linked ? bytes : undefined };
};

/** The entries in key order; of those with one key, the last. @param {Iterable<Entry>} entries */
export const sorted = (entries) => {
  const byKey = new Map([...entries].map((e) => [Buffer.from(e[0]).toString('latin1'), e]));
  return [...byKey.values()].sort((a, b) => compare(a[0], b[0]));
};

/**
 * The tree of `entries`, which may come in any order.
 *
 * @param {Iterable<Entry>} entries
 * @returns {Built}
 */
export const build = (entries) => {
  /** @type {Map<string, Uint8Array>} */
  const blocks = new Map();
  const put = (/** @type {Uint8Array} */ bytes) => {
    const cid = cidOf(bytes);
    blocks.set(cid.toString(), bytes);
    return cid;
  };
  let rows = sorted(entries).map((entry) => {
    const { row, block } = leafRow(entry);
    if (block) put(block);
    return row;
  });
  for (let level = 0, nodes = 0; ; level++) {
    /** @type {Row[]} */
    const parents = [];
    let root;
    let f = 0;
    for (const end of rows.length > 0 ? cuts(rows, level) : [0]) {
      const open = rows.slice(f, end);
      const [first, last] = [open[0]?.key ?? EMPTY, open[open.length - 1]?.key ?? EMPTY];
      const shared = sharedLength(first, last);
      const list = open.map(({ key, tail }) => [key.subarray(shared), ...tail]);
      root = put(encode([level, first.subarray(0, shared), list]));
      const key = level > 0 ? first : separatorOf(first, rows[f - 1]?.key);
      const count = open.reduce((sum, row) => sum + row.count, 0);
      const bytes = open.reduce((sum, row) => sum + row.bytes, 0);
      parents.push({ key, tail: [root, count, bytes], size: key.length + 64, count, bytes });
      f = end;
    }
    nodes += parents.length;
    if (root && parents.length === 1) return { root, blocks, nodes, height: level + 1 };
    rows = parents;
  }
};

/**
 * The entries of the tree at `root`, in order. Trusts nothing: every block is hashed again and must
 * be its own re-encoding, every node has exactly the shape that its entries give it, and at the end
 * the nodes are built afresh, and must come to the same root. Throws at the first difference.
 *
 * @param {CID} root
 * @param {(cid: CID) => Uint8Array | undefined | Promise<Uint8Array | undefined>} getBlock
 * @returns {AsyncGenerator<Entry, Built>}
 */
export async function* walk(root, getBlock) {
  /** @type {Entry[]} */
  const entries = [];
  const load = async (/** @type {any} */ link) => {
    const cid = CID.asCID(link);
    demand(cid !== null, 'a link is a CID');
    const bytes = await getBlock(cid);
    demand(bytes !== undefined, `missing block ${cid}`);
    demand(cid.equals(cidOf(bytes)), `block ${cid} has another hash`);
    const data = decode(bytes);
    demand(equal(encode(data), bytes), `block ${cid} is not canonical`);
    return { bytes, data };
  };

  /** @param {any} row @param {Uint8Array} key @returns {Promise<Row>} */
  const leafEntry = async (row, key) => {
    let value = row[1];
    if (row.length === 3) {
      const block = await load(row[1]);
      demand(block.bytes.length > 1024 && block.bytes.length === row[2], 'size of a linked value');
      value = block.data;
    }
    const made = leafRow([key, value]).row;
    demand(made.tail.length === row.length - 1, 'a value over 1,024 bytes is linked');
    entries.push([key, value]);
    return made;
  };

  /** @param {any} link @param {number | undefined} level @returns {AsyncGenerator<Entry, Child>} */
  async function* visit(link, level) {
    const { data } = await load(link);
    demand(Array.isArray(data) && data.length === 3, 'a node is a list of 3');
    const [nodeLevel, prefix, list] = data;
    demand(Number.isSafeInteger(nodeLevel) && nodeLevel >= 0, 'a level is an integer');
    demand(level === undefined || nodeLevel === level, 'a child is one level down');
    demand(prefix instanceof Uint8Array && Array.isArray(list), 'types of prefix and entries');
    demand(list.length > 0 || (nodeLevel === 0 && level === undefined), 'an empty node');
    demand(level !== undefined || nodeLevel === 0 || list.length > 1, 'a root with a single child');
    const before = entries[entries.length - 1]?.[0];
    let [count, bytes] = [0, 0];
    /** @type {Uint8Array[]} */
    const keys = [];
    for (const row of list) {
      demand(Array.isArray(row) && row[0] instanceof Uint8Array, 'an entry has a suffix');
      const key = Uint8Array.from(Buffer.concat([prefix, row[0]]));
      const previous = keys[keys.length - 1];
      demand(!previous || compare(previous, key) < 0, 'keys ascend strictly');
      keys.push(key);
      if (nodeLevel > 0) {
        demand(row.length === 4, 'an internal entry has 4 elements');
        const child = yield* visit(row[1], nodeLevel - 1);
        demand(equal(child.separator, key), "an entry's key is its child's separator");
        demand(row[2] === child.count && row[3] === child.bytes, 'count and bytes');
        [count, bytes] = [count + child.count, bytes + child.bytes];
      } else {
        demand(row.length === 2 || row.length === 3, 'a leaf entry has 2 or 3 elements');
        const last = entries[entries.length - 1]?.[0];
        demand(!last || compare(last, key) < 0, 'keys ascend strictly from leaf to leaf');
        const made = await leafEntry(row, key);
        [count, bytes] = [count + 1, bytes + made.bytes];
        yield entries[entries.length - 1];
      }
    }
    const [first, last] = [keys[0] ?? EMPTY, keys[keys.length - 1] ?? EMPTY];
    demand(sharedLength(first, last) === prefix.length, 'a prefix is the longest common one');
    const separator = nodeLevel > 0 ? first : separatorOf(first, before);
    return { separator, count, bytes };
  }

  yield* visit(root, undefined);
  const built = build(entries);
  demand(built.root.equals(root), `the entries of ${root} build ${built.root}`);
  return built;
}

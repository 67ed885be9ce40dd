/**
 * The edits block of `space/state/sync` (docs/design.md section 6), both ways, and what it says.
 */
import { decode, encode } from '@ipld/dag-cbor';
import { CID } from 'multiformats/cid';
import { cidOf, encodeValue, sharedLength, sorted } from './tree.js';

/**
 * A put has a `value`, or the `link` and `size` of one over 1,024 bytes whose block is elsewhere;
 * an edit with neither is a delete.
 * @typedef {{ key: Uint8Array, value?: any, link?: CID, size?: number }} Edit
 * @typedef {import('./tree.js').Entry} Entry
 * @typedef {{ cid: CID, bytes: Uint8Array }} Block
 */

const NONE = new Uint8Array(0);

/** @param {boolean} holds @param {string} what @returns {asserts holds} */
function demand(holds, what) {
  if (!holds) throw new Error(`InvalidEdits: ${what}`);
}

/** @param {Edit} edit */
const isPut = ({ value, link }) => value !== undefined || link !== undefined;

/**
 * The first 16 bytes of the SHA-256 of a value's encoding, empty for absence.
 *
 * @param {any} [value]
 */
export const baseDigest = (value) =>
  value === undefined ? NONE : cidOf(encodeValue(value)).multihash.digest.slice(0, 16);

/**
 * The block of `edits`, and beside it the blocks of the large values that it links to.
 *
 * @param {Edit[]} edits in any order, one a key
 * @param {(key: Uint8Array) => any} [baseOf] the base value of a key, if bases are to be told
 * @returns {Block & { values: Block[] }}
 */
export const encodeEdits = (edits, baseOf) => {
  /** @type {Block[]} */
  const values = [];
  const ordered = sorted(edits.map((edit) => [edit.key, edit])).map(([, edit]) => edit);
  demand(ordered.length === edits.length, 'a key occurs twice');
  let previous = NONE;
  const entries = ordered.map((edit) => {
    const shared = sharedLength(previous, edit.key);
    const row = [shared, (previous = edit.key).subarray(shared)];
    if (!isPut(edit)) return row;
    if (edit.link) return [...row, edit.link, edit.size];
    const value = encodeValue(edit.value);
    if (value.length <= 1024) return [...row, edit.value];
    values.push({ cid: cidOf(value), bytes: value });
    return [...row, cidOf(value), value.length];
  });
  const bases = baseOf && ordered.map(({ key }) => baseDigest(baseOf(key)));
  const bytes = encode(bases ? { entries, bases } : { entries });
  return { cid: cidOf(bytes), bytes, values };
};

/**
 * What an edits block says; throws if it is not exactly what an encoder would write.
 *
 * @param {Uint8Array} bytes
 * @param {(cid: CID) => Uint8Array | undefined} [getBlock] for large values, to be put in place
 * @returns {{ edits: Edit[], bases?: Uint8Array[] }}
 */
export const decodeEdits = (bytes, getBlock) => {
  const data = /** @type {any} */ (decode(bytes));
  demand(Buffer.compare(encode(data), bytes) === 0, 'not canonical');
  const { entries, bases, ...rest } = data;
  demand(Array.isArray(entries) && Object.keys(rest).length === 0, 'not {entries, bases?}');
  let previous = NONE;
  const edits = entries.map((row) => {
    demand(Array.isArray(row) && row.length >= 2 && row.length <= 4, 'an entry of 2 to 4 elements');
    const [shared, suffix, content, size] = row;
    demand(suffix instanceof Uint8Array, 'a suffix is bytes');
    demand(Number.isInteger(shared) && shared >= 0 && shared <= previous.length, 'shared');
    const key = Uint8Array.from([...previous.subarray(0, shared), ...suffix]);
    demand(Buffer.compare(previous, key) < 0, 'keys ascend strictly, and are not empty');
    demand(key.length <= 1024, 'a key over 1,024 bytes');
    demand(shared === sharedLength(previous, key), 'shared is the most possible');
    previous = key;
    /** @type {Edit} */
    const edit = { key };
    if (row.length === 3) {
      demand(encodeValue(content).length <= 1024, 'a value over 1,024 bytes is linked');
      edit.value = content;
    } else if (row.length === 4) {
      const link = CID.asCID(content);
      demand(link !== null && Number.isInteger(size) && size > 1024, 'link and size of a value');
      Object.assign(edit, { link, size });
      const value = getBlock?.(link);
      if (value) {
        demand(link.equals(cidOf(value)) && value.length === size, 'the block of a large value');
        edit.value = decode(value);
      }
    }
    return edit;
  });
  if (bases === undefined) return { edits };
  demand(Array.isArray(bases) && bases.length === edits.length, 'a base for each entry');
  for (const base of bases) {
    demand(base instanceof Uint8Array && [0, 16].includes(base.length), 'a base of 16 bytes');
  }
  return { edits, bases };
};

/** @param {Uint8Array} key */
const hex = (key) => Buffer.from(key).toString('hex');
/** @type {(a: any, b: any) => boolean} */
const same = (a, b) =>
  a === undefined || b === undefined
    ? a === b
    : Buffer.compare(encodeValue(a), encodeValue(b)) === 0;

/**
 * The least edits that lead from one list of entries to another.
 *
 * @param {Entry[]} before
 * @param {Entry[]} after
 * @returns {Edit[]}
 */
export const editsBetween = (before, after) => {
  const [old, fresh] = [before, after].map(
    (entries) => new Map(entries.map(([key, value]) => [hex(key), { key, value }])),
  );
  return [
    ...[...old].filter(([key]) => !fresh.has(key)).map(([, { key }]) => ({ key })),
    ...[...fresh].filter(([key, { value }]) => !same(old.get(key)?.value, value)).map(([, e]) => e),
  ];
};

/**
 * The entries after `edits`, in key order. An edit that changes nothing is refused.
 *
 * @param {Entry[]} entries
 * @param {Edit[]} edits
 * @returns {Entry[]}
 */
export const applyEdits = (entries, edits) => {
  /** @type {Map<string, Entry>} */
  const byKey = new Map(entries.map((entry) => [hex(entry[0]), entry]));
  for (const { key, value, link } of edits) {
    demand(value !== undefined || link === undefined, 'the block of a large value is not here');
    demand(!same(byKey.get(hex(key))?.[1], value), 'an edit that changes nothing');
    if (value === undefined) byKey.delete(hex(key));
    else byKey.set(hex(key), [key, value]);
  }
  return sorted(byKey.values());
};

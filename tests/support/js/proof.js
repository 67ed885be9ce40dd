/**
 * An independent verifier of proof files, written from docs/design.md section 11 with the published
 * libraries alone: the peer of `freehold verify` and `freehold/verify`. Throws what is wrong.
 */
import { CarBufferReader } from '@ipld/car/buffer-reader';
import { decode, encode } from '@ipld/dag-cbor';
import { CID } from 'multiformats/cid';
import { cidOf, leafRow, sharedLength } from './tree.js';
import { readCar, verifyInvocation, verifyReceipt } from './ucan-peer.js';

/** @typedef {{ low: Buffer, high: Buffer | undefined }} Interval high: none is no bound */

/** @param {unknown} holds @param {string} what @returns {asserts holds} */
function demand(holds, what) {
  if (!holds) throw new Error(what);
}
/** @param {Uint8Array} a @param {Uint8Array} b */
const compare = (a, b) => Buffer.compare(a, b);
const startsWith = (/** @type {Uint8Array} */ a, /** @type {Uint8Array} */ b) =>
  a.length >= b.length && sharedLength(a, b) === b.length;
const textOf = (/** @type {Uint8Array} */ bytes) => Buffer.from(bytes).toString();

/** The least key above all that begin with `prefix`. @param {Uint8Array} prefix */
const prefixEnd = (prefix) => {
  const end = Buffer.from(prefix);
  let size = end.length;
  while (size > 0 && end[size - 1] === 255) size--;
  if (size === 0) return undefined;
  end[size - 1] += 1;
  return end.subarray(0, size);
};

/** @param {any} claim @returns {Interval} */
const intervalOf = ({ key, prefix = Buffer.alloc(0), from = prefix, to, ...more }) => {
  demand(Object.keys(more).length === 0, 'a claim of unknown form');
  if (key) return { low: Buffer.from(key), high: Buffer.concat([key, Buffer.of(0)]) };
  const low = compare(from, prefix) > 0 ? from : prefix;
  const end = prefixEnd(prefix);
  const high = to && (!end || compare(to, end) < 0) ? to : end;
  return { low: Buffer.from(low), high: high && Buffer.from(high) };
};

/**
 * @param {Uint8Array} file
 * @param {{ didKeyOf?: (did: string) => string | undefined, now?: number }} [trust]
 */
export const verifyProof = async (file, { didKeyOf = () => undefined, now } = {}) => {
  const { roots, blocks } = await readCar(file); // each block is hashed again
  const all = CarBufferReader.fromBytes(file).blocks();
  demand(blocks.size === all.length && roots.length === 1, 'one root, each block once');
  demand(`${roots[0]}` === `${all[0].cid}`, 'the root comes first');
  const used = new Set([`${all[0].cid}`]);
  /** @param {any} link the data of a block that must be there, in its one encoding */
  const load = (link) => {
    const bytes = blocks.get(`${link}`);
    demand(bytes && `${link}` === `${cidOf(bytes)}`, `block ${link} is missing, or another`);
    used.add(`${link}`);
    const data = /** @type {any} */ (decode(bytes));
    demand(compare(encode(data), bytes) === 0, `block ${link} is not canonical`);
    return { data, bytes };
  };
  const {
    space,
    root,
    claims,
    checkpoint,
    receipts = [],
    ...more
  } = load(all[0].cid).data['freehold/proof@1'];
  demand(Object.keys(more).length === 0, 'an unknown field');

  /** @type {Uint8Array | undefined} the last key of the leaf before, in this claim */
  let before;
  /** @param {any} node @param {Interval | undefined} interval @returns {any[]} its entries */
  const visit = ({ link, level, separator, end, count, bytes }, interval) => {
    const [own, prefix, rows] = load(link).data;
    demand(level === undefined || own === level, 'a child is one level down');
    demand(rows.length > (level === undefined ? (own > 0 ? 1 : -1) : 0), 'too few entries');
    const keys = rows.map((/** @type {any} */ row) => Buffer.concat([prefix, row[0]]));
    const [first, last] = [keys[0] ?? separator, keys.at(-1) ?? separator];
    demand(
      keys.every((k, i) => i === 0 || compare(keys[i - 1], k) < 0),
      'keys ascend',
    );
    demand(sharedLength(first, last) === prefix.length, 'the longest prefix');
    demand(own > 0 ? !compare(first, separator) : startsWith(first, separator), 'its separator');
    demand(!end || !keys.length || compare(last, end) < 0, 'below the next separator');
    const items = rows.map((/** @type {any} */ [, a, b, c], /** @type {number} */ i) => {
      if (own > 0) return { key: keys[i], link: a, count: b, bytes: c };
      const value = b === undefined ? a : undefined;
      const size = encode([keys[i], a, ...(b === undefined ? [] : [b])]).length;
      return { key: keys[i], value, link: a, size: b, count: 1, bytes: size + (b ?? 0) };
    });
    const sum = (/** @type {'count' | 'bytes'} */ of) => items.reduce((n, x) => n + x[of], 0);
    const total = { count: sum('count'), bytes: sum('bytes') };
    demand(level === undefined || (total.count === count && total.bytes === bytes), 'the sums');
    if (!interval) return [total];
    const { low, high } = interval;
    if (own === 0 && before) {
      demand(separator.length === sharedLength(before, first) + 1, 'the shortest separator');
    }
    if (own === 0 && keys.length) before = last;
    return items.flatMap((item, i) => {
      if (high && compare(item.key, high) >= 0) return [];
      if (own > 0) {
        const next = items[i + 1]?.key ?? end;
        if (i + 1 < items.length && compare(next, low) <= 0) return [];
        return visit({ ...item, level: own - 1, separator: item.key, end: next }, interval);
      }
      if (compare(item.key, low) < 0) return [];
      const value = item.size === undefined ? item.value : load(item.link).data;
      demand(leafRow([item.key, value]).row.bytes === item.bytes, 'the size of a value');
      return [{ key: item.key, value }];
    });
  };

  const top = { link: root, separator: Buffer.alloc(0) };
  const [weight] = visit(top, undefined);
  /** @type {Buffer | undefined} */
  let reached = Buffer.alloc(0);
  const proved = claims.map((/** @type {any} */ claim) => {
    const interval = intervalOf(claim);
    demand(!interval.high || compare(interval.low, interval.high) < 0, 'an empty claim');
    demand(reached && compare(interval.low, reached) >= 0, 'claims ascend');
    [reached, before] = [interval.high, undefined];
    return visit(top, interval);
  });

  await attach({ checkpoint, receipts, proved, blocks, used });
  demand(used.size === blocks.size, 'a block that has nothing to do with the claims');
  const getBlock = (/** @type {CID} */ cid) => blocks.get(`${cid}`);
  if (checkpoint) {
    const { nb } = load(checkpoint).data.att[0];
    demand(nb.space === space && `${nb.root}` === `${root}`, 'a checkpoint of something else');
    demand(nb.count === weight.count && nb.bytes === weight.bytes, 'the sums of the checkpoint');
    await verifyInvocation(checkpoint, getBlock, didKeyOf, { now });
  }
  for (const link of receipts) await verifyReceipt(load(link).bytes, getBlock, didKeyOf, { now });
  return { space, root, weight, checkpoint, claims: proved };
};

/** Adds what the blocks reach by way of attachments (section 9) to `used`. @param {any} input */
const attach = async ({ checkpoint, receipts, proved, blocks, used }) => {
  const links = (/** @type {any[]} */ ...values) => values.flat(2).filter((v) => CID.asCID(v));
  const reserved = /^\/(blob|upload|subscription|delegation|queue|invoked|receipt)\//;
  const starts = [...links(checkpoint), ...receipts];
  for (const { key, value } of proved.flat()) {
    if (reserved.test(textOf(key))) starts.push(...links(value, Object.values(value ?? {})));
  }
  for (let [level, depth] = [starts, 1]; level.length && depth <= 16; depth++) {
    const next = [];
    for (const link of level.filter((l) => blocks.has(`${l}`))) {
      used.add(`${link}`);
      const {
        ocm,
        prf = [],
        att = [],
        fct = [],
      } = /** @type {any} */ (decode(blocks.get(`${link}`)));
      if (ocm) next.push(...links(ocm.ran, ocm.fx?.fork, ocm.fx?.join, ocm.prf, ocm.out.ok?.site));
      else next.push(...links(prf));
      if (!att.some((/** @type {any} */ { can }) => can === 'ucan/conclude')) continue;
      for (const fact of fct) next.push(...links(Object.values(fact)));
    }
    level = next;
  }
};

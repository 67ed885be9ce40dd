/**
 * An independent verifier of evidence that an authority contradicted itself, written from
 * docs/design.md sections 6 and 11 with the published libraries alone. Throws what is wrong.
 */
import { decode } from '@ipld/dag-cbor';
import { getBlockOf, readCar, verifyInvocation, verifyReceipt } from './ucan-peer.js';

/** @param {unknown} holds @param {string} what @returns {asserts holds} */
function demand(holds, what) {
  if (!holds) throw new Error(what);
}

/** What a checkpoint says: the text of the CID that has a number. @param {any} checkpoint */
const names = ({ cid, nb: { seq, prev, skip } }) => {
  const said = new Map([[seq, `${cid}`]]);
  if (prev) said.set(seq - 1, `${prev}`);
  if (skip) said.set(Number(BigInt(seq) & BigInt(seq - 1)), `${skip}`);
  return said;
};

/**
 * @param {Uint8Array} file
 * @param {{ didKeyOf?: (did: string) => string | undefined }} [trust]
 */
export const verifyEvidence = async (file, { didKeyOf = () => undefined } = {}) => {
  const { roots, blocks } = await readCar(file); // each block is hashed again
  const getBlock = getBlockOf(blocks);
  const load = (/** @type {any} */ link) => {
    const bytes = blocks.get(`${link}`);
    demand(bytes, `block ${link} is missing`);
    return /** @type {any} */ (decode(bytes));
  };
  const { kind, space, authority, checkpoints, receipt } = load(roots[0])['freehold/evidence@1'];
  /** A checkpoint that the authority signed, with the space's leave. */
  const signed = async (/** @type {any} */ cid) => {
    const { issuer } = await verifyInvocation(cid, getBlock, didKeyOf);
    const [{ can, with: resource, nb }] = load(cid).att;
    demand(issuer.did() === authority && can === 'assert/state', 'a checkpoint by another');
    demand(resource === space && nb.space === space, 'a checkpoint of another space');
    return { cid, nb };
  };

  if (checkpoints) {
    demand(kind === 'fork', 'two checkpoints are of a fork');
    const [left, right] = [
      names(await signed(checkpoints[0])),
      names(await signed(checkpoints[1])),
    ];
    const number = [...left.keys()].find((n) => right.has(n) && right.get(n) !== left.get(n));
    demand(number !== undefined, 'no contradiction');
    return { kind, space, authority, number };
  }
  const told = await verifyReceipt(
    blocks.get(`${receipt}`) ?? new Uint8Array(),
    getBlock,
    didKeyOf,
  );
  demand(told.issuer === authority && told.capability.with === space, 'a receipt of another');
  const { since } = /** @type {any} */ (told.capability.nb);
  const { from, checkpoint } = /** @type {any} */ (told.out.ok);
  if (kind === 'fork') {
    demand(told.capability.can === 'space/state/sync' && `${from}` !== `${since}`, 'no lie');
    return { kind, space, authority };
  }
  const [shown, answered] = [await signed(since), await signed(checkpoint)];
  demand(answered.nb.seq < shown.nb.seq, 'no rollback');
  return { kind, space, authority };
};

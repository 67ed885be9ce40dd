/** A space's state as a CAR: what is reached from the root by links and is kept here. */
import { Link } from './link.js';

/** @typedef {import('./internal.js').Block} Block */

const dagCbor = 0x71;

/** @param {import('./internal.js').Session} session */
export async function exportCar({ context: { core, blocks: store }, meta, replica }) {
  const root = replica.peek((held) => held.root());
  /** @type {Block[]} */
  const blocks = [];
  const seen = new Set([String(new Link(root))]);
  for (let level = [root]; level.length > 0;) {
    const held = await store.getMany(meta.did, level);
    level = [];
    for (const block of held) {
      blocks.push(block);
      if (new Link(block.cid).code !== dagCbor) continue;
      for (const link of linksIn(core.decodeData(block.bytes))) {
        if (seen.has(String(link))) continue;
        seen.add(String(link));
        level.push(link.bytes);
      }
    }
  }
  return core.encodeCar([root], blocks);
}

/** @param {unknown} data @returns {Generator<Link>} */
function* linksIn(data) {
  if (data instanceof Link) yield data;
  else if (data instanceof Uint8Array || data === null || typeof data !== 'object') return;
  else for (const item of Object.values(data)) yield* linksIn(item);
}

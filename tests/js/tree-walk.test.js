/**
 * R3: an independent walker takes a tree only if every block and every node is what it has to be.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decode, encode } from '@ipld/dag-cbor';
import { goldenSet } from '../support/js/tree-sets.js';
import { build, cidOf, walk } from '../support/js/tree.js';

/**
 * @typedef {import('multiformats/cid').CID} CID
 * @typedef {import('../support/js/tree.js').Built} Built
 */

/** @param {CID} root @param {Map<string, Uint8Array>} blocks */
const entriesOf = async (root, blocks) => {
  const entries = [];
  for await (const entry of walk(root, (cid) => blocks.get(`${cid}`))) entries.push(entry);
  return entries;
};

/**
 * The walk of a tree whose root node was changed, its hash made good.
 *
 * @param {Built} tree
 * @param {(node: any) => any} change
 */
const changed = (tree, change) => {
  const node = /** @type {any} */ (decode(/** @type {any} */ (tree.blocks.get(`${tree.root}`))));
  const bytes = encode(change(node) ?? node);
  return entriesOf(cidOf(bytes), new Map(tree.blocks).set(`${cidOf(bytes)}`, bytes));
};

const text = (/** @type {string} */ s) => Uint8Array.from(Buffer.from(s));
const small = build(['aa', 'ab', 'ac'].map((key, i) => [text(key), i]));
const large = build(goldenSet('receipts100'));

test('R9: the order of the entries makes no difference', () => {
  const entries = goldenSet('mixed20000').slice(0, 3000);
  const { root } = build(entries);
  assert.ok(build(entries.toReversed()).root.equals(root));
  assert.ok(build([...entries.slice(1500), ...entries.slice(0, 1500)]).root.equals(root));
  assert.ok(build([[entries[7][0], 'older'], ...entries]).root.equals(root));
});

test('R3: the walker gives the entries of the tree, in order', async () => {
  assert.deepEqual(await entriesOf(small.root, small.blocks), [
    [text('aa'), 0],
    [text('ab'), 1],
    [text('ac'), 2],
  ]);
});

test('R3: the walker names a block that is missing or has another hash', async () => {
  const [cid] = [...large.blocks.keys()];
  const without = new Map(large.blocks);
  without.delete(cid);
  await assert.rejects(entriesOf(large.root, without), new RegExp(`missing block ${cid}`));
  await assert.rejects(
    entriesOf(large.root, new Map(large.blocks).set(cid, text('x'))),
    new RegExp(`block ${cid} has another hash`),
  );
});

test('R3: the walker refuses a block that is not its own re-encoding', async () => {
  // {"b": 1, "a": 2}, its keys out of order, in a leaf
  const bytes = Uint8Array.from(Buffer.from('8300416181824' + '0a2616201616102', 'hex'));
  const blocks = new Map([[`${cidOf(bytes)}`, bytes]]);
  await assert.rejects(entriesOf(cidOf(bytes), blocks), /not canonical/);
});

test('R3: the walker refuses leaves of another shape', async () => {
  const long = new Uint8Array(1022);
  const linked = encode('short');
  /** @type {[RegExp, (node: any) => any][]} */
  const cases = [
    [/list of 3/, (node) => [...node, 0]],
    [/level/, (node) => void (node[0] = -1)],
    [/prefix/, (node) => void (node[1] = 'a')],
    [
      /longest common/,
      () => [
        0,
        text(''),
        [
          [text('aa'), 0],
          [text('ab'), 1],
        ],
      ],
    ],
    [/ascend/, (node) => void node[2].reverse()],
    [/ascend/, (node) => void (node[2][1] = node[2][0])],
    [/2 or 3/, (node) => void node[2][0].push(1, 1)],
    [/over 1,024/, (node) => void (node[2][0][1] = long)],
    [/linked value/, (node) => void (node[2][0] = [node[2][0][0], cidOf(linked), linked.length])],
  ];
  for (const [error, change] of cases) {
    const tree = { ...small, blocks: new Map(small.blocks).set(`${cidOf(linked)}`, linked) };
    await assert.rejects(changed(tree, change), error);
  }
});

test('R3: the walker refuses inner nodes of another shape', async () => {
  /** @type {[RegExp, (node: any) => any][]} */
  const cases = [
    [/one level down/, (node) => void (node[0] = 2)],
    [/single child/, (node) => void node[2].splice(1)],
    [/empty node/, (node) => void node[2].splice(0)],
    [/4 elements/, (node) => void node[2][0].pop()],
    [/count and bytes/, (node) => void node[2][3][2]++],
    [/count and bytes/, (node) => void node[2][3][3]--],
    [/separator/, (node) => void (node[2][3][0] = text('/receipt/3'))],
    [/separator/, (node) => void node[2].splice(3, 1)],
  ];
  for (const [error, change] of cases) await assert.rejects(changed(large, change), error);
});

test('R3: the walker refuses nodes that are cut elsewhere', async () => {
  const halves = [small, build([[text('b'), 3]])];
  const blocks = new Map(halves.flatMap((half) => [...half.blocks]));
  const root = encode([
    1,
    text(''),
    [
      [text(''), halves[0].root, 3, 3 * 5],
      [text('b'), halves[1].root, 1, 4],
    ],
  ]);
  blocks.set(`${cidOf(root)}`, root);
  await assert.rejects(entriesOf(cidOf(root), blocks), /build/);
});

/** The edits block as the JavaScript peer reads and writes it (docs/design.md section 6). */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decode, encode } from '@ipld/dag-cbor';
import {
  applyEdits,
  baseDigest,
  decodeEdits,
  editsBetween,
  encodeEdits,
} from '../support/js/edits.js';
import { goldenSet } from '../support/js/tree-sets.js';
import { build, cidOf, sorted } from '../support/js/tree.js';

const text = (/** @type {string} */ s) => Uint8Array.from(Buffer.from(s));
const large = new Uint8Array(1022);

test('edits: keys share the most possible with the key before', () => {
  const { bytes } = encodeEdits([
    { key: text('/b/xz'), value: 1 },
    { key: text('/b/x'), value: null },
    { key: text('/a') },
    { key: text('/b/xy'), value: large },
  ]);
  const value = encode(large);
  assert.deepEqual(decode(bytes), {
    entries: [
      [0, text('/a')],
      [1, text('b/x'), null],
      [4, text('y'), cidOf(value), value.length],
      [4, text('z'), 1],
    ],
  });
});

test('edits: what is written is read again, with bases and large values', () => {
  /** @type {import('../support/js/edits.js').Edit[]} */
  const edits = [
    { key: text('a'), value: { x: [1] } },
    { key: text('b') },
    { key: text('bb'), value: large },
  ];
  const block = encodeEdits(edits, (key) => (key[0] === 0x61 ? undefined : 'base'));
  const [{ cid, bytes }] = block.values;
  const got = decodeEdits(block.bytes, (link) => (link.equals(cid) ? bytes : undefined));
  const size = bytes.length;
  assert.deepEqual(got.edits, [edits[0], edits[1], { ...edits[2], link: cid, size }]);
  assert.deepEqual(got.bases, [new Uint8Array(0), baseDigest('base'), baseDigest('base')]);
  assert.deepEqual(decodeEdits(block.bytes).edits[2], { key: text('bb'), link: cid, size });
});

test('edits: another form of the same edits is refused', () => {
  const link = cidOf(encode(large));
  const a = text('a');
  /** @type {[RegExp, any][]} */
  const cases = [
    [/not \{entries/, { entries: [], other: 1 }],
    [/not \{entries/, {}],
    [/2 to 4/, { entries: [[0]] }],
    [/not empty/, { entries: [[0, text(''), 1]] }],
    [/ascend/, { entries: [[0, a], [1, text('')]] }], // prettier-ignore
    [/ascend/, { entries: [[0, text('b')], [0, a]] }], // prettier-ignore
    [/most possible/, { entries: [[0, a], [0, text('ab')]] }], // prettier-ignore
    [/shared/, { entries: [[1, a]] }],
    [/over 1,024 bytes is linked/, { entries: [[0, a, large]] }],
    [/link and size/, { entries: [[0, a, link, 1024]] }],
    [/link and size/, { entries: [[0, a, 'link', 1025]] }],
    [/over 1,024/, { entries: [[0, new Uint8Array(1025), 1]] }],
    [/base for each/, { entries: [[0, a]], bases: [] }],
    [/16 bytes/, { entries: [[0, a]], bases: [a] }],
  ];
  for (const [error, data] of cases) assert.throws(() => decodeEdits(encode(data)), error);
  // {"entries": []} with a length in two bytes
  const bytes = Uint8Array.from(Buffer.from('a167656e74726965739800', 'hex'));
  assert.throws(() => decodeEdits(bytes));
});

test('edits: base and edits make the root that the entries make', () => {
  const before = goldenSet('mixed20000').slice(0, 500);
  /** @type {import('../support/js/tree.js').Entry[]} */
  const after = [
    ...before.slice(20, 480),
    [text('new'), 1],
    ...before.slice(0, 10).map(([key]) => /** @type {[Uint8Array, any]} */ ([key, 'changed'])),
  ];
  const { bytes, values } = encodeEdits(editsBetween(before, after));
  const blocks = new Map(values.map((block) => [`${block.cid}`, block.bytes]));
  const { edits } = decodeEdits(bytes, (cid) => blocks.get(`${cid}`));
  assert.equal(edits.length, 10 + 20 + 11);
  assert.deepEqual(applyEdits(before, edits), sorted(after));
  assert.ok(build(applyEdits(before, edits)).root.equals(build(after).root));
  assert.throws(() => applyEdits(after, edits), /changes nothing/);
});

/**
 * R9: the tree is a pure function of its entries, with golden roots that two programs agree on.
 * X4: the same for keys mined against the chunking, on both sides of each of its comparisons.
 */
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { encode } from '@ipld/dag-cbor';
import { run } from '../support/js/program.js';
import { edgeNames, edges, edgeSet } from '../support/js/tree-edges.js';
import { goldens, goldenSet } from '../support/js/tree-sets.js';
import { build, sorted, walk } from '../support/js/tree.js';

/** @type {string} */
let folder;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'freehold-golden-'));
});
after(() => rm(folder, { recursive: true }));

const all = [
  ...goldens.map(({ keys, ...golden }) => ({ claim: 'R9: golden', set: goldenSet, golden })),
  ...edges.map((golden) => ({ claim: 'X4: edge', set: edgeSet, golden })),
];

for (const { claim, set, golden } of all) {
  const { name, root, nodes, height } = golden;

  test(`${claim} root ${name}, independent implementation`, async () => {
    const entries = set(name);
    const tree = build(entries);
    const sizes = [...tree.blocks.values()].map((block) => block.length);
    const made = {
      name,
      entries: sorted(entries).length,
      root: tree.root.toString(),
      nodes: tree.nodes,
      height: tree.height,
      blocks: sizes.length,
      blockBytes: sizes.reduce((sum, size) => sum + size, 0),
      largest: Math.max(...sizes),
    };
    assert.deepEqual(made, golden);

    const walked = [];
    for await (const entry of walk(tree.root, (cid) => tree.blocks.get(`${cid}`))) {
      walked.push(entry);
    }
    assert.equal(walked.length, golden.entries);
  });

  test(`${claim} root ${name}, native program`, async () => {
    const file = join(folder, `${name}.cbor`);
    await writeFile(file, encode(sorted(set(name))));
    const answer = JSON.parse(await run('root', file));
    await rm(file);
    assert.deepEqual(
      { root: answer.root, nodes: answer.nodes, height: answer.height },
      { root, nodes, height },
    );
  });
}

test('R9: every set of the vectors is tested, and the plain lists say the same', async () => {
  const folder = new URL('../vectors/tree/', import.meta.url);
  const lines = (await readFile(new URL('roots.txt', folder), 'utf8')).trimEnd().split('\n');
  assert.deepEqual(edges.map(({ name }) => name).sort(), [...edgeNames].sort());
  assert.deepEqual(
    lines,
    [...goldens, ...edges].map((g) =>
      [g.name, g.entries, g.root, g.nodes, g.height, g.blocks, g.blockBytes, g.largest].join(' '),
    ),
  );
  for (const { name, keys } of goldens) {
    if (!keys) continue;
    const text = await readFile(new URL(`${name}.keys.txt`, folder), 'utf8');
    assert.deepEqual(text.trimEnd().split('\n'), keys);
  }
});

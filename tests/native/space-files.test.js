/** freehold space: states and proofs that travel in files, and merging. */
import assert from 'node:assert/strict';
import { cp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { encode } from '@ipld/dag-cbor';
import { run } from '../support/js/program.js';
import { startServer } from '../support/js/server.js';
import { ask, end } from '../support/js/space-cli.js';
import { assertSound, manyLines, putLines, rootOf, startWorld } from '../support/js/space-world.js';
import { build, walk } from '../support/js/tree.js';
import * as peer from '../support/js/ucan-peer.js';

const world = await startWorld();
after(() => world.close());
const { server, folder, place, newSpace, shareTo, newDevice, clone } = world;

test('R13 R23: an exported state is read by the JavaScript peer, and imports again', async () => {
  const { dir, space } = await newSpace();
  await putLines(dir, manyLines(3000));
  await ask('put', dir, '/large', 'y'.repeat(9000), '--text');
  await ask('sync', dir);
  await ask('put', dir, '/after', '"the sync"');
  const file = place('state.car');
  const told = await ask('export', dir, '--out', file);
  const state = await peer.readState(new Uint8Array(await readFile(file)));
  const entries = /** @type {any[]} */ ([]);
  for await (const entry of walk(state.root, state.getBlock)) entries.push(entry);
  assert.equal(`${state.root}`, told.root);
  assert.equal(`${state.root}`, `${build(entries).root}`);
  assert.equal(entries.length, told.entries);
  assert.deepEqual((await end('export', dir)).bytes, await readFile(file));

  const copy = place('copy');
  const imported = await ask('import', copy, file, '--remote', server.url);
  assert.deepEqual(imported, { space, root: told.root, entries: told.entries, seq: 1 });
  assert.equal((await ask('log', copy)).ahead, 1);
  assert.deepEqual((await end('diff', copy, '--json')).lines, [
    { key: '/after', after: { value: 'the sync' } },
  ]);
  await assertSound(copy);
  assert.match((await end('sync', copy)).err, /no delegation/);
  const offline = await ask('import', place('copy'), file);
  assert.equal(offline.seq, 0);
});

test('an imported replica with a delegation goes on from the checkpoint in the file', async () => {
  const { dir } = await newSpace();
  await putLines(dir, manyLines(50));
  await ask('sync', dir);
  const file = place('state.car');
  await ask('export', dir, '--out', file);
  await ask('rm', dir, '/many/000003');
  await ask('sync', dir);
  const { dir: copy, did } = await newDevice();
  const delegation = await shareTo(dir, did);
  await ask('import', copy, file, '--remote', server.url, '--delegation', delegation);
  const { changed, conflicts } = await ask('sync', copy);
  assert.deepEqual([changed, conflicts], [['/many/000003'], []]);
  assert.equal(await rootOf(copy), await rootOf(dir));
});

test('a file that is not whole or not true is refused, and nothing is made', async () => {
  const { dir, space } = await newSpace();
  await putLines(dir, manyLines(500));
  await ask('put', dir, '/large', 'z'.repeat(3000), '--text');
  const file = place('state.car');
  await ask('export', dir, '--out', file);
  const good = await readFile(file);
  const bad = async (/** @type {Uint8Array} */ bytes, ...args) => {
    const name = place('bad.car');
    const copy = place('none');
    await writeFile(name, bytes);
    const { code, error } = await end('import', copy, name, ...args, '--json');
    assert.equal(code, 1);
    await assert.rejects(stat(join(copy, 'state')));
    return error;
  };
  const flipped = Uint8Array.from(good);
  flipped[good.length - 40] ^= 1;
  assert.match((await bad(flipped)).message, /block \d+: does not match its CID/);
  assert.match((await bad(good.subarray(0, -9))).message, /cut short/);
  assert.match((await bad(Uint8Array.of(1, 2, 3))).message, /bad\.car/);
  const at = good.indexOf(Buffer.from('zzzzzzzz'));
  assert.ok(at > 0);
  // Without the block of the large value: each section before it is whole.
  const section = good.subarray(0, at).lastIndexOf(Buffer.from([0x01, 0x71, 0x12, 0x20])) - 2;
  const without = Buffer.concat([good.subarray(0, section), good.subarray(at + 3000)]);
  assert.match((await bad(without, '--space', space)).message, /not held/);
  const leaf = encode([
    0,
    new Uint8Array(0),
    [
      [Uint8Array.of(2), 1],
      [Uint8Array.of(1), 2],
    ],
  ]);
  const { cidOf } = await import('../support/js/tree.js');
  const { CarWriter } = await import('@ipld/car');
  const { writer, out } = CarWriter.create([cidOf(leaf)]);
  void writer.put({ cid: cidOf(leaf), bytes: leaf }).then(() => writer.close());
  const parts = [];
  for await (const part of out) parts.push(part);
  assert.equal((await bad(Buffer.concat(parts), '--space', space)).name, 'Malformed');
  assert.equal((await end('import', place(), join(folder, 'none'))).code, 1);
});

test('merge: three-way with the last checkpoint that both come from', async () => {
  const { dir } = await newSpace();
  for (const key of ['/a', '/b', '/c', '/d']) await ask('put', dir, key, '1');
  await ask('sync', dir);
  const other = await clone(dir);
  await ask('put', dir, '/e', '"here"');
  await ask('sync', dir); // one checkpoint ahead of the other
  await ask('put', dir, '/a', '2');
  await ask('put', other, '/a', '3');
  await ask('rm', other, '/b');
  await ask('put', other, '/f', '"there"');
  await ask('rm', dir, '/c');
  const file = place('other.car');
  await ask('export', other, '--out', file);
  const twin = place('twin');
  await cp(dir, twin, { recursive: true });

  for (const [into, from] of [
    [dir, other],
    [twin, file],
  ]) {
    const { code, json } = await end('merge', into, from, '--json');
    assert.equal(code, 4);
    assert.equal(json.seq, 1);
    const held = Object.fromEntries(
      (await end('ls', into, '--json', '--values')).lines.map(({ key, value }) => [key, value]),
    );
    const [conflict] = json.conflicts;
    assert.deepEqual(held[conflict].lost, { value: 3 });
    assert.deepEqual([held['/a'], held['/e'], held['/f']], [2, 'here', 'there']);
    assert.ok(!('/b' in held) && !('/c' in held) && '/d' in held);
    await assertSound(into);
    assert.deepEqual((await ask('merge', into, from)).changed, [], 'once is enough');
  }
  assert.equal((await end('merge', dir, dir)).code, 2);
  const stranger = await newSpace();
  assert.match((await end('merge', dir, stranger.dir)).err, /another space/);
});

test('R34: two checkpoints of one number are a fork: exit status 8, nothing changed', async () => {
  const { dir } = await newSpace();
  const twin = place('twin');
  await cp(dir, twin, { recursive: true });
  const second = await startServer();
  try {
    await ask('put', dir, '/x', '1');
    await ask('sync', dir);
    await ask('put', twin, '/y', '1');
    assert.equal(
      (await end('sync', twin, '--remote', second.url, '--json')).error.name,
      'ServiceChanged',
    );
  } finally {
    await second.close();
  }
  const root = await rootOf(dir);
  // The authority signs twice, on data of its own each time, as it may after a bad restore.
  await server.stop();
  const data = join(server.folder, 'data');
  await cp(data, `${data}.kept`, { recursive: true });
  await rm(data, { recursive: true });
  await server.start();
  await ask('put', twin, '/x', '2');
  await ask('sync', twin);
  await server.stop();
  await rm(data, { recursive: true });
  await cp(`${data}.kept`, data, { recursive: true });
  await server.start();
  const { code, error } = await end('merge', dir, twin, '--json');
  assert.deepEqual([code, error.name], [8, 'Fork']);
  assert.equal(await rootOf(dir), root);
  // The command that it names does it: a verifier must be told the key of a did:web.
  const [, words] = /** @type {any} */ ((await end('merge', dir, twin)).err.match(/verify (.*)/));
  assert.deepEqual(words.split(' '), [error.evidence, '--key', `${server.did}=${server.didKey}`]);
  const proved = JSON.parse(await run('verify', ...words.split(' '), '--json'));
  assert.deepEqual([proved.evidence, proved.number], ['fork', 1]);
});

test('M6: proofs of keys, absence and a range, for those who have no replica', async () => {
  const { dir, space } = await newSpace();
  await putLines(dir, manyLines(2000));
  await ask('put', dir, '/large', 'p'.repeat(4000), '--text');
  await ask('sync', dir);
  const { root } = await ask('log', dir);
  await ask('put', dir, '/many/000007', '"edited since"');
  const file = place('proof');
  const trust = ['--key', `${server.did}=${server.didKey}`, '--json'];
  const verify = async () => JSON.parse(await run('verify', file, ...trust));

  const told = await ask('proof', dir, '/many/000007', '/none', '/large', '--out', file);
  assert.deepEqual([told.root, told.seq], [root, 1]);
  assert.equal((await stat(file)).size, told.bytes);
  const report = await verify();
  assert.equal(report.proved, true);
  assert.equal(report.space, space);
  assert.equal(report.checkpoint.seq, 1);
  const text = JSON.stringify(report.claims);
  assert.ok(text.includes('value 7') && text.includes('pppp') && !text.includes('edited since'));
  assert.deepEqual(await ask('verify', dir, file), report);
  const stranger = await newSpace();
  const foreign = await end('verify', stranger.dir, file, '--json');
  assert.deepEqual([foreign.code, foreign.json.proved], [9, false]);

  await ask(
    'proof',
    dir,
    '--prefix',
    '/many/',
    '--from',
    '/many/000100',
    '--to',
    '/many/000110',
    '--out',
    file,
  );
  assert.equal((await verify()).claims[0].entries.length, 10);
  assert.deepEqual((await end('proof', dir, '--prefix', '/many/00010')).code, 0);
  const head = await ask('proof', dir, '/many/000007', '--head', '--out', file);
  assert.equal((await end('verify', dir, file)).code, 9, 'nobody has signed it');
  const { claims } = await ask('verify', dir, file, '--root', head.root);
  assert.ok(JSON.stringify(claims).includes('edited since'));
  const bytes = await readFile(file);
  bytes[bytes.length - 20] ^= 1;
  await writeFile(file, bytes);
  assert.equal((await end('verify', dir, file)).code, 9);
});

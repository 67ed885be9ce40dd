/** freehold space: replicas that have a part of their space, and read the rest as it is needed. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { ask, end } from '../support/js/space-cli.js';
import { assertSound, manyLines, putLines, rootOf, startWorld } from '../support/js/space-world.js';

const world = await startWorld();
after(() => world.close());
const { server, newSpace, shareTo, newDevice, clone } = world;

const entries = 5_000;

/** A space with many entries, and a lazy clone of it. */
const newLazy = async () => {
  const { dir } = await newSpace();
  await putLines(dir, manyLines(entries, 'x'.repeat(100)));
  await ask('put', dir, '/large', 'y'.repeat(5000), '--text');
  await ask('sync', dir);
  const { dir: lazy, did } = await newDevice();
  const file = await shareTo(dir, did);
  const args = [lazy, '--remote', server.url, '--delegation', file];
  const told = await ask('clone', ...args, '--lazy');
  assert.deepEqual([told.whole, told.reads, told.root], [false, 0, await rootOf(dir)]);
  return { dir, lazy, args };
};

/** How many blocks of the space a folder has. @param {string} dir */
const blocksIn = async (dir) => (await assertSound(dir)).blocks;

test('R9: a lazy clone reads what it is asked for, and keeps it', async () => {
  const { dir, lazy } = await newLazy();
  const all = await blocksIn(dir);
  assert.ok((await blocksIn(lazy)) < 10, 'nothing was brought but the first sync');
  assert.equal((await ask('get', lazy, '/many/000042')).value, `${'x'.repeat(100)} 42`);
  assert.equal((await ask('get', lazy, '/large')).value, 'y'.repeat(5000));
  assert.equal((await end('get', lazy, '/none')).code, 3);
  const listed = await end('ls', lazy, '/many/0012', '--values');
  assert.deepEqual(
    [listed.code, listed.out],
    [0, (await end('ls', dir, '/many/0012', '--values')).out],
  );
  const folders = await end('ls', lazy, '/', '--delimiter', '/');
  assert.equal(folders.out, (await end('ls', dir, '/', '--delimiter', '/')).out);
  const { whole, blocks } = await assertSound(lazy);
  assert.equal(whole, false);
  assert.ok(blocks < all / 2, `${blocks} of ${all} blocks`);
});

test('a lazy clone edits, removes and syncs, and stays lazy', async () => {
  const { dir, lazy } = await newLazy();
  await ask('put', lazy, '/many/002500', '"mine"');
  await ask('put', lazy, '/new', '1');
  await ask('rm', lazy, '/many/004000');
  assert.equal((await ask('rm', lazy, '--prefix', '/many/00010')).removed, 10);
  await ask('put', dir, '/theirs', '2');
  await ask('sync', dir);
  const synced = await ask('sync', lazy);
  assert.deepEqual([synced.whole, synced.conflicts, synced.refused], [false, [], []]);
  assert.equal((await ask('get', lazy, '/theirs')).value, 2);
  await ask('sync', dir);
  assert.equal(await rootOf(dir), await rootOf(lazy));
  assert.equal((await ask('get', dir, '/many/002500')).value, 'mine');
  assert.equal((await end('get', dir, '/many/000105')).code, 3);
  const { blocks } = await assertSound(lazy);
  assert.ok(blocks < (await blocksIn(dir)) / 2, `${blocks} blocks`);
  // The service signs that state for others too.
  assert.equal(await rootOf(await clone(dir)), await rootOf(lazy));
});

test('what needs all of a lazy clone says so, and sync --whole brings it', async () => {
  const { dir, lazy, args } = await newLazy();
  await ask('put', lazy, '/mine', '1');
  const refused = await end('export', lazy, '--json', '--out', `${lazy}.car`);
  assert.deepEqual([refused.code, refused.error.name], [1, 'MissingBlocks']);
  assert.match(refused.error.message, /sync --whole/);
  // Neither a sync nor the same command makes it whole unasked.
  assert.equal((await ask('sync', lazy)).whole, false);
  assert.equal((await ask('clone', ...args)).whole, false);
  const whole = await ask('sync', lazy, '--whole');
  assert.equal(whole.whole, true);
  assert.ok(whole.reads > 0);
  await ask('sync', dir);
  assert.equal(await rootOf(lazy), await rootOf(dir));
  const sound = await assertSound(lazy);
  assert.deepEqual([sound.whole, sound.entries], [true, entries + 3]);
  assert.equal((await end('export', lazy, '--out', `${lazy}.car`)).code, 0);
  // It is no lazy one any more.
  await ask('put', dir, '/many/000000', '"edited"');
  await ask('sync', dir);
  const { whole: still, reads, changed } = await ask('sync', lazy);
  assert.deepEqual([still, reads, changed], [true, 0, ['/many/000000']]);
});

test('offline, a lazy clone has what it has read, and says what it cannot do', async () => {
  const lone = await startWorld();
  const { dir } = await lone.newSpace();
  await putLines(dir, manyLines(entries, 'x'.repeat(100)));
  await ask('sync', dir);
  const { dir: lazy, did } = await lone.newDevice();
  const file = await lone.shareTo(dir, did);
  await ask('clone', lazy, '--remote', lone.server.url, '--delegation', file, '--lazy');
  await ask('get', lazy, '/many/000042');
  await ask('put', lazy, '/many/000042', '2');
  await lone.server.close();
  assert.equal((await ask('get', lazy, '/many/000042')).value, 2);
  const before = await rootOf(lazy);
  for (const args of [
    ['get', lazy, '/many/004000'],
    ['ls', lazy, '/many/'],
    ['put', lazy, '/many/004000', '1'],
    ['rm', lazy, '/many/004000'],
  ]) {
    const { code, error, out } = await end(...args, '--json');
    assert.deepEqual([code, error.name, out], [6, 'Offline', ''], args.join(' '));
  }
  assert.equal(await rootOf(lazy), before);
  await lone.close();
});

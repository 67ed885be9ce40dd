/** freehold space: many processes on one folder, and processes that die. */
import assert from 'node:assert/strict';
import { cp } from 'node:fs/promises';
import { after, test } from 'node:test';
import { ask, end, start } from '../support/js/space-cli.js';
import { assertSound, manyLines, putLines, rootOf, startWorld } from '../support/js/space-world.js';

const world = await startWorld();
after(() => world.close());
const { server, place, newSpace, shareTo, newDevice, clone } = world;

test('many processes edit and sync one folder at once, and nothing is lost', async () => {
  const { dir } = await newSpace();
  const writers = Array.from({ length: 6 }, async (_, w) => {
    for (let i = 0; i < 8; i++) {
      const ended = await end('put', dir, `/w${w}/${i}`, `${w * 100 + i}`);
      assert.equal(ended.code, 0, ended.err);
    }
  });
  const syncers = Array.from({ length: 2 }, async () => {
    for (let i = 0; i < 4; i++) {
      const { code, err } = await end('sync', dir);
      // One that edits overtake again and again may give up: it says so, and loses nothing.
      assert.ok(code === 0 || /another process has changed/.test(err), err);
    }
  });
  await Promise.all([...writers, ...syncers]);
  const { lines } = await end('ls', dir, '/w', '--json', '--values');
  assert.equal(lines.length, 48);
  for (const { key, value } of lines) {
    const [, w, i] = key.match(/w(\d)\/(\d)/).map(Number);
    assert.equal(value, w * 100 + i);
  }
  await ask('sync', dir);
  assert.equal((await ask('log', dir)).ahead, 0);
  await assertSound(dir);
  assert.equal(await rootOf(await clone(dir)), await rootOf(dir));
});

test('a killed put was made whole or not at all', async () => {
  const { dir } = await newSpace();
  await putLines(dir, manyLines(100));
  const before = await rootOf(dir);
  const crash = (/** @type {string} */ at) => ({ env: { FREEHOLD_CRASH_AT: at } });
  assert.equal((await putLines(dir, manyLines(100, 'new'), crash('replica-before'))).code, 137);
  assert.equal(await rootOf(dir), before);
  await assertSound(dir);
  assert.equal((await putLines(dir, manyLines(100, 'new'), crash('replica-after'))).code, 137);
  const after = await rootOf(dir);
  assert.notEqual(after, before);
  assert.equal((await ask('get', dir, '/many/000007')).value, 'new 7');
  await assertSound(dir);
  // At no chosen moment.
  for (let i = 0; i < 8; i++) {
    const { child, ended } = start(['put', dir, '--lines', '-'], {
      input: manyLines(4000, `${i}`),
    });
    setTimeout(() => child.kill('SIGKILL'), 10 + 15 * i);
    await ended;
    const { entries } = await assertSound(dir);
    assert.ok(entries === 100 || entries === 4000, `${entries} entries`);
    const [first, last] = await Promise.all(
      ['/many/000000', '/many/000099'].map((key) => ask('get', dir, key)),
    );
    assert.equal(first.value.split(' ')[0], last.value.split(' ')[0]);
  }
  await ask('put', dir, '/on', 'true');
});

/** Entries of which one read brings a part. */
const bulky = manyLines(20_000, 'x'.repeat(900));

/** A space of them, and the clone of it that is to be made: where, and how. */
async function newBulky() {
  const { dir } = await newSpace();
  await putLines(dir, bulky);
  await ask('sync', dir);
  const { dir: there, did } = await newDevice();
  const delegation = await shareTo(dir, did);
  const args = ['clone', there, '--remote', server.url, '--delegation', delegation, '--json'];
  return { dir, there, args };
}

test('R9: a clone killed anywhere keeps what it has received, and goes on from there', async () => {
  const { dir, there, args } = await newBulky();
  let held = 0;
  // The folder is made; the sync is answered; it is finished; a read is answered; one is finished.
  for (const at of [
    'replica-before:2',
    'replica-answered',
    'replica-before:4',
    'replica-answered:2',
    'replica-after:4',
    'replica-before:5',
  ]) {
    const { code, err } = await start(args, { env: { FREEHOLD_CRASH_AT: at } }).ended;
    assert.equal(code, 137, `${at}: ${err}`);
    const { entries, whole } = await assertSound(there);
    assert.ok(entries >= held, `${at}: ${entries} after ${held}`);
    assert.ok(!whole || entries === 0, `${at}: ${entries}`);
    held = entries;
  }
  assert.ok(held > 0 && held < 20_000, `${held} entries came before the last death`);
  // Others may change the space while it is away.
  await putLines(dir, manyLines(10, 'new'));
  await ask('sync', dir);
  const { code, json } = await start(args).ended;
  assert.equal(code, 0);
  assert.equal(json.root, await rootOf(dir));
  const { entries, whole } = await assertSound(there);
  assert.deepEqual([entries, whole], [20_001, true]);
});

test('R9: a clone killed at no chosen moment goes on until it is whole', async () => {
  const { dir, there, args } = await newBulky();
  let code = 137;
  for (let pause = 20; code !== 0; pause *= 1.5) {
    const { child, ended } = start(args);
    const timer = setTimeout(() => child.kill('SIGKILL'), pause);
    ({ code } = await ended);
    clearTimeout(timer);
    // Killed, or done: there is no third.
    assert.ok(code === 0 || child.signalCode === 'SIGKILL', `${code} ${child.signalCode}`);
    if ((await end('log', there)).code === 0) await assertSound(there);
  }
  assert.equal(await rootOf(there), await rootOf(dir));
  assert.equal((await assertSound(there)).whole, true);
});

test('a killed sync loses no edit, whichever side knows of it', async () => {
  const { dir } = await newSpace();
  await ask('sync', dir);
  for (const at of ['replica-before', 'replica-after', 'replica-answered', 'replica-before:2']) {
    await ask('put', dir, `/${at}`, JSON.stringify(at));
    assert.equal((await start(['sync', dir], { env: { FREEHOLD_CRASH_AT: at } }).ended).code, 137);
    await assertSound(dir);
    assert.equal((await ask('get', dir, `/${at}`)).value, at);
  }
  await ask('sync', dir);
  assert.equal(await rootOf(await clone(dir)), await rootOf(dir));
  assert.equal((await end('ls', dir, '/conflict/', '--json')).lines.length, 0);
});

test('R4: a folder copied, or restored from a backup, syncs on and deletes nothing', async () => {
  const { dir } = await newSpace();
  await ask('put', dir, '/one', '1');
  await ask('sync', dir);
  const old = place('old');
  await cp(dir, old, { recursive: true });
  await ask('put', dir, '/two', '2');
  await ask('sync', dir);
  await ask('put', dir, '/one', '11');
  await ask('sync', dir);
  await ask('put', old, '/three', '3');
  await ask('put', old, '/queue/bafy', '"may have been taken"');
  const { code, json } = await end('sync', old, '--json');
  // What it had in its queue may have been taken, or cancelled: it is not taken, and told.
  assert.deepEqual([code, json.refused], [5, [{ key: '/queue/bafy', name: 'BaseLost' }]]);
  assert.deepEqual(json.conflicts, []);
  await ask('sync', dir);
  for (const folder of [dir, old, await clone(dir)]) {
    assert.equal((await ask('get', folder, '/one')).value, 11);
    assert.equal((await ask('get', folder, '/two')).value, 2);
    assert.equal((await ask('get', folder, '/three')).value, 3);
    await assertSound(folder);
  }
  // The two are one device to the service, and go on as two.
  await ask('rm', old, '/two');
  await ask('sync', old);
  assert.deepEqual((await ask('sync', dir)).changed, ['/two']);
  await ask('put', dir, '/four', '4');
  await ask('sync', dir);
  assert.deepEqual((await ask('sync', old)).changed, ['/four']);
  assert.equal(await rootOf(dir), await rootOf(old));
});

/** freehold space: replicas that always hold some prefixes of their space, and read the rest. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { ask, end, start } from '../support/js/space-cli.js';
import { assertSound, manyLines, putLines, rootOf, startWorld } from '../support/js/space-world.js';

const world = await startWorld();
after(() => world.close());

/** @param {string} folder @param {number} count */
const linesUnder = (folder, count, text = 'x'.repeat(300)) =>
  manyLines(count, text).replaceAll('/many/', folder);

/**
 * A space with two folders of entries, and a device that shall have a part of it.
 * @param {Awaited<ReturnType<typeof startWorld>>} of
 */
const newPartial = async ({ server, newSpace, newDevice, shareTo }, count = 4000) => {
  const { dir } = await newSpace();
  await putLines(dir, linesUnder('/a/', count));
  await putLines(dir, linesUnder('/b/', count));
  await ask('put', dir, '/b/large', 'y'.repeat(5000), '--text');
  await ask('sync', dir);
  const { dir: part, did } = await newDevice();
  const file = await shareTo(dir, did);
  return { dir, part, clone: ['clone', part, '--remote', server.url, '--delegation', file] };
};

/** What ls prints. @param {string} dir @param {string} prefix */
const listing = async (dir, prefix) => {
  const { code, out } = await end('ls', dir, prefix, '--values');
  return code === 0 ? out : `exit status ${code}`;
};

test('R12: all under a scope is there when the service is gone', async () => {
  const lone = await startWorld();
  const { dir, part, clone } = await newPartial(lone);
  const told = await ask(clone[0], ...clone.slice(1), '--scope', '/b/');
  assert.deepEqual([told.whole, told.scopes, told.root], [false, ['/b/'], await rootOf(dir)]);
  await ask('put', dir, '/b/000007', '"changed"');
  await ask('put', dir, '/a/000007', '"changed"');
  await ask('sync', dir);
  const synced = await ask('sync', part);
  assert.deepEqual([synced.rounds, synced.reads], [1, 0], 'the usual sync is one round trip');
  await lone.server.close();
  assert.equal((await ask('get', part, '/b/000007')).value, 'changed');
  assert.equal((await ask('get', part, '/b/large')).value, 'y'.repeat(5000));
  assert.equal((await end('get', part, '/b/none')).code, 3);
  assert.equal(await listing(part, '/b/'), await listing(dir, '/b/'));
  await ask('put', part, '/b/000100', '"written offline"');
  await ask('put', part, '/b/zzz', '"written offline"');
  for (const args of [
    ['get', part, '/a/000007'],
    ['ls', part, '/a/'],
  ]) {
    const { code, error } = await end(...args, '--json');
    assert.deepEqual([code, error.name], [6, 'Offline'], args.join(' '));
  }
  assert.equal((await assertSound(part)).whole, false);
  await lone.close();
});

test('scopes are added to and removed by a sync; what was there goes', async () => {
  const { dir, part, clone } = await newPartial(world);
  await ask(clone[0], ...clone.slice(1), '--scope', '/b/0000', '--scope', '/b/00001');
  const { blocks: few } = await assertSound(part);
  const wider = await ask('sync', part, '--scope', '/a/', '--scope', '/b/');
  assert.deepEqual([wider.scopes, wider.whole], [['/a/', '/b/'], false]);
  const { blocks: many } = await assertSound(part);
  assert.ok(many > 3 * few, `${few}, then ${many} blocks`);
  assert.equal(await listing(part, '/a/'), await listing(dir, '/a/'));
  const less = await ask('sync', part, '--no-scope', '/a/', '--no-scope', '/b/', '--scope', '/a/1');
  assert.deepEqual(less.scopes, ['/a/1']);
  const { blocks: fewer } = await assertSound(part);
  assert.ok(fewer < few + 10, `${few}, then ${fewer} blocks`);
  // What it does not hold it reads, as before.
  assert.equal(await listing(part, '/b/0001'), await listing(dir, '/b/0001'));
  const whole = await ask('sync', part, '--whole');
  assert.equal(whole.whole, true);
  assert.equal((await assertSound(part)).entries, 8002);
});

test('a scope that cannot be one is refused, and nothing changes', async () => {
  const { part, clone } = await newPartial(world, 10);
  await ask(clone[0], ...clone.slice(1), '--scope', '/b/');
  const many = Array.from({ length: 65 }, (_, i) => ['--scope', `/${100 + i}/`]).flat();
  for (const [args, name] of /** @type {[string[], string][]} */ ([
    [['--scope', ''], 'InvalidKey'],
    [['--scope', 'k'.repeat(1025)], 'InvalidKey'],
    [many, 'LimitExceeded'],
    [['--no-scope', '/c/'], 'NotFound'],
  ])) {
    const { code, error } = await end('sync', part, ...args, '--json');
    assert.notEqual(code, 0);
    assert.equal(error.name, name);
  }
  assert.deepEqual((await ask('sync', part)).scopes, ['/b/']);
});

test('R10: a scope that is filled when the process dies is filled on from there', async () => {
  const { dir, part, clone } = await newPartial(world, 30_000);
  const args = [...clone, '--scope', '/a/', '--scope', '/b/', '--json'];
  for (const at of [
    'replica-answered',
    'replica-before:5',
    'replica-after:5',
    'replica-before:4',
  ]) {
    const { code, err } = await start(args, { env: { FREEHOLD_CRASH_AT: at } }).ended;
    assert.equal(code, 137, `${at}: ${err}`);
    await assertSound(part);
  }
  await putLines(dir, linesUnder('/a/', 10, 'new'));
  await ask('sync', dir);
  // At no chosen moment.
  let code = 137;
  for (let pause = 40; code !== 0; pause *= 1.5) {
    const { child, ended } = start(args);
    const timer = setTimeout(() => child.kill('SIGKILL'), pause);
    ({ code } = await ended);
    clearTimeout(timer);
    assert.ok(code === 0 || child.signalCode === 'SIGKILL', `${code} ${child.signalCode}`);
    await assertSound(part);
  }
  for (const prefix of ['/a/', '/b/']) {
    assert.equal(await listing(part, prefix), await listing(dir, prefix));
  }
});

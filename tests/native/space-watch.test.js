/** `freehold space watch`: what it prints, how it ends, what it goes on after. */
import assert from 'node:assert/strict';
import { cp, rm } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { ask, end, start } from '../support/js/space-cli.js';
import { rootOf, startWorld } from '../support/js/space-world.js';

/** @type {Awaited<ReturnType<typeof startWorld>>} */
let world;
before(async () => (world = await startWorld()));
after(() => world.close());

/** A watch under way: `next()` is the next thing that it prints. @param {string[]} args */
const watching = (...args) => {
  const { child, ended } = start(['watch', '--json', ...args]);
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    child,
    ended,
    next: async () => {
      const { value } = await lines.next();
      return value === undefined ? undefined : JSON.parse(value);
    },
  };
};

/** Two folders of a space at the same checkpoint. */
const newPair = async () => {
  const { dir } = await world.newSpace();
  await ask('put', dir, '/n', '0');
  await ask('sync', dir);
  return [dir, await world.clone(dir)];
};

/** @param {string} dir @param {string} value */
const edit = async (dir, value) => {
  await ask('put', dir, '/n', value);
  return ask('sync', dir);
};

test('watch: the newest checkpoint, then each new one', async () => {
  const [here, there] = await newPair();
  const watch = watching(there);
  const head = await watch.next();
  assert.equal(head.root, await rootOf(here));
  assert.equal(head.stale, false);
  for (let i = 1; i < 4; i += 1) {
    await edit(here, `${i}`);
    const next = await watch.next();
    assert.equal(next.seq, head.seq + i);
    assert.equal(next.root, await rootOf(here));
  }
  assert.equal((await end('get', there, '/n')).out.trim(), '0', 'it brings nothing');
  watch.child.kill('SIGTERM');
  assert.equal((await watch.ended).code, null);
  await ask('sync', there);
  assert.equal((await end('get', there, '/n')).out.trim(), '3');
});

test('watch --count: ends after so many', async () => {
  const [here, there] = await newPair();
  const watch = watching(there, '--count', '2');
  const { seq } = await watch.next();
  await edit(here, '1');
  assert.equal((await watch.next()).seq, seq + 1);
  assert.equal((await watch.ended).code, 0);
  const text = await end('watch', there, '--count', '1');
  assert.equal(text.out, `${seq + 1}  ${await rootOf(here)}\n`);
});

test('watch --sync: the folder follows', async () => {
  const [here, there] = await newPair();
  await ask('put', there, '/mine', '"edited before"');
  const watch = watching(there, '--sync', '--count', '2');
  assert.equal((await watch.next()).rounds > 0, true);
  const { seq } = await watch.next();
  await ask('sync', here);
  assert.equal((await end('get', here, '/mine')).out.trim(), '"edited before"');
  await edit(here, '1');
  assert.equal((await watch.next()).seq, seq + 1);
  assert.deepEqual((await watch.next()).changed, ['/n']);
  assert.equal((await watch.ended).code, 0);
  assert.equal(await rootOf(there), await rootOf(here));
});

test('watch: goes on when a service that was away is back', async () => {
  const [here, there] = await newPair();
  const watch = watching(there);
  const { seq } = await watch.next();
  await world.server.stop();
  await world.server.start();
  await edit(here, '1');
  assert.equal((await watch.next()).seq, seq + 1);
  watch.child.kill('SIGTERM');
  await watch.ended;
});

test('watch --sync: gets over a service that was restored from a backup', async () => {
  const [here, there] = await newPair();
  const { server } = world;
  const [data, backup] = [join(server.folder, 'data'), join(server.folder, 'backup')];
  await server.stop();
  await cp(data, backup, { recursive: true });
  await server.start();
  await edit(here, '"lost"');
  await ask('sync', there);
  await server.stop();
  await rm(data, { recursive: true });
  await cp(backup, data, { recursive: true });
  await server.start();
  const refused = await end('watch', there, '--count', '1', '--json');
  assert.deepEqual([refused.code, refused.error.name], [5, 'BaseUnknown']);
  const watch = watching(there, '--sync', '--count', '1');
  assert.equal((await watch.ended).code, 0);
  await ask('sync', here);
  assert.equal((await end('get', here, '/n')).out.trim(), '"lost"');
});

test('watch: what cannot be mended has an exit status of its own', async () => {
  const dir = world.place('lone');
  await ask('new', dir);
  const lone = await end('watch', dir, '--json');
  assert.deepEqual([lone.code, lone.error.name], [1, 'NoService']);
  const { dir: unsynced } = await world.newSpace();
  const never = await end('watch', unsynced, '--json');
  assert.equal(never.code, 1);
  assert.equal(never.error.name, 'NotFound');
  assert.match(never.error.message, /sync first/);
  assert.equal((await end('watch', unsynced, '--count', '0')).code, 2);
  assert.equal((await end('watch')).code, 2);
});

/** Partial spaces: what is under their scopes needs no service, the rest is read and given up. */
import assert from 'node:assert/strict';
import test from 'node:test';

import { Agent } from '../../js/index.js';
import { MemoryBlockStore, MemoryDatabase } from '../../js/memory-store.js';
import { collect, newSpace, rejects } from '../support/js/package.js';
import { startServer } from '../support/js/server.js';

const offline = (promise) => rejects(promise, 'Offline');

/** Counts the calls that anything makes, and fails them while it is cut. */
function watchNetwork(t) {
  const { fetch } = globalThis;
  const network = { calls: 0, isCut: false };
  globalThis.fetch = (...args) => {
    network.calls += 1;
    return network.isCut ? Promise.reject(new TypeError('cut')) : fetch(...args);
  };
  t.after(() => (globalThis.fetch = fetch));
  return network;
}

const name = (folder, i) => `/${folder}/${String(i).padStart(5, '0')}`;
const count = 3000;

/** A space that the server has, and a device that shall have a part of it. */
async function newPartial(t) {
  const server = await startServer();
  t.after(() => server.close());
  const { space } = await newSpace();
  for (const folder of ['mine', 'theirs']) {
    const entries = Array.from({ length: count }, (_, i) => i);
    await space.batch(entries.map((i) => ({ key: name(folder, i), value: 'v'.repeat(300) })));
  }
  await space.put('/mine/large', 'w'.repeat(5000));
  await space.add(new Uint8Array([1, 2, 3]));
  await space.sync(server.url);
  const stores = { database: new MemoryDatabase(), blocks: new MemoryBlockStore() };
  const open = () => Agent.open({ store: stores });
  const other = await open();
  const part = await other.importDelegation(await space.share(other.did));
  return { server, space, part, stores, open };
}

test('R12: what is under a scope is there without a network, and stays fresh', async (t) => {
  const network = watchNetwork(t);
  const { server, space, part, open } = await newPartial(t);
  await part.sync(server.url, { scopes: ['/mine/', '/mine/0', '/blob/', '/queue/', '/receipt/'] });
  assert.equal(part.isWhole, false);
  const text = new TextDecoder();
  assert.deepEqual(
    part.scopes.map((scope) => text.decode(scope)),
    ['/blob/', '/mine/', '/queue/', '/receipt/'],
  );
  await space.batch([
    { key: name('mine', 7), value: 'changed' },
    { key: name('theirs', 7), value: 'changed' },
    { key: name('mine', 8) },
  ]);
  await space.sync();
  network.calls = 0;
  await part.sync(); // lazy, since it has scopes
  assert.equal(network.calls, 1, 'one round trip');

  network.isCut = true;
  network.calls = 0;
  const reopened = await (await open()).openSpace(part.did);
  for (const device of [part, reopened]) {
    assert.equal(await device.get(name('mine', 7)), 'changed');
    assert.equal(await device.get(name('mine', 8)), undefined);
    assert.equal((await device.get('/mine/large')).length, 5000);
    assert.equal(await device.get('/mine/none'), undefined);
    for (const reverse of [false, true]) {
      assert.equal((await collect(device.entries({ prefix: '/mine/', reverse }))).length, count);
    }
    const part10 = device.entries({ from: name('mine', 10), to: name('mine', 20) });
    assert.equal((await collect(part10)).length, 10);
    const blobs = await device.blobs();
    assert.deepEqual(
      blobs.map(({ state }) => state),
      ['stored'],
    );
  }
  await part.put('/mine/00007x', 'written offline');
  assert.equal(network.calls, 0);
  await offline(part.get(name('theirs', 2000)));
  network.isCut = false;
  assert.equal(await part.get(name('theirs', 7)), 'changed');
  await part.sync();
  await space.sync();
  assert.equal(part.root, space.root);
  await part.sync(undefined, { lazy: false });
  assert.equal(part.isWhole, true);
  assert.equal((await collect(part.entries({ prefix: '/theirs/' }))).length, count);
});

test('scopes are changed by a sync, and what was there is freed', async (t) => {
  const { server, part, stores } = await newPartial(t);
  const held = async () => (await stores.blocks.list(part.did)).length;
  await part.sync(server.url, { scopes: ['/mine/'] });
  const one = await held();
  await part.sync(undefined, { scopes: ['/mine/', '/theirs/'] });
  assert.ok((await held()) > 1.6 * one);
  await part.sync(undefined, { scopes: ['/mine/0000'] });
  assert.ok((await held()) < one / 2, `${await held()} of ${one} blocks`);
  assert.equal((await collect(part.entries({ prefix: '/mine/0000' }))).length, 10);
  await part.sync(undefined, { scopes: [] });
  assert.deepEqual(part.scopes, []);
  for (const [scopes, code] of [
    [[''], 'InvalidKey'],
    [['k'.repeat(1025)], 'InvalidKey'],
    [Array.from({ length: 65 }, (_, i) => `/${i + 100}/`), 'LimitExceeded'],
  ]) {
    await assert.rejects(part.sync(undefined, { scopes }), { code });
  }
});

test('what a lazy space reads besides is bounded', async (t) => {
  const { server, space, part, stores } = await newPartial(t);
  const large = 1_000_000;
  for (let i = 0; i < 40; i += 1) {
    await space.put(name('large', i), `${i}`.padStart(large, 'x'));
    if (i % 8 === 7) await space.sync();
  }
  await part.sync(server.url, { scopes: ['/mine/'] });
  const before = (await stores.blocks.list(part.did)).length;
  for (let i = 0; i < 40; i += 1) {
    assert.equal((await part.get(name('large', i))).length, large);
  }
  const cids = await stores.blocks.list(part.did);
  const blocks = await stores.blocks.getMany(part.did, cids);
  const kept = blocks.filter(({ bytes }) => bytes.length > large).length;
  assert.ok(kept < 20, `${kept} large values`);
  assert.ok(cids.length >= before - 20, 'the scope stays');
  assert.equal((await collect(part.entries({ prefix: '/mine/' }))).length, count + 1);
});

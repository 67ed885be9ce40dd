/**
 * What a server keeps: nothing that no root of the window needs, every commitment, its quota. The
 * program's own audit reads the data of the server after each case.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { test } from 'node:test';
import { sha256 } from 'multiformats/hashes/sha2';
import { Device, concluded, someBytes } from '../support/js/device.js';
import { program, run } from '../support/js/program.js';
import { startServer } from '../support/js/server.js';
import * as peer from '../support/js/ucan-peer.js';

const tenants = (/** @type {any} */ state = {}, capacity = 2 ** 20) => [
  {
    did: 'did:web:localhost',
    providers: [
      { did: 'did:web:free.localhost', plan: 'free', capacity, subscribeOnSync: true, state },
    ],
  },
];

/** @param {any} server @param {Device} device */
const audit = async (server, device) => {
  const data = join(server.folder, 'data');
  const found = JSON.parse(await run('audit', '--data', data, '--space', device.space.did()));
  assert.equal(found.fault, '');
  return found;
};

/** @param {Device} device @param {Uint8Array[]} [keys] @returns {Promise<any>} */
const restore = async (device, keys) =>
  device.send(
    await peer.signInvocation({
      issuer: device.agent,
      audience: device.did,
      can: 'space/state/restore',
      with: device.space.did(),
      nb: keys ? { keys } : {},
      proofs: device.proofs,
    }),
  );

/** @param {Device} device @param {Uint8Array} bytes */
const uploaded = async (device, bytes) => {
  const receipt = await device.send(await device.add(bytes));
  const { address } = concluded(receipt)['blob/allocate'].ok;
  assert.equal((await device.upload(address, bytes)).status, 200);
  const tasks = peer.effectsOf(receipt);
  const done = await device.send(await device.conclude(tasks['http/put'], bytes));
  assert.ok(done.out.ok);
  await device.sync();
  return tasks;
};

test('R22: a deleted commitment stays deleted and holds; restore brings it back', async () => {
  const server = await startServer({ tenants: tenants({ retentionCheckpoints: 8 }, 1000) });
  try {
    const device = await Device.create(server);
    await device.sync();
    const bytes = someBytes('R22', 900);
    const tasks = await uploaded(device, bytes);
    const key = Buffer.from(peer.blobKey((await sha256.digest(bytes)).bytes)).toString();
    const before = new Map(
      device.entries.map(([at, value]) => [Buffer.from(at).toString(), value]),
    );
    const accept = await device.receipt(tasks['blob/accept'].cid);
    const site = await device.issuedByService(/** @type {any} */ (accept).out.ok.site);
    const [location] = /** @type {any} */ (site.capabilities[0].nb).location;

    const told = [...before.keys()].filter((at) => /^\/(blob|receipt)\//.test(at));
    for (const at of told) device.put(at, undefined);
    await device.sync();
    for (let i = 0; i < 12; i++) {
      device.put('tick', i); // what was deleted is out of the window, and freed
      await device.sync();
    }
    assert.deepEqual(device.keys('/blob/'), []);
    assert.deepEqual(device.keys('/receipt/'), []);
    const served = await fetch(location);
    assert.deepEqual(new Uint8Array(await served.arrayBuffer()), bytes);
    const full = await device.send(await device.add(someBytes('more', 200)));
    assert.equal(full.out.error.name, 'InsufficientStorage');
    await device.sync();
    await audit(server, device);

    const one = await restore(device, [Buffer.from(key), Buffer.from('/blob/none')]);
    await device.checkSigned(one);
    assert.deepEqual(
      one.out.ok.restored.map((/** @type {any} */ at) => Buffer.from(at).toString()),
      [key],
    );
    assert.equal(one.out.ok.unknown.length, 1);
    await device.sync();
    assert.equal(`${device.get(key)[device.did]}`, `${before.get(key)[device.did]}`);
    assert.equal(device.get(peer.receiptKey(tasks['blob/accept'].cid)), undefined);
    const all = await restore(device);
    assert.equal(all.out.ok.more, false);
    device.blocks.clear();
    await device.sync();
    for (const at of told) {
      const [now, then] = [device.get(at), before.get(at)];
      assert.equal(`${now?.[device.did] ?? now}`, `${then[device.did] ?? then}`, at);
    }
    assert.ok(/** @type {any} */ (await device.receipt(tasks['blob/accept'].cid)).out.ok.site);
    assert.equal((await restore(device)).out.ok.restored.length, 0);
    await audit(server, device);
  } finally {
    await server.close();
  }
});

test('R28: what was deleted is done all the same, and told again only if asked for', async () => {
  const server = await startServer({ tenants: tenants() });
  try {
    const device = await Device.create(server);
    const add = await device.add(someBytes('R28', 10));
    device.queue(add);
    await device.sync();
    for (const prefix of ['/invoked/', '/receipt/', '/blob/']) {
      for (const key of device.keys(prefix)) device.put(key, undefined);
    }
    await device.sync();
    await device.sync();
    assert.deepEqual(device.entries, []);
    const response = await fetch(new URL(`/receipt/${add.cid}`, server.url));
    assert.equal(response.status, 200);
    assert.ok((await device.send(await device.add(someBytes('R28', 10)))).out.ok);
    const asked = await restore(device, [peer.receiptKey(add.cid)]);
    assert.equal(asked.out.ok.restored.length, 1);
    await device.sync();
    assert.ok(/** @type {any} */ (await device.receipt(add.cid)).out.ok);
    await audit(server, device);
  } finally {
    await server.close();
  }
});

test('Restore: an unknown space, keys that are none, a stranger: each is named', async () => {
  const server = await startServer({ tenants: tenants() });
  try {
    const device = await Device.create(server);
    assert.equal((await restore(device)).out.error.name, 'SpaceUnknown');
    await device.sync();
    const empty = await restore(device, [new Uint8Array()]);
    assert.equal(empty.out.error.name, 'InvalidKey');
    const stranger = await device.another();
    stranger.proofs = [];
    assert.equal((await restore(stranger)).out.error.name, 'Unauthorized');
  } finally {
    await server.close();
  }
});

// native/fault.hpp says what they are.
const POINTS = [
  'sync-merged',
  'sync-stated',
  'lifetimes-settled',
  'blocks-freed',
  'window-moved',
  'commit-before',
  'commit-after',
  'answer-before',
];

for (const point of POINTS) {
  test(`Design 9: a death at ${point} loses nothing that lives, and leaks nothing`, async () => {
    const server = await startServer({ tenants: tenants({ retentionCheckpoints: 2 }) });
    try {
      const device = await Device.create(server);
      for (let i = 0; i < 40; i++) device.put(`/n/${i}`, 'x'.repeat(300));
      await device.sync();
      await server.stop();
      process.env.FREEHOLD_CRASH_AT = `${point}:5`;
      await server.start().finally(() => delete process.env.FREEHOLD_CRASH_AT);
      let deaths = 0;
      for (let i = 0; i < 12; i++) {
        device.put(`/n/${i % 3}`, i % 2 === 0 ? undefined : someBytes(`${i % 4}`, 2000));
        for (;;) {
          try {
            await device.sync();
            break;
          } catch (error) {
            for (let wait = 0; server.pid && wait < 100; wait++) {
              await new Promise((resolve) => setTimeout(resolve, 10));
            }
            if (server.pid) throw error;
            deaths += 1;
            await audit(server, device);
            await server.start();
          }
        }
      }
      assert.equal(deaths, 1, 'the point was reached');
      const found = await audit(server, device);
      assert.equal(found.checkpoints - found.oldest, 1);
      // Of the two values of 2,000 bytes each that are left; and one of the root before.
      assert.ok(found.liveBlocks <= 3 && found.deadBlocks <= 2, JSON.stringify(found));
    } finally {
      await server.close();
    }
  });
}

test('X5: over the state quota keys are refused by name, and the queue goes on', async () => {
  const server = await startServer({ tenants: tenants({ quota: 30_000 }) });
  try {
    const device = await Device.create(server);
    for (let i = 0; i < 40; i++) device.put(`/n/${String(i).padStart(2, '0')}`, 'x'.repeat(1000));
    const add = await device.add(someBytes('X5', 10));
    device.queue(add);
    const { refused } = await device.sync();
    assert.ok(refused.length > 5 && refused.length < 25, `${refused.length} refused`);
    for (const { key, name } of refused) {
      assert.equal(name, 'QuotaExceeded');
      assert.equal(device.get(key), undefined);
    }
    assert.ok(/** @type {any} */ (await device.receipt(add.cid)).out.ok);
    for (const key of device.keys('/n/')) device.put(key, undefined);
    assert.deepEqual((await device.sync()).refused, []);
    assert.deepEqual(device.keys('/n/'), []);
    await audit(server, device);
  } finally {
    await server.close();
  }
});

test('Design 4: who writes too much waits, and nobody else', async () => {
  const state = { bytesPerSecond: 50_000, burstBytes: 50_000 };
  const server = await startServer({ tenants: tenants(state) });
  try {
    const busy = await Device.create(server);
    const calm = await Device.create(server);
    for (let i = 0; i < 100; i++) busy.put(`/n/${i}`, 'x'.repeat(1000));
    await busy.sync(); // at once: it has written nothing yet; then it owes a second or more
    /** @type {string[]} */
    const order = [];
    busy.put('/n/1', 'again');
    calm.put('/n/1', 'first');
    const waiting = busy.sync().then(() => order.push('busy'));
    for (let i = 0; i < 3; i++) {
      await calm.sync();
      order.push('calm');
    }
    await waiting;
    assert.deepEqual(order, ['calm', 'calm', 'calm', 'busy']);
  } finally {
    await server.close();
  }
});

test('serve: a second server on one data folder is refused, and says why', async () => {
  const server = await startServer({ tenants: tenants() });
  try {
    const config = join(server.folder, 'config.json');
    const data = join(server.folder, 'data');
    const args = ['serve', '--config', config, '--listen', '127.0.0.1:0', '--data', data];
    const second = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'] });
    let said = '';
    second.stderr.setEncoding('utf8').on('data', (text) => (said += text));
    const [code] = await once(second, 'exit');
    assert.equal(code, 1);
    assert.match(said, /another process writes to this data folder/);
    const device = await Device.create(server);
    await device.sync();
    await server.kill9(); // the lock goes with the process
    await server.start();
    await device.sync();
  } finally {
    await server.close();
  }
});

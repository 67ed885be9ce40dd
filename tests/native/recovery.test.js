/**
 * R27, R34, X1: a server that lost what it did since its backup. A device brings the state back;
 * the ledger is rebuilt from what the tenants have signed in it, and from nothing else.
 */
import assert from 'node:assert/strict';
import { cp, rm, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { Receipt } from '@ucanto/core';
import { base58btc } from 'multiformats/bases/base58';
import { CID } from 'multiformats/cid';
import { sha256 } from 'multiformats/hashes/sha2';
import { Device, concluded, someBytes } from '../support/js/device.js';
import { run } from '../support/js/program.js';
import { startServer } from '../support/js/server.js';
import { build } from '../support/js/tree.js';
import * as peer from '../support/js/ucan-peer.js';

const CAPACITY = 10_000;
const TENANTS = [
  {
    did: 'did:web:localhost',
    providers: [
      { did: 'did:web:free.localhost', plan: 'free', capacity: CAPACITY, subscribeOnSync: true },
    ],
  },
];

/** A server that can be put back to where it was. */
const startMortal = async (capacity = CAPACITY) => {
  const tenants = structuredClone(TENANTS);
  tenants[0].providers[0].capacity = capacity;
  const server = await startServer({ tenants });
  const state = join(server.folder, 'data', 'state');
  const copy = join(server.folder, 'backup');
  /** @param {Record<string, string>} env of its next life */
  const start = async (env = {}) => {
    Object.assign(process.env, env);
    try {
      await server.start();
    } finally {
      for (const name of Object.keys(env)) delete process.env[name];
    }
  };
  return {
    server,
    start,
    async backUp() {
      await server.stop();
      await cp(state, copy, { recursive: true });
      await server.start();
    },
    /** All that the database got since then is gone; the bytes of blobs are not. */
    async putBack(env = {}) {
      await server.stop();
      await rm(state, { recursive: true });
      await cp(copy, state, { recursive: true });
      await start(env);
    },
  };
};

/** The nodes of the tree that the device and the server shared. @param {Device} device */
const holdTree = (device) => {
  for (const [cid, bytes] of build(device.base).blocks) device.blocks.set(cid, bytes);
};

const nameOf = (/** @type {Promise<any>} */ promise) =>
  promise.then(
    () => 'ok',
    (error) => error.name,
  );

/** Syncs until it is no longer told to wait. @param {Device} device */
const recover = async (device) => {
  for (let rounds = 1; ; ++rounds) {
    const name = await nameOf(device.sync());
    if (name === 'ok') return rounds;
    assert.equal(name, 'Recovering');
    assert.ok(rounds < 1000);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
};

const urlOf = async (/** @type {any} */ server, /** @type {Uint8Array} */ bytes) =>
  new URL(`/blob/${base58btc.encode((await sha256.digest(bytes)).bytes)}`, server.url);

/** An upload by plain invocations, to the end or to the PUT. */
const upload = async (/** @type {Device} */ device, /** @type {Uint8Array} */ bytes) => {
  const add = await device.add(bytes);
  const receipt = await device.send(add);
  const { address } = concluded(receipt)['blob/allocate'].ok;
  const tasks = peer.effectsOf(receipt);
  const conclude = await device.conclude(tasks['http/put'], bytes);
  const put = () => device.upload(address, bytes);
  const end = async () => {
    assert.equal((await put()).status, 200);
    return device.send(conclude);
  };
  return { add, receipt, tasks, conclude, put, end };
};

/** @param {Device} device @param {any} invocation @param {any} before its receipt */
const assertSame = async (device, invocation, before) =>
  assert.equal(`${(await device.send(invocation)).link()}`, `${before.link()}`);

/** How many bytes more the plan has room for, found by asking for it. @param {Device} device */
const assertRoom = async (device, room, name = 'room') => {
  const over = await device.send(await device.add(someBytes(`${name}/over`, room + 1)));
  assert.equal(over.out.error?.name, 'InsufficientStorage', `no room for ${room + 1}`);
  const last = await device.send(await device.add(someBytes(`${name}/fits`, room)));
  assert.ok(last.out.ok, `room for ${room}`);
};

const assertNoFault = async (/** @type {any} */ server, /** @type {Device} */ device) => {
  const data = join(server.folder, 'data');
  const told = await run('audit', '--data', data, '--space', device.space.did());
  assert.equal(JSON.parse(told).fault, '');
};

test('R27 R34 X1: what a server signed after its backup binds it when it is put back', async () => {
  const { server, backUp, putBack } = await startMortal();
  try {
    const device = await Device.create(server);
    const other = await Device.create(server);
    await device.sync();
    await other.sync();
    await (await upload(device, someBytes('before', 1000))).end();
    await device.sync();
    await backUp();

    const accepted = await upload(device, someBytes('accepted', 3000));
    const done = await accepted.end();
    const pending = await upload(device, someBytes('pending', 2500));
    const tooMuch = await device.add(someBytes('too much', 9000));
    const refused = await device.send(tooMuch);
    assert.equal(refused.out.error.name, 'InsufficientStorage');
    // One whose bytes are here, and that only a stranger calls accepted.
    const unaccepted = someBytes('unaccepted', 500);
    const forged = await upload(device, unaccepted);
    assert.equal((await forged.put()).status, 200);
    const lie = await Receipt.issue({
      issuer: device.agent,
      ran: /** @type {any} */ (forged.tasks['blob/accept'].cid),
      result: { ok: { site: forged.add.cid } },
    });
    device.hold(lie);
    // And one that the service has accepted, for another space.
    const foreign = await upload(other, someBytes('foreign', 2000));
    await foreign.end();
    await other.sync();
    for (const [cid, bytes] of other.blocks) device.blocks.set(cid, bytes);
    for (let i = 0; i < 100; i++) device.put(`/filler/${i}`, 'f'.repeat(300)); // many nodes
    const theirs = foreign.tasks['blob/accept'].cid;
    await device.sync();
    device.put(peer.receiptKey(forged.tasks['blob/accept'].cid), lie.link());
    device.put(peer.receiptKey(theirs), other.get(peer.receiptKey(theirs)));
    await device.sync();
    await putBack();

    assert.equal(await nameOf(device.sync()), 'Recovering');
    const early = await device.send(await device.add(someBytes('early', 10)));
    assert.equal(early.out.error.name, 'Recovering');
    holdTree(device);
    await recover(device);
    await assertNoFault(server, device);

    await assertSame(device, accepted.add, accepted.receipt);
    await assertSame(device, accepted.conclude, done);
    await assertSame(device, pending.add, pending.receipt);
    await assertSame(device, tooMuch, refused);
    assert.equal((await fetch(await urlOf(server, someBytes('accepted', 3000)))).status, 200);
    assert.equal((await fetch(await urlOf(server, unaccepted))).status, 404);
    // 1,000 and 3,000 stored, 2,500 and 500 reserved.
    await assertRoom(device, 3000);
    // What was under way goes on.
    assert.ok((await pending.end()).out.ok.time);
    assert.equal((await fetch(await urlOf(server, someBytes('pending', 2500)))).status, 200);
    assert.ok((await device.send(forged.conclude)).out.ok.time);
    await device.sync();
    const site = (await device.receipt(pending.tasks['blob/accept'].cid)).out.ok.site;
    assert.ok(await device.issuedByService(site));
    const archive = await fetch(
      new URL(`/receipt/${accepted.tasks['blob/accept'].cid}`, server.url),
    );
    assert.equal(archive.status, 200);
    const { receipts } = await peer.decodeMessage(new Uint8Array(await archive.arrayBuffer()));
    const [told] = receipts.values();
    assert.equal(
      `${told?.link()}`,
      `${device.get(peer.receiptKey(accepted.tasks['blob/accept'].cid))}`,
    );

    // The ledger knows what it owes: deleted, it can be asked for.
    const key = peer.receiptKey(accepted.add.cid);
    const link = device.get(key);
    device.put(key, undefined);
    await device.sync();
    const ask = await peer.signInvocation({
      issuer: device.agent,
      audience: device.did,
      can: 'space/state/restore',
      nb: { keys: [key] },
    });
    assert.equal((await device.send(ask)).out.ok.restored.length, 1);
    await device.sync();
    assert.equal(`${device.get(key)}`, `${link}`);
    await assertNoFault(server, device);
  } finally {
    await server.close();
  }
});

test('R34: an accepted blob whose bytes are lost is not counted, and asked for anew', async () => {
  const { server, backUp, putBack } = await startMortal();
  try {
    const device = await Device.create(server);
    await device.sync();
    await backUp();
    const bytes = someBytes('lost', 6000);
    const first = await upload(device, bytes);
    await first.end();
    await device.sync();
    holdTree(device);
    await putBack();
    const name = Buffer.from((await sha256.digest(bytes)).digest).toString('hex');
    await unlink(join(server.folder, 'data', 'blobs', name.slice(0, 2), name));
    await recover(device);
    await assertSame(device, first.add, first.receipt);
    assert.equal((await fetch(await urlOf(server, bytes))).status, 404);
    const again = await upload(device, bytes);
    assert.ok((await again.end()).out.ok.time);
    assert.equal((await fetch(await urlOf(server, bytes))).status, 200);
    await assertRoom(device, CAPACITY - bytes.length);
  } finally {
    await server.close();
  }
});

test('R27 X1: a server that dies while it rebuilds a ledger goes on with it', async () => {
  const { server, backUp, putBack } = await startMortal(1_000_000);
  try {
    const device = await Device.create(server);
    await device.sync();
    await backUp();
    const adds = [];
    for (let i = 0; i < 250; i++) adds.push(await device.add(someBytes(`many/${i}`, 1000)));
    for (const add of adds) device.queue(add);
    const isTold = () => adds.every(({ cid }) => device.get(peer.receiptKey(cid)));
    while (!isTold()) {
      await device.sync();
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    const told = adds.map(({ cid }) => `${device.get(peer.receiptKey(cid))}`);
    holdTree(device);
    // 250 receipts of space/blob/add, as many of blob/allocate, as many slots: two steps.
    await putBack({ FREEHOLD_CRASH_AT: 'ledger-rebuilt:2' });
    await assert.rejects(recover(device));
    for (let wait = 0; server.pid && wait < 50; wait++) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    assert.equal(server.pid, undefined, 'it died in the second step');
    await server.start();
    await recover(device);
    for (const [i, add] of adds.entries()) {
      assert.equal(`${(await device.send(add)).link()}`, told[i]);
    }
    await assertRoom(device, 1_000_000 - 250 * 1000);
    await assertNoFault(server, device);
  } finally {
    await server.close();
  }
});

test('R27: a task taken before the backup waits until its space has recovered', async () => {
  const { server, start, backUp, putBack } = await startMortal();
  const hold = join(server.folder, 'hold');
  try {
    const device = await Device.create(server);
    await writeFile(hold, '');
    await server.stop();
    await start({ FREEHOLD_HOLD: hold });
    const add = await device.add(someBytes('taken', 700));
    device.queue(add);
    await device.sync();
    assert.equal(`${device.get(peer.invokedKey(add.cid))}`, `${add.cid}`);
    const later = await device.add(someBytes('later', 800));
    await server.stop();
    await start({ FREEHOLD_HOLD: hold });
    await backUp();
    await server.stop();
    await start({ FREEHOLD_HOLD: hold });
    device.put('/a', 'after the backup');
    // Not due yet when it came: found by whoever looks when it is.
    const due = Math.floor(Date.now() / 1000) + 3;
    const waiting = await peer.signInvocation({
      issuer: device.agent,
      audience: device.did,
      can: 'space/blob/add',
      notBefore: due,
      nb: later.capabilities[0].nb,
    });
    device.queue(waiting);
    await device.sync();
    assert.ok(device.get(peer.queueKey(waiting.cid)));
    holdTree(device);
    await putBack({ FREEHOLD_HOLD: hold });
    const { blocks } = device;
    device.blocks = new Map([...blocks].filter(([cid]) => CID.parse(cid).code !== 0x71));
    device.blocks.set(`${device.since}`, /** @type {any} */ (blocks.get(`${device.since}`)));
    assert.equal(await nameOf(device.sync()), 'Recovering');
    await unlink(hold); // the background may run it now, and finds the space stopped
    await new Promise((resolve) => setTimeout(resolve, 500));
    assert.equal(await nameOf(device.sync()), 'Recovering');
    device.blocks = blocks;
    await recover(device);
    while (!device.get(peer.receiptKey(add.cid)) || !device.get(peer.receiptKey(waiting.cid))) {
      assert.ok(Date.now() / 1000 < due + 10, 'what waited has run');
      await new Promise((resolve) => setTimeout(resolve, 200));
      await device.sync();
    }
    assert.ok((await device.receipt(add.cid)).out.ok);
    assert.ok((await device.receipt(waiting.cid)).out.ok);
  } finally {
    await server.close();
  }
});

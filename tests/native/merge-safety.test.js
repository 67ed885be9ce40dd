/**
 * What must not come back, be lost or run, whatever devices, mirrors and time do; by the
 * independent peer as client.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Device, someBytes } from '../support/js/device.js';
import { startServer } from '../support/js/server.js';
import { cidOf } from '../support/js/tree.js';
import * as peer from '../support/js/ucan-peer.js';

/** @type {any} */
let server;
before(async () => (server = await startServer()));
after(() => server.close());

const now = () => Math.floor(Date.now() / 1000);
const sleep = (/** @type {number} */ ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** As a mirror would, or as a device does whose answer is lost. @param {any} draft */
const forward = async ({ invocation, blocks }) => {
  const { receipts } = await peer.sendMessage(server.url, [invocation], { blocks });
  return receipts[0];
};

/** An invocation that waits for its time. @param {Device} device @param {number} notBefore */
const waiting = (device, notBefore) =>
  peer.signInvocation({
    issuer: device.space,
    audience: device.did,
    can: 'space/info',
    notBefore,
    nonce: `${Math.random()}`,
  });

test('R4: a lost answer, asked for after another has deleted, brings nothing back', async () => {
  const one = await Device.create(server);
  const two = await one.another();
  one.put('a', 1);
  await one.sync();
  one.put('k', 'once');
  const lost = await one.draft();
  one.n += 1;
  const receipt = await forward(lost); // the device does not see it
  await two.sync();
  two.put('k', undefined);
  await two.sync();

  const again = await forward(lost);
  assert.equal(`${again.link()}`, `${receipt.link()}`, 'the same again has the same receipt');
  one.put('b', 2);
  await one.sync();
  assert.equal(one.get('k'), undefined);
  assert.equal(one.get('b'), 2);
});

test('R4: what a mirror forwards late changes nothing', async () => {
  const one = await Device.create(server);
  const two = await one.another();
  one.put('a', 1);
  await one.sync();
  one.put('k', 'by the mirror');
  const late = await one.draft(); // a mirror has it, and cannot reach the authority
  one.n += 1;
  one.put('b', 2);
  await one.sync(); // the device can
  await two.sync();
  assert.deepEqual(two.keys(''), ['a', 'b', 'k']);
  two.put('k', undefined);
  await two.sync();

  const { error } = (await forward(late)).out;
  assert.equal(error.name, 'Superseded');
  assert.equal(`${error.checkpoint}`, `${two.since}`, 'it tells where the space is');
  await one.sync();
  assert.deepEqual(one.keys(''), ['a', 'b']);
  assert.equal(`${one.since}`, `${two.since}`, 'no checkpoint was made');
});

test('R4: a device that lost all it had is not taken to have deleted it', async () => {
  const one = await Device.create(server);
  one.put('a', 1);
  await one.sync();
  const fresh = await one.another();
  fresh.put('mine', 1);
  await forward(await fresh.draft());
  fresh.entries = fresh.base = [];
  fresh.unanswered = [];
  fresh.n = 1;
  await fresh.sync();
  assert.deepEqual(fresh.keys(''), ['a', 'mine']);
});

test('R30: a device back after a year does not bring back what was cancelled', async () => {
  const state = { retentionCheckpoints: 1 };
  const provider = { did: 'did:web:free.localhost', plan: 'free', capacity: 2 ** 20, state };
  const forgetful = await startServer({
    tenants: [{ did: 'did:web:localhost', providers: [{ ...provider, subscribeOnSync: true }] }],
  });
  try {
    const one = await Device.create(forgetful);
    const two = await one.another();
    const due = now() + 4;
    const seen = await waiting(one, due); // its sync is answered
    one.queue(seen);
    await one.sync();
    const unseen = await waiting(one, due); // its sync is not
    one.queue(unseen);
    const lost = await one.draft();
    one.n += 1;
    await peer.sendMessage(forgetful.url, [lost.invocation], { blocks: lost.blocks });

    await two.sync();
    const keys = [seen, unseen].map(({ cid }) => peer.queueKey(cid));
    for (const key of keys) assert.ok(two.get(key));
    for (const key of keys) two.put(key, undefined);
    await two.sync();
    for (let i = 0; i < 5; ++i) {
      two.put('year', i);
      await two.sync();
    }

    one.put('mine', 'kept');
    const names = [];
    for (const bases of [false, true]) {
      const draft = await one.draft({ bases });
      one.n += 1;
      const answer = await peer.sendMessage(forgetful.url, [draft.invocation], draft);
      const { ok, error } = answer.receipts[0].out;
      names.push(error?.name ?? ok.refused.map((/** @type {any} */ { name }) => name).join());
    }
    assert.deepEqual(names, ['BaseUnknown', 'BaseLost']);
    await sleep(Math.max(0, due * 1000 - Date.now()) + 1500);
    const three = await one.another();
    await three.sync();
    assert.deepEqual(three.keys(''), ['mine', 'year'], 'nothing waits, and nothing ran');
  } finally {
    await forgetful.close();
  }
});

test('R30: deleted before it is taken, it is cancelled; after, it runs: never half', async () => {
  const one = await Device.create(server);
  const two = await one.another();
  const due = now() + 2;
  const many = await Promise.all(Array.from({ length: 12 }, () => waiting(one, due)));
  for (const invocation of many) one.queue(invocation);
  await one.sync();
  await two.sync();
  // One deletes them around the time when they are due, the last when it was taken; the other has
  // them taken by its syncs.
  const isTaken = (/** @type {any} */ { cid }) => two.get(peer.invokedKey(cid)) !== undefined;
  const last = /** @type {any} */ (many.at(-1));
  await sleep(Math.max(0, due * 1000 - Date.now() - 300));
  const deletes = async () => {
    for (const invocation of many) {
      for (let i = 0; i < 100 && invocation === last && !isTaken(last); ++i) {
        await sleep(100);
        await two.sync();
      }
      two.put(peer.queueKey(invocation.cid), undefined);
      await two.sync();
      await sleep(120);
    }
  };
  const takes = async () => {
    for (let i = 0; i < 30 && !isTaken(last); ++i) {
      one.put('tick', i);
      await one.sync();
      await sleep(100);
    }
  };
  await Promise.all([deletes(), takes()]);
  await two.sync();
  assert.deepEqual(two.keys('/queue/'), []);
  for (const invocation of many) {
    const isDone = two.get(peer.receiptKey(invocation.cid)) !== undefined;
    assert.equal(isDone, isTaken(invocation), 'moved, with its receipt, or not at all');
  }
  assert.equal(isTaken(many[0]), false, 'deleted before its time');
  assert.equal(isTaken(last), true);
});

test('R18: anything may be written and deleted anywhere; only recognition is lost', async () => {
  const device = await Device.create(server);
  const bytes = someBytes('R18', 100);
  const add = await device.add(bytes);
  device.queue(add);
  await device.sync();
  const [blob] = device.keys('/blob/');
  const receipt = peer.receiptKey(add.cid);
  const kept = device.get(receipt);
  assert.ok(blob && kept);

  const junk = cidOf(Uint8Array.of(1));
  device.put('/blob/', 'no digest');
  device.put('/blob/zJunk', { 'did:web:localhost': junk });
  device.put(receipt, 'not a receipt');
  device.put('/receipt/nothing', junk);
  device.put('/subscription/did:web:free.localhost', 7);
  device.put('/invoked/x', null);
  device.put('/conflict/x', []);
  device.put(blob, undefined);
  const { refused } = await device.sync();
  assert.deepEqual(refused, []);
  assert.equal(device.get(receipt), 'not a receipt');
  assert.equal(device.get('/blob/zJunk')['did:web:localhost'].toString(), `${junk}`);

  for (const key of device.keys('/')) device.put(key, undefined);
  await device.sync();
  assert.deepEqual(device.entries, []);
  const again = await device.send(add);
  assert.equal(`${again.link()}`, `${kept}`, 'what was signed holds all the same');
});

test('M4: a sync cannot take the root away', async () => {
  const device = await Device.create(server);
  device.put('a', 1);
  await device.sync();
  const sync = async (/** @type {any} */ nb) => {
    const invocation = await peer.signInvocation({
      issuer: device.agent,
      audience: server.did,
      can: 'space/state/sync',
      nb: { n: ++device.n, since: device.since, ...nb },
    });
    return (await device.send(invocation)).out.error;
  };
  for (const root of [undefined, null, '', 7]) {
    const error = await sync(root === undefined ? {} : { root });
    assert.match(error.message, /root/, `${JSON.stringify(root)} is named`);
  }
  assert.equal((await sync({ root: cidOf(Uint8Array.of(0)) })).name, 'RootMismatch');
  const before = device.since;
  await device.sync();
  assert.deepEqual(device.keys(''), ['a']);
  assert.equal(`${device.since}`, `${before}`);
});

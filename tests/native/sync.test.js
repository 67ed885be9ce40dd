/** Syncing with the authority: the queue, retries, refusals; by the independent peer as client. */
import assert from 'node:assert/strict';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { ed25519 } from '@ucanto/principal';
import { Device, someBytes } from '../support/js/device.js';
import { encodeEdits } from '../support/js/edits.js';
import { startServer } from '../support/js/server.js';
import { build, cidOf } from '../support/js/tree.js';
import * as peer from '../support/js/ucan-peer.js';

/** @type {any} */
let server;
before(async () => (server = await startServer()));
after(() => server.close());

const rejects = (/** @type {Promise<any>} */ sync, /** @type {string} */ name) =>
  assert.rejects(sync, (/** @type {any} */ error) => {
    assert.equal(error.name, name);
    assert.equal(typeof error.message, 'string');
    return true;
  });

test('R11: two devices of a space come to the same root, conflicts kept', async () => {
  const one = await Device.create(server);
  const two = await one.another();
  one.put('note/a', 'from one');
  one.put('note/large', 'x'.repeat(5000));
  await one.sync();
  await two.sync();
  assert.equal(two.get('note/a'), 'from one');
  assert.equal(two.get('note/large').length, 5000);
  one.put('note/a', 'one again');
  two.put('note/a', 'two');
  two.put('note/b', [1, 2, { deep: null }]);
  await one.sync();
  const { conflicts } = await two.sync();
  assert.equal(conflicts.length, 1);
  await one.sync();
  assert.equal(`${build(one.entries).root}`, `${build(two.entries).root}`);
  assert.equal(one.get('note/a'), 'one again');
  assert.deepEqual(one.get(conflicts[0]).lost, { value: 'two' });
  const before = one.since;
  await one.sync();
  assert.equal(`${one.since}`, `${before}`, 'a sync that changes nothing makes no checkpoint');
});

test('Checkpoints: a chain, proven by the delegation of the space', async () => {
  const device = await Device.create(server);
  const delegation = await device.delegate({ did: () => server.did }, 'assert/state');
  device.hold(delegation);
  device.put(`/delegation/${server.did}/${delegation.cid}`, delegation.cid);
  const seen = [];
  for (let seq = 1; seq <= 5; seq++) {
    device.put('counter', seq);
    const { state, checkpoint } = await device.sync();
    seen.push(`${checkpoint}`);
    assert.equal(state.seq, seq);
    assert.equal(`${state.prev}`, `${seen[seq - 2] ?? null}`);
    const skip = seq & (seq - 1);
    assert.equal(`${state.skip}`, `${skip === 0 ? null : seen[skip - 1]}`);
    assert.equal(`${state.prf}`, `${delegation.cid}`);
    assert.equal(state.count, device.entries.length);
    await peer.verifyInvocation(checkpoint, device.getBlock, device.didKeyOf);
  }
});

test('R24 R25: a sync takes what is for this service, and leaves the rest', async () => {
  const device = await Device.create(server);
  const stranger = await ed25519.generate();
  const sign = (/** @type {any} */ more) =>
    peer.signInvocation({ issuer: device.agent, audience: server.did, can: 'space/info', ...more });
  const now = Math.floor(Date.now() / 1000);
  const mine = await sign({});
  const other = await sign({ audience: stranger.did() });
  const expired = await sign({ expiration: now - 5 });
  const foreign = await sign({ with: stranger.did() });
  const unknown = await sign({ can: 'space/unheard/of' });
  const nested = await peer.syncInvocation({
    issuer: device.agent,
    audience: server.did,
    n: 1,
    root: build([]).root,
  });
  const due = await sign({ notBefore: now + 2 });
  for (const one of [mine, other, expired, foreign, unknown, nested, due]) device.queue(one);
  device.put('/queue/garbage', 7);
  device.put(peer.queueKey(cidOf(Uint8Array.of(1))), cidOf(Uint8Array.of(1)));
  device.put(peer.queueKey(cidOf(Uint8Array.of(2))), cidOf(Uint8Array.of(3)));
  await device.sync();

  assert.deepEqual((await device.receipt(mine.cid)).out.ok.providers, ['did:web:free.localhost']);
  const names = /** @type {[any, string][]} */ ([
    [expired, 'Unauthorized'],
    [foreign, 'Unauthorized'],
    [unknown, 'HandlerNotFound'],
    [nested, 'HandlerNotFound'],
  ]);
  for (const [one, name] of names) {
    assert.equal(device.get(peer.queueKey(one.cid)), undefined);
    const link = device.get(peer.receiptKey(one.cid));
    assert.ok(link && device.get(peer.invokedKey(one.cid)));
    const receipt = device.getBlock(link);
    const { decode } = await import('@ipld/dag-cbor');
    assert.equal(/** @type {any} */ (decode(receipt)).ocm.out.error.name, name);
  }
  const left = [other, due].map(({ cid }) => `/queue/${cid}`);
  for (const key of left) assert.ok(device.get(key), `${key} waits`);
  assert.equal(device.keys('/queue/').length, 5);
  await new Promise((resolve) => setTimeout(resolve, 3100));
  await device.sync();
  assert.ok(device.get(peer.receiptKey(due.cid)), 'taken when it was due');
  assert.equal(device.keys('/queue/').length, 4);
});

test('R26: a receipt comes later if the task takes longer, and the task runs once', async () => {
  const folder = server.folder;
  const hold = join(folder, 'hold');
  process.env.FREEHOLD_HOLD = hold;
  const slow = await startServer();
  try {
    await writeFile(hold, '');
    const device = await Device.create(slow);
    const bytes = someBytes('R26', 100);
    const add = await device.add(bytes);
    device.queue(add);
    await device.sync();
    assert.ok(device.get(peer.invokedKey(add.cid)));
    assert.equal(device.get(peer.queueKey(add.cid)), undefined);
    assert.equal(device.get(peer.receiptKey(add.cid)), undefined);
    await slow.kill9();
    await slow.start();
    await device.sync();
    assert.equal(device.get(peer.receiptKey(add.cid)), undefined, 'held across a restart');
    await rm(hold);
    for (let i = 0; i < 50 && !device.get(peer.receiptKey(add.cid)); i++) {
      await new Promise((resolve) => setTimeout(resolve, 50));
      await device.sync();
    }
    const first = (await device.receipt(add.cid)).cid;
    assert.equal((await device.send(add)).link().toString(), `${first}`);
  } finally {
    delete process.env.FREEHOLD_HOLD;
    await slow.close();
  }
});

test('R27: one invocation, five connections and a queue: one run, one receipt', async () => {
  const device = await Device.create(server);
  await device.sync();
  const add = await device.add(someBytes('R27', 1000));
  device.queue(add);
  const answers = await Promise.all([
    ...Array.from({ length: 5 }, async () => (await device.send(add)).link().toString()),
    device.sync().then(() => undefined),
  ]);
  for (let i = 0; i < 3; i++) {
    device.queue(add);
    assert.ok(device.get(peer.queueKey(add.cid)));
    await device.sync();
    assert.equal(device.get(peer.queueKey(add.cid)), undefined);
    answers.push(`${device.get(peer.receiptKey(add.cid))}`);
  }
  assert.equal(new Set(answers.filter(Boolean)).size, 1);
  assert.equal(answers.filter(Boolean).length, 8);
});

test('Refusals: each is named, and leaves nothing behind', async () => {
  const device = await Device.create(server);
  device.put('a', 1);
  await device.sync();
  const sync = async (/** @type {any} */ nb, /** @type {any[]} */ attached = []) => {
    const invocation = await peer.signInvocation({
      issuer: device.agent,
      audience: server.did,
      can: 'space/state/sync',
      attached,
      nb: { n: ++device.n, since: device.since, root: build(device.entries).root, ...nb },
    });
    const { receipts } = await peer.sendMessage(server.url, [invocation]);
    return receipts[0].out.error;
  };
  const edits = (/** @type {any[]} */ list) => encodeEdits(list);
  const key = (/** @type {string} */ text) => new TextEncoder().encode(text);
  const block = (/** @type {any} */ one) => [{ cid: one.cid, bytes: one.bytes }];

  const none = edits([{ key: key('b'), value: 2 }]);
  assert.equal((await sync({ edits: none.cid })).name, 'MissingBlocks');
  assert.equal((await sync({ edits: none.cid }, block(none))).name, 'RootMismatch');
  const same = edits([{ key: key('a'), value: 1 }]);
  assert.equal((await sync({ edits: same.cid }, block(same))).name, 'InvalidEdits');
  const absent = edits([{ key: key('zz') }]);
  assert.equal((await sync({ edits: absent.cid }, block(absent))).name, 'InvalidEdits');
  const large = edits([{ key: key('l'), value: 'x'.repeat(2000) }]);
  const missing = await sync({ edits: large.cid }, block(large));
  assert.equal(missing.name, 'MissingBlocks');
  assert.deepEqual(
    missing.links.map(String),
    large.values.map(({ cid }) => `${cid}`),
  );
  const fresh = edits([{ key: key('new'), value: 1 }]);
  const unknown = { since: none.cid, edits: fresh.cid };
  assert.equal((await sync(unknown, block(fresh))).name, 'BaseUnknown');
  const junk = { cid: cidOf(Uint8Array.of(0x61)), bytes: Uint8Array.of(0x61) };
  assert.equal((await sync({ edits: junk.cid }, [junk])).name, 'InvalidEdits');
  const many = edits(Array.from({ length: 10_001 }, (_, i) => ({ key: key(`k${i}`), value: i })));
  assert.equal((await sync({ edits: many.cid }, block(many))).name, 'LimitExceeded');
  assert.equal((await sync({ n: -1 })).name, 'Unauthorized'); // no nb of this ability

  const two = await device.another();
  two.put('c', 3);
  await two.sync();
  device.put('d', 4);
  await assert.rejects(device.sync({ strict: true }), (/** @type {any} */ error) => {
    assert.equal(error.name, 'RebaseRequired');
    assert.equal(`${error.checkpoint}`, `${two.since}`);
    return true;
  });
  await device.sync();
  assert.deepEqual(device.keys(''), ['a', 'c', 'd']);
});

test('Reads: whole trees, keys with their proof, and nothing of other spaces', async () => {
  const device = await Device.create(server);
  for (let i = 0; i < 300; i++) device.put(`key/${i}`, `${i}`.repeat(20));
  await device.sync();
  const read = async (/** @type {any} */ nb, issuer = device.agent) => {
    const invocation = await peer.signInvocation({
      issuer,
      audience: server.did,
      can: 'space/state/read',
      with: device.space.did(),
      nb,
    });
    const answer = await peer.sendMessage(server.url, [invocation]);
    return { ...answer.receipts[0].out, blocks: answer.blocks };
  };
  const { root, blocks } = build(device.entries);
  const whole = await read({});
  assert.equal(`${whole.ok.root}`, `${root}`);
  assert.equal(`${whole.ok.checkpoint}`, `${device.since}`);
  assert.equal(whole.ok.complete, true);
  for (const cid of blocks.keys()) assert.ok(whole.blocks.has(cid));
  const one = await read({ keys: [new TextEncoder().encode('key/7')] });
  assert.equal([...one.blocks.keys()].filter((cid) => blocks.has(cid)).length, 2); // a path
  const part = await read({ budget: 1 });
  assert.equal(part.ok.complete, false);
  const stranger = await ed25519.generate();
  assert.equal((await read({}, stranger)).error.name, 'Unauthorized');
  const foreign = await peer.signInvocation({
    issuer: stranger,
    audience: server.did,
    can: 'space/state/read',
    nb: { root },
  });
  const { receipts } = await peer.sendMessage(server.url, [foreign]);
  assert.equal(receipts[0].out.error.name, 'SpaceUnknown');
});

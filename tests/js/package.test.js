/** The package `freehold` in node, over memory: agents, entries, delegations, files. */
import assert from 'node:assert/strict';
import { createHash, createPrivateKey, createPublicKey } from 'node:crypto';
import test from 'node:test';

import { CID } from 'multiformats/cid';

import { Agent, Link } from '../../js/index.js';
import { collect, newSpace, rejects } from '../support/js/package.js';

test('an agent has the key that it is given', async () => {
  const seed = Buffer.alloc(32, 1);
  const der = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), seed]);
  const own = createPublicKey(createPrivateKey({ key: der, format: 'der', type: 'pkcs8' }));
  const raw = own.export({ format: 'der', type: 'spki' }).subarray(-32);
  const parts = [Buffer.from('8026', 'hex'), seed, Buffer.from('ed01', 'hex'), raw];
  const key = `M${Buffer.concat(parts).toString('base64')}`;
  const agent = await Agent.open({ store: 'memory', key });
  assert.equal(agent.did, 'did:key:z6Mkon3Necd6NkkyfoGoHxid2znGc59LU3K7mubaRcFbLfLX');
  await rejects(Agent.open({ store: 'memory', key: 'Mnonsense' }), 'Malformed');
});

test('R1: every kind of data comes back as it went', async () => {
  const { space } = await newSpace();
  const link = Link.parse('bafyreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy');
  const values = {
    null: null,
    flags: [true, false],
    numbers: [0, 1, -1, 23, 24, 1.5, -1e-7, 2 ** 53 - 1, -(2 ** 53 - 1), 2 ** 60],
    bigints: [2n ** 63n - 1n, -(2n ** 63n)],
    text: 'Schublade \u{1F5C4}',
    bytes: Uint8Array.of(0, 255),
    link,
    nested: { a: [{ b: {} }, []] },
  };
  await space.put('/all', values);
  const found = await space.get('/all');
  assert.deepEqual({ ...found, link: String(found.link) }, { ...values, link: String(link) });
  assert.ok(found.link instanceof Link);
});

test('links are those of multiformats, both ways', async () => {
  const { space } = await newSpace();
  const v1 = CID.parse('bafyreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy');
  const v0 = CID.parse('QmYwAPJzv5CZsnA625s3Xf2nemtYgPpHdWEz79ojWnPbdG');
  for (const cid of [v1, v0]) {
    await space.put('/link', { cid });
    const { cid: link } = await space.get('/link');
    assert.equal(String(link), String(cid));
    assert.ok(CID.asCID(link)?.equals(cid));
    assert.ok(Link.parse(String(cid)).equals(cid));
  }
  for (const text of [
    '',
    'b',
    'bafy',
    'z',
    'bafyreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zz',
  ]) {
    assert.throws(() => Link.parse(text), { code: 'Malformed' });
  }
});

test('what is no data, or no key, is refused and changes nothing', async () => {
  const { space } = await newSpace();
  const { root } = space;
  const cyclic = [];
  cyclic.push(cyclic);
  const bad = [
    NaN,
    Infinity,
    2n ** 63n,
    { a: undefined },
    new Date(),
    new Map(),
    () => 1,
    Symbol(),
  ];
  bad.push(
    '\ud800',
    { '\udfff': 1 },
    [Object.create({ inherited: 1 })],
    JSON.parse('{"__proto__": 1}'),
  );
  for (const value of bad) await rejects(space.put('/x', value), 'InvalidValue');
  await rejects(space.put('/x', cyclic), 'LimitExceeded');
  await rejects(space.put('/x', new Uint8Array(2 ** 20)), 'LimitExceeded');
  await rejects(space.put('', 1), 'InvalidKey');
  await rejects(space.put('k'.repeat(1025), 1), 'InvalidKey');
  await rejects(
    space.batch([
      { key: '/good', value: 1 },
      { key: '', value: 1 },
    ]),
    'InvalidKey',
  );
  assert.equal(space.root, root);
});

test('R2: entries are listed by prefix, bounds, limit, both ways, across pages', async () => {
  const { space } = await newSpace();
  const keys = Array.from({ length: 2000 }, (_, i) => `/n/${String(i).padStart(5, '0')}`);
  await space.batch(keys.map((key, i) => ({ key, value: { i } })));
  await space.batch([
    { key: '/m', value: 1 },
    { key: '/o', value: 2 },
  ]);
  const texts = async (options) => (await collect(space.entries(options))).map(({ text }) => text);

  assert.deepEqual(await texts({ prefix: '/n/' }), keys);
  assert.deepEqual(await texts({ prefix: '/n/', reverse: true }), keys.toReversed());
  assert.deepEqual(await texts({ from: keys[10], to: keys[700] }), keys.slice(10, 700));
  const backwards = { from: keys[10], to: keys[700], reverse: true, limit: 600 };
  assert.deepEqual(await texts(backwards), keys.slice(100, 700).toReversed());
  assert.deepEqual(await texts({ limit: 1 }), ['/m']);
  assert.deepEqual(await texts({ limit: 0 }), []);
  assert.deepEqual(await texts({ prefix: '/none' }), []);
  const { entries } = await space.weight();
  assert.equal(entries, 2002);
});

test('R3: the root depends on the entries, not on the order of edits', async () => {
  const one = await newSpace();
  const two = await newSpace();
  await one.space.batch(Array.from({ length: 300 }, (_, i) => ({ key: `/${i}`, value: i })));
  for (let i = 299; i >= 0; --i) await two.space.put(`/${i}`, i);
  await two.space.put('/more', 1);
  assert.notEqual(one.space.root, two.space.root);
  await two.space.delete('/more');
  assert.equal(one.space.root, two.space.root);
  await one.space.batch([{ key: '/1' }, { key: '/1', value: 'last' }]);
  assert.equal(await one.space.get('/1'), 'last');
  await one.space.delete('/1');
  assert.equal(await one.space.get('/1'), undefined);
});

test('concurrent edits are all made', async () => {
  const { space } = await newSpace();
  await Promise.all(Array.from({ length: 50 }, (_, i) => space.put(`/${i}`, 'x'.repeat(2000))));
  assert.equal((await collect(space.entries())).length, 50);
});

test('events tell of each edit, and a listener that fails harms nobody', async (t) => {
  const { space } = await newSpace();
  const reported = t.mock.method(console, 'error', () => {});
  const events = [];
  space.subscribe(() => {
    throw new Error('mine');
  });
  const end = space.subscribe((event) => events.push(event));
  await space.put('/a', 1);
  end();
  await space.put('/b', 1);
  assert.deepEqual(
    events.map(({ type, keys }) => [type, keys.map((key) => Buffer.from(key).toString())]),
    [['edit', ['/a']]],
  );
  assert.equal(reported.mock.callCount(), 2);
});

test('a delegation carries a space to another agent, and no further than it says', async () => {
  const { agent, space } = await newSpace();
  const other = await Agent.open({ store: 'memory' });
  const text = await space.share(other.did);
  const shared = await other.importDelegation(text);
  assert.equal(shared.did, space.did);
  assert.equal(shared.name, 'drawer');
  assert.deepEqual(await other.spaces(), [{ did: space.did, name: 'drawer' }]);
  const chain = await shared.delegations();
  assert.deepEqual(
    chain.map(({ issuer, audience }) => [issuer, audience]),
    [
      [space.did, agent.did],
      [agent.did, other.did],
    ],
  );
  assert.deepEqual(chain[1].can, ['space/*', 'assert/state']);

  await rejects(agent.importDelegation(text), 'Unauthorized');
  const expired = await space.share(other.did, { expires: new Date(Date.now() - 1000) });
  await rejects(other.importDelegation(expired), 'Unauthorized');
  await rejects(other.importDelegation(text.slice(0, -8)), 'Malformed');
  await rejects(space.share('nonsense'), 'Malformed');
});

test('a recovery key gives the space back', async () => {
  const agent = await Agent.open({ store: 'memory' });
  const { space, recoveryKey } = await agent.createSpace({ name: 'mine' });
  assert.match(recoveryKey, /^Mg/);
  const later = await Agent.open({ store: 'memory' });
  const recovered = await later.recoverSpace(recoveryKey, { name: 'again' });
  assert.equal(recovered.did, space.did);
  assert.equal(recovered.name, 'again');
});

test('a file waits here until there is a service', async () => {
  const { space } = await newSpace();
  const bytes = new TextEncoder().encode('the contents of a file');
  const file = new File([bytes], 'a.txt', { type: 'text/plain' });
  const added = await space.add(file, { key: '/files/a.txt', meta: { note: 1 } });
  const digest = createHash('sha256').update(bytes).digest();
  assert.deepEqual(Buffer.from(added.multihash), Buffer.from([0x12, 32, ...digest]));
  assert.deepEqual(await space.get('/files/a.txt'), {
    blob: added.multihash,
    size: bytes.length,
    type: 'text/plain',
    name: 'a.txt',
    note: 1,
  });
  const [status] = await space.blobs();
  assert.equal(status.state, 'queued');
  assert.equal(status.isLocal, true);
  assert.equal(status.text, added.text);
  assert.deepEqual(new Uint8Array(await (await space.fetch(added.multihash)).arrayBuffer()), bytes);
  await rejects(space.fetch(added.multihash, { local: false }), 'NotFound');
  await rejects(space.sync(), 'NoService');
  assert.equal(await space.evict(added.multihash), true);
  assert.deepEqual(await space.blobs(), []);
});

test('a service that is not there is Offline, and nothing is lost', async () => {
  const { space } = await newSpace();
  await space.put('/a', 1);
  await rejects(space.sync('http://127.0.0.1:9/'), 'Offline');
  assert.equal(await space.get('/a'), 1);
  assert.equal(space.isAhead, true);
});

test('a closed space says so', async () => {
  const { agent, space } = await newSpace();
  space.close();
  await rejects((async () => space.get('/a'))(), 'Closed');
  const again = await agent.openSpace(space.did);
  assert.equal(await again.get('/a'), undefined);
  await agent.removeSpace(space.did);
  await rejects(agent.openSpace(space.did), 'NotFound');
});

test('the state exports as a CAR whose blocks hash to their CIDs', async () => {
  const { CarReader } = await import('@ipld/car');
  const { space } = await newSpace();
  await space.batch(
    Array.from({ length: 1000 }, (_, i) => ({ key: `/${i}`, value: 'v'.repeat(i) })),
  );
  await space.put('/large', 'x'.repeat(5000));
  const reader = await CarReader.fromBytes(await space.exportCar());
  assert.equal(String((await reader.getRoots())[0]), space.root);
  let count = 0;
  for await (const { cid, bytes } of reader.blocks()) {
    const digest = createHash('sha256').update(bytes).digest();
    assert.deepEqual(Buffer.from(cid.multihash.digest), digest);
    count += 1;
  }
  assert.ok(count > 50, `${count} blocks`);
});

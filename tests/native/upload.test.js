/** Uploads from end to end, by the published libraries as client. */
import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { base58btc } from 'multiformats/bases/base58';
import { sha256 } from 'multiformats/hashes/sha2';
import { Device, concluded, someBytes } from '../support/js/device.js';
import { startServer } from '../support/js/server.js';
import * as peer from '../support/js/ucan-peer.js';

/** @type {any} */
let server;
before(async () => (server = await startServer()));
after(() => server.close());

const multihash = async (/** @type {Uint8Array} */ bytes) => (await sha256.digest(bytes)).bytes;
const providers = (/** @type {number} */ capacity) => [
  {
    did: 'did:web:localhost',
    providers: [{ did: 'did:web:free.localhost', plan: 'free', capacity, subscribeOnSync: true }],
  },
];

test('R14 R16 R17: an upload by the queue, from invocation to location commitment', async () => {
  const device = await Device.create(server);
  const bytes = someBytes('R14', 5000);
  const add = await device.add(bytes);
  device.queue(add);
  await device.sync();

  // Taken, run, told of: in one round trip.
  assert.equal(device.get(peer.queueKey(add.cid)), undefined);
  assert.equal(`${device.get(peer.invokedKey(add.cid))}`, `${add.cid}`);
  const told = await device.receipt(add.cid);
  assert.equal(told.capability.can, 'space/blob/add');
  assert.equal(told.audience, server.did);
  const slots = device.get(peer.blobKey(await multihash(bytes)));
  assert.deepEqual(Object.keys(slots), [server.did]);
  assert.equal(`${slots[server.did]}`, `${device.get(peer.receiptKey(add.cid))}`);

  // Pending: the allocation has a receipt, the put and the acceptance have none.
  const tasks = peer.effectsOf(told.receipt);
  assert.deepEqual(Object.keys(tasks), ['blob/allocate', 'http/put', 'blob/accept']);
  const allocation = await device.receipt(tasks['blob/allocate'].cid);
  const { address, size } = allocation.out.ok;
  assert.equal(size, 5000);
  assert.equal(device.get(peer.receiptKey(tasks['blob/accept'].cid)), undefined);

  assert.equal((await device.upload(address, bytes)).status, 200);
  const conclude = await device.conclude(tasks['http/put'], bytes);
  device.queue(conclude);
  await device.sync();
  const accepted = await device.receipt(tasks['blob/accept'].cid);
  const site = await device.issuedByService(accepted.out.ok.site);
  assert.equal(site.capabilities[0].can, 'assert/location');
  assert.ok(await device.receipt(conclude.cid));
  const [location] = /** @type {any} */ (site.capabilities[0].nb).location;
  const fetched = new Uint8Array(await (await fetch(location)).arrayBuffer());
  assert.deepEqual(fetched, bytes);
});

test('R14: an upload by plain invocations enters the tree in the same way', async () => {
  const device = await Device.create(server);
  await device.sync();
  const bytes = someBytes('direct', 700);
  const add = await device.add(bytes);
  const receipt = await device.send(add);
  const { 'http/put': put, 'blob/accept': accept } = peer.effectsOf(receipt);
  assert.deepEqual(receipt.out.ok.site['ucan/await'][0], '.out.ok.site');
  assert.equal(`${receipt.out.ok.site['ucan/await'][1]}`, `${accept.cid}`);
  const { address } = concluded(receipt)['blob/allocate'].ok;
  const early = await fetch(new URL(`/receipt/${accept.cid}`, server.url));
  assert.equal(early.status, 404);
  assert.equal((await device.upload(address, bytes)).status, 200);
  const done = await device.send(await device.conclude(put, bytes));
  assert.ok(Number.isInteger(done.out.ok.time));
  const response = await fetch(new URL(`/receipt/${accept.cid}`, server.url));
  assert.equal(response.status, 200);
  assert.equal(response.headers.get('content-type'), 'application/vnd.ipld.car');
  const archive = await peer.decodeMessage(new Uint8Array(await response.arrayBuffer()));
  const told = /** @type {any} */ (archive.receipts.get(`${accept.cid}`));
  assert.ok(archive.blocks.has(`${told.out.ok.site}`), 'the location commitment is with it');
  await device.sync();
  assert.ok(device.get(peer.blobKey(await multihash(bytes)))[server.did]);
  assert.ok((await device.receipt(accept.cid)).out.ok.site);
  assert.ok((await device.receipt(add.cid)).out.ok);

  // Again: nothing is reserved, nothing has to be sent.
  const again = await device.send(await device.add(bytes));
  const results = concluded(again);
  assert.equal(results['blob/allocate'].ok.size, 0);
  assert.equal(results['blob/allocate'].ok.address, undefined);
  assert.ok(results['http/put'].ok && results['blob/accept'].ok);
});

test('R7 R21: a plan of 1,000 bytes takes one of ten blobs of 900, and answers all', async () => {
  const small = await startServer({ tenants: providers(1000) });
  try {
    const device = new Device(small, (await Device.create(small)).agent);
    const adds = [];
    for (let i = 0; i < 10; i++) adds.push(await device.add(someBytes(`R7/${i}`, 900)));
    for (const add of adds) device.queue(add);
    await device.sync();
    const outs = [];
    for (const add of adds) outs.push((await device.receipt(add.cid)).out);
    assert.equal(outs.filter(({ ok }) => ok).length, 1);
    const refused = outs.filter(({ error }) => error?.name === 'InsufficientStorage');
    assert.equal(refused.length, 9);
    assert.equal(device.keys('/queue/').length, 0);
    assert.equal(device.keys('/blob/').length, 10);
    // What is granted again is not counted again; and 100 bytes more do fit.
    const again = await device.send(await device.add(someBytes('R7/rest', 100)));
    assert.ok(again.out.ok);
    assert.equal(
      (await device.send(await device.add(someBytes('x', 1)))).out.error.name,
      'InsufficientStorage',
    );
  } finally {
    await small.close();
  }
});

test('R20: without its bytes a blob is not accepted, whoever signs for the put', async () => {
  const device = await Device.create(server);
  await device.sync();
  const bytes = someBytes('R20', 300);
  const receipt = await device.send(await device.add(bytes));
  const { 'http/put': put, 'blob/accept': accept } = peer.effectsOf(receipt);
  const conclude = await device.conclude(put, bytes);
  const refused = await device.send(conclude);
  await device.checkSigned(refused);
  assert.equal(refused.out.error.name, 'AllocatedMemoryHadNotBeenWrittenTo');
  assert.equal((await fetch(new URL(`/receipt/${accept.cid}`, server.url))).status, 404);
  await device.sync();
  assert.equal(await device.receipt(accept.cid), undefined);

  // Other bytes, too few, too many: none is taken.
  const { address } = concluded(receipt)['blob/allocate'].ok;
  for (const wrong of [someBytes('other', 300), bytes.slice(0, 200), someBytes('R20', 301)]) {
    const { status } = await device.upload(address, wrong);
    assert.ok(status >= 400 && status < 500, `PUT of other bytes: ${status}`);
  }
  const forged = new URL(address.url);
  forged.searchParams.set('size', '301');
  assert.equal((await device.upload({ url: forged, headers: {} }, bytes)).status, 403);
  // A receipt by another key counts for nothing.
  const foreign = await peer.concludeInvocation({
    issuer: device.agent,
    audience: server.did,
    receipt: await (
      await import('@ucanto/core')
    ).Receipt.issue({
      issuer: device.agent,
      ran: put.cid,
      result: { ok: {} },
    }),
  });
  assert.equal((await device.upload(address, bytes)).status, 200);
  assert.equal((await device.send(foreign)).out.error.name, 'InvalidSignature');
  // The same conclusion, tried again after the PUT; and the PUT may be repeated.
  assert.equal((await device.upload(address, bytes)).status, 200);
  assert.ok((await device.send(conclude)).out.ok);
  assert.equal((await fetch(new URL(`/receipt/${accept.cid}`, server.url))).status, 200);
});

test('B4 R21: a reservation that expires is freed, and its address with it', async () => {
  const short = await startServer({ tenants: providers(1000) });
  try {
    const file = join(short.folder, 'config.json');
    const config = JSON.parse(await readFile(file, 'utf8'));
    await writeFile(file, JSON.stringify({ ...config, allocationSeconds: 1 }));
    await short.restart();
    const device = await Device.create(short);
    await device.sync();
    const bytes = someBytes('B4', 900);
    const first = await device.send(await device.add(bytes));
    const { address } = concluded(first)['blob/allocate'].ok;
    const other = someBytes('B4/other', 900);
    const name = async () => (await device.send(await device.add(other))).out.error?.name;
    assert.equal(await name(), 'InsufficientStorage');
    await new Promise((resolve) => setTimeout(resolve, 2100));
    assert.equal((await device.upload(address, bytes)).status, 403);
    assert.equal(await name(), undefined);
    const conclude = await device.conclude(peer.effectsOf(first)['http/put'], bytes);
    assert.ok((await device.send(conclude)).out.error, 'the expired one is not accepted');
  } finally {
    await short.close();
  }
});

test('R6: junk under /blob/ is synced, and gives nothing', async () => {
  const device = await Device.create(server);
  const bytes = someBytes('R6', 40);
  const digest = await multihash(bytes);
  device.put(peer.blobKey(digest), { junk: true });
  device.put('/blob/not-a-multihash', 1);
  await device.sync();
  assert.deepEqual(device.get(peer.blobKey(digest)), { junk: true });
  const url = new URL(`/blob/${base58btc.encode(digest)}`, server.url);
  assert.equal((await fetch(url)).status, 404);
});

test('B1: sizes and digests that cannot be are refused', async () => {
  const device = await Device.create(server);
  await device.sync();
  const invoke = (/** @type {any} */ blob) =>
    peer.signInvocation({
      issuer: device.agent,
      audience: server.did,
      can: 'space/blob/add',
      nb: { blob },
    });
  const digest = await multihash(someBytes('B1', 9));
  const name = async (/** @type {any} */ blob) =>
    (await device.send(await invoke(blob))).out.error?.name;
  assert.equal(await name({ digest, size: -1 }), 'BlobSizeOutsideOfSupportedRange');
  assert.equal(await name({ digest, size: 2 ** 50 }), 'BlobSizeOutsideOfSupportedRange');
  assert.equal(await name({ digest: digest.slice(1), size: 9 }), 'UnsupportedMultihash');
  assert.equal(await name({ digest: 'z', size: 9 }), 'Unauthorized');
  const stranger = await Device.create(server);
  const refused = await stranger.send(await stranger.add(someBytes('B1', 9)));
  assert.equal(refused.out.error.name, 'InsufficientStorage');
});

test('GET of a blob: ranges, HEAD and validators', async () => {
  const device = await Device.create(server);
  await device.sync();
  const bytes = someBytes('ranges', 1000);
  const receipt = await device.send(await device.add(bytes));
  const { address } = concluded(receipt)['blob/allocate'].ok;
  await device.upload(address, bytes);
  await device.send(await device.conclude(peer.effectsOf(receipt)['http/put'], bytes));
  const url = new URL(`/blob/${base58btc.encode(await multihash(bytes))}`, server.url);
  const part = async (/** @type {string} */ range) => {
    const response = await fetch(url, { headers: { range } });
    return { response, body: new Uint8Array(await response.arrayBuffer()) };
  };
  for (const [range, from, to] of /** @type {[string, number, number][]} */ ([
    ['bytes=0-0', 0, 1],
    ['bytes=10-19', 10, 20],
    ['bytes=990-', 990, 1000],
    ['bytes=-10', 990, 1000],
    ['bytes=5-5000', 5, 1000],
  ])) {
    const { response, body } = await part(range);
    assert.equal(response.status, 206, range);
    assert.equal(response.headers.get('content-range'), `bytes ${from}-${to - 1}/1000`);
    assert.deepEqual(body, bytes.slice(from, to));
  }
  assert.equal((await part('bytes=1000-')).response.status, 416);
  assert.equal((await part('lines=1-2')).response.status, 200);
  const head = await fetch(url, { method: 'HEAD' });
  assert.equal(head.headers.get('content-length'), '1000');
  const etag = /** @type {string} */ (head.headers.get('etag'));
  assert.equal((await fetch(url, { headers: { 'if-none-match': etag } })).status, 304);
});

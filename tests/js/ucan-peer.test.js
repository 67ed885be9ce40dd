/** R13, R23: the JavaScript peer itself, on what the published packages have recorded. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { test } from 'node:test';
import { encode } from '@ipld/dag-cbor';
import { CAR, Message, Receipt, delegate } from '@ucanto/core';
import { ed25519 } from '@ucanto/principal';
import { encodeEdits } from '../support/js/edits.js';
import { build, cidOf } from '../support/js/tree.js';
import * as peer from '../support/js/ucan-peer.js';

const folder = new URL('../vectors/fixtures/', import.meta.url);
const index = JSON.parse(readFileSync(new URL('index.json', folder), 'utf8'));
const read = (/** @type {string} */ file) => Uint8Array.from(readFileSync(new URL(file, folder)));
const casesOf = (/** @type {string} */ kind) =>
  index.cases.filter((/** @type {any} */ c) => c.kind === kind);

const signerOf = (/** @type {string} */ name) =>
  ed25519.derive(Uint8Array.from(Buffer.from(index.principals[name].seed, 'hex')));
const alice = await signerOf('alice');
const bob = await signerOf('bob');
const service = (await signerOf('service')).withDID('did:web:up.example.com');
const didKeyOf = (/** @type {string} */ did) =>
  did === service.did() ? service.toDIDKey() : undefined;

/** A service's receipt for `ran`, and all blocks. @param {any} ran @param {any} [options] */
const receiptFor = async (ran, options) => {
  const receipt = await Receipt.issue({ issuer: service, ran, result: { ok: {} }, ...options });
  const blocks = new Map(peer.blocksOf(receipt).map(({ cid, bytes }) => [`${cid}`, bytes]));
  return { bytes: receipt.root.bytes, getBlock: peer.getBlockOf(blocks) };
};

test('R23: each receipt of a recorded session verifies, with invocation and proofs', async () => {
  let verified = 0;
  for (const { files, input, expect } of casesOf('recording')) {
    if (!files.response?.endsWith('.car') || !expect.response?.receipts) continue;
    const { receipts, getBlock } = await peer.decodeMessage(read(files.response));
    const keys = (/** @type {string} */ did) =>
      did === input.service.did ? input.service.keyDid : undefined;
    for (const receipt of receipts.values()) {
      const ran = /** @type {any} */ (receipt.ran.link());
      if (!(await getBlock(ran))) continue;
      const got = await peer.verifyReceipt(receipt.root.bytes, getBlock, keys);
      assert.equal(`${got.ran.cid}`, `${ran}`);
      // refused here: an unsigned chain, or one that was revoked, which blocks alone do not show
      const { error } = /** @type {any} */ (receipt.out);
      if (error?.name !== 'Unauthorized') await peer.verifyInvocation(ran, getBlock, keys);
      verified++;
    }
  }
  assert.ok(verified > 50, `${verified} receipts`);
});

test('R13: signatures of receipts are judged as the published packages judge them', async () => {
  for (const { name, file, input, expect } of casesOf('receipt')) {
    const { receipts, getBlock } = await peer.decodeMessage(read(file));
    for (const { cid, iss, signatureValid, ranIncluded } of expect.receipts) {
      const receipt = [...receipts.values()].find((r) => `${r.link()}` === cid);
      const result = peer.verifyReceipt(receipt?.root.bytes ?? encode(null), getBlock, (did) =>
        did === iss ? input.verifierKey : undefined,
      );
      const error = await result.then(
        () => '',
        (/** @type {Error} */ e) => e.message,
      );
      const isSigned = !/not signed by|no issuer/.test(error);
      assert.equal(isSigned, signatureValid && Boolean(iss), `${name}: ${error}`);
      if (isSigned && !ranIncluded) assert.match(error, /is missing/, name);
    }
  }
});

test('R19: a receipt counts only from the audience of what it ran, or its delegate', async () => {
  const ran = await peer.signInvocation({
    issuer: alice,
    audience: service.did(),
    can: 'test/echo',
  });
  const own = await receiptFor(ran);
  const got = await peer.verifyReceipt(own.bytes, own.getBlock, didKeyOf);
  assert.equal(got.issuer, got.audience);

  const alien = await receiptFor(ran, { issuer: bob });
  await assert.rejects(
    peer.verifyReceipt(alien.bytes, alien.getBlock, didKeyOf),
    /cannot conclude/,
  );

  /** @param {any} options */
  const proofBy = (options) =>
    delegate({
      issuer: service,
      audience: bob,
      capabilities: [{ can: 'ucan/conclude', with: service.did() }],
      ...options,
    });
  const proof = await proofBy({});
  const delegated = await receiptFor(ran, { issuer: bob, proofs: [proof] });
  await peer.verifyReceipt(delegated.bytes, delegated.getBlock, didKeyOf);
  const linked = await receiptFor(ran, { issuer: bob, proofs: [proof.cid] });
  await assert.rejects(peer.verifyReceipt(linked.bytes, linked.getBlock, didKeyOf), /conclude/);
  const forged = await receiptFor(ran, { issuer: bob, proofs: [await proofBy({ issuer: bob })] });
  await assert.rejects(peer.verifyReceipt(forged.bytes, forged.getBlock, didKeyOf), /conclude/);

  const wrongKey = (await ed25519.generate()).withDID(service.did());
  const unsigned = await receiptFor(ran, { issuer: wrongKey });
  await assert.rejects(peer.verifyReceipt(unsigned.bytes, unsigned.getBlock, didKeyOf), /signed/);
  await assert.rejects(
    peer.verifyReceipt(own.bytes, () => undefined, didKeyOf),
    /missing/,
  );
});

test('R23: an invocation counts only with a chain of proofs to its resource', async () => {
  /** @param {Partial<Parameters<typeof peer.signInvocation>[0]>} input */
  const verify = async (input) => {
    const base = { issuer: bob, audience: service.did(), can: 'upload/list', with: alice.did() };
    const ran = await peer.signInvocation({ ...base, ...input });
    const blocks = new Map(peer.blocksOf(ran).map(({ cid, bytes }) => [`${cid}`, bytes]));
    const now = Math.floor(Date.now() / 1000);
    return peer.verifyInvocation(ran.cid, peer.getBlockOf(blocks), didKeyOf, { now });
  };
  /** @param {any} options */
  const proofBy = (options) =>
    delegate({
      issuer: alice,
      audience: bob,
      capabilities: [{ can: 'upload/*', with: alice.did() }],
      ...options,
    });
  const denied = { message: /is not authorized/ };
  await verify({ issuer: alice });
  await verify({ proofs: [await proofBy({})] });
  await assert.rejects(verify({}), denied);
  await assert.rejects(verify({ can: 'space/info', proofs: [await proofBy({})] }), denied);
  await assert.rejects(verify({ proofs: [await proofBy({ audience: service })] }), denied);
  await assert.rejects(verify({ proofs: [await proofBy({ expiration: 1 })] }), denied);
  const mallory = await signerOf('mallory');
  await assert.rejects(verify({ proofs: [await proofBy({ issuer: mallory })] }), denied);
  const forger = mallory.withDID(/** @type {any} */ (alice.did()));
  await assert.rejects(verify({ proofs: [await proofBy({ issuer: forger })] }), denied);
});

test('R23: an exported state is read, each block hashed again', async () => {
  const tree = build([[peer.queueKey(cidOf(encode(1))), 1]]);
  const root = /** @type {any} */ ({ cid: tree.root, bytes: tree.blocks.get(`${tree.root}`) });
  const list = /** @type {any} */ ({ bytes: encode([tree.root, cidOf(encode(1))]) });
  list.cid = cidOf(list.bytes);
  const plain = CAR.encode({ roots: [root] });
  assert.ok((await peer.readState(plain)).root.equals(tree.root));
  const listed = await peer.readState(
    CAR.encode({ roots: [list], blocks: new Map([[`${root.cid}`, root]]) }),
  );
  assert.ok(listed.root.equals(tree.root));
  assert.equal(listed.roots.length, 2);

  const bad = CAR.encode({ roots: [{ ...root, bytes: encode(1) }] });
  await assert.rejects(peer.readState(bad), /another hash/);
});

test('R20: the key that signs for a delivery is derived from the multihash', async () => {
  for (const { input, expect } of casesOf('derive.http-put-key')) {
    assert.ok(input.blob !== undefined);
    const digest = Uint8Array.from(Buffer.from(expect.multihash, 'hex'));
    assert.equal((await peer.httpPutSigner(digest)).did(), expect.did);
    const task = await peer.signInvocation({
      issuer: await peer.httpPutSigner(digest),
      audience: expect.did,
      can: 'http/put',
    });
    const receipt = await peer.httpPutReceipt({ task: task.cid, digest });
    const conclude = await peer.concludeInvocation({
      issuer: alice,
      audience: service.did(),
      receipt,
    });
    // the task, which only the service has, is not among the blocks; the receipt is
    const attached = new Map(peer.blocksOf(conclude).map((b) => [`${b.cid}`, b.bytes]));
    assert.deepEqual([...attached.keys()], [`${receipt.link()}`, `${conclude.cid}`]);
    attached.set(`${task.cid}`, task.bytes);
    const bytes = /** @type {any} */ (attached.get(`${receipt.link()}`));
    const got = await peer.verifyReceipt(bytes, peer.getBlockOf(attached), didKeyOf);
    assert.equal(got.capability.can, 'http/put');
  }
});

test('R14: a message brings invocations with their blocks, and receipts with theirs', async () => {
  const space = await ed25519.generate();
  const edits = encodeEdits([{ key: peer.blobKey(cidOf(encode(0)).multihash.bytes), value: 1 }]);
  const extra = { cid: cidOf(encode('extra')), bytes: encode('extra') };
  const sync = await peer.syncInvocation({
    issuer: space,
    audience: service.did(),
    n: 1,
    root: build([]).root,
    edits,
  });
  const add = await peer.blobAddInvocation({
    issuer: space,
    audience: service.did(),
    digest: extra.cid.multihash.bytes,
    size: extra.bytes.length,
  });
  assert.ok(add.expiration > Date.now() / 1000 + 300 * 24 * 3600 && add.nonce);

  const server = createServer(async (request, response) => {
    const parts = [];
    for await (const part of request) parts.push(part);
    const { roots, blocks } = CAR.decode(/** @type {any} */ (Buffer.concat(parts)));
    for (const cid of [edits.cid, extra.cid]) assert.ok(blocks.has(`${cid}`));
    const message = Message.view({ root: roots[0].cid, store: blocks });
    const { can, with: resource, nb } = /** @type {any} */ (message.invocations[0].capabilities[0]);
    assert.deepEqual([can, resource], ['space/state/sync', space.did()]);
    assert.deepEqual([nb.n, nb.since, `${nb.edits}`], [1, null, `${edits.cid}`]);
    const receipts = await Promise.all(
      message.invocations.map((ran) =>
        Receipt.issue({ issuer: service, ran, result: { ok: {} }, fx: { fork: [] } }),
      ),
    );
    const answer = await Message.build({ receipts: /** @type {any} */ (receipts.reverse()) });
    response.setHeader('content-type', 'application/vnd.ipld.car');
    response.end(
      CAR.encode({
        roots: [/** @type {any} */ (answer.root)],
        blocks: new Map(peer.blocksOf(answer).map((b) => [`${b.cid}`, /** @type {any} */ (b)])),
      }),
    );
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  try {
    const url = `http://127.0.0.1:${port}`;
    const { receipts, getBlock } = await peer.sendMessage(url, [sync, add], { blocks: [extra] });
    for (const [i, ran] of [sync, add].entries()) {
      const got = await peer.verifyReceipt(receipts[i].root.bytes, getBlock, didKeyOf);
      assert.equal(`${got.ran.cid}`, `${ran.cid}`);
      await peer.verifyInvocation(ran.cid, getBlock, didKeyOf, { now: Date.now() / 1000 });
    }
  } finally {
    server.close();
  }
});

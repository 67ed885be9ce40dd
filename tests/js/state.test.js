/**
 * The JavaScript peer keeps a space with the published libraries alone: it syncs, uploads, exports,
 * and believes nothing that it has not hashed, rebuilt or verified itself.
 */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { DID, Receipt, UCAN, delegate } from '@ucanto/core';
import { Verifier, ed25519 } from '@ucanto/principal';
import { CID } from 'multiformats/cid';
import { sha256 } from 'multiformats/hashes/sha2';
import { applyEdits, decodeEdits, editsBetween, encodeEdits } from '../support/js/edits.js';
import { run } from '../support/js/program.js';
import { startServer } from '../support/js/server.js';
import { build, walk } from '../support/js/tree.js';
import * as peer from '../support/js/ucan-peer.js';

const utf8 = (/** @type {string} */ text) => new TextEncoder().encode(text);
const text = (/** @type {Uint8Array} */ bytes) => new TextDecoder().decode(bytes);
const entriesUnder = (/** @type {any[]} */ entries, /** @type {string} */ prefix) =>
  entries.filter(([key]) => text(key).startsWith(prefix));
const valueAt = (/** @type {any[]} */ entries, /** @type {Uint8Array} */ key) =>
  entries.find(([each]) => Buffer.compare(each, key) === 0)?.[1];

/** A device with nothing of ours in it. */
class Device {
  /** @type {any[]} */ entries = [];
  /** @type {any[]} */ base = [];
  /** @type {CID | null} */ since = null;
  n = 0;
  /** @type {Map<string, Uint8Array>} */ blocks = new Map();
  /** @type {{ cid: CID, bytes: Uint8Array }[]} */ queued = [];

  constructor(/** @type {any} */ server, /** @type {any} */ space) {
    this.server = server;
    this.space = space;
  }

  edit(/** @type {any[]} */ edits) {
    this.entries = applyEdits(this.entries, edits);
  }

  /** Puts an invocation into the queue. */
  queue(/** @type {any} */ invocation) {
    this.edit([{ key: peer.queueKey(invocation.cid), value: invocation.cid }]);
    this.queued.push(...peer.blocksOf(invocation));
    this.keep(invocation);
  }

  /** What we send does not come back. */
  keep(/** @type {any} */ invocation) {
    for (const { cid, bytes } of peer.blocksOf(invocation)) this.blocks.set(`${cid}`, bytes);
  }

  async sync() {
    const edits = editsBetween(this.base, this.entries);
    const block = edits.length > 0 ? encodeEdits(edits) : undefined;
    const root = build(this.entries).root;
    const invocation = await peer.syncInvocation({
      issuer: this.space,
      audience: this.server.did,
      n: ++this.n,
      since: this.since,
      root,
      edits: block,
    });
    const extra = [...this.queued, ...(block?.values ?? [])];
    const sent = await peer.sendMessage(this.server.url, [invocation], { blocks: extra });
    const [receipt] = sent.receipts;
    assert.ok(receipt.out.ok, JSON.stringify(receipt.out.error));
    this.keep(invocation);
    for (const [cid, bytes] of sent.blocks) this.blocks.set(cid, bytes);
    const getBlock = peer.getBlockOf(this.blocks);
    await peer.verifyReceipt(receipt.root.bytes, getBlock, () => this.server.didKey);
    const { checkpoint, from, edits: link, more } = receipt.out.ok;
    assert.equal(`${from}`, `${this.since}`);
    assert.equal(more, undefined);
    if (link) {
      const told = decodeEdits(sent.blocks.get(`${link}`), sent.getBlock);
      this.entries = applyEdits(this.entries, told.edits);
    }
    // Both sides made the same nodes of it.
    const stated = (await this.checkpointAt(checkpoint)).nb;
    assert.equal(`${build(this.entries).root}`, `${stated.root}`);
    assert.equal(stated.count, this.entries.length);
    this.base = this.entries;
    this.since = checkpoint;
    this.queued = [];
    return receipt.out.ok;
  }

  /** The capability of a checkpoint, whose signature is good. */
  async checkpointAt(/** @type {CID} */ cid) {
    const data = UCAN.decode(this.blocks.get(`${cid}`));
    const key = Verifier.parse(this.server.didKey).withDID(this.server.did);
    assert.ok(await UCAN.verifySignature(data, key));
    assert.equal(data.capabilities[0].can, 'assert/state');
    assert.equal(data.audience.did(), this.space.did());
    return data.capabilities[0];
  }
}

/** Runs a whole upload through the queue; gives the blob's bytes and multihash. */
const upload = async (/** @type {Device} */ device) => {
  const bytes = Uint8Array.from(randomBytes(3000));
  const digest = (await sha256.digest(bytes)).bytes;
  const options = { issuer: device.space, audience: device.server.did };
  const add = await peer.blobAddInvocation({ ...options, digest, size: bytes.length });
  device.queue(add);
  await device.sync();
  const receiptOf = async (/** @type {CID} */ task) => {
    const link = valueAt(device.entries, peer.receiptKey(task));
    assert.ok(link, `a receipt at /receipt/${task}`);
    const bytes = device.blocks.get(`${link}`);
    await peer.verifyReceipt(bytes, peer.getBlockOf(device.blocks), () => device.server.didKey);
    const blocks = [...device.blocks].map(([cid, each]) => [
      cid,
      { cid: CID.parse(cid), bytes: each },
    ]);
    return Receipt.view({ root: link, blocks: new Map(blocks) }); // with its effects
  };
  const receipt = await receiptOf(add.cid);
  const effects = peer.effectsOf(receipt);
  const allocated = await receiptOf(effects['blob/allocate'].cid);
  const { url, headers } = allocated.out.ok.address;
  const put = await fetch(url, { method: 'PUT', headers, body: bytes });
  assert.ok(put.ok, `PUT answers ${put.status}`);
  const told = await peer.httpPutReceipt({ task: effects['http/put'].cid, digest });
  device.queue(await peer.concludeInvocation({ ...options, receipt: told }));
  await device.sync();
  const accepted = await receiptOf(effects['blob/accept'].cid);
  return { bytes, digest, add, accepted };
};

test('R13 R14 R25: a peer of published libraries syncs, uploads, believes nothing', async () => {
  const server = await startServer();
  try {
    const space = await ed25519.generate();
    const device = new Device(server, space);
    const authority = await delegate({
      issuer: space,
      audience: DID.parse(/** @type {any} */ (server.did)),
      capabilities: [{ can: 'assert/state', with: space.did() }],
      expiration: Infinity,
    });
    device.edit([
      { key: utf8('/notes/1'), value: { title: 'Hello', stars: 5, big: 2n ** 60n } },
      { key: utf8('/notes/2'), value: new Uint8Array(5000).fill(7) },
      { key: utf8(`/delegation/${server.did}/${authority.cid}`), value: authority.cid },
    ]);
    device.queued.push(...peer.blocksOf(authority));
    await device.sync();

    const { bytes, digest, add, accepted } = await upload(device);
    const slot = valueAt(device.entries, peer.blobKey(digest));
    assert.deepEqual(Object.keys(slot), [server.did]);
    assert.equal(`${slot[server.did]}`, `${valueAt(device.entries, peer.receiptKey(add.cid))}`);
    assert.equal(valueAt(device.entries, peer.queueKey(add.cid)), undefined);
    assert.ok(valueAt(device.entries, peer.invokedKey(add.cid)));
    const site = device.blocks.get(`${accepted.out.ok.site}`);
    const [{ nb }] = UCAN.decode(site).capabilities;
    const got = await fetch(nb.location[0]);
    assert.deepEqual(new Uint8Array(await got.arrayBuffer()), bytes);

    // What the server keeps, as one CAR: blocks hashed, nodes rebuilt, receipts verified.
    const file = `${server.folder}/state.car`;
    const data = `${server.folder}/data`;
    await run('export', '--data', data, '--space', space.did(), '--out', file);
    const { root, blocks } = await peer.readState(new Uint8Array(await readFile(file)));
    const getBlock = peer.getBlockOf(blocks);
    const exported = [];
    for await (const entry of walk(root, getBlock)) exported.push(entry);
    assert.equal(`${build(exported).root}`, `${root}`);
    assert.equal(`${root}`, `${build(device.entries).root}`);
    const receipts = entriesUnder(exported, '/receipt/');
    assert.ok(receipts.length >= 5, 'add, allocate, put, accept, conclude');
    for (const [key, link] of receipts) {
      const { receipt } = /** @type {any} */ (
        await peer.verifyReceipt(blocks.get(`${link}`), getBlock, () => server.didKey)
      );
      assert.equal(text(key), `/receipt/${receipt.ran.link()}`);
    }
    assert.equal(entriesUnder(exported, '/queue/').length, 0);
  } finally {
    await server.close();
  }
});

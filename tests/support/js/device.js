/**
 * A device that keeps a copy of a space, with the published libraries and the independent tree
 * alone: what it is told it rebuilds and verifies. Small and slow, as a peer should be.
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { decode } from '@ipld/dag-cbor';
import { Delegation, Receipt, UCAN } from '@ucanto/core';
import { Verifier, ed25519 } from '@ucanto/principal';
import { CID } from 'multiformats/cid';
import { sha256 } from 'multiformats/hashes/sha2';
import { applyEdits, decodeEdits, editsBetween, encodeEdits } from './edits.js';
import { build, sorted } from './tree.js';
import * as peer from './ucan-peer.js';

/** @typedef {import('./tree.js').Entry} Entry */

const bytesOf = (/** @type {string | Uint8Array} */ key) =>
  typeof key === 'string' ? new TextEncoder().encode(key) : key;

/** The same bytes for the same name. @param {string} name @param {number} size */
export const someBytes = (name, size) => {
  const bytes = new Uint8Array(size);
  for (let at = 0; at < size; at += 32) {
    const part = createHash('sha256').update(`${name}/${at}`).digest();
    bytes.set(part.subarray(0, Math.min(32, size - at)), at);
  }
  return bytes;
};

export class Device {
  /** What the authority and this device share. @type {Entry[]} */
  base = [];
  /** @type {Entry[]} */
  entries = [];
  /** @type {any} */
  since = null;
  /** Roots that were sent since then, without an answer. @type {any[]} */
  unanswered = [];
  n = 0;
  /** Every block seen, by CID. @type {Map<string, Uint8Array>} */
  blocks = new Map();

  /**
   * @param {any} server
   * @param {any} agent a signer
   * @param {any} [space] a signer; the agent's own
   */
  constructor(server, agent, space = agent) {
    this.server = server;
    this.url = server.url;
    this.did = server.did;
    this.didKey = server.didKey;
    this.agent = agent;
    this.space = space;
    this.getBlock = (/** @type {any} */ cid) => this.blocks.get(`${cid}`);
    this.didKeyOf = (/** @type {string} */ did) => (did === this.did ? this.didKey : undefined);
    /** @type {any[]} */
    this.proofs = [];
  }

  /** A fresh space, whose own key is the agent. @param {any} server */
  static async create(server) {
    return new Device(server, await ed25519.generate());
  }

  /** A second device of the same space, with a delegation. */
  async another() {
    const device = new Device(this.server, await ed25519.generate(), this.space);
    device.proofs = [await this.delegate(device.agent, 'space/*')];
    return device;
  }

  /** @param {any} audience @param {string} can */
  delegate(audience, can) {
    return Delegation.delegate({
      issuer: this.space,
      audience,
      capabilities: [/** @type {any} */ ({ can, with: this.space.did() })],
      expiration: Infinity,
    });
  }

  /** @param {any} view whose blocks the state needs */
  hold(view) {
    for (const { cid, bytes } of peer.blocksOf(view)) this.blocks.set(`${cid}`, bytes);
  }

  /** @param {string | Uint8Array} key @param {any} value none: delete */
  put(key, value) {
    const name = bytesOf(key);
    const others = this.entries.filter(([other]) => Buffer.compare(other, name) !== 0);
    this.entries = sorted(value === undefined ? others : [...others, [name, value]]);
  }
  /** @param {string | Uint8Array} key */
  get(key) {
    const name = bytesOf(key);
    return this.entries.find(([other]) => Buffer.compare(other, name) === 0)?.[1];
  }
  /** @param {string} prefix */
  keys(prefix) {
    const keys = this.entries.map(([key]) => Buffer.from(key).toString());
    return keys.filter((key) => key.startsWith(prefix));
  }

  /** Puts an invocation into the queue. @param {any} invocation */
  queue(invocation) {
    this.hold(invocation);
    this.put(peer.queueKey(invocation.cid), invocation.cid);
  }

  /** @param {Uint8Array} bytes */
  async add(bytes, { size = bytes.length, nonce = undefined } = /** @type {any} */ ({})) {
    return peer.blobAddInvocation({
      issuer: this.agent,
      audience: this.did,
      space: this.space.did(),
      digest: (await sha256.digest(bytes)).bytes,
      size,
      proofs: this.proofs,
      ...(nonce && { nonce }),
    });
  }

  /**
   * The invocation of a sync, and the blocks that go with it; with `bases`, as after
   * BaseUnknown, the digests of what was at each key.
   */
  async draft({ strict = undefined, n = this.n + 1, bases = false } = /** @type {any} */ ({})) {
    const changes = editsBetween(this.base, this.entries);
    const baseOf = (/** @type {Uint8Array} */ key) =>
      this.base.find(([other]) => Buffer.compare(other, key) === 0)?.[1];
    const edits = changes.length > 0 ? encodeEdits(changes, bases ? baseOf : undefined) : undefined;
    const invocation = await peer.syncInvocation({
      issuer: this.agent,
      audience: this.did,
      space: this.space.did(),
      n,
      since: this.since,
      root: build(this.entries).root,
      proofs: this.proofs,
      ...(edits && { edits: { cid: edits.cid, bytes: edits.bytes } }),
      ...(strict !== undefined && { strict }),
      ...(this.unanswered.length > 0 && { sent: [...this.unanswered] }),
    });
    this.unanswered.push(build(this.entries).root);
    const blocks = [...this.blocks].map(([cid, bytes]) => ({ cid: parse(cid), bytes }));
    return { invocation, blocks: [...blocks, ...(edits?.values ?? [])] };
  }

  /**
   * Syncs; returns the ok. Throws an error that has the name of the receipt's.
   * @param {any} [options]
   */
  async sync(options) {
    const draft = await this.draft(options);
    this.n += 1;
    return this.finish(draft);
  }

  /** Sends a draft and takes the answer. @param {{ invocation: any, blocks: any[] }} draft */
  async finish({ invocation, blocks }) {
    const sent = this.entries;
    const answer = await peer.sendMessage(this.url, [invocation], { blocks });
    const [receipt] = answer.receipts;
    await this.checkSigned(receipt);
    const { ok, error } = receipt.out;
    if (error) throw Object.assign(new Error(`${error.name}: ${error.message}`), error);
    for (const [cid, bytes] of answer.blocks) this.blocks.set(cid, bytes);
    const checkpoint = this.checkpoint(ok.checkpoint);
    const edits = ok.edits
      ? decodeEdits(/** @type {any} */ (this.getBlock(ok.edits)), this.getBlock).edits
      : [];
    const theirs = applyEdits(sent, edits);
    assert.equal(`${build(theirs).root}`, `${ok.more?.root ?? checkpoint.root}`, 'the root told');
    this.entries = this.base = theirs;
    this.unanswered = [];
    this.since = ok.checkpoint;
    if (ok.more) await this.sync();
    return { ...ok, receipt, state: checkpoint };
  }

  /** nb of a checkpoint, whose signature is checked. @param {any} cid */
  checkpoint(cid) {
    const bytes = this.getBlock(cid);
    assert.ok(bytes, 'the checkpoint came');
    const data = /** @type {any} */ (decode(bytes));
    assert.equal(data.att[0].can, 'assert/state');
    return { ...data.att[0].nb, prf: data.prf };
  }

  /** All blocks as @ucanto/core takes them. @returns {any} */
  views() {
    return new Map([...this.blocks].map(([cid, bytes]) => [cid, { cid: parse(cid), bytes }]));
  }

  /** A UCAN by the service: a checkpoint, a location commitment. @param {any} cid */
  async issuedByService(cid) {
    const view = Delegation.view({ root: cid, blocks: this.views() });
    const verifier = Verifier.parse(this.didKey).withDID(this.did);
    assert.ok(await UCAN.verifySignature(view.data, verifier), 'signed by the authority');
    return view;
  }

  /** @param {any} receipt */
  async checkSigned(receipt) {
    assert.equal(receipt.issuer?.did(), this.did);
    const verifier = Verifier.parse(this.didKey).withDID(this.did);
    assert.ok((await receipt.verifySignature(verifier)).ok, 'the receipt is signed');
  }

  /**
   * The receipt that the tree has of a task, verified from the blocks that came.
   * @param {any} task
   */
  async receipt(task) {
    const link = this.get(peer.receiptKey(task));
    if (!link) return undefined;
    const bytes = this.getBlock(link);
    assert.ok(bytes, `the block of receipt ${link}`);
    const verified = await peer.verifyReceipt(bytes, this.getBlock, this.didKeyOf);
    // The same receipt once more, with its effects as far as they came.
    return { ...verified, receipt: Receipt.view({ root: link, blocks: this.views() }) };
  }

  /** Sends an invocation directly. @param {any} invocation @returns {Promise<any>} its receipt */
  async send(invocation) {
    const { receipts } = await peer.sendMessage(this.url, [invocation]);
    return receipts[0];
  }

  /**
   * PUTs the bytes to where the allocation that came with `add` says.
   * @param {any} address
   * @param {Uint8Array} bytes
   */
  async upload({ url, headers }, bytes) {
    return fetch(url, { method: 'PUT', headers, body: /** @type {any} */ (bytes) });
  }

  /** ucan/conclude of the put. @param {any} put the task @param {Uint8Array} bytes */
  async conclude(put, bytes, { nonce = undefined } = /** @type {any} */ ({})) {
    const digest = (await sha256.digest(bytes)).bytes;
    const receipt = await peer.httpPutReceipt({ task: put.cid, digest });
    return peer.concludeInvocation({
      issuer: this.agent,
      audience: this.did,
      receipt,
      ...(nonce && { nonce }),
    });
  }
}

/** @param {string} cid */
const parse = (cid) => CID.parse(cid);

/**
 * The receipts that are concluded inline in an add's, by the ability of their task.
 * @param {any} receipt
 */
export const concluded = (receipt) => {
  const tasks = peer.effectsOf(receipt);
  const found = /** @type {Record<string, any>} */ ({});
  for (const fork of receipt.fx.fork) {
    if (fork.capabilities?.[0].can !== 'ucan/conclude') continue;
    const bytes = [...fork.iterateIPLDBlocks()].find(
      (b) => `${b.cid}` === `${fork.capabilities[0].nb.receipt}`,
    ).bytes;
    const { ocm } = /** @type {any} */ (decode(bytes));
    const [can] = Object.entries(tasks).find(([, t]) => `${t.cid}` === `${ocm.ran}`) ?? [];
    if (can) found[can] = ocm.out;
  }
  return found;
};

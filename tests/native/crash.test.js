/**
 * R27, X1: the server dies between any two steps of an upload, as by kill -9, and is started again.
 * Nothing that was acknowledged is lost, nothing runs twice: the plan has room for this blob once.
 */
import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { sha256 } from 'multiformats/hashes/sha2';
import { Device, concluded, someBytes } from '../support/js/device.js';
import { startServer } from '../support/js/server.js';
import * as peer from '../support/js/ucan-peer.js';

const SIZE = 3000;
const TENANTS = [
  {
    did: 'did:web:localhost',
    providers: [
      { did: 'did:web:free.localhost', plan: 'free', capacity: SIZE, subscribeOnSync: true },
    ],
  },
];
// native/fault.hpp says what they are.
const POINTS = [
  'commit-before',
  'commit-after',
  'sync-merged',
  'sync-claimed',
  'task-ran',
  'add-allocated',
  'accept-stored',
  'put-written',
  'put-synced',
  'put-renamed',
  'answer-before',
];

/** A server that dies at `point`, once, and then is started again whenever it is found dead. */
class Mortal {
  deaths = 0;
  /** Receipts that the client has seen: task to receipt. @type {Map<string, string>} */
  seen = new Map();

  /** @param {any} server */
  constructor(server) {
    this.server = server;
  }

  /** @param {string} point */
  static async start(point) {
    const server = await startServer({ tenants: TENANTS });
    await server.stop();
    process.env.FREEHOLD_CRASH_AT = point;
    try {
      await server.start();
    } finally {
      delete process.env.FREEHOLD_CRASH_AT;
    }
    return new Mortal(server);
  }

  /**
   * Does `step` until it works; a death is no failure.
   * @template T
   * @param {() => Promise<T>} step
   * @returns {Promise<T>}
   */
  async insist(step) {
    for (let i = 0; i < 3; i++) {
      try {
        return await step();
      } catch (error) {
        for (let wait = 0; this.server.pid && wait < 20; wait++) {
          await new Promise((resolve) => setTimeout(resolve, 10));
        }
        if (this.server.pid) throw error;
        this.deaths += 1;
        await this.server.start();
      }
    }
    throw new Error('died too often');
  }

  /** @param {any} task @param {any} receipt their CIDs */
  see(task, receipt) {
    [task, receipt] = [`${task}`, `${receipt}`];
    assert.equal(this.seen.get(task) ?? receipt, receipt, 'a task has one receipt');
    this.seen.set(task, receipt);
  }

  /** Every receipt ever seen can be had, and is the same. */
  async checkSeen() {
    for (const [task, cid] of this.seen) {
      const response = await fetch(new URL(`/receipt/${task}`, this.server.url));
      assert.equal(response.status, 200, `receipt of ${task}`);
      const { receipts } = await peer.decodeMessage(new Uint8Array(await response.arrayBuffer()));
      assert.equal(`${receipts.get(task)?.link()}`, cid);
    }
  }

  /** Sees all receipts that a device has in its tree. @param {Device} device */
  async seeAll(device) {
    for (const key of device.keys('/receipt/')) {
      this.see(key.slice('/receipt/'.length), device.get(key));
    }
  }

  /**
   * What holds at the end, however it came about.
   * @param {Device} device
   * @param {any} add
   * @param {Uint8Array} bytes
   */
  async checkEnd(device, add, bytes) {
    await this.checkSeen();
    const digest = (await sha256.digest(bytes)).bytes;
    assert.ok(device.get(peer.blobKey(digest))[device.did], 'the blob has its entry');
    const { receipt } = /** @type {any} */ (await device.receipt(add.cid));
    const tasks = peer.effectsOf(receipt);
    const accepted = /** @type {any} */ (await device.receipt(tasks['blob/accept'].cid));
    const site = await device.issuedByService(accepted.out.ok.site);
    const [location] = /** @type {any} */ (site.capabilities[0].nb).location;
    const fetched = await fetch(location);
    assert.deepEqual(new Uint8Array(await fetched.arrayBuffer()), bytes);
    // Counted once: there was room for it, and there is none for a byte more.
    const full = await device.send(await device.add(someBytes('more', 1)));
    assert.equal(full.out.error.name, 'InsufficientStorage');
    const again = concluded(await device.send(await device.add(bytes)));
    assert.equal(again['blob/allocate'].ok.size, 0);
    // What uploads left that were cut short is gone.
    assert.deepEqual(await readdir(join(this.server.folder, 'data', 'blobs', 'part')), []);
  }
}

/**
 * Through the queue: add, PUT, conclude.
 * @param {Mortal} mortal
 * @param {Device} device
 * @param {Uint8Array} bytes
 */
const byQueue = async (mortal, device, bytes) => {
  const add = await device.add(bytes);
  device.queue(add);
  await mortal.insist(() => device.sync());
  await mortal.seeAll(device);
  const { receipt } = /** @type {any} */ (await device.receipt(add.cid));
  const tasks = peer.effectsOf(receipt);
  const allocation = /** @type {any} */ (await device.receipt(tasks['blob/allocate'].cid));
  const put = await mortal.insist(() => device.upload(allocation.out.ok.address, bytes));
  assert.equal(put.status, 200);
  const conclude = await device.conclude(tasks['http/put'], bytes);
  device.queue(conclude);
  await mortal.insist(() => device.sync());
  await mortal.seeAll(device);
  assert.ok(/** @type {any} */ (await device.receipt(conclude.cid)).out.ok.time);
  return add;
};

/** By plain invocations. @param {Mortal} mortal @param {Device} device @param {Uint8Array} bytes */
const byMessages = async (mortal, device, bytes) => {
  await mortal.insist(() => device.sync());
  const add = await device.add(bytes);
  const receipt = await mortal.insist(() => device.send(add));
  mortal.see(add.cid, receipt.link());
  const { address } = concluded(receipt)['blob/allocate'].ok;
  assert.equal((await mortal.insist(() => device.upload(address, bytes))).status, 200);
  const conclude = await device.conclude(peer.effectsOf(receipt)['http/put'], bytes);
  const done = await mortal.insist(() => device.send(conclude));
  mortal.see(conclude.cid, done.link());
  await mortal.insist(() => device.sync());
  await mortal.seeAll(device);
  return add;
};

for (const [name, way] of Object.entries({ byQueue, byMessages })) {
  for (const point of POINTS) {
    for (const times of [1, 2, 3]) {
      test(`R27 X1: an upload ${name} survives a death at ${point}, passing ${times}`, async () => {
        const mortal = await Mortal.start(`${point}:${times}`);
        try {
          const device = await Device.create(mortal.server);
          const bytes = someBytes('crash', SIZE);
          const add = await way(mortal, device, bytes);
          const reached = mortal.deaths;
          if (times === 1 && !(name === 'byMessages' && point === 'sync-claimed')) {
            assert.equal(reached, 1, 'the point was reached');
          }
          await mortal.insist(() => mortal.checkEnd(device, add, bytes));
        } finally {
          await mortal.server.close();
        }
      });
    }
  }
}

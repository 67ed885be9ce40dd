/**
 * Blocks in IndexedDB, which costs by the record: the blocks of a commit are one (a pack), what is
 * in it another, and the head changes in the same transaction. Under the keys [space, n]:
 *
 *     packs    the bytes          records   PackRecord of pack-index.js
 *     heads    (key: space)  {record, next}
 */
import { FreeholdError } from './error.js';
import { completionOf, keysUnder, resultOf } from './idb.js';
import { PackIndex, equalBytes } from './pack-index.js';

/**
 * @typedef {import('./internal.js').BlockStore} Contract
 * @typedef {import('./internal.js').Commit} Commit
 * @typedef {ReturnType<PackIndex['packsOf']>[number]} Pack
 */

/** @param {IDBTransaction} transaction @param {string} space @param {number[]} numbers */
const packsIn = (transaction, space, numbers) =>
  Promise.all(numbers.map((n) => resultOf(transaction.objectStore('packs').get([space, n]))));

/** @implements {Contract} */
export class IdbBlockStore {
  #db;
  /** @type {Map<string, PackIndex>} */
  #indexes = new Map();
  /** @type {Promise<void>} */
  #compaction = Promise.resolve();

  /** @param {IDBDatabase} db */
  constructor(db) {
    this.#db = db;
  }

  /** @param {string} space @returns {Promise<Uint8Array | undefined>} */
  async record(space) {
    const head = await resultOf(this.#db.transaction('heads').objectStore('heads').get(space));
    return head?.record;
  }

  /** @param {string} space @param {Uint8Array[]} cids */
  async getMany(space, cids) {
    const blocks = await this.#read(await this.#index(space), space, cids);
    if (blocks.length === cids.length) return blocks;
    // A compaction, here or in another tab, may have moved them since the index was read.
    return this.#read(await this.#reload(space), space, cids);
  }

  /** @param {string} space */
  async list(space) {
    return (await this.#index(space)).cids();
  }

  /**
   * @param {string} space @param {Commit} commit @param {Uint8Array | undefined} expected
   * @returns {Promise<void>}
   */
  async commit(space, commit, expected) {
    await this.#compaction;
    const index = await this.#index(space);
    const packs = index.packsOf(commit);
    const transaction = this.#begin();
    const head = await resultOf(transaction.objectStore('heads').get(space));
    const isMoved = !equalBytes(head?.record, expected);
    if (isMoved || (head?.next ?? 1) !== index.next) {
      transaction.abort();
      await this.#reload(space);
      if (isMoved) throw new FreeholdError('HeadMoved', 'another tab has changed the space');
      return this.commit(space, commit, expected); // it has only compacted
    }
    const next = this.#put(transaction, space, packs, index.next, commit.record);
    await completionOf(transaction);

    this.#update(space, index, [], packs, next);
    // The commit stands, whatever becomes of this; the next one will try again.
    if (index.wasteful().length > 0) {
      this.#compaction = this.#compact(space, index).catch(() => {});
    }
  }

  /** @param {string} space */
  async remove(space) {
    const transaction = this.#begin();
    transaction.objectStore('heads').delete(space);
    transaction.objectStore('packs').delete(keysUnder(space));
    transaction.objectStore('records').delete(keysUnder(space));
    await completionOf(transaction);
    this.#indexes.delete(space);
  }

  close() {
    this.#db.close();
  }

  #begin() {
    const durability = /** @type {const} */ ('strict');
    return this.#db.transaction(['heads', 'packs', 'records'], 'readwrite', { durability });
  }

  /**
   * Puts packs and head; gives the number of the next pack.
   * @param {IDBTransaction} transaction @param {string} space @param {Pack[]} packs
   * @param {number} first @param {Uint8Array} record
   */
  #put(transaction, space, packs, first, record) {
    for (const pack of packs) {
      const key = [space, pack.record.n];
      if (pack.bytes.length > 0) transaction.objectStore('packs').put(pack.bytes, key);
      transaction.objectStore('records').put(pack.record, key);
    }
    const next = first + Math.max(1, packs.length); // it moves with every commit
    transaction.objectStore('heads').put({ record, next }, space);
    return next;
  }

  /** @param {string} space */
  async #index(space) {
    return this.#indexes.get(space) ?? this.#reload(space);
  }

  /** @param {string} space */
  async #reload(space) {
    const transaction = this.#db.transaction(['heads', 'records']);
    const [records, head] = await Promise.all([
      resultOf(transaction.objectStore('records').getAll(keysUnder(space))),
      resultOf(transaction.objectStore('heads').get(space)),
    ]);
    const index = new PackIndex();
    for (const record of records) index.add(record);
    index.next = head?.next ?? 1;
    this.#indexes.set(space, index);
    return index;
  }

  /** @param {PackIndex} index @param {string} space @param {Uint8Array[]} cids */
  async #read(index, space, cids) {
    const places = cids.flatMap((cid) => {
      const place = index.find(cid);
      return place ? [{ cid, ...place }] : [];
    });
    const numbers = [...new Set(places.map(({ n }) => n))];
    const bytes = await packsIn(this.#db.transaction('packs'), space, numbers);
    return places.flatMap(({ cid, n, from, to }) => {
      const pack = bytes[numbers.indexOf(n)];
      return pack ? [{ cid, bytes: /** @type {Uint8Array} */ (pack.subarray(from, to)) }] : [];
    });
  }

  /**
   * What the store has taken, in the index too.
   * @param {string} space @param {PackIndex} index @param {number[]} gone @param {Pack[]} packs
   * @param {number} next
   */
  #update(space, index, gone, packs, next) {
    for (const n of gone) index.drop(n);
    for (const { record } of packs) index.add(record);
    index.next = next;
    // If it was read anew meanwhile, that one may lack this.
    if (this.#indexes.get(space) !== index) this.#indexes.delete(space);
  }

  /** Rewrites packs of which little is alive. @param {string} space @param {PackIndex} index */
  async #compact(space, index) {
    const numbers = index.wasteful();
    const transaction = this.#begin();
    const bytes = await packsIn(transaction, space, numbers);
    const head = await resultOf(transaction.objectStore('heads').get(space));
    if (head?.next !== index.next) {
      transaction.abort(); // another tab was faster; there will be another commit
      return;
    }
    const victims = new Map(numbers.map((n, i) => [n, bytes[i] ?? new Uint8Array()]));
    const fresh = index.repack(victims);
    for (const n of numbers) {
      transaction.objectStore('packs').delete([space, n]);
      transaction.objectStore('records').delete([space, n]);
    }
    const next = this.#put(transaction, space, fresh, index.next, head.record);
    await completionOf(transaction);

    this.#update(space, index, numbers, fresh, next);
  }
}

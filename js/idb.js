/** IndexedDB in promises: as little of it as the package needs. */
import { FreeholdError } from './error.js';

/** @template T @param {IDBRequest<T>} request @returns {Promise<T>} */
export const resultOf = (request) =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });

/**
 * Fulfilled when the transaction is durable.
 * @param {IDBTransaction} transaction @returns {Promise<void>}
 */
export const completionOf = (transaction) =>
  new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve();
    transaction.onerror = () => reject(transaction.error);
    transaction.onabort = () => reject(transaction.error ?? new Error('aborted'));
  });

/** The keys `[first, …]`. @param {string} first */
export const keysUnder = (first) => IDBKeyRange.bound([first], [first, []]);

/**
 * The database of an agent: `meta` and the three of IdbBlockStore. Its version is the format of the
 * records: so it is opened as it is, made if it is not, and looked at.
 * @param {string} name @returns {Promise<IDBDatabase>}
 */
export async function openDatabase(name) {
  const request = indexedDB.open(`freehold/${name}`);
  request.onupgradeneeded = () => {
    for (const store of ['meta', 'heads', 'packs', 'records']) {
      request.result.createObjectStore(store);
    }
  };
  const db = await resultOf(request);
  db.onversionchange = () => db.close();
  if (db.version === 1) return db;
  db.close();
  throw new FreeholdError('OtherFormat', `${db.name}: format ${db.version} instead of 1`);
}

/** @typedef {import('./internal.js').Database} Database */

/** Keys and values in the object store `meta`. @implements {Database} */
export class IdbDatabase {
  #db;

  /** @param {IDBDatabase} db */
  constructor(db) {
    this.#db = db;
  }

  /** @param {string} key */
  get(key) {
    return resultOf(this.#db.transaction('meta').objectStore('meta').get(key));
  }

  /** @param {string} key @param {unknown} value */
  set(key, value) {
    return this.#write((meta) => meta.put(value, key));
  }

  /** @param {string} key */
  delete(key) {
    return this.#write((meta) => meta.delete(key));
  }

  /** @param {string} prefix */
  list(prefix) {
    const range = IDBKeyRange.bound(prefix, `${prefix}\uffff`);
    return resultOf(this.#db.transaction('meta').objectStore('meta').getAll(range));
  }

  close() {
    this.#db.close();
  }

  /** @param {(meta: IDBObjectStore) => void} change */
  #write(change) {
    const transaction = this.#db.transaction('meta', 'readwrite', { durability: 'strict' });
    change(transaction.objectStore('meta'));
    return completionOf(transaction);
  }
}

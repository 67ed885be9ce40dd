/** Where an agent keeps things, by kind. */
import { IdbBlockStore } from './idb-block-store.js';
import { IdbDatabase, openDatabase } from './idb.js';
import { MemoryBlockStore, MemoryDatabase } from './memory-store.js';

const defaultKind = () => (typeof indexedDB === 'undefined' ? 'memory' : 'indexeddb');

/**
 * @param {import('./types.js').StoreKind | import('./types.js').Stores | undefined} store
 * @param {string} name
 * @returns {Promise<import('./types.js').Stores>}
 */
export async function openStores(store = defaultKind(), name) {
  if (typeof store === 'object') return store;
  if (store === 'memory') {
    return { database: new MemoryDatabase(), blocks: new MemoryBlockStore() };
  }
  const db = await openDatabase(name);
  return { database: new IdbDatabase(db), blocks: new IdbBlockStore(db), channel: name };
}

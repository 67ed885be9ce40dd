/** The stores of agents that keep nothing: for tests, and for programs that run once. */
import { FreeholdError } from './error.js';
import { equalBytes, keyOf } from './pack-index.js';

/**
 * @typedef {import('./internal.js').Block} Block
 * @typedef {import('./internal.js').BlockStore} BlockStore
 * @typedef {import('./internal.js').Database} Database
 */

/** @implements {BlockStore} */
export class MemoryBlockStore {
  /** @type {Map<string, {record: Uint8Array, blocks: Map<string, Block>}>} */
  #spaces = new Map();

  /** @param {string} space */
  async record(space) {
    return this.#spaces.get(space)?.record;
  }

  /** @param {string} space @param {Uint8Array[]} cids */
  async getMany(space, cids) {
    const blocks = this.#spaces.get(space)?.blocks;
    return cids.flatMap((cid) => blocks?.get(keyOf(cid)) ?? []);
  }

  /** @param {string} space */
  async list(space) {
    return [...(this.#spaces.get(space)?.blocks.values() ?? [])].map(({ cid }) => cid);
  }

  /**
   * @param {string} space @param {import('./internal.js').Commit} commit
   * @param {Uint8Array | undefined} expected
   */
  async commit(space, { added, freed, record }, expected) {
    const held = this.#spaces.get(space);
    if (!equalBytes(held?.record, expected)) {
      throw new FreeholdError('HeadMoved', 'somebody else has changed the space');
    }
    const blocks = held?.blocks ?? new Map();
    for (const cid of freed) blocks.delete(keyOf(cid));
    for (const block of added) blocks.set(keyOf(block.cid), block);
    this.#spaces.set(space, { record, blocks });
  }

  /** @param {string} space */
  async remove(space) {
    this.#spaces.delete(space);
  }

  close() {}
}

/** @implements {Database} */
export class MemoryDatabase {
  /** @type {Map<string, unknown>} */
  #values = new Map();

  /** @param {string} key @returns {Promise<any>} */
  async get(key) {
    return this.#values.get(key);
  }

  /** @param {string} key @param {unknown} value */
  async set(key, value) {
    this.#values.set(key, value);
  }

  /** @param {string} key */
  async delete(key) {
    this.#values.delete(key);
  }

  /** @param {string} prefix @returns {Promise<any[]>} */
  async list(prefix) {
    const keys = [...this.#values.keys()].filter((key) => key.startsWith(prefix)).sort();
    return keys.map((key) => this.#values.get(key));
  }

  close() {}
}

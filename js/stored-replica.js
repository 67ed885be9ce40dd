/**
 * A core replica over a store: repeats operations until their blocks are at hand, and makes changes
 * durable before it tells of them.
 */
import { closed, FreeholdError, isCode } from './error.js';
import { equalBytes, keyOf } from './pack-index.js';

/**
 * @typedef {import('./internal.js').CoreReplica} CoreReplica
 * @typedef {import('./internal.js').Commit} Commit
 */

/** In the place of a replica that was closed. @type {any} */
const gone = new Proxy(
  {},
  {
    get() {
      throw closed();
    },
  },
);

export class StoredReplica {
  /** How often the replica was read anew from the store: a sync begun before is void. */
  generation = 0;
  #core;
  #store;
  #space;
  #proofs;
  /** @type {CoreReplica} */
  #replica;
  /** @type {Uint8Array | undefined} */
  #record;
  #running = 0;
  #reader;
  /** @type {Promise<unknown>} */
  #queue = Promise.resolve();

  /**
   * @param {import('./internal.js').Core} core
   * @param {import('./internal.js').BlockStore} store
   * @param {string} space
   * @param {import('./internal.js').Block[]} proofs blocks to have at hand, in the store or not
   * @param {import('./internal.js').Reader} reader
   */
  constructor(core, store, space, proofs, reader) {
    this.#reader = reader;
    this.#core = core;
    this.#store = store;
    this.#space = space;
    this.#proofs = proofs;
    this.#replica = core.createReplica(space);
  }

  /** Reads what is stored; if that is nothing, begins an empty replica and stores it. */
  async open() {
    await this.#reload();
    if (this.#record) return;
    await this.change((replica) => ({ commit: replica.save() }));
  }

  /**
   * What `look` sees of the replica as it is; it reads no blocks.
   * @template T @param {(replica: CoreReplica) => T} look
   */
  peek(look) {
    return look(this.#replica);
  }

  /**
   * What `operation` gives, which changes nothing.
   * @template T @param {(replica: CoreReplica) => T} operation
   */
  async read(operation) {
    const result = await this.#busy(() => this.#run(operation, false));
    await this.#sweep();
    return result;
  }

  /** Frees what was read and need not be held, if that is much and the store tells what it has. */
  async #sweep() {
    const stored = this.#replica.isSweepDue() && (await this.#store.list?.(this.#space));
    if (!stored) return;
    const sweep = this.change((replica) => ({ commit: replica.sweep(stored) }));
    await sweep.catch(() => {}); // then another time
    this.#holdProofs();
  }

  /**
   * Reads from the service until the replica holds all, or its scopes; whether there was anything
   * to read.
   * @param {'all' | 'scopes'} what
   */
  async pull(what) {
    const isHere = this.#replica.isHere(what);
    if (!isHere) {
      for (let fields; (fields = await this.read(() => this.#beginRead(what)));) {
        await this.#busy(() => this.#read(fields, false));
      }
      await this.change((replica) => ({ commit: replica.finishPull(what) }));
    }
    await this.#sweep();
    return !isHere;
  }

  /** @param {'all' | 'scopes'} [next] */
  #beginRead(next) {
    return this.#replica.beginRead({ ...this.#reader.call(), next });
  }

  /** @param {import('./internal.js').UcanFields} fields @param {boolean} isSerial */
  async #read(fields, isSerial) {
    const { generation } = this;
    const { invocation, response } = await this.#reader.send(fields, []);
    const keep = async () => {
      if (generation !== this.generation) return; // it was read for another
      await this.#commit(this.#replica.finishRead(invocation, response));
    };
    await (isSerial ? keep() : this.#serially(keep));
  }

  /**
   * When nothing is under way all blocks are in the store, and the core may forget them.
   * @template T @param {() => Promise<T>} action
   */
  async #busy(action) {
    this.#running += 1;
    try {
      return await action();
    } finally {
      this.#running -= 1;
      if (this.#running === 0 && this.#replica.trim()) this.#holdProofs();
    }
  }

  #holdProofs() {
    for (const { cid, bytes } of this.#proofs) this.#replica.hold(cid, bytes);
  }

  /**
   * Runs an operation, and again as long as it misses blocks. What cannot be had may have been
   * freed by another tab: then the operation is run on what that has stored.
   * What nobody here has is read from the service, if the replica may.
   * @template T
   * @param {(replica: CoreReplica) => T} operation
   * @param {boolean} isSerial whether this is the one change under way
   * @returns {Promise<T>}
   */
  async #run(operation, isSerial) {
    let asked = new Set();
    for (let { generation } = this; ;) {
      try {
        return operation(this.#replica);
      } catch (error) {
        if (!isCode(error, 'MissingBlocks')) throw error;
        const missing = this.#replica.missing();
        if (generation !== this.generation) asked = new Set(); // those blocks went to another
        generation = this.generation;
        if (missing.every((cid) => asked.has(keyOf(cid)))) {
          const isNew = await (isSerial ? this.#takeUp() : this.refresh());
          if (isNew || generation !== this.generation) continue; // or somebody else took it up
          const fields = this.#replica.mayRead() && this.#beginRead();
          if (!fields) throw error;
          await this.#read(fields, isSerial);
          asked = new Set();
          continue;
        }
        for (const cid of missing) asked.add(keyOf(cid));
        await this.#fetch(missing);
      }
    }
  }

  /**
   * What `operation` gives, once its `commit` is durable. One at a time; if somebody else has moved
   * the head, it is made anew on that head.
   * @template {{commit: Commit}} T @param {(replica: CoreReplica) => T} operation
   * @param {number} [generation] fails with HeadMoved if the replica is of another one
   * @returns {Promise<T>}
   */
  change(operation, generation) {
    const make = async () => {
      for (;;) {
        if (generation !== undefined && generation !== this.generation) {
          throw new FreeholdError('HeadMoved', 'another tab has changed the space');
        }
        const outcome = await this.#run(operation, true);
        if (await this.#commit(outcome.commit)) return outcome;
      }
    };
    return this.#busy(() => this.#serially(make));
  }

  /** Makes a commit durable; false if somebody else has moved the head. @param {Commit} commit */
  async #commit(commit) {
    try {
      await this.#store.commit(this.#space, commit, this.#record);
      this.#record = commit.record;
      return true;
    } catch (error) {
      await this.#reload();
      if (!isCode(error, 'HeadMoved')) throw error;
      return false;
    }
  }

  /** Takes up what another tab has stored; whether that is anything new. */
  refresh() {
    return this.#serially(() => this.#takeUp());
  }

  /** What is under way, or begun later, ends with Closed. */
  close() {
    return this.#serially(async () => {
      this.#replica.delete();
      this.#replica = gone;
    });
  }

  async #takeUp() {
    const isNew = !equalBytes(await this.#store.record(this.#space), this.#record);
    if (isNew) await this.#reload();
    return isNew;
  }

  async #reload() {
    const record = await this.#store.record(this.#space);
    const core = this.#core;
    const { delete: drop } = this.#replica; // not of one that is gone
    const replica = record ? core.loadReplica(record) : core.createReplica(this.#space);
    drop.call(this.#replica);
    this.#replica = replica;
    this.#holdProofs();
    this.#record = record;
    this.generation += 1;
  }

  /** @param {Uint8Array[]} cids */
  async #fetch(cids) {
    const blocks = await this.#store.getMany(this.#space, cids);
    const found = new Set(blocks.map(({ cid }) => keyOf(cid)));
    for (const { cid, bytes } of blocks) this.#replica.hold(cid, bytes);
    for (const cid of cids) if (!found.has(keyOf(cid))) this.#replica.lack(cid);
  }

  /** @template T @param {() => Promise<T>} action @returns {Promise<T>} */
  #serially(action) {
    const result = this.#queue.then(action);
    this.#queue = result.catch(() => {});
    return result;
  }
}

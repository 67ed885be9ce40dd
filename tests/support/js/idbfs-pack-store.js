/**
 * The store that lost (docs/storage.md): blocks in pack files of Emscripten's IDBFS, a file system
 * in memory that is mirrored, whole, to IndexedDB. It shows what a store of one's own has to do. A
 * folder a space, in it a file a pack (the length of the record, the record as JSON, the bytes)
 * and `head` (the number of the next pack as JSON, the head record).
 */
import { FreeholdError } from '../../../js/error.js';
import { IdbDatabase, openDatabase } from '../../../js/idb.js';
import { PackIndex, equalBytes } from '../../../js/pack-index.js';

/**
 * @typedef {import('../../../js/internal.js').BlockStore} Contract
 * @typedef {import('../../../js/internal.js').Commit} Commit
 */

/** @implements {Contract} */
export class IdbfsPackStore {
  #fs;
  #root;
  /** @type {Map<string, PackIndex>} */
  #indexes = new Map();

  /** @param {any} fs @param {string} root */
  constructor(fs, root) {
    this.#fs = fs;
    this.#root = root;
  }

  /** @param {any} module linked with IDBFS @param {string} name */
  static async open({ FS, IDBFS }, name) {
    const root = `/freehold-${encodeURIComponent(name)}`;
    if (!FS.analyzePath(root).exists) {
      FS.mkdir(root);
      FS.mount(IDBFS, {}, root);
    }
    const store = new IdbfsPackStore(FS, root);
    await store.#exclusively(() => store.#synchronise(true));
    return store;
  }

  /** @param {string} space */
  record(space) {
    return this.#exclusively(async () => {
      await this.#synchronise(true); // what other tabs have written
      return this.#head(space)?.record;
    });
  }

  /** @param {string} space @param {Uint8Array[]} cids */
  getMany(space, cids) {
    // Not while files come in: an index of half of them would be taken for whole.
    return this.#exclusively(async () => {
      const index = this.#index(space);
      return cids.flatMap((cid) => {
        const place = index.find(cid);
        if (!place) return [];
        const { bytes } = this.#readPack(space, place.n);
        return [{ cid, bytes: bytes.slice(place.from, place.to) }];
      });
    });
  }

  /** @param {string} space @param {Commit} commit @param {Uint8Array | undefined} expected */
  commit(space, commit, expected) {
    return this.#exclusively(async () => {
      await this.#synchronise(true);
      const head = this.#head(space);
      if (!equalBytes(head?.record, expected)) {
        this.#indexes.delete(space);
        throw new FreeholdError('HeadMoved', 'another tab has changed the space');
      }
      const index = this.#index(space);
      const packs = index.packsOf(commit);
      if (!this.#exists(space)) this.#fs.mkdir(this.#folder(space));
      for (const pack of packs) this.#writePack(space, pack);
      for (const { record } of packs) index.add(record);
      index.next += packs.length > 0 ? 0 : 1;
      const numbers = index.wasteful();
      if (numbers.length > 0) this.#compact(space, index, numbers);
      this.#writeFile(space, 'head', { next: index.next }, commit.record);
      await this.#synchronise(false);
    });
  }

  /** @param {string} space */
  remove(space) {
    return this.#exclusively(async () => {
      if (!this.#exists(space)) return;
      const folder = this.#folder(space);
      for (const name of this.#names(space)) this.#fs.unlink(`${folder}/${name}`);
      this.#fs.rmdir(folder);
      this.#indexes.delete(space);
      await this.#synchronise(false);
    });
  }

  close() {
    this.#fs.unmount(this.#root);
    this.#fs.rmdir(this.#root);
  }

  /** @param {string} space @param {PackIndex} index @param {number[]} numbers */
  #compact(space, index, numbers) {
    const victims = new Map(numbers.map((n) => [n, this.#readPack(space, n).bytes]));
    const packs = index.repack(victims);
    for (const pack of packs) this.#writePack(space, pack);
    for (const n of numbers) {
      index.drop(n);
      this.#fs.unlink(`${this.#folder(space)}/${n}`);
    }
    for (const { record } of packs) index.add(record);
  }

  /** @param {string} space */
  #index(space) {
    const found = this.#indexes.get(space);
    const head = this.#head(space);
    if (found && found.next === (head?.next ?? 1)) return found;
    const index = new PackIndex();
    for (const n of this.#names(space)
      .map(Number)
      .filter(Boolean)
      .sort((a, b) => a - b)) {
      index.add(this.#readPack(space, n).record);
    }
    index.next = head?.next ?? 1;
    this.#indexes.set(space, index);
    return index;
  }

  /** @param {string} space @returns {{record: Uint8Array, next: number} | undefined} */
  #head(space) {
    if (!this.#exists(space) || !this.#names(space).includes('head')) return undefined;
    const { header, bytes } = this.#readFile(space, 'head');
    return { record: bytes.slice(), next: header.next };
  }

  /**
   * @param {string} space
   * @param {{record: import('../../../js/pack-index.js').PackRecord, bytes: Uint8Array}} pack
   */
  #writePack(space, { record, bytes }) {
    this.#writeFile(space, String(record.n), record, bytes);
  }

  /** @param {string} space @param {number} n */
  #readPack(space, n) {
    const { header, bytes } = this.#readFile(space, String(n));
    return {
      record: /** @type {import('../../../js/pack-index.js').PackRecord} */ (header),
      bytes,
    };
  }

  /** @param {string} space @param {string} name @param {object} header @param {Uint8Array} bytes */
  #writeFile(space, name, header, bytes) {
    const text = new TextEncoder().encode(JSON.stringify(header));
    const file = new Uint8Array(4 + text.length + bytes.length);
    new DataView(file.buffer).setUint32(0, text.length, true);
    file.set(text, 4);
    file.set(bytes, 4 + text.length);
    this.#fs.writeFile(`${this.#folder(space)}/${name}`, file);
  }

  /** @param {string} space @param {string} name @returns {{header: any, bytes: Uint8Array}} */
  #readFile(space, name) {
    const file = /** @type {Uint8Array} */ (this.#fs.readFile(`${this.#folder(space)}/${name}`));
    const length = new DataView(file.buffer, file.byteOffset).getUint32(0, true);
    const header = JSON.parse(new TextDecoder().decode(file.subarray(4, 4 + length)));
    return { header, bytes: file.subarray(4 + length) };
  }

  /** @param {string} space @returns {string[]} */
  #names(space) {
    if (!this.#exists(space)) return [];
    const names = /** @type {string[]} */ (this.#fs.readdir(this.#folder(space)));
    return names.filter((name) => !name.startsWith('.'));
  }

  /** @param {string} space */
  #exists(space) {
    return this.#fs.analyzePath(this.#folder(space)).exists;
  }

  /** @param {string} space */
  #folder(space) {
    return `${this.#root}/${encodeURIComponent(space)}`;
  }

  /** @param {boolean} populate from IndexedDB, else to it @returns {Promise<void>} */
  #synchronise(populate) {
    return new Promise((resolve, reject) => {
      this.#fs.syncfs(populate, (/** @type {unknown} */ error) =>
        error ? reject(error) : resolve(),
      );
    });
  }

  /**
   * One tab at a time: IDBFS cannot compare and change.
   * @template T @param {() => Promise<T>} action @returns {Promise<T>}
   */
  #exclusively(action) {
    return /** @type {Promise<any>} */ (navigator.locks.request(this.#root, action));
  }
}

/** @type {Promise<any> | undefined} */
let loading;

/** The module that has the file system. */
export const loadIdbfs = () =>
  (loading ??= import('../../../js/core/freehold-core-idbfs.mjs').then((module) =>
    module.default(),
  ));

/** The stores of an agent that keeps its trees so. @param {string} name */
export async function openIdbfs(name) {
  const blocks = await IdbfsPackStore.open(await loadIdbfs(), name);
  return { database: new IdbDatabase(await openDatabase(name)), blocks, channel: name };
}

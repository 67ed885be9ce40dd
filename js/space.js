/** One space: entries, files, sync, sharing. What each promises stands in types.d.ts. */
import {
  blobRange,
  download,
  forgetFile,
  keep,
  keptFile,
  queueAdd,
  statusesOf,
  textOf,
} from './blobs.js';
import { edit } from './edit.js';
import { exportCar } from './export.js';
import { closed, FreeholdError } from './error.js';
import { identityOf } from './fetch-transport.js';
import { Link } from './link.js';
import { syncSpace } from './sync.js';
import { delegate } from './tokens.js';

/**
 * @typedef {import('./types.js').Space} Contract
 * @typedef {import('./internal.js').Session} Session
 * @typedef {import('./types.js').Data} Data
 * @typedef {import('./types.js').Key} Key
 * @typedef {import('./types.js').SpaceEvent} SpaceEvent
 */

const pageEntriesMax = 512;
const shareAbilities = ['space/*', 'assert/state'];
const utf8 = new TextEncoder();
const text = new TextDecoder();

/**
 * @template {Key | undefined} K
 * @param {K} key
 * @returns {K extends string ? Uint8Array : K}
 */
const keyBytes = (key) => /** @type {any} */ (typeof key === 'string' ? utf8.encode(key) : key);

/** For the entries of the package beside this one. @type {WeakMap<object, Session>} */
export const sessions = new WeakMap();

/** @implements {Contract} */
export class Space {
  #session;
  #onClose;
  #end = new AbortController();
  /** @type {BroadcastChannel | undefined} */
  #tabs;
  /** @type {Set<(event: SpaceEvent) => void>} */
  #listeners = new Set();
  /** @type {Promise<unknown>} */
  #syncs = Promise.resolve();

  /**
   * @param {Omit<Session, 'notify' | 'ended'>} session
   * @param {() => void} onClose
   */
  constructor(session, onClose) {
    this.#session = {
      ...session,
      ended: this.#end.signal,
      notify: (/** @type {'edit' | 'sync'} */ type, /** @type {Uint8Array[]} */ keys) =>
        this.#notify(type, keys),
    };
    this.#onClose = onClose;
    sessions.set(this, this.#session);
    const { channel } = session.context;
    if (channel === undefined) return;
    this.#tabs = new BroadcastChannel(`${channel}/${this.did}`);
    this.#tabs.onmessage = ({ data }) => this.#takeUp(data.keys);
  }

  get did() {
    return this.#session.meta.did;
  }

  get name() {
    return this.#session.meta.name;
  }

  get root() {
    return String(new Link(this.#replica.peek((replica) => replica.root())));
  }

  get seq() {
    return this.#replica.peek((replica) => replica.seq());
  }

  get isAhead() {
    return this.#replica.peek((replica) => replica.isAhead());
  }

  get isWhole() {
    return this.#replica.peek((replica) => replica.isHere('all'));
  }

  get scopes() {
    return this.#replica.peek((replica) => replica.scopes());
  }

  get service() {
    return this.#session.meta.service;
  }

  // --- entries -----------------------------------------------------------------------------------

  /** @param {Key} key */
  get(key) {
    return this.#replica.read((replica) => replica.get(keyBytes(key)));
  }

  /** @param {Key} key @param {Data} value */
  async put(key, value) {
    await this.batch([{ key, value }]);
  }

  /** @param {Key} key */
  async delete(key) {
    await this.batch([{ key }]);
  }

  /** @param {import('./types.js').Change[]} changes */
  async batch(changes) {
    await this.#edit(
      changes.map(({ key, value }) => [keyBytes(key), value]),
      [],
    );
  }

  /** @param {import('./types.js').ListOptions} [options] */
  async *entries({ prefix, from, to, reverse = false, limit = Infinity } = {}) {
    /** @type {import('./internal.js').CoreRange} */
    const range = {
      prefix: keyBytes(prefix),
      from: keyBytes(from),
      to: keyBytes(to),
      reverse,
    };
    for (let left = limit; left > 0;) {
      const part = { ...range, limit: Math.min(left, pageEntriesMax) };
      const page = await this.#replica.read((replica) => replica.list(part));
      for (const { key, value } of page.entries) yield { key, text: text.decode(key), value };
      if (page.next === undefined) return;
      left -= page.entries.length;
      if (reverse) Object.assign(range, { to: page.next, toInclusive: false });
      else Object.assign(range, { from: page.next, fromExclusive: true });
    }
  }

  weight() {
    return this.#replica.read((replica) => replica.weight());
  }

  // --- files -------------------------------------------------------------------------------------

  /** @param {Blob | Uint8Array} file @param {import('./types.js').AddOptions} [options] */
  async add(file, { key, meta = {}, name = nameOf(file) } = {}) {
    const blob = file instanceof Blob ? file : new Blob([/** @type {BlobPart} */ (file)]);
    const added = await keep(this.#session, blob);
    const statuses = await statusesOf(this.#session, blobRange(added.text));
    const queued = await queueAdd(this.#session, added, statuses);
    /** @type {[Uint8Array, Data][]} */
    const changes = queued ? [queued.change] : [];
    if (key !== undefined) {
      const about = { blob: added.multihash, size: added.size, type: blob.type, name, ...meta };
      changes.push([keyBytes(key), about]);
    }
    await this.#edit(changes, queued?.blocks ?? []);
    return added;
  }

  /** @param {{prefix?: Key, limit?: number}} [options] */
  blobs({ prefix, limit } = {}) {
    return statusesOf(this.#session, { prefix: keyBytes(prefix), limit });
  }

  /** @param {Uint8Array} multihash @param {{local?: boolean, signal?: AbortSignal}} [options] */
  async fetch(multihash, { local = true, signal } = {}) {
    const kept = local && (await keptFile(this.#session, textOf(this.#session, multihash)));
    return kept || download(this.#session, multihash, signal);
  }

  /** @param {Uint8Array} multihash */
  async evict(multihash) {
    const name = textOf(this.#session, multihash);
    const isKept = (await keptFile(this.#session, name)) !== undefined;
    await forgetFile(this.#session, name);
    return isKept;
  }

  // --- services and other devices ----------------------------------------------------------------

  /** @param {string | URL} address */
  async connect(address) {
    const { meta, context } = this.#session;
    const url = new URL(address, globalThis.location?.href);
    if (meta.service?.url === url.href) return meta.service;
    const { did, key } = await identityOf(url);
    if (meta.service && meta.service.did === did && meta.service.key !== key) {
      throw new FreeholdError('ServiceChanged', `${did} shows another key than it did before`);
    }
    await this.#replica.change((replica) => {
      replica.knowService(did, key);
      return { commit: replica.save() };
    });
    meta.service = { url: url.href, did, key };
    await context.database.set(`space/${meta.did}`, meta);
    return meta.service;
  }

  /** @param {string | URL} [url] @param {{lazy?: boolean, scopes?: Key[]}} [options] */
  sync(url, { lazy, scopes } = {}) {
    const result = this.#syncs.then(async () => {
      if (url !== undefined) await this.connect(url);
      if (scopes !== undefined) {
        const prefixes = scopes.map(keyBytes);
        await this.#replica.change((replica) => ({ commit: replica.setScopes(prefixes) }));
      }
      const { channel } = this.#session.context;
      const run = () => syncSpace(this.#session, lazy ?? this.scopes.length > 0);
      return channel === undefined
        ? run()
        : navigator.locks.request(`${channel}/${this.did}/sync`, run);
    });
    this.#syncs = result.catch(() => {});
    return /** @type {Promise<import('./types.js').SyncResult>} */ (result);
  }

  /** @param {string} audience @param {import('./types.js').ShareOptions} [options] */
  async share(audience, { can = shareAbilities, expires } = {}) {
    const { context, meta } = this.#session;
    const { root, blocks } = await delegate(context, {
      space: meta.did,
      name: meta.name,
      audience,
      can,
      expires,
      proof: meta.proof,
    });
    const block = blocks[blocks.length - 1];
    return context.core.encodeArchive({ cid: root, bytes: block.bytes }, blocks);
  }

  async delegations() {
    const { context, meta } = this.#session;
    return meta.proof.blocks.map((block) => {
      const { issuer, audience, capabilities, expires } = context.core.decodeUcan(block);
      return {
        cid: new Link(block.cid),
        issuer,
        audience,
        can: capabilities.map(({ can }) => can),
        expires: expires === null ? undefined : new Date(expires * 1000),
      };
    });
  }

  exportCar() {
    return exportCar(this.#session);
  }

  // --- events ------------------------------------------------------------------------------------

  /** @param {(event: SpaceEvent) => void} listener */
  subscribe(listener) {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  close() {
    if (this.#session.ended.aborted) return;
    this.#onClose();
    this.#end.abort();
    this.#listeners.clear();
    this.#tabs?.close();
    this.#session.replica.close();
  }

  get #replica() {
    if (this.#session.ended.aborted) throw closed();
    return this.#session.replica;
  }

  /** @param {[Uint8Array, Data?][]} changes @param {import('./internal.js').Block[]} blocks */
  async #edit(changes, blocks) {
    if (changes.length > 0 && this.#replica) await edit(this.#session, changes, blocks);
  }

  /** @param {SpaceEvent['type']} type @param {Uint8Array[]} keys */
  #notify(type, keys) {
    if (this.#session.ended.aborted) return;
    if (type !== 'remote') this.#tabs?.postMessage({ keys });
    const event = { type, root: this.root, keys };
    for (const listener of this.#listeners) {
      try {
        listener(event);
      } catch (error) {
        (globalThis.reportError ?? console.error)(error); // its failure is not the change's
      }
    }
  }

  /** What another tab has changed. @param {Uint8Array[]} keys */
  async #takeUp(keys) {
    await this.#session.replica.refresh().catch(() => {}); // else the next operation finds out
    this.#notify('remote', keys);
  }
}

/** @param {Blob | Uint8Array} file */
const nameOf = (file) => ('name' in file && typeof file.name === 'string' ? file.name : '');

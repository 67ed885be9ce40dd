/** One device of a user. What each method promises stands in types.d.ts. */
import { FreeholdError } from './error.js';
import { loadCore } from './load-core.js';
import { Space } from './space.js';
import { StoredReplica } from './stored-replica.js';
import { openStores } from './stores.js';
import { readerOf } from './sync.js';
import { delegate, examine, openSigner, randomBytes, seedSigner } from './tokens.js';

/**
 * @typedef {import('./types.js').Agent} Contract
 * @typedef {import('./internal.js').Context} Context
 * @typedef {import('./internal.js').SpaceMeta} SpaceMeta
 * @typedef {import('./internal.js').Proof} Proof
 */

const metaKey = (/** @type {string} */ did) => `space/${did}`;

/** @implements {Contract} */
export class Agent {
  #context;
  /** @type {Map<string, Promise<Space>>} */
  #open = new Map();

  /** @param {Context} context */
  constructor(context) {
    this.#context = context;
  }

  /** @param {import('./types.js').AgentOptions} [options] */
  static async open({ name = 'default', store, key } = {}) {
    const [core, stores] = await Promise.all([loadCore(), openStores(store, name)]);
    const { database, blocks } = stores;
    const channel = stores.channel && `freehold/${stores.channel}`;
    const mayUseWebCrypto = channel !== undefined; // elsewhere keys may not be what can be kept
    const signer = await openSigner(core, database, { key, mayUseWebCrypto });
    return new Agent({ core, signer, database, blocks, channel });
  }

  get did() {
    return this.#context.signer.did;
  }

  async spaces() {
    const metas = /** @type {SpaceMeta[]} */ (await this.#context.database.list('space/'));
    return metas
      .map(({ did, name }) => ({ did, name }))
      .sort((left, right) => left.name.localeCompare(right.name));
  }

  /** @param {{name: string}} options */
  async createSpace({ name }) {
    const { core } = this.#context;
    const { seed, text } = core.keyOfSeed(randomBytes(32));
    const space = await this.#adopt(seed, name, false);
    return { space, recoveryKey: text };
  }

  /** @param {string} recoveryKey @param {{name?: string}} [options] */
  recoverSpace(recoveryKey, { name } = {}) {
    return this.#adopt(this.#context.core.keyOfText(recoveryKey).seed, name, true);
  }

  /** @param {string} text @param {{name?: string}} [options] */
  async importDelegation(text, { name } = {}) {
    const { core, signer } = this.#context;
    const proof = core.decodeArchive(text);
    const about = examine(core, proof, signer.did);
    return this.#keep(about.space, name ?? about.name, proof, true);
  }

  /** @param {string} did @returns {Promise<Space>} */
  openSpace(did) {
    const space = this.#open.get(did) ?? this.#load(did);
    this.#open.set(did, space);
    space.catch(() => this.#open.delete(did));
    return space;
  }

  /** @param {string} did */
  async removeSpace(did) {
    await this.#shut(did);
    const { database, blocks } = this.#context;
    await blocks.remove(did);
    for (const { text } of await database.list(`file/${did}/`)) {
      await database.delete(`file/${did}/${text}`);
    }
    await database.delete(metaKey(did));
  }

  close() {
    const { database, blocks } = this.#context;
    const spaces = [...this.#open.values()];
    for (const space of spaces) space.then((each) => each.close()).catch(() => {});
    void Promise.allSettled(spaces).then(() => (blocks.close(), database.close()));
  }

  /**
   * Has the space's key, which is not kept, delegate everything to this agent.
   * @param {Uint8Array} seed @param {string | undefined} name @param {boolean} isImported
   */
  async #adopt(seed, name, isImported) {
    const { core, signer } = this.#context;
    const owner = seedSigner(core, seed);
    const audience = signer.did;
    const by = { core, signer: owner };
    const proof = await delegate(by, { space: owner.did, name: name ?? '', audience, can: ['*'] });
    return this.#keep(owner.did, name, proof, isImported);
  }

  /**
   * @param {string} did @param {string | undefined} name @param {Proof} proof
   * @param {boolean} isImported
   */
  async #keep(did, name, proof, isImported) {
    await this.#shut(did);
    const { database } = this.#context;
    const known = /** @type {SpaceMeta | undefined} */ (await database.get(metaKey(did)));
    const meta = { isImported, ...known, did, name: name || known?.name || did.slice(-8), proof };
    await database.set(metaKey(did), meta);
    return this.openSpace(did);
  }

  /** @param {string} did */
  async #load(did) {
    const { core, database, blocks } = this.#context;
    const meta = /** @type {SpaceMeta | undefined} */ (await database.get(metaKey(did)));
    if (!meta) throw new FreeholdError('NotFound', 'no such space is held here');
    const replica = new StoredReplica(
      core,
      blocks,
      did,
      meta.proof.blocks,
      readerOf({ context: this.#context, meta }),
    );
    await replica.open();
    const session = { context: this.#context, meta, replica };
    return new Space(session, () => this.#open.delete(did));
  }

  /** @param {string} did */
  async #shut(did) {
    const space = await this.#open.get(did)?.catch(() => undefined);
    space?.close();
  }
}

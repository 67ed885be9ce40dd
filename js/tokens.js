/** Keys, and what is signed with them. */
import { FreeholdError } from './error.js';
import { Link } from './link.js';

/**
 * @typedef {import('./internal.js').Core} Core
 * @typedef {import('./internal.js').Signer} Signer
 * @typedef {import('./internal.js').Block} Block
 * @typedef {import('./internal.js').Proof} Proof
 * @typedef {import('./internal.js').UcanFields} UcanFields
 */

/**
 * The agent's key: the one kept, or a new one that is kept from now on. One that WebCrypto holds
 * never shows itself to scripts; where there is no Ed25519, or nothing that can keep such keys, the
 * core signs with a seed.
 * @param {Core} core @param {import('./internal.js').Database} database
 * @param {{key?: string, mayUseWebCrypto: boolean}} options
 * @returns {Promise<Signer>}
 */
export async function openSigner(core, database, { key, mayUseWebCrypto }) {
  const kept = await database.get('key');
  if (kept) return signerOf(core, kept);
  if (key === undefined && mayUseWebCrypto) {
    try {
      const usages = /** @type {const} */ (['sign', 'verify']);
      const pair = await crypto.subtle.generateKey({ name: 'Ed25519' }, false, [...usages]);
      await database.set('key', { pair });
      return await signerOf(core, { pair });
    } catch {
      // No Ed25519 here, or a database that refuses its keys.
    }
  }
  const seed = key === undefined ? randomBytes(32) : core.keyOfText(key).seed;
  await database.set('key', { seed });
  return signerOf(core, { seed });
}

/**
 * @param {Core} core @param {{pair?: CryptoKeyPair, seed?: Uint8Array}} key
 * @returns {Promise<Signer>}
 */
async function signerOf(core, { pair, seed }) {
  if (seed) return seedSigner(core, seed);
  const { publicKey, privateKey } = /** @type {CryptoKeyPair} */ (pair);
  const bytes = new Uint8Array(await crypto.subtle.exportKey('raw', publicKey));
  return {
    did: core.didOfPublicKey(bytes),
    sign: async (message) =>
      new Uint8Array(
        await crypto.subtle.sign('Ed25519', privateKey, /** @type {BufferSource} */ (message)),
      ),
  };
}

/** @param {Core} core @param {Uint8Array} seed @returns {Signer} */
export const seedSigner = (core, seed) => ({
  did: core.keyOfSeed(seed).did,
  sign: async (message) => core.sign(seed, message),
});

/** @param {number} size */
export const randomBytes = (size) => crypto.getRandomValues(new Uint8Array(size));

export const nowSeconds = () => Math.floor(Date.now() / 1000);

/**
 * Signs a UCAN of these fields.
 * @param {{core: Core, signer: Signer}} by @param {Omit<UcanFields, 'issuer'>} fields
 */
export async function issue({ core, signer }, fields) {
  const complete = { issuer: signer.did, ...fields };
  return core.sealUcan(complete, await signer.sign(core.ucanText(complete)));
}

/**
 * Gives `audience` abilities on a space, with the proof that the issuer has them.
 * @param {{core: Core, signer: Signer}} by
 * @param {{
 *   space: string, name: string, audience: string, can: string[], expires?: Date, proof?: Proof
 * }} options
 * @returns {Promise<Proof>}
 */
export async function delegate(by, { space, name, audience, can, expires, proof }) {
  const block = await issue(by, {
    audience,
    capabilities: can.map((ability) => ({ can: ability, with: space })),
    expires: expires ? Math.floor(expires.getTime() / 1000) : null,
    facts: [{ space: { name } }],
    proofs: proof ? [proof.root] : [],
  });
  return { root: block.cid, blocks: [...(proof?.blocks ?? []), block] };
}

/**
 * What a delegation is about, if its signatures lead from the space to `audience` and count now;
 * else `Unauthorized`. The service looks closer: this keeps out what can never work.
 * @param {Core} core @param {Proof} proof @param {string} audience
 */
export function examine(core, proof, audience) {
  const blocks = new Map(proof.blocks.map((block) => [String(new Link(block.cid)), block]));
  const fields = decode(new Link(proof.root));
  const space = fields?.capabilities[0]?.with;
  if (!space || fields?.capabilities.some((each) => each.with !== space)) {
    throw new FreeholdError('Malformed', 'not a delegation for one space');
  }
  if (!isValid(new Link(proof.root), audience, 16)) {
    throw new FreeholdError('Unauthorized', 'not a delegation to this agent that counts now');
  }
  return { space, name: nameIn(fields) };

  /** @param {{toString(): string}} cid */
  function decode(cid) {
    const block = blocks.get(String(cid));
    return block && core.decodeUcan(block);
  }

  /**
   * @param {{toString(): string}} cid @param {string} to @param {number} depth @returns {boolean}
   */
  function isValid(cid, to, depth) {
    const ucan = decode(cid);
    if (!ucan || depth === 0 || ucan.audience !== to || !ucan.issuer.startsWith('did:key:')) {
      return false;
    }
    if (ucan.expires !== null && ucan.expires <= nowSeconds()) return false;
    const block = /** @type {Block} */ (blocks.get(String(cid)));
    if (!core.verifyUcan(block, ucan.issuer)) return false;
    return (
      ucan.issuer === space || ucan.proofs.some((each) => isValid(each, ucan.issuer, depth - 1))
    );
  }
}

/** The name that the giver has for the space. @param {UcanFields | undefined} fields */
function nameIn(fields) {
  for (const fact of fields?.facts ?? []) {
    const { space } = fact;
    if (space && typeof space === 'object' && 'name' in space && typeof space.name === 'string') {
      return space.name;
    }
  }
  return undefined;
}

/** Whether a delegation gives the ability. @param {UcanFields} fields @param {string} ability */
export const gives = (fields, ability) =>
  fields.capabilities.some(
    ({ can }) =>
      can === '*' ||
      can === ability ||
      (can.endsWith('/*') && ability.startsWith(can.slice(0, -1))),
  );

/**
 * The JavaScript peer: what a client or an auditor does with the published libraries alone, against
 * which our client and server are tested. It knows nothing of how we do things.
 */
import { randomUUID } from 'node:crypto';
import { CarBufferReader } from '@ipld/car/buffer-reader';
import { decode } from '@ipld/dag-cbor';
import { CAR, DID, Delegation, Message, Receipt, UCAN, invoke } from '@ucanto/core';
import { Verifier, ed25519 } from '@ucanto/principal';
import { base58btc } from 'multiformats/bases/base58';
import { CID } from 'multiformats/cid';
import { decode as multihash } from 'multiformats/hashes/digest';
import { sha256 } from 'multiformats/hashes/sha2';

/**
 * @typedef {{ cid: CID, bytes: Uint8Array }} Block
 * @typedef {Map<string, Uint8Array>} Blocks by the text of the CID
 * @typedef {(cid: CID) => Uint8Array | undefined | Promise<Uint8Array | undefined>} GetBlock
 * @typedef {(did: string) => string | undefined} DidKeyOf the did:key of a service's DID
 * @typedef {any} Signer one of @ucanto/principal
 * @typedef {any} Ucan a delegation or invocation view of @ucanto/core
 */

/** @param {unknown} holds @param {string} what @returns {asserts holds} */
function demand(holds, what) {
  if (!holds) throw new Error(what);
}

/** @param {CID} cid @param {Uint8Array} bytes */
const checkHash = async (cid, bytes) => {
  const { code, digest } = cid.multihash;
  demand(code === 0x12 || code === 0, `${cid} has a hash of another kind`);
  const actual = code === 0 ? bytes : (await sha256.digest(bytes)).digest;
  demand(Buffer.compare(actual, digest) === 0, `block ${cid} has another hash`);
};

/**
 * The roots and blocks of a CAR, each hashed again.
 *
 * @param {Uint8Array} bytes
 * @returns {Promise<{ roots: CID[], blocks: Blocks }>}
 */
export const readCar = async (bytes) => {
  const car = CarBufferReader.fromBytes(bytes);
  /** @type {Blocks} */
  const blocks = new Map();
  for (const block of car.blocks()) {
    await checkHash(block.cid, block.bytes);
    blocks.set(`${block.cid}`, block.bytes);
  }
  return { roots: car.getRoots(), blocks };
};

/**
 * An exported state: `root` is the tree's, `roots` are all that the CAR names. The first root is
 * the tree's, or a list of links whose first is.
 *
 * @param {Uint8Array} bytes
 */
export const readState = async (bytes) => {
  const { roots, blocks } = await readCar(bytes);
  demand(roots.length > 0, 'a CAR without a root');
  const first = blocks.get(`${roots[0]}`);
  demand(first, 'the block of the root is missing');
  const data = /** @type {any} */ (decode(first));
  const links = Array.isArray(data) ? data.map((link) => CID.asCID(link)) : [];
  const isList = links.length > 0 && links.every((link) => link !== null);
  const named = /** @type {CID[]} */ (isList ? [...links, ...roots.slice(1)] : roots);
  return { root: named[0], roots: named, blocks, getBlock: getBlockOf(blocks) };
};

/** @param {Blocks} blocks @returns {(cid: CID) => Uint8Array | undefined} */
export const getBlockOf = (blocks) => (cid) => blocks.get(`${cid}`);

/**
 * Takes a UCAN and its proofs, as far as they are there, into `store`.
 *
 * @param {CID} cid
 * @param {GetBlock} getBlock
 * @param {Map<string, any>} store
 */
const gather = async (cid, getBlock, store) => {
  if (store.has(`${cid}`)) return;
  const bytes = await getBlock(cid);
  if (!bytes) return;
  await checkHash(cid, bytes);
  store.set(`${cid}`, { cid, bytes });
  const ucan = Delegation.view({ root: /** @type {any} */ (cid), blocks: store });
  for (const proof of ucan.proofs) await gather(/** @type {any} */ (proof.link()), getBlock, store);
};

/** @param {string} pattern @param {string} can */
const covers = (pattern, can) =>
  pattern === can ||
  pattern === '*' ||
  (pattern.endsWith('/*') && can.startsWith(pattern.slice(0, -1)));

/** Checks UCANs and their chains; caveats (`nb`) of delegations are not compared. */
class Chain {
  /**
   * @param {DidKeyOf} didKeyOf
   * @param {number | undefined} now seconds; none: times are not looked at
   */
  constructor(didKeyOf, now) {
    this.didKeyOf = didKeyOf;
    this.now = now;
  }

  /** @param {string} did */
  verifier(did) {
    const didKey = did.startsWith('did:key:') ? did : this.didKeyOf(did);
    if (!didKey) return undefined;
    const key = Verifier.parse(/** @type {any} */ (didKey));
    return did === didKey ? key : key.withDID(/** @type {any} */ (did));
  }

  /**
   * Whether `ucan` holds by itself: in time and signed, or attested by one of `siblings`.
   *
   * @param {Ucan} ucan
   * @param {Ucan[]} siblings
   * @returns {Promise<boolean>}
   */
  async isValid(ucan, siblings) {
    const { expiration, notBefore } = ucan.data;
    if (this.now !== undefined) {
      if (expiration <= this.now || (notBefore && this.now <= notBefore)) return false;
    }
    const verifier = this.verifier(ucan.issuer.did());
    if (verifier) return UCAN.verifySignature(ucan.data, verifier);
    for (const sibling of siblings) {
      const [{ can, with: service, nb }] = sibling.capabilities;
      if (can !== 'ucan/attest' || `${nb?.proof}` !== `${ucan.cid}`) continue;
      if (!this.didKeyOf(service) || sibling.audience.did() !== ucan.audience.did()) continue;
      if (await this.proves(sibling, can, service, [])) return true;
    }
    return false;
  }

  /**
   * Whether `ucan` is valid and its issuer could do `can` with `resource`.
   *
   * @param {Ucan} ucan
   * @param {string} can
   * @param {string} resource
   * @param {Ucan[]} siblings
   * @returns {Promise<boolean>}
   */
  async proves(ucan, can, resource, siblings) {
    const claims = ucan.capabilities.filter(
      (/** @type {any} */ c) => covers(c.can, can) && (c.with === resource || c.with === 'ucan:*'),
    );
    if (claims.length === 0 || !(await this.isValid(ucan, siblings))) return false;
    const issuer = ucan.issuer.did();
    if (issuer === resource) return true;
    const proofs = ucan.proofs.filter(
      (/** @type {any} */ p) => p.capabilities && p.audience.did() === issuer,
    );
    for (const proof of proofs) {
      if (await this.proves(proof, can, resource, proofs)) return true;
    }
    return false;
  }
}

/**
 * Verifies an invocation from blocks alone: its signature, and a chain of proofs to its resource.
 *
 * @param {CID} cid
 * @param {GetBlock} getBlock
 * @param {DidKeyOf} didKeyOf
 * @param {{ now?: number }} [options]
 * @returns {Promise<Ucan>} the invocation
 */
export const verifyInvocation = async (cid, getBlock, didKeyOf, { now } = {}) => {
  const blocks = new Map();
  await gather(cid, getBlock, blocks);
  demand(blocks.has(`${cid}`), `invocation ${cid} is missing`);
  const invocation = Delegation.view({ root: /** @type {any} */ (cid), blocks });
  demand(invocation.capabilities.length === 1, 'an invocation has one capability');
  const [{ can, with: resource }] = invocation.capabilities;
  const authorized = await new Chain(didKeyOf, now).proves(invocation, can, resource, []);
  demand(authorized, `${can} with ${resource} is not authorized`);
  return invocation;
};

/**
 * Verifies a receipt from blocks alone: its signature, and that it was for its issuer to give, who
 * is the audience of what it ran or has the audience's delegation of `ucan/conclude` in `prf`.
 *
 * @param {Uint8Array} bytes of the receipt's block
 * @param {GetBlock} getBlock
 * @param {DidKeyOf} didKeyOf
 * @param {{ now?: number }} [options]
 */
export const verifyReceipt = async (bytes, getBlock, didKeyOf, { now } = {}) => {
  const cid = CID.createV1(0x71, await sha256.digest(bytes));
  const store = new Map([[`${cid}`, { cid, bytes }]]);
  const { ocm } = /** @type {any} */ (decode(bytes));
  demand(ocm && CID.asCID(ocm.ran), 'not a receipt');
  for (const link of [ocm.ran, ...(ocm.prf ?? [])]) await gather(link, getBlock, store);

  const receipt = Receipt.view({ root: /** @type {any} */ (cid), blocks: store });
  const chain = new Chain(didKeyOf, now);
  const issuer = receipt.issuer?.did();
  demand(issuer, 'the receipt names no issuer');
  const verifier = chain.verifier(issuer);
  demand(verifier, `the key of ${issuer} is not known`);
  const signed = await receipt.verifySignature(verifier);
  demand(signed.ok, `the receipt is not signed by ${issuer}`);

  demand(store.has(`${ocm.ran}`), `the invocation ${ocm.ran} is missing`);
  const ran = Delegation.view({ root: ocm.ran, blocks: store });
  demand(ran.capabilities.length === 1, 'an invocation has one capability');
  const audience = ran.audience.did();
  if (issuer !== audience) {
    const proofs = receipt.proofs.filter((p) => 'audience' in p && p.audience.did() === issuer);
    let isDelegate = false;
    for (const proof of proofs) {
      isDelegate ||= await chain.proves(proof, 'ucan/conclude', audience, proofs);
    }
    demand(isDelegate, `${issuer} cannot conclude for ${audience}`);
  }
  return { cid, receipt, out: receipt.out, issuer, audience, ran, capability: ran.capabilities[0] };
};

/** All blocks of a view of @ucanto/core, the root last. @param {any} view @returns {Block[]} */
export const blocksOf = (view) => [...view.iterateIPLDBlocks()];

const YEAR = 365 * 24 * 3600;

/**
 * A signed invocation. Unless told otherwise it lasts a year and has a nonce, as one that waits in
 * a queue must.
 *
 * @param {{
 *   issuer: Signer, audience: string, can: string, with?: string, nb?: any, proofs?: Ucan[],
 *   expiration?: number, notBefore?: number, nonce?: string, facts?: any[], attached?: Block[]
 * }} input
 * @returns {Promise<Ucan>}
 */
export const signInvocation = async ({ issuer, audience, can, nb, attached = [], ...input }) => {
  const { with: resource = issuer.did(), proofs, facts, notBefore } = input;
  const { expiration = Math.floor(Date.now() / 1000) + YEAR, nonce = randomUUID() } = input;
  const invocation = invoke({
    issuer,
    audience: DID.parse(/** @type {any} */ (audience)),
    capability: /** @type {any} */ ({ can, with: resource, ...(nb !== undefined && { nb }) }),
    expiration,
    nonce,
    ...(proofs && { proofs }),
    ...(facts && { facts }),
    ...(notBefore !== undefined && { notBefore }),
  });
  for (const block of attached) invocation.attach(/** @type {any} */ (block));
  return invocation.delegate();
};

/** The CAR of an agent message. @param {any} message @param {Block[]} extra that travel along */
export const packMessage = (message, extra) => {
  const blocks = new Map([...blocksOf(message), ...extra].map((b) => [`${b.cid}`, b]));
  blocks.delete(`${message.root.cid}`); // the writer puts roots in by itself
  return CAR.encode({ roots: [message.root], blocks: /** @type {any} */ (blocks) });
};

/**
 * The same, of one with invocations.
 *
 * @param {Ucan[]} invocations
 * @param {Block[]} [extra] blocks that travel along
 */
export const encodeMessage = async (invocations, extra = []) =>
  packMessage(await Message.build({ invocations: /** @type {any} */ (invocations) }), extra);

/** Blocks as @ucanto/core looks them up. @param {Blocks} blocks */
export const storeOf = (blocks) =>
  /** @type {any} */ (
    new Map([...blocks].map(([cid, bytes]) => [cid, { cid: CID.parse(cid), bytes }]))
  );

/** The receipts of an agent message by task, and all blocks. @param {Uint8Array} bytes */
export const decodeMessage = async (bytes) => {
  const { roots, blocks } = await readCar(bytes);
  const message = Message.view({ root: /** @type {any} */ (roots[0]), store: storeOf(blocks) });
  return { receipts: message.receipts, blocks, getBlock: getBlockOf(blocks) };
};

/**
 * Sends invocations in one message. Gives their receipts in the same order, and every block of the
 * answer; throws unless the answer is 200 with a receipt for each.
 *
 * @param {string | URL} url
 * @param {Ucan[]} invocations
 * @param {{ blocks?: Block[] }} [options] blocks that travel along
 */
export const sendMessage = async (url, invocations, { blocks: extra } = {}) => {
  const type = 'application/vnd.ipld.car';
  const body = /** @type {any} */ (await encodeMessage(invocations, extra));
  const headers = { 'content-type': type, accept: type };
  const response = await fetch(url, { method: 'POST', headers, body });
  const bytes = new Uint8Array(await response.arrayBuffer());
  if (response.status !== 200) {
    const text = new TextDecoder().decode(bytes).slice(0, 300);
    throw Object.assign(new Error(`HTTP ${response.status}: ${text}`), { status: response.status });
  }
  demand(response.headers.get('content-type') === type, 'content-type of the answer');
  const { receipts: byTask, blocks, getBlock } = await decodeMessage(bytes);
  const receipts = invocations.map(({ cid }) => {
    const receipt = byTask.get(`${cid}`);
    demand(receipt, `no receipt for ${cid}`);
    return receipt;
  });
  return { receipts, blocks, getBlock };
};

/**
 * `space/state/sync`. The edits block is attached; what its puts need goes into `sendMessage`.
 *
 * @param {{
 *   issuer: Signer, audience: string, space?: string, n: number, since?: CID | null,
 *   sent?: CID[], root: CID,
 *   edits?: Block, strict?: boolean, proofs?: Ucan[], nonce?: string, expiration?: number
 * }} input
 */
export const syncInvocation = ({ space, n, since = null, root, edits, strict, sent, ...rest }) =>
  signInvocation({
    ...rest,
    can: 'space/state/sync',
    with: space,
    nb: {
      n,
      since,
      root,
      ...(edits && { edits: edits.cid }),
      ...(strict !== undefined && { strict }),
      ...(sent && { sent }),
    },
    attached: edits && [edits],
  });

/**
 * `space/blob/add`.
 *
 * @param {{ issuer: Signer, audience: string, space?: string, digest: Uint8Array, size: number,
 *   proofs?: Ucan[], nonce?: string, expiration?: number }} input digest: the multihash
 */
export const blobAddInvocation = ({ space, digest, size, ...rest }) =>
  signInvocation({ ...rest, can: 'space/blob/add', with: space, nb: { blob: { digest, size } } });

/** The key that signs for the delivery of a blob. @param {Uint8Array} digest the multihash */
export const httpPutSigner = (digest) => ed25519.derive(multihash(digest).digest.slice(-32));

/**
 * The receipt of an `http/put` task, which anyone who knows the blob can sign.
 *
 * @param {{ task: CID, digest: Uint8Array, result?: any }} input
 */
export const httpPutReceipt = async ({ task, digest, result = { ok: {} } }) =>
  Receipt.issue({ issuer: await httpPutSigner(digest), ran: /** @type {any} */ (task), result });

/**
 * `ucan/conclude` of a receipt, whose blocks are attached and named in the facts.
 *
 * @param {{
 *   issuer: Signer, audience: string, receipt: any, nonce?: string, expiration?: number
 * }} input
 */
export const concludeInvocation = ({ receipt, expiration = Infinity, ...rest }) => {
  const attached = blocksOf(receipt);
  return signInvocation({
    ...rest,
    can: 'ucan/conclude',
    nb: { receipt: receipt.link() },
    expiration,
    facts: [Object.fromEntries(attached.map(({ cid }, i) => [String(i), cid]))],
    attached,
  });
};

/**
 * The tasks that a receipt starts, by ability.
 *
 * @param {any} receipt
 * @returns {Record<string, Ucan>}
 */
export const effectsOf = (receipt) =>
  Object.fromEntries(
    [...receipt.fx.fork, ...(receipt.fx.join ? [receipt.fx.join] : [])]
      .filter((task) => task.capabilities && task.capabilities[0].can !== 'ucan/conclude')
      .map((task) => [task.capabilities[0].can, task]),
  );

/** @type {(text: string) => Uint8Array} */
const key = (text) => new TextEncoder().encode(text);

export const blobKey = (/** @type {Uint8Array} */ digest) =>
  key(`/blob/${base58btc.encode(digest)}`);
export const uploadKey = (/** @type {CID} */ root) => key(`/upload/${root.toV1()}`);
export const subscriptionKey = (/** @type {string} */ provider) => key(`/subscription/${provider}`);
export const queueKey = (/** @type {CID} */ invocation) => key(`/queue/${invocation}`);
export const invokedKey = (/** @type {CID} */ invocation) => key(`/invoked/${invocation}`);
export const receiptKey = (/** @type {CID} */ task) => key(`/receipt/${task}`);

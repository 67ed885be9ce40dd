/** Files: their bytes here and with the service, and what stands between the two. */
import { edit } from './edit.js';
import { FreeholdError } from './error.js';
import { put, request } from './fetch-transport.js';
import { Link } from './link.js';
import { issue, nowSeconds, randomBytes } from './tokens.js';

/**
 * @typedef {import('./internal.js').Session} Session
 * @typedef {import('./internal.js').Block} Block
 * @typedef {import('./types.js').BlobStatus} BlobStatus
 * @typedef {import('./types.js').Data} Data
 */

const putsAtOnce = 4;

/** @param {Session} session @param {string} text */
const fileKey = ({ meta }, text) => `file/${meta.did}/${text}`;

/**
 * The bytes that are kept here.
 * @param {Session} session @param {string} text @returns {Promise<Blob | undefined>}
 */
export const keptFile = async (session, text) =>
  (await session.context.database.get(fileKey(session, text)))?.blob;

/** @param {Session} session @returns {Promise<{text: string, blob: Blob}[]>} */
const keptFiles = (session) => session.context.database.list(fileKey(session, ''));

/** @param {Session} session @param {string} text */
export const forgetFile = (session, text) =>
  session.context.database.delete(fileKey(session, text));

/** @param {Session} session @param {Uint8Array} multihash */
export const textOf = ({ context }, multihash) => context.core.encodeText('z', multihash);

/**
 * Keeps the bytes and makes what is to be told of them.
 * @param {Session} session @param {Blob} blob
 */
export async function keep(session, blob) {
  const multihash = await multihashOf(session.context.core, blob.stream());
  const text = textOf(session, multihash);
  // A copy: a File stays bound to the disk, and may change there.
  const copy = blob.slice(0, blob.size, blob.type);
  await session.context.database.set(fileKey(session, text), { text, blob: copy });
  return { multihash, text, size: blob.size };
}

/** @param {import('./internal.js').Core} core @param {ReadableStream<Uint8Array>} stream */
async function multihashOf(core, stream) {
  const hasher = core.createHasher();
  const reader = stream.getReader();
  let digest;
  try {
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      hasher.update(part.value);
    }
  } finally {
    digest = hasher.finish(); // also lets it go
  }
  return Uint8Array.of(0x12, 32, ...digest);
}

/**
 * The queue entry that gives a blob to the service, and the blocks that belong to it; nothing if
 * the service has it or is about to, or if no service is known: then a later sync does this.
 * @param {Session} session @param {{multihash: Uint8Array, text: string, size: number}} blob
 * @param {BlobStatus[]} statuses
 */
export async function queueAdd({ context, meta }, { multihash, text, size }, statuses) {
  const { service } = meta;
  const isUnderWay = statuses.some(
    (each) =>
      each.text === text &&
      each.service === service?.did &&
      ['queued', 'pending', 'stored'].includes(each.state),
  );
  if (!service || isUnderWay) return undefined;
  const invocation = await issue(context, {
    audience: service.did,
    capabilities: [
      { can: 'space/blob/add', with: meta.did, nb: { blob: { digest: multihash, size } } },
    ],
    expires: null,
    nonce: context.core.encodeText('u', randomBytes(12)),
    proofs: [meta.proof.root],
  });
  return queueEntry(invocation, meta.proof.blocks);
}

/** @param {Block} invocation @param {Block[]} blocks that belong to it */
function queueEntry(invocation, blocks) {
  const link = new Link(invocation.cid);
  const key = new TextEncoder().encode(`/queue/${link}`);
  return {
    change: /** @type {[Uint8Array, Data]} */ ([key, link]),
    blocks: [...blocks, invocation],
  };
}

/**
 * What became of each blob, those too that only this device knows of.
 * @param {Session} session @param {import('./internal.js').CoreRange} [range]
 * @returns {Promise<BlobStatus[]>}
 */
export async function statusesOf(session, range = {}) {
  const files = await keptFiles(session);
  const local = new Set(files.map(({ text }) => text));
  const derived = await session.replica.read((replica) => replica.blobs(range, nowSeconds()));
  const statuses = derived.map((status) => {
    const text = textOf(session, status.multihash);
    return { ...status, text, isLocal: local.has(text) };
  });
  for (const { text } of statuses) local.delete(text);
  if (range.prefix) return statuses;
  const unknown = files.filter(({ text }) => local.has(text));
  return [...statuses, ...unknown.map((file) => localStatus(session, file))];
}

/** Of the commitments for one blob. @param {string} text */
export const blobRange = (text) => ({ prefix: new TextEncoder().encode(`/blob/${text}`) });

/** @param {Session} session @param {{text: string, blob: Blob}} file @returns {BlobStatus} */
const localStatus = ({ context }, { text, blob }) => ({
  multihash: context.core.decodeText(text),
  text,
  size: blob.size,
  service: '',
  state: 'queued',
  awaits: '',
  reason: '',
  isLocal: true,
  locations: [],
  invocation: undefined,
  site: undefined,
  put: undefined,
});

/**
 * What is ours to do before the service can go on: gives it what it was not given yet, and delivers
 * the bytes that it awaits. Whether there was anything.
 * @param {Session} session
 * @param {{uploaded: Uint8Array[], failed: {multihash: Uint8Array, reason: string}[]}} result
 * @param {Set<string>} done what this sync has done already, so that nothing is done twice
 */
export async function advance(session, result, done) {
  if ((await keptFiles(session)).length === 0) return false;
  const statuses = await statusesOf(session);
  const entries = [];
  for (const status of statuses.filter(isForgotten)) {
    if (done.has(`add ${status.text}`)) continue;
    done.add(`add ${status.text}`);
    const entry = await queueAdd(session, status, statuses);
    if (entry) entries.push(entry);
  }

  const awaited = statuses.filter(
    ({ put: address, isLocal }) => address && isLocal && !done.has(String(address.task)),
  );
  for (let at = 0; at < awaited.length; at += putsAtOnce) {
    const group = awaited.slice(at, at + putsAtOnce);
    entries.push(...(await Promise.all(group.map((status) => deliver(session, status, result)))));
  }
  for (const { put: address } of awaited) done.add(String(address?.task));

  const made = entries.filter((entry) => entry !== undefined);
  if (made.length === 0) return false;
  const changes = made.map(({ change }) => change);
  const blocks = made.flatMap((entry) => entry.blocks);
  await edit(session, changes, blocks);
  return true;
}

/**
 * Whether the bytes lie here and the service has to be asked (again).
 * @param {BlobStatus} status
 */
const isForgotten = ({ isLocal, state, service, site }) =>
  isLocal && ((state === 'queued' && service === '') || (state === 'expired' && !site));

/**
 * PUTs the bytes; gives the queue entry that says so.
 * @param {Session} session @param {BlobStatus} status
 * @param {{uploaded: Uint8Array[], failed: {multihash: Uint8Array, reason: string}[]}} result
 */
async function deliver(session, { multihash, text, service, put: address }, result) {
  const { context } = session;
  try {
    const blob = await keptFile(session, text);
    if (!address || !blob) return undefined;
    await put(address, blob);
    result.uploaded.push(multihash);
    // The task's own key is derived from the blob: whoever has the digest can say that it is there.
    const receipt = context.core.issueReceipt(address.task, { ok: {} }, multihash.slice(-32));
    const link = new Link(receipt.cid);
    const conclude = await issue(context, {
      audience: service,
      capabilities: [{ can: 'ucan/conclude', with: context.signer.did, nb: { receipt: link } }],
      expires: null,
      facts: [{ 0: link }],
    });
    return queueEntry(conclude, [receipt]);
  } catch (error) {
    if (error instanceof FreeholdError && error.code === 'Offline') throw error;
    result.failed.push({ multihash, reason: error instanceof Error ? error.message : `${error}` });
    return undefined;
  }
}

/**
 * The bytes at one of the places where the service promised to keep them, if they are those.
 * @param {Session} session @param {Uint8Array} multihash @param {AbortSignal} [signal]
 * @returns {Promise<Blob>}
 */
export async function download(session, multihash, signal) {
  const text = textOf(session, multihash);
  const statuses = await statusesOf(session, blobRange(text));
  const locations = statuses
    .filter((status) => status.text === text && status.state === 'stored')
    .flatMap((status) => status.locations);
  /** @type {unknown} */
  let problem = new FreeholdError('NotFound', 'no service has promised to keep these bytes');
  for (const location of locations) {
    try {
      return await verified(session, multihash, await request(location, { signal }));
    } catch (error) {
      if (signal?.aborted) throw error;
      problem = error;
    }
  }
  throw problem;
}

/** @param {Session} session @param {Uint8Array} multihash @param {Response} response */
async function verified(session, multihash, response) {
  const [bytes, again] = /** @type {ReadableStream} */ (response.body).tee();
  const [found, blob] = await Promise.all([
    multihashOf(session.context.core, bytes),
    new Response(again).blob(),
  ]);
  if (textOf(session, found) === textOf(session, multihash)) return blob;
  throw new FreeholdError('Corrupt', 'the bytes at the promised place are not those promised');
}

/** Syncing a space with its service, until nothing moves. */
import { advance } from './blobs.js';
import { edit } from './edit.js';
import { FreeholdError, isCode } from './error.js';
import { post } from './fetch-transport.js';
import { Link } from './link.js';
import { delegate, gives, issue, nowSeconds } from './tokens.js';

/**
 * @typedef {import('./internal.js').Session} Session
 * @typedef {import('./types.js').SyncResult} SyncResult
 */

const authorityAbility = 'assert/state';
const recoveryMax = 4096; // rounds: a service takes back a part of a tree in each
const attemptsMax = 5; // of one round, when another tab or a lost record is in the way
// The second time the base's values are told; or the tree of the answer is no longer kept.
const passing = ['HeadMoved', 'Superseded', 'BaseUnknown', 'MissingBlocks'];

/** @param {Session} session @param {boolean} [isLazy] @returns {Promise<SyncResult>} */
export async function syncSpace(session, isLazy = false) {
  const { replica, meta } = session;
  /** @type {SyncResult} */
  const result = {
    root: '',
    seq: 0,
    changed: [],
    conflicts: [],
    refused: [],
    uploaded: [],
    failed: [],
    proven: false,
  };
  // A space that came from another device is asked for first: the right may be there already. So it
  // is if checkpoints are proven: a lazy replica need not read where.
  const isAtHand = replica.peek(
    (core) => core.isHere('all') && (!meta.isImported || core.seq() > 0),
  );
  if (isAtHand) await authorise(session);
  const done = new Set();
  for (;;) {
    const isMore = await exchange(session, result);
    if (isMore) continue;
    if (await replica.pull(isLazy ? 'scopes' : 'all')) session.notify('sync', []);
    const isAuthorised = !result.proven && (await authorise(session));
    const isAdvanced = await advance(session, result, done);
    if (!isAuthorised && !isAdvanced) break;
  }
  result.root = String(new Link(replica.peek((core) => core.root())));
  return result;
}

/**
 * One round trip; whether either side has more to tell.
 * @param {Session} session @param {SyncResult} result
 */
async function exchange(session, result) {
  const before = session.replica.peek((replica) => replica.seq());
  const outcome = await attempt(session);
  result.seq = outcome.seq;
  result.proven = outcome.proven;
  result.changed.push(...outcome.changed);
  result.conflicts.push(...outcome.conflicts);
  result.refused.push(...outcome.refused);
  if (outcome.changed.length > 0 || outcome.seq !== before) {
    session.notify('sync', [...outcome.changed, ...outcome.conflicts]);
  }
  return outcome.isMore;
}

/** @param {Session} session */
async function attempt(session) {
  for (let attempts = 1; ; ++attempts) {
    try {
      return await exchangeOnce(session);
    } catch (error) {
      // Then the answer counts for nothing; the service knows by `since` that it was never taken.
      const isPassing = passing.some((code) => isCode(error, code));
      // It asked for blocks, which go next time.
      const isNearer = isCode(error, 'Recovering') && /** @type {any} */ (error).cause.links;
      if (attempts >= (isPassing ? attemptsMax : isNearer ? recoveryMax : 0)) throw error;
    }
  }
}

/** @param {Session} session */
async function exchangeOnce(session) {
  const { replica } = session;
  const { call, send } = readerOf(session);
  const draft = await replica.change((held) =>
    held.beginSync({ ...call(), lazy: held.seq() === 0 || !held.isHere('all') }),
  );
  const { generation } = replica;
  const { invocation, response } = await send(draft.fields, draft.blocks);
  return replica.change((held) => {
    try {
      return held.finishSync(invocation, response, nowSeconds());
    } catch (error) {
      throw told(error, held);
    }
  }, generation);
}

/**
 * How the space speaks to its service.
 * @param {Pick<Session, 'context' | 'meta'>} session @returns {import('./internal.js').Reader}
 */
export const readerOf = ({ context, meta }) => ({
  call: () => ({
    agent: context.signer.did,
    service: serviceOf(meta).did,
    proofs: [meta.proof.root],
    now: nowSeconds(),
  }),
  async send(fields, blocks, by = /** @type {any} */ (post)) {
    const invocation = await issue(context, fields);
    const all = [...blocks, ...meta.proof.blocks, invocation];
    const message = context.core.encodeRequest([invocation.cid], all);
    return { invocation, response: await by(serviceOf(meta).url, message) };
  },
});

/**
 * The error with what the service said about it, or what proves it.
 * @param {unknown} error @param {import('./internal.js').CoreReplica} held
 */
export function told(error, held) {
  if (!(error instanceof FreeholdError)) return error;
  error.evidence = held.evidence();
  const said = /** @type {any} */ (held.serviceError());
  if (typeof said?.name !== 'string') return error;
  const code = error.code === 'ProtocolError' ? said.name : error.code;
  return new FreeholdError(code, said.message ?? said.name, { cause: said });
}

/** @param {import('./internal.js').SpaceMeta} meta */
export function serviceOf({ service }) {
  if (service) return service;
  throw new FreeholdError('NoService', 'the space knows no service yet: sync(url) or connect(url)');
}

/**
 * Gives the service the right to sign the space's checkpoints, if nobody has and this agent can.
 * Whether that was done now.
 * @param {Session} session
 */
async function authorise(session) {
  const { context, meta, replica } = session;
  const service = serviceOf(meta);
  const utf8 = new TextEncoder();
  const prefix = utf8.encode(`/delegation/${service.did}/`);
  const { entries } = await replica.read((held) => held.list({ prefix, limit: 1 }));
  if (entries.length > 0) return false;
  const own = meta.proof.blocks.find(({ cid }) => new Link(cid).equals(new Link(meta.proof.root)));
  if (!own || !gives(context.core.decodeUcan(own), authorityAbility)) return false;

  const { root, blocks } = await delegate(context, {
    space: meta.did,
    name: meta.name,
    audience: service.did,
    can: [authorityAbility],
    proof: meta.proof,
  });
  const link = new Link(root);
  const key = utf8.encode(`/delegation/${service.did}/${link}`);
  await edit(session, [[key, link]], blocks);
  return true;
}

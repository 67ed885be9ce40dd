/** Watching a space, and keeping it in sync. What it promises stands in watch-types.d.ts. */
import { closed, FreeholdError, isCode } from './error.js';
import { ask } from './fetch-transport.js';
import { sessions } from './space.js';
import { readerOf, told } from './sync.js';

/**
 * @typedef {import('./types.js').Space} Space
 * @typedef {import('./internal.js').Session} Session
 * @typedef {import('./watch-types.js').NotedCheckpoint} NotedCheckpoint
 */

const watchType = 'application/vnd.freehold.watch';
const silenceMs = 60_000; // the service says something every 20 s
const retryMs = 1000; // the first pause; then twice as long each time, up to ...
const retryMsMax = 60_000;
const mended = ['BaseUnknown', 'Recovering', 'SpaceUnknown']; // by a sync

/** @param {Space} space @param {import('./watch-types.js').WatchOptions} [options] */
export async function* watch(space, { url, signal } = {}) {
  const session = sessionOf(space);
  const end = joined(signal, session.ended);
  try {
    let last = '';
    for (let failures = 0; !end.signal.aborted; failures += 1) {
      try {
        if (url !== undefined) await space.connect(url);
        for await (const noted of streamOf(session, end.signal)) {
          failures = 0;
          if (String(noted.checkpoint) === last) continue; // told before the connection broke
          last = String(noted.checkpoint);
          yield noted;
        }
      } catch (error) {
        if (!end.signal.aborted && !isTransient(error)) throw error;
      }
      await pause(failures, end.signal);
    }
  } finally {
    end.abort();
  }
}

/** @param {Space} space @param {import('./watch-types.js').LiveOptions} [options] */
export async function live(space, options = {}) {
  const session = sessionOf(space);
  const { channel } = session.context;
  const end = joined(options.signal, session.ended);
  const keep = () => keepInSync(space, options, end);
  try {
    if (channel === undefined) return await keep();
    const lock = `${channel}/${space.did}/live`;
    await navigator.locks.request(lock, { signal: end.signal }, keep);
  } catch (error) {
    if (!end.signal.aborted || error instanceof FreeholdError) throw error;
  } finally {
    end.abort();
  }
}

/**
 * @param {Space} space @param {import('./watch-types.js').LiveOptions} options
 * @param {AbortController} end
 */
async function keepInSync(space, { url, lazy, onSync, onError }, end) {
  const { signal } = end;
  let isForced = true; // to sync, whether or not there seems to be anything new
  let newest = 0;
  let wake = () => {};
  /** @type {unknown} */
  let failure;
  const isDue = () => isForced || space.isAhead || newest > space.seq;
  const nudge = () => wake();
  const forget = space.subscribe(({ type }) => void (type !== 'sync' && nudge()));
  signal.addEventListener('abort', nudge);

  /** @type {Promise<void> | undefined} */
  let hearing;
  const hear = async () => {
    for (let failures = 0; !signal.aborted; failures += 1) {
      try {
        for await (const { seq } of watch(space, { signal })) {
          failures = 0;
          newest = Math.max(newest, seq);
          nudge();
        }
      } catch (error) {
        if (!mended.some((code) => isCode(error, code))) throw error;
        isForced = true;
        nudge();
      }
      await pause(failures, signal);
    }
  };

  try {
    for (let failures = 0, isNudged = true; !signal.aborted;) {
      if (!isNudged || !isDue()) {
        await new Promise((resolve) => (wake = () => resolve(undefined)));
        isNudged = true;
        continue;
      }
      // What was refused stays an edit: it is sent again with the next change, not at once.
      isNudged = false;
      wake = () => (isNudged = true);
      isForced = false;
      try {
        const result = await space.sync(url, { lazy });
        url = undefined;
        onSync?.(result);
        failures = result.failed.length > 0 ? failures + 1 : 0;
        hearing ??= hear().catch((error) => ((failure = error), end.abort()));
      } catch (error) {
        if (signal.aborted) break;
        if (!isTransient(error)) throw error;
        onError?.(/** @type {FreeholdError} */ (error));
        failures += 1;
      }
      if (failures === 0) continue;
      await pause(failures - 1, signal);
      isForced = isNudged = true;
    }
    if (failure) throw failure;
  } finally {
    forget();
    end.abort();
    await hearing;
  }
}

/**
 * One connection, as long as it lasts.
 * @param {Session} session @param {AbortSignal} signal
 * @returns {AsyncGenerator<NotedCheckpoint, void, undefined>}
 */
async function* streamOf(session, signal) {
  if (signal.aborted) return; // the space may be closed, and its replica gone
  const { context, replica } = session;
  const { call, send } = readerOf(session);
  const fields = await replica.read((held) => held.beginWatch(call()));
  const end = joined(signal);
  const silence = patience(() => end.abort());
  /** @type {import('./internal.js').CoreWatch | undefined} */
  let stream;
  try {
    const by = (/** @type {string} */ to, /** @type {Uint8Array} */ message) =>
      ask(to, message, end.signal).catch(brokenOff);
    const { invocation, response } = await send(fields, [], by);
    stream = context.core.createWatch(invocation);
    for await (const [bytes, isStream] of piecesOf(response)) {
      silence.renew();
      for (let isReady = stream.push(bytes, isStream); isReady; isReady = stream.pop()) {
        if (signal.aborted) return;
        yield await noted(replica, stream.handle);
      }
    }
    try {
      stream.end();
    } catch (error) {
      brokenOff(error);
    }
  } finally {
    silence.end();
    end.abort();
    stream?.delete();
  }
}

/**
 * Makes what a frame tells durable.
 * @param {Session['replica']} replica @param {number} handle @returns {Promise<NotedCheckpoint>}
 */
async function noted(replica, handle) {
  const { commit, ...checkpoint } = await replica.change((held) => {
    try {
      return held.judgeWatch(handle);
    } catch (error) {
      throw told(error, held);
    }
  });
  return checkpoint;
}

/**
 * The bytes of an answer as they come; or of one that is no stream, all of them.
 * @param {Response} response @returns {AsyncGenerator<[Uint8Array, boolean], void, undefined>}
 */
async function* piecesOf(response) {
  if (response.headers.get('content-type') !== watchType) {
    yield [new Uint8Array(await response.arrayBuffer().catch(brokenOff)), false];
    return;
  }
  const reader = /** @type {ReadableStream<Uint8Array>} */ (response.body).getReader();
  for (;;) {
    const { done, value } = await reader.read().catch(brokenOff);
    if (done) return;
    yield [value, true];
  }
}

/** @param {unknown} error @returns {never} */
function brokenOff(error) {
  if (error instanceof FreeholdError && !isCode(error, 'ProtocolError')) throw error;
  throw new FreeholdError('Offline', 'the connection broke', { cause: error });
}

/** Whether time may mend it. @param {unknown} error */
function isTransient(error) {
  if (isCode(error, 'Offline') || isCode(error, 'TooManyWatchers')) return true;
  const status = isCode(error, 'HttpError') ? Number(/** @type {Error} */ (error).cause) : 0;
  return status >= 500 || status === 408 || status === 429;
}

/** Calls `end` unless it is renewed in time. @param {() => void} end */
function patience(end) {
  let timer = setTimeout(end, silenceMs);
  return {
    renew() {
      clearTimeout(timer);
      timer = setTimeout(end, silenceMs);
    },
    end: () => clearTimeout(timer),
  };
}

/**
 * Waits before the attempt that follows `failures` others; not longer than until the browser is
 * online again. At random, so that not all come back to a service at once.
 * @param {number} failures @param {AbortSignal} signal
 */
function pause(failures, signal) {
  if (signal.aborted) return;
  const ms = Math.min(retryMs * 2 ** failures, retryMsMax) * (0.5 + Math.random() / 2);
  const waiting = joined(signal);
  return new Promise((resolve) => {
    const timer = setTimeout(() => waiting.abort(), ms);
    const { signal: over } = waiting;
    globalThis.addEventListener?.('online', () => waiting.abort(), { once: true, signal: over });
    over.addEventListener('abort', () => (clearTimeout(timer), resolve(undefined)));
  });
}

/** Aborts when any of the signals does. @param {(AbortSignal | undefined)[]} signals */
function joined(...signals) {
  const all = new AbortController();
  const abort = () => all.abort();
  for (const signal of signals) {
    if (signal?.aborted) abort();
    signal?.addEventListener('abort', abort, { signal: all.signal });
  }
  return all;
}

/** @param {Space} space */
function sessionOf(space) {
  const session = sessions.get(space);
  if (session && !session.ended.aborted) return session;
  throw closed();
}

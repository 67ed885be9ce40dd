/** A client of `space/state/watch` (docs/design.md section 6), written apart from the package's. */
import { request } from 'node:http';
import { readCar } from './ucan-peer.js';
import * as peer from './ucan-peer.js';

const watchType = 'application/vnd.freehold.watch';

/** The unsigned LEB128 at `at`; undefined if it is cut. @param {Uint8Array} bytes */
const readVarint = (bytes, at = 0) => {
  let value = 0;
  for (let size = 1; at + size <= bytes.length; size += 1) {
    const byte = bytes[at + size - 1];
    value += (byte & 127) * 2 ** (7 * (size - 1));
    if (byte < 128) return { value, size };
  }
  return undefined;
};

/** @param {any} device @param {{ since?: any, expiration?: number, can?: string }} [options] */
export const watchInvocation = (device, { since, expiration, can = 'space/state/watch' } = {}) =>
  peer.signInvocation({
    issuer: device.agent,
    audience: device.did,
    can,
    with: device.space.did(),
    nb: since === undefined ? {} : { since },
    proofs: device.proofs,
    ...(expiration !== undefined && { expiration }),
  });

/** A stream under way: frames as they come, and how it ends. */
export class WatchStream {
  /** Those that came and were not taken. @type {Uint8Array[]} */
  frames = [];
  keepAlives = 0;
  /** 'complete', or what broke it; undefined: it has not ended. @type {string | undefined} */
  end = undefined;
  #left = Buffer.alloc(0);
  #wake = () => {};

  /**
   * @param {import('node:http').ClientRequest} sent
   * @param {import('node:http').IncomingMessage} answer
   */
  constructor(sent, answer) {
    this.sent = sent;
    this.answer = answer;
    answer.on('data', (bytes) => this.#take(bytes));
    answer.on('end', () => this.#finish(this.#left.length === 0 ? 'complete' : 'within a frame'));
    answer.on('error', (error) => this.#finish(/** @type {any} */ (error).code));
  }

  /** The next frame that is no keep-alive. Throws if the stream ends before it. */
  async next() {
    await this.until(() => this.frames.length > 0);
    const frame = this.frames.shift();
    if (!frame) throw new Error(`the stream ended: ${this.end}`);
    return frame;
  }

  /** @param {() => boolean} condition waits until that, or the end */
  async until(condition) {
    while (!condition() && this.end === undefined) {
      await new Promise((resolve) => (this.#wake = () => resolve(undefined)));
    }
  }

  async ended() {
    await this.until(() => false);
    return this.end;
  }

  close() {
    this.sent.destroy();
  }

  /** @param {string} how */
  #finish(how) {
    this.end ??= how;
    this.#wake();
  }

  /** @param {Uint8Array} bytes */
  #take(bytes) {
    this.#left = Buffer.concat([this.#left, bytes]);
    for (;;) {
      const length = readVarint(this.#left);
      if (!length || this.#left.length < length.size + length.value) break;
      const end = length.size + length.value;
      if (length.value === 0) this.keepAlives += 1;
      else this.frames.push(Uint8Array.from(this.#left.subarray(length.size, end)));
      this.#left = this.#left.subarray(end);
    }
    this.#wake();
  }
}

/**
 * Sends a message with a watch. The stream, or the receipts of the message that refuses it.
 * @param {any} device @param {any[]} invocations
 */
export const openWatch = async (device, invocations) => {
  const type = 'application/vnd.ipld.car';
  const body = await peer.encodeMessage(invocations);
  const headers = { 'content-type': type, accept: type };
  const sent = request(device.url, { method: 'POST', headers, agent: false });
  sent.end(body);
  sent.on('error', () => {});
  const answer = await new Promise((resolve, reject) => {
    sent.once('response', resolve).once('error', reject);
  });
  if (answer.headers['content-type'] === watchType) {
    return { stream: new WatchStream(sent, answer), status: answer.statusCode };
  }
  const parts = [];
  for await (const part of answer) parts.push(part);
  const message = await peer.decodeMessage(Uint8Array.from(Buffer.concat(parts)));
  const receipts = invocations.map(({ cid }) => message.receipts.get(`${cid}`));
  return { receipts, status: answer.statusCode };
};

/** What is said by the name of the receipt's error. @param {any} device @param {any} invocation */
export const refusalOf = async (device, invocation) => {
  const { receipts, stream } = await openWatch(device, [invocation]);
  stream?.close();
  return receipts?.[0]?.out.error?.name;
};

/**
 * A watch that is accepted: its stream, and the checkpoint that it begins with.
 * @param {any} device @param {any} [options] of watchInvocation
 */
export const watch = async (device, options) => {
  const invocation = await watchInvocation(device, options);
  const { stream, receipts } = await openWatch(device, [invocation]);
  if (!stream) throw new Error(`refused: ${receipts?.[0]?.out.error?.message}`);
  const message = await peer.decodeMessage(await stream.next());
  const receipt = message.receipts.get(`${invocation.cid}`);
  await device.checkSigned(receipt);
  for (const [cid, bytes] of message.blocks) device.blocks.set(cid, bytes);
  const { checkpoint } = /** @type {any} */ (receipt).out.ok;
  await device.issuedByService(checkpoint);
  return { stream, cid: checkpoint, state: device.checkpoint(checkpoint) };
};

/** The checkpoint of the next frame, verified. @param {any} device @param {WatchStream} stream */
export const nextCheckpoint = async (device, stream) => {
  const { roots, blocks } = await readCar(await stream.next());
  if (roots.length !== 1 || !blocks.has(`${roots[0]}`)) throw new Error('one root, with its block');
  for (const [cid, bytes] of blocks) device.blocks.set(cid, bytes);
  await device.issuedByService(roots[0]);
  return { cid: roots[0], state: device.checkpoint(roots[0]) };
};

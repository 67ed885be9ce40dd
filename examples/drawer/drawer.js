/** The model: notes, files and conflicts as entries of a space. Nothing of the document is here. */
import { Agent } from './freehold/index.js';

/** The one agent of this browser, once it is open. @type {Agent} */
export let agent;

export async function openAgent() {
  agent = await Agent.open({ name: 'drawer' });
}

/**
 * @typedef {import('freehold').BlobStatus} BlobStatus
 * @typedef {{ key: string, title: string, text: string, time: number }} Note
 * @typedef {{ key: string, name: string, size: number, type: string, time: number,
 *   blob: Uint8Array, status: BlobStatus | undefined }} File_
 * @typedef {{ key: string, subject: string, kept: string, lost: string, canRestore: boolean,
 *   isOurs: boolean }} Conflict
 */

/** A space, as this page uses it. */
export class Drawer {
  /** @param {import('freehold').Space} space */
  constructor(space) {
    this.space = space;
  }

  /** Newest first. @returns {Promise<Note[]>} */
  async notes() {
    const notes = [];
    for await (const { text: key, value } of this.space.entries({ prefix: '/notes/' })) {
      notes.push({ key, ...noteOf(value) });
    }
    return notes.sort((a, b) => b.time - a.time);
  }

  /** @param {{ key?: string, title: string, text: string }} note */
  saveNote({ key = `/notes/${crypto.randomUUID()}`, title, text }) {
    return this.space.put(key, { title, text, time: Date.now() });
  }

  /** By name, each with what its receipts say of it. @returns {Promise<File_[]>} */
  async files() {
    const statuses = new Map((await this.space.blobs()).map((blob) => [hex(blob.multihash), blob]));
    const files = [];
    for await (const { text: key, value } of this.space.entries({ prefix: '/files/' })) {
      const { blob, name, size, type, time } = /** @type {any} */ (value ?? {});
      if (!(blob instanceof Uint8Array)) continue;
      const status = statuses.get(hex(blob));
      files.push({ key, name: name ?? key.slice(7), size, type, time, blob, status });
    }
    return files;
  }

  /** Keeps a file here and queues it for the service. Never over another. @param {File} file */
  async addFile(file) {
    let key = `/files/${file.name}`;
    for (let n = 2; (await this.space.get(key)) !== undefined; n++) {
      key = `/files/${file.name.replace(/(\.[^.]*)?$/, ` (${n})$1`)}`;
    }
    const name = key.slice('/files/'.length);
    return this.space.add(file, { key, name, meta: { time: Date.now() } });
  }

  /** Asks the service anew, with the bytes that are kept here. @param {File_} file */
  async addAgain({ key, name, blob, type, time }) {
    const bytes = await this.space.fetch(blob, { local: true });
    return this.space.add(new File([bytes], name, { type }), { key, name, meta: { time } });
  }

  /** What the service was not asked yet, it will not be asked any more. @param {File_} file */
  async deleteFile({ key, blob, status }) {
    const changes = [{ key }];
    const others = (await this.files()).filter((file) => file.key !== key);
    const isLast = !others.some((file) => hex(file.blob) === hex(blob));
    if (isLast && status?.state === 'queued' && status.invocation) {
      changes.push({ key: `/queue/${status.invocation}` });
    }
    await this.space.batch(changes);
    if (isLast && status?.state !== 'pending') await this.space.evict(blob);
  }

  /**
   * The bytes of a file, from the service if it keeps them, else the copy kept here. Either way the
   * package has compared them with the multihash.
   *
   * @param {File_} file
   * @returns {Promise<{ bytes: Blob, isFromService: boolean }>}
   */
  async read({ blob, status }) {
    if (status?.state === 'stored') {
      try {
        return { bytes: await this.space.fetch(blob, { local: false }), isFromService: true };
      } catch (error) {
        if (!status.isLocal) throw error;
      }
    }
    return { bytes: await this.space.fetch(blob), isFromService: false };
  }

  /** Values that lost a merge, beside those that won. @returns {Promise<Conflict[]>} */
  async conflicts() {
    const conflicts = [];
    for await (const { text: key, value } of this.space.entries({ prefix: '/conflict/' })) {
      const { key: subject, lost, by } = /** @type {any} */ (value);
      conflicts.push({
        key,
        subject: utf8.decode(subject),
        kept: describe(await this.space.get(subject)),
        lost: lost.link ? `A value of ${lost.size} bytes` : describe(lost.value),
        canRestore: !lost.link,
        isOurs: by === agent.did,
      });
    }
    return conflicts;
  }

  /** Settles a conflict: an ordinary edit. @param {string} key @param {boolean} restores */
  async settle(key, restores) {
    const { key: subject, lost } = /** @type {any} */ (await this.space.get(key));
    /** @type {import('freehold').Change[]} */
    const changes = [{ key }];
    if (restores)
      changes.push('value' in lost ? { key: subject, value: lost.value } : { key: subject });
    await this.space.batch(changes);
  }

  /**
   * One page of raw entries, and where the next begins.
   *
   * @param {string} prefix
   * @param {Uint8Array} [from]
   */
  async page(prefix, from, limit = 20) {
    const options = { limit: limit + 1, ...(prefix && { prefix }), ...(from && { from }) };
    const rows = [];
    for await (const { key, text, value } of this.space.entries(options)) {
      rows.push({ key: hex(key), text, value: readable(value), from: key });
    }
    const next = rows.length > limit ? rows[limit].from : undefined;
    return { rows: rows.slice(0, limit).map(({ from, ...row }) => row), next };
  }
}

const utf8 = new TextDecoder();

export const hex = (/** @type {Uint8Array} */ bytes) =>
  Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');

/** Whatever lies under /notes/, as a note: another program may have written it. */
const noteOf = (/** @type {any} */ value) => ({
  title: String(value?.title ?? ''),
  text: String(value?.text ?? ''),
  time: Number(value?.time ?? 0),
});

/** A value in a sentence, for the user. */
const describe = (/** @type {any} */ value) => {
  if (value === undefined) return 'Deleted';
  if (value?.title !== undefined) return [value.title, value.text].filter(Boolean).join('\n');
  if (value?.blob instanceof Uint8Array) return `The file ${value.name}, ${value.size} bytes`;
  return readable(value);
};

/** A value as DAG-JSON that people can read: bytes as hex, links as their CID. */
const readable = (/** @type {any} */ data) =>
  JSON.stringify(
    data,
    (_, value) => {
      if (value instanceof Uint8Array) return `0x${hex(value)}`;
      return typeof value === 'bigint' ? String(value) : value;
    },
    1,
  ).replace(/\n\s*/g, ' ');

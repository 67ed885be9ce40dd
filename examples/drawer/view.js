/** What the page shows of a drawer: each function turns facts into elements, and nothing else. */
import { $, el, renew } from './dom.js';

/** @typedef {import('./drawer.js').File_} File_ */

const AWAITED = {
  allocate: 'The service is about to make room.',
  put: 'The service has room and awaits the bytes.',
  accept: 'The service has the bytes and has yet to sign for them.',
};

const NONE = { state: 'unknown', awaits: '', reason: '' };

/** The chip and the sentence for what is known of a file. @returns {{ state, chip, words }} */
export function stateOf(/** @type {File_} */ { status }) {
  const { state, awaits, reason } = status ?? NONE;
  const say = (/** @type {string} */ chip, /** @type {string} */ words) => ({ state, chip, words });
  if (state === 'queued') return say('Queued', 'On this device. The next sync takes it along.');
  if (state === 'pending') return say(`Pending: ${awaits}`, AWAITED[awaits] ?? 'Not settled yet.');
  if (state === 'stored') return say('Stored', 'The service keeps it, and has signed for that.');
  if (state === 'failed') return say('Failed', `The service declined: ${plain(reason)}.`);
  if (state === 'expired') return say('Expired', 'The bytes came too late. Ask the service again.');
  if (state === 'removed') return say('Removed', 'The service has removed it, and signed so.');
  if (state === 'unrecognised') {
    return say('Unrecognised', `No service stands behind this: ${plain(reason)}.`);
  }
  return say('No receipt', 'Listed, but no service has been asked to keep it.');
}

/** A reason as part of our sentence: without a full stop, and with DIDs by their ends. */
const plain = (/** @type {string} */ reason) =>
  reason.replace(/\bdid:key:z\w+/g, short).replace(/\.$/, '') || 'no reason given';

export const chipOf = (/** @type {File_} */ file) => {
  const { state, chip } = stateOf(file);
  return el('span', { className: 'chip', 'data-state': state }, chip);
};

const units = ['bytes', 'KB', 'MB', 'GB', 'TB'];
export function sizeOf(/** @type {number} */ bytes) {
  const step = Math.min(units.length - 1, Math.floor(Math.log10(Math.max(bytes, 1)) / 3));
  const amount = bytes / 1000 ** step;
  return `${amount.toFixed(step && amount < 10 ? 1 : 0)} ${units[step]}`;
}

const day = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium' });
const hour = new Intl.DateTimeFormat(undefined, { timeStyle: 'short' });
export function timeOf(/** @type {number | undefined} */ time) {
  if (!time) return '';
  const isToday = new Date(time).toDateString() === new Date().toDateString();
  return (isToday ? hour : day).format(time);
}

/** Long texts of CIDs by their ends. */
export const short = (/** @type {string} */ text) =>
  text.length > 20 ? `${text.slice(0, 9)}…${text.slice(-6)}` : text;

/** @param {import('./drawer.js').Note[]} notes @param {(key: string) => void} open */
export function showNotes(notes, open) {
  $('#no-notes').hidden = notes.length > 0;
  renew($('#notes'), notes, ({ key, title, text, time }) =>
    el(
      'li',
      {},
      el(
        'button',
        { type: 'button', className: 'note', 'data-act': 'open', onclick: () => open(key) },
        el('strong', {}, title || 'Untitled'),
        el('span', { className: 'note-text' }, text),
        el('small', {}, timeOf(time)),
      ),
    ),
  );
}

/**
 * @param {File_[]} files
 * @param {{ open(key: string): void, save(key: string): void }} actions
 */
export function showFiles(files, { open, save }) {
  $('#no-files').hidden = files.length > 0;
  renew($('#files'), files, (file) =>
    el(
      'li',
      { className: 'file', 'data-state': stateOf(file).state },
      el(
        'button',
        { type: 'button', className: 'plain', 'data-act': 'open', onclick: () => open(file.key) },
        el('strong', {}, file.name),
        el('small', {}, [sizeOf(file.size), timeOf(file.time)].filter(Boolean).join(' · ')),
      ),
      chipOf(file),
      el(
        'button',
        {
          type: 'button',
          'data-act': 'save',
          'aria-label': `Save a copy of ${file.name}`,
          onclick: () => save(file.key),
        },
        'Save',
      ),
      el('small', { className: 'words' }, stateOf(file).words),
    ),
  );
}

/**
 * @param {import('./drawer.js').Conflict[]} conflicts
 * @param {(key: string, restores: boolean) => void} settle
 */
export function showConflicts(conflicts, settle) {
  $('#conflicts-part').hidden = conflicts.length === 0;
  const version = (title, text, act, enabled, settles) =>
    el(
      'div',
      { className: 'version' },
      el('h4', {}, title),
      el('p', {}, text),
      el('button', { type: 'button', 'data-act': act, disabled: !enabled, onclick: settles }, act),
    );
  renew($('#conflicts'), conflicts, ({ key, subject, kept, lost, canRestore, isOurs }) =>
    el(
      'li',
      { className: 'card conflict' },
      el('h3', {}, subjectOf(subject, kept, lost)),
      version('In the drawer now', kept, 'Keep this', true, () => settle(key, false)),
      version(
        isOurs ? 'Changed on this device' : 'Changed on another device',
        lost,
        'Keep the other',
        canRestore,
        () => settle(key, true),
      ),
    ),
  );
}

const subjectOf = (
  /** @type {string} */ key,
  /** @type {string} */ kept,
  /** @type {string} */ lost,
) => {
  const title = (kept === 'Deleted' ? lost : kept).split('\n')[0];
  if (key.startsWith('/notes/')) return `The note “${title}”`;
  if (key.startsWith('/files/')) return `The file “${key.slice('/files/'.length)}”`;
  return `The entry ${key}`;
};

/** @param {import('freehold').Space} space @param {import('./sync.js').SyncState} sync */
export function showStatus(space, sync) {
  const look = sync.outcome === 'synced' && space.isAhead ? 'waiting' : sync.outcome;
  $('#status').dataset.look = look;
  $('#status').dataset.running = String(sync.isRunning);
  $('#status-words').textContent = statusWords(space, sync);
  const proof = sync.proven ? ', proven' : ', unproven';
  $('#checkpoint').textContent = space.seq
    ? `Checkpoint ${space.seq}${sync.at ? proof : ''}`
    : 'No checkpoint yet';
  $('#checkpoint').title = sync.proven
    ? 'This drawer has given the service the right to sign its checkpoints.'
    : '';
  $('#root').textContent = short(space.root);
  $('#root').dataset.root = space.root;
  $('#copy-root').dataset.copy = space.root;
}

/** @param {import('freehold').Space} space @param {import('./sync.js').SyncState} sync */
function statusWords({ isAhead }, { outcome, at, reason }) {
  if (outcome === 'offline') {
    return isAhead
      ? 'Offline. Your edits are kept here and go out when the service is back.'
      : 'Offline. Everything here still works.';
  }
  if (outcome === 'failed') return `The last sync failed: ${reason || 'no reason given'}`;
  if (isAhead) return 'Edits are waiting to be synced.';
  return outcome === 'synced' ? `Synced at ${hour.format(at)}.` : 'Not synced yet.';
}

/** @param {{ key: string, text: string, value: string }[]} rows */
export function showEntries(rows) {
  renew($('#entries'), rows, ({ text, value }) =>
    el(
      'tr',
      {},
      el('th', { scope: 'row' }, el('code', {}, text)),
      el('td', {}, el('code', {}, value.length > 600 ? `${value.slice(0, 600)}…` : value)),
    ),
  );
}

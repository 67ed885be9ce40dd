/** The dialogs: a note, a file, other devices, the recovery key. */
import { $, attempt, confirmed, el, save, say, show } from './dom.js';
import { agent } from './drawer.js';
import { chipOf, sizeOf, stateOf, timeOf } from './view.js';

/** @typedef {import('./drawer.js').Drawer} Drawer */

/** Writes a new note, or changes one. @param {Drawer} drawer @param {string} [key] */
export async function editNote(drawer, key) {
  const note = (await drawer.notes()).find((one) => one.key === key);
  const [title, text] = [$('#note-title'), $('#note-text')];
  title.value = note?.title ?? '';
  text.value = note?.text ?? '';
  $('#note-heading').textContent = note ? 'Edit note' : 'New note';
  $('#note-delete').hidden = !note;
  const answer = await show($('#note-dialog'));
  if (answer === 'save' && (title.value.trim() || text.value.trim())) {
    if (title.value !== note?.title || text.value !== note.text) {
      await drawer.saveNote({ key: note?.key, title: title.value.trim(), text: text.value });
      say('Note saved');
    }
  } else if (answer === 'delete' && note) {
    await drawer.space.delete(note.key);
    say('Note deleted');
  }
}

/** The file whose dialog is open. */
let openFile = '';

/** What is known of a file, and what to do with it. @param {Drawer} drawer @param {string} key */
export async function showFile(drawer, key) {
  openFile = key;
  $('#verified').textContent = '';
  $('#preview').replaceChildren();
  if (!(await renewFile(drawer))) return;
  await show($('#file-dialog'));
  openFile = '';
}

/** Brings the open dialog up to date. @param {Drawer} drawer */
export async function renewFile(drawer) {
  const file = openFile && (await drawer.files()).find(({ key }) => key === openFile);
  if (!file) return $('#file-dialog').close();
  const { state, words } = stateOf(file);
  $('#file-name').textContent = file.name;
  $('#file-chip').replaceChildren(chipOf(file));
  $('#file-words').textContent = words;
  $('#file-facts').replaceChildren(...factsOf(file));
  $('#file-fetch').hidden = state !== 'stored';
  $('#file-again').hidden = !['failed', 'expired', 'unknown'].includes(state);
  $('#file-fetch').onclick = () => attempt(() => verify(drawer, file));
  $('#file-save').onclick = () => attempt(() => saveFile(drawer, file));
  $('#file-again').onclick = () => attempt(() => drawer.addAgain(file));
  $('#file-delete').onclick = async () => {
    const rest = state === 'stored' ? ' The service keeps the bytes that it has signed for.' : '';
    const question = `Delete “${file.name}” from the drawer?${rest}`;
    if (!(await confirmed(question, 'Delete file'))) return;
    await attempt(() => drawer.deleteFile(file));
    $('#file-dialog').close();
  };
  return true;
}

/** @param {import('./drawer.js').File_} file */
function factsOf({ size, type, time, status }) {
  const fact = (term, value, isLong = false) => [
    el('dt', {}, term),
    isLong
      ? el('dd', { className: 'copyline' }, el('code', {}, value), copyButton(value, term))
      : el('dd', {}, value),
  ];
  const { state, text, invocation, service, locations = [], site, isLocal } = status ?? {};
  const isSigned = state !== undefined && !['queued', 'unrecognised'].includes(state);
  return [
    fact('Size', `${sizeOf(size)}${type ? `, ${type}` : ''}`),
    time ? fact('Added', timeOf(time)) : [],
    fact('Here', isLocal ? 'A copy is kept on this device' : 'Not on this device'),
    fact('Receipts', isSigned ? 'Every signature was checked on this device' : 'None yet'),
    text ? fact('Multihash', text, true) : [],
    service ? fact('Service', service, true) : [],
    invocation ? fact('Invocation', String(invocation), true) : [],
    locations.map((location) => fact('Location', location, true)).flat(),
    site ? fact('Commitment', String(site), true) : [],
  ].flat();
}

const copyButton = (/** @type {string} */ text, /** @type {string} */ what) =>
  el(
    'button',
    { type: 'button', className: 'copy', 'data-copy': text, 'aria-label': `Copy ${what}` },
    'Copy',
  );

/** Fetches a file from where the service promised to keep it. */
async function verify(/** @type {Drawer} */ drawer, /** @type {any} */ file) {
  $('#file-fetch').disabled = true;
  try {
    const { bytes, isFromService } = await drawer.read(file);
    $('#verified').textContent = verdict(file, bytes, isFromService);
    $('#verified').dataset.from = isFromService ? 'service' : 'device';
    if (/^image\/(png|jpeg|gif|webp|avif)$/.test(file.type)) {
      const src = URL.createObjectURL(new Blob([bytes], { type: file.type }));
      const image = el('img', { src, alt: file.name, onload: () => URL.revokeObjectURL(src) });
      $('#preview').replaceChildren(image);
    } else if (file.type === 'text/plain' && bytes.size < 20_000) {
      $('#preview').replaceChildren(el('pre', {}, await bytes.text()));
    }
    $('#verified').scrollIntoView({ block: 'nearest' });
  } finally {
    $('#file-fetch').disabled = false;
  }
}

const verdict = (file, bytes, isFromService) => {
  if (!isFromService) return 'The service cannot be reached: this is the copy kept here.';
  const { host } = new URL(file.status.locations[0]);
  return `Verified: ${sizeOf(bytes.size)} from ${host} match the hash.`;
};

/** @param {Drawer} drawer @param {any} file */
export async function saveFile(drawer, file) {
  const { bytes, isFromService } = await drawer.read(file);
  save(bytes, file.name);
  say(verdict(file, bytes, isFromService));
}

/** Gives another device a delegation. @param {Drawer} drawer @param {() => void} forget */
export async function showDevices(drawer, forget) {
  const audience = $('#audience');
  audience.value = '';
  $('#delegation-part').hidden = true;
  $('#share-form').onsubmit = (event) => {
    event.preventDefault();
    attempt(async () => {
      const text = await drawer.space.share(audience.value.trim());
      $('#delegation').value = text;
      $('#copy-delegation').dataset.copy = text;
      $('#copy-link').dataset.copy = `${location.origin}${location.pathname}#take=${text}`;
      $('#delegation-part').hidden = false;
      $('#delegation').select();
    });
  };
  $('#forget').onclick = async () => {
    const question = `Forget “${drawer.space.name}” here? What was not synced is lost.`;
    if (!(await confirmed(question, 'Forget drawer'))) return;
    $('#share-dialog').close();
    forget();
  };
  await show($('#share-dialog'));
}

/** Shows the recovery key of a new drawer until it has been kept. */
export async function showRecoveryKey(/** @type {string} */ key, /** @type {string} */ name) {
  $('#recovery-key').textContent = key;
  $('#copy-key').dataset.copy = key;
  $('#save-key').onclick = () =>
    save(
      new Blob([`Recovery key of the drawer “${name}”:\n\n${key}\n`]),
      `${name} recovery key.txt`,
    );
  $('#key-kept').checked = false;
  await show($('#key-dialog'));
  $('#recovery-key').textContent = '';
  delete $('#copy-key').dataset.copy;
}

$('#key-dialog').addEventListener('cancel', (event) => event.preventDefault());
for (const dialog of document.querySelectorAll('dialog')) {
  $('[data-close]', dialog)?.addEventListener('click', () => dialog.close());
}

/** Where the page names this device. */
export function showOwnDid() {
  for (const place of document.querySelectorAll('[data-own-did]')) {
    place.textContent = agent.did;
    place.after(copyButton(agent.did, 'the name of this device'));
  }
}

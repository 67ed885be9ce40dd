/** The page: opens a drawer, shows it, and hands what the user does to the model. */
import { $, attempt, el, say } from './dom.js';
import * as dialogs from './dialogs.js';
import { agent, Drawer, openAgent } from './drawer.js';
import * as hood from './hood.js';
import { Syncer } from './sync.js';
import { showConflicts, showFiles, showNotes, showStatus } from './view.js';

/** The drawer that is open. @type {Drawer | undefined} */
let drawer;
let unsubscribe = () => {};
/** Whether the server may have another page than we have. */
let wasAway = true;

const syncer = new Syncer((result) => {
  if (!drawer) return;
  showStatus(drawer.space, syncer.state);
  if (result?.refused.length) say(`The service declined ${result.refused.length} of the edits.`);
  if (result?.failed?.length) say(`A file could not be sent: ${result.failed[0].reason}`);
  if (result && wasAway) navigator.serviceWorker?.controller?.postMessage('compare');
  if (!syncer.state.isRunning) wasAway = syncer.state.outcome !== 'synced';
});

// --- which drawer --------------------------------------------------------------------------------

/** Opens the drawer that was open last, or any, or tells how to get one. */
async function start() {
  const spaces = await agent.spaces();
  const taken = /^#take=(.+)$/.exec(location.hash)?.[1];
  const last = localStorage.getItem('drawer.open');
  const space = spaces.find(({ did }) => did === last) ?? spaces[0];
  if (space && !taken) return open(await agent.openSpace(space.did));
  if (taken) {
    history.replaceState(null, '', location.pathname);
    $('#take-details').open = true;
    $('#take-text').value = taken;
  }
  welcome();
}

/** @param {import('freehold').Space} space */
async function open(space) {
  unsubscribe();
  drawer = new Drawer(space);
  localStorage.setItem('drawer.open', space.did);
  const spaces = await agent.spaces();
  $('#drawers').replaceChildren(
    ...spaces.map(({ did, name }) =>
      el('option', { value: did, selected: did === space.did }, name),
    ),
  );
  document.title = `${space.name} · Drawer`;
  syncer.use(space);
  unsubscribe = space.subscribe(({ type }) => {
    refresh();
    if (type === 'edit') syncer.edited();
  });
  await refresh();
  document.body.dataset.page = 'drawer';
  syncer.now();
}

async function welcome() {
  const { length } = await agent.spaces();
  $('#back').hidden = length === 0;
  document.body.dataset.page = 'welcome';
  document.title = 'Drawer';
}

async function forget() {
  await agent.removeSpace(/** @type {Drawer} */ (drawer).space.did);
  unsubscribe();
  drawer = undefined;
  syncer.use(undefined);
  await start();
}

// --- what is in it -------------------------------------------------------------------------------

let isRefreshing = false;
let isStale = false;

/** Shows what the drawer holds now. One at a time: of many calls meanwhile the last counts. */
async function refresh() {
  isStale = true;
  if (isRefreshing) return;
  isRefreshing = true;
  while (isStale && drawer) {
    isStale = false;
    await attempt(() => showAll(/** @type {Drawer} */ (drawer)));
  }
  isRefreshing = false;
}

/** @param {Drawer} shown */
async function showAll(shown) {
  const all = await Promise.all([shown.notes(), shown.files(), shown.conflicts()]);
  if (shown !== drawer) return;
  const [notes, files, conflicts] = all;
  const byKey = (/** @type {string} */ key) => files.find((file) => file.key === key);
  showNotes(notes, (key) => attempt(() => dialogs.editNote(shown, key)));
  showFiles(files, {
    open: (key) => attempt(() => dialogs.showFile(shown, key)),
    save: (key) => attempt(() => dialogs.saveFile(shown, byKey(key))),
  });
  showConflicts(conflicts, (key, restores) => attempt(() => shown.settle(key, restores)));
  showStatus(shown.space, syncer.state);
  if ($('#file-dialog').open) await dialogs.renewFile(shown);
  await hood.show(shown);
}

// --- what the user does --------------------------------------------------------------------------

/** @param {string} selector @param {string} type @param {(event: any) => unknown} action */
const on = (selector, type, action) =>
  $(selector).addEventListener(type, (/** @type {Event} */ event) => {
    if (type === 'submit' || type === 'drop' || type === 'dragover') event.preventDefault();
    attempt(async () => action(event));
  });

/**
 * A form that brings a drawer.
 *
 * @param {string} selector
 * @param {string} failure what to say of a text that does not
 * @param {() => Promise<import('freehold').Space>} bring
 */
const onDrawer = (selector, failure, bring) =>
  on(selector, 'submit', async ({ target }) => {
    const space = await bring().catch((error) => {
      throw new Error(`${failure}: ${error.message}.`);
    });
    navigator.storage?.persist?.();
    target.reset();
    await open(space);
  });

onDrawer('#create', 'No drawer could be made', async () => {
  const name = $('#drawer-name').value.trim() || 'Drawer';
  const { space, recoveryKey } = await agent.createSpace({ name });
  await dialogs.showRecoveryKey(recoveryKey, name);
  return space;
});
onDrawer('#take', 'This text gives no drawer to this device', async () => {
  const text = $('#take-text')
    .value.trim()
    .replace(/^.*#take=/, '');
  return agent.importDelegation(text, { name: $('#take-name').value.trim() || 'Shared drawer' });
});
onDrawer('#recover', 'This is not a recovery key', async () => {
  const name = $('#recover-name').value.trim() || 'Recovered';
  return agent.recoverSpace($('#recover-key').value.trim(), { name });
});

on('#drawers', 'change', async ({ target }) => open(await agent.openSpace(target.value)));
on('#add-drawer', 'click', welcome);
on('#back', 'click', () => (document.body.dataset.page = 'drawer'));
on('#open-share', 'click', () => dialogs.showDevices(/** @type {Drawer} */ (drawer), forget));
on('#sync', 'click', () => syncer.now());
on('#new-note', 'click', () => dialogs.editNote(/** @type {Drawer} */ (drawer)));

/** @param {Iterable<File>} files */
async function add(files) {
  for (const file of files) await drawer?.addFile(file);
}
on('#file-input', 'change', async ({ target }) => {
  await add(target.files);
  target.value = '';
});
const part = $('#files-part');
on('#files-part', 'dragover', () => (part.dataset.drop = 'true'));
on('#files-part', 'dragleave', ({ relatedTarget }) => {
  if (!part.contains(relatedTarget)) delete part.dataset.drop;
});
on('#files-part', 'drop', ({ dataTransfer }) => {
  delete part.dataset.drop;
  return add([...dataTransfer.files]);
});

// --- the page itself -----------------------------------------------------------------------------

on('#reload', 'click', () => location.reload());
navigator.serviceWorker?.addEventListener('message', () => ($('#update').hidden = false));
navigator.serviceWorker?.ready.then(() => {
  $('#offline-ready').textContent =
    'This page is kept on this device and opens without a connection.';
  document.body.dataset.offline = 'ready';
});

try {
  await openAgent();
  dialogs.showOwnDid();
  await start();
  await navigator.serviceWorker?.register('sw.js');
} catch (error) {
  $('#failure').textContent = /** @type {Error} */ (error).message;
  document.body.dataset.page = 'failed';
}

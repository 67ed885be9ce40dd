/** Under the hood: the raw entries of the tree, page by page, for those who want to see it. */
import { $, attempt, save } from './dom.js';
import { showEntries } from './view.js';

/** @type {import('./drawer.js').Drawer} */
let drawer;
/** Keys at which this page and the next begin. @type {Uint8Array | undefined} */
let from;
/** @type {Uint8Array | undefined} */
let next;

/** Brings the list up to date, if it is open. @param {import('./drawer.js').Drawer} shown */
export async function show(shown) {
  if (shown !== drawer) from = undefined;
  drawer = shown;
  if (!$('#hood').open) return;
  const page = await drawer.page($('#prefix').value, from);
  next = page.next;
  showEntries(page.rows);
  $('#first-page').disabled = !from;
  $('#next-page').disabled = !next;
  const { entries, bytes } = await drawer.space.weight();
  $('#weight').textContent = `This one has ${entries} entries of ${bytes} bytes together.`;
}

/** @param {Uint8Array} [start] */
const turnTo = (start) => {
  from = start;
  return attempt(() => show(drawer));
};

$('#hood').addEventListener('toggle', () => turnTo());
$('#prefix').addEventListener('input', () => turnTo());
$('#prefix-form').addEventListener('submit', (event) => event.preventDefault());
$('#first-page').addEventListener('click', () => turnTo());
$('#next-page').addEventListener('click', () => turnTo(next));
$('#export').addEventListener('click', () =>
  attempt(async () => save(new Blob([await drawer.space.exportCar()]), `${drawer.space.name}.car`)),
);

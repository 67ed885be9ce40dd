/** The little that is needed to build and renew parts of a document without a framework. */

/** @param {string} selector @param {ParentNode} [within] @returns {any} */
export const $ = (selector, within = document) => within.querySelector(selector);

/**
 * An element: `onclick` and the like are listeners, the rest properties or else attributes.
 *
 * @param {string} name
 * @param {Record<string, any>} [props]
 * @param {...(Node | string | false | undefined)} children
 */
export function el(name, props = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(props)) {
    if (value === undefined || value === false) continue;
    if (key.startsWith('on')) element.addEventListener(key.slice(2), value);
    else if (key in element) /** @type {any} */ (element)[key] = value;
    else element.setAttribute(key, value === true ? '' : value);
  }
  element.append(...children.filter((child) => child !== undefined && child !== false));
  return element;
}

/** What each element of a list was made from. @type {WeakMap<Element, string>} */
const madeFrom = new WeakMap();

/**
 * Makes the children of `parent` those of `items`. An element whose item is as it was is left
 * alone, so nothing flickers, and the focus stays where it is.
 *
 * @template T
 * @param {Element} parent
 * @param {T[]} items each with a `key`
 * @param {(item: T) => Element} make
 */
export function renew(parent, items, make) {
  const old = new Map([...parent.children].map((child) => [child.getAttribute('data-key'), child]));
  items.forEach((item, index) => {
    const { key } = /** @type {any} */ (item);
    const source = JSON.stringify(item);
    let element = old.get(key);
    old.delete(key);
    if (!element || madeFrom.get(element) !== source) {
      const before = element;
      element = make(item);
      element.setAttribute('data-key', key);
      madeFrom.set(element, source);
      if (before) replaceKeepingFocus(before, element);
    }
    const there = parent.children[index];
    if (there !== element) parent.insertBefore(element, there ?? null);
  });
  for (const element of old.values()) element.remove();
}

/** @param {Element} before @param {Element} after */
function replaceKeepingFocus(before, after) {
  const act = before.contains(document.activeElement)
    ? document.activeElement?.getAttribute('data-act')
    : undefined;
  before.replaceWith(after);
  if (act) $(`[data-act="${act}"]`, after)?.focus();
}

/** Shows a dialog, and gives what it was closed with. @returns {Promise<string>} */
export function show(/** @type {HTMLDialogElement} */ dialog) {
  dialog.returnValue = '';
  dialog.showModal();
  return new Promise((done) => {
    dialog.addEventListener('close', () => done(dialog.returnValue), { once: true });
  });
}

/** A question with one answer that acts. @param {string} question @param {string} act */
export async function confirmed(question, act) {
  const dialog = $('#confirm');
  $('p', dialog).textContent = question;
  $('[value=yes]', dialog).textContent = act;
  return (await show(dialog)) === 'yes';
}

let timer = 0;

/** Says something in passing: to the eye for a while, and to a screen reader. */
export function say(/** @type {string} */ words) {
  const toast = $('#toast');
  // What lies outside of an open dialog is neither seen nor read out.
  const place = [...document.querySelectorAll('dialog[open]')].at(-1) ?? document.body;
  if (toast.parentElement !== place) place.append(toast);
  toast.textContent = words;
  toast.dataset.shown = 'true';
  clearTimeout(timer);
  timer = window.setTimeout(() => delete toast.dataset.shown, 5000);
}

/** Runs an action of the user; what goes wrong is said. @param {() => Promise<unknown>} action */
export async function attempt(action) {
  try {
    return await action();
  } catch (error) {
    say(/** @type {Error} */ (error).message || String(error));
  }
}

/** Offers a file to be saved. It is never opened here, where its scripts would be ours. */
export function save(/** @type {Blob} */ blob, /** @type {string} */ name) {
  const href = URL.createObjectURL(new Blob([blob], { type: 'application/octet-stream' }));
  el('a', { href, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(href), 60_000);
}

/** Any button with `data-copy` copies that text. */
document.addEventListener('click', async ({ target }) => {
  const button = /** @type {Element} */ (target).closest('[data-copy]');
  if (!button) return;
  await navigator.clipboard.writeText(button.getAttribute('data-copy') ?? '').then(
    () => say('Copied'),
    () => say('The browser did not allow copying. Select the text instead.'),
  );
});

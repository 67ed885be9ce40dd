/**
 * Keeps the page at hand when the server is not.
 *
 * All that the page is made of lies in one cache, a *generation*, named by the hash of the whole. A
 * page is served from one generation and never from a mixture. Each visit, and each return of the
 * server, compares with what the server has: if anything differs, a new generation is fetched as a
 * whole, the page offers to reload, and the next page load gets it.
 */
const files = [
  './',
  'app.js',
  'dialogs.js',
  'dom.js',
  'drawer.js',
  'hood.js',
  'icon.svg',
  'style.css',
  'sync.js',
  'view.js',
  ...[
    'agent.js',
    'blobs.js',
    'edit.js',
    'error.js',
    'export.js',
    'fetch-transport.js',
    'idb-block-store.js',
    'idb.js',
    'index.js',
    'link.js',
    'load-core.js',
    'load-wasm.js',
    'memory-store.js',
    'pack-index.js',
    'space.js',
    'stored-replica.js',
    'stores.js',
    'sync.js',
    'tokens.js',
    'core/freehold-core.mjs',
    'core/freehold-core.wasm',
  ].map((file) => `freehold/${file}`),
].map((file) => new URL(file, registration.scope).href);

/** The generation that pages get: known while this worker runs, else read from `pointer`. */
let serving;
const pointer = {
  read: async () => (await (await caches.open('drawer')).match('generation'))?.text(),
  write: async (name) => (await caches.open('drawer')).put('generation', new Response(name)),
};

addEventListener('install', (event) => event.waitUntil(fetchAll().then(() => skipWaiting())));
addEventListener('activate', (event) => event.waitUntil(clients.claim()));
addEventListener('message', (event) => {
  if (event.data === 'compare') event.waitUntil(compare().catch(() => {})); // the server is away
});

addEventListener('fetch', (event) => {
  const { method, mode, url } = event.request;
  const { origin, pathname } = new URL(url);
  if (method === 'GET' && files.includes(origin + pathname)) {
    event.respondWith(answer(event.request, mode === 'navigate'));
  }
});

/** From the generation; from the server what it lacks. */
async function answer(request, isNavigation) {
  if (isNavigation) serving = undefined; // a new page: the newest generation
  serving ??= await pointer.read();
  const generation = serving && (await caches.open(serving));
  return (await generation?.match(request, { ignoreSearch: true })) ?? fetch(request);
}

/** A changed worker installs itself, with its own list of files; else the files are compared. */
async function compare() {
  await registration.update();
  if (!registration.installing && !registration.waiting) await fetchAll();
}

/** Makes a generation of what the server has now, unless it is the one that we have. */
async function fetchAll() {
  const responses = await Promise.all(files.map((file) => fetch(file, { cache: 'no-cache' })));
  if (!responses.every(({ ok }) => ok)) throw new Error('a file of the page is missing');
  const bodies = await Promise.all(responses.map((response) => response.clone().blob()));
  const hash = await crypto.subtle.digest('SHA-256', await new Blob(bodies).arrayBuffer());
  const name = `drawer-${Array.from(new Uint8Array(hash, 0, 8), (b) => b.toString(16)).join('-')}`;

  const before = await pointer.read();
  if (name === before) return;
  const cache = await caches.open(name);
  await Promise.all(files.map((file, i) => cache.put(file, responses[i])));
  await pointer.write(name); // only now is it whole
  for (const old of await caches.keys()) {
    if (old.startsWith('drawer-') && old !== name && old !== before) await caches.delete(old);
  }
  if (!before) return;
  for (const page of await clients.matchAll()) page.postMessage('renewed');
}

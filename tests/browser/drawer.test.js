/**
 * The example page in a real browser, with the real server: what a user does in the first hour. The
 * tests follow each other and share the server and two browser profiles.
 */
import assert from 'node:assert/strict';
import { cp, mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { newProfile } from '../support/js/profile.js';
import { startServer } from '../support/js/server.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const screenshots = join(root, 'build/screenshots');
const CAPACITY = 3_000_000;
const TENANTS = [
  {
    did: 'did:web:localhost',
    providers: [
      { did: 'did:web:free.localhost', plan: 'free', capacity: CAPACITY, subscribeOnSync: true },
    ],
  },
];

/** @typedef {Awaited<ReturnType<typeof newProfile>>} Profile */
/** @type {Profile} */ let desk;
/** @type {Profile} */ let phone;
/** @type {Awaited<ReturnType<typeof startServer>>} */ let server;
/** @type {import('playwright-core').Page} */ let page;
/** @type {import('playwright-core').Page} */ let other;
let www = '';
let syncedRoot = '';

before(async () => {
  await mkdir(screenshots, { recursive: true });
  www = await mkdtemp(join(tmpdir(), 'freehold-www-')); // a copy: one test publishes a new version
  await cp(join(root, 'examples/drawer'), www, { recursive: true });
  const args = ['--www', www, '--www', `${join(root, 'js')}=/freehold`];
  server = await startServer({ tenants: TENANTS, args });
  desk = await newProfile();
  phone = await newProfile();
  page = await desk.open();
});

after(async () => {
  await desk?.remove();
  await phone?.remove();
  await server?.close();
  await rm(www, { recursive: true, force: true });
});

// --- words for what a user does ------------------------------------------------------------------

const shoot = (name, on = page, fullPage = true) =>
  on.screenshot({ path: join(screenshots, `${name}.png`), fullPage, animations: 'disabled' });

const rootOf = (on = page) => on.locator('#root').getAttribute('data-root');
const bodyOf = (/** @type {string} */ page) => `body[data-page=${page}]`;
const noteOf = (/** @type {string} */ title) => `.note:has(strong:text-is("${title}"))`;
const fileOf = (/** @type {string} */ name) => `.file:has(strong:text-is("${name}"))`;
const file = (/** @type {string} */ name, /** @type {string | Buffer} */ content) => ({
  name,
  mimeType: 'text/plain',
  buffer: Buffer.from(content),
});

const waitForState = (name, state, on = page) =>
  on.locator(`${fileOf(name)}[data-state=${state}]`).waitFor();

/** The status line, and that no edits wait. */
const waitForLook = (look, on = page) =>
  on.locator(`#status[data-look=${look}][data-running=false]`).waitFor();

const addFiles = (files, on = page) => on.setInputFiles('#file-input', files);

async function writeNote(title, text, on = page) {
  await on.click('#new-note');
  await on.fill('#note-title', title);
  await on.fill('#note-text', text);
  await on.click('#note-form [value=save]');
  await on.locator(noteOf(title)).waitFor();
}

async function rewriteNote(title, text, on = page) {
  await on.click(noteOf(title));
  await on.fill('#note-text', text);
  await on.click('#note-form [value=save]');
  await on.locator(noteOf(title)).filter({ hasText: text }).waitFor();
}

/** Syncs until no edits wait. */
async function sync(on = page) {
  await on.click('#sync');
  await waitForLook('synced', on);
}

const titles = (on = page) => on.locator('.note strong').allTextContents();

let isBroken = false;

/** A test that builds on those before it, and fails at once where one of them has failed. */
const step = (/** @type {string} */ name, /** @type {() => Promise<void> | void} */ action) =>
  test(name, async () => {
    assert.ok(!isBroken, 'a step before this one failed');
    isBroken = true;
    await action();
    isBroken = false;
  });

// --- the hour ------------------------------------------------------------------------------------

step('R1 R3: a first visit makes a drawer, and shows its recovery key once', async () => {
  await page.goto(server.url);
  await page.locator(bodyOf('welcome')).waitFor();
  await page.locator('body[data-offline=ready]').waitFor();
  await shoot('welcome');

  await page.fill('#drawer-name', 'Study');
  await page.click('#create button');
  await page.locator('#key-dialog[open]').waitFor();
  const key = await page.locator('#recovery-key').textContent();
  assert.match(key ?? '', /^M/, 'a private key in multibase base64pad');
  await shoot('recovery-key', page, false);
  await page.click('#key-dialog [value=kept]');
  assert.ok(await page.locator('#key-dialog').isVisible(), 'it must be kept first');
  await page.check('#key-kept');
  await page.click('#key-dialog [value=kept]');
  await page.locator(bodyOf('drawer')).waitFor();
  assert.ok(
    !(await page.content()).includes(key ?? '?'),
    'the key is nowhere in the page any more',
  );
  await waitForLook('synced');
  await shoot('empty');
});

step('R3: each edit has a new root at once; R17: an added file is stored by a sync', async () => {
  const roots = new Set([await rootOf()]);
  await writeNote('Paint for the hall', 'Sage, one coat. The primer is in the shed.');
  roots.add(await rootOf());
  await writeNote('Reading list', 'The Box\nHow Buildings Learn\nA Pattern Language');
  roots.add(await rootOf());
  await writeNote('To be thrown away', 'Old news.');
  roots.add(await rootOf());
  assert.equal(roots.size, 4);

  await addFiles([file('floor plan.txt', 'north\n'.repeat(2_000))]);
  await waitForState('floor plan.txt', 'stored');
  await waitForLook('synced');
  assert.match((await page.textContent('#checkpoint')) ?? '', /^Checkpoint \d+, proven$/);
  await shoot('light');

  await page.reload();
  await waitForState('floor plan.txt', 'stored');
  assert.equal((await titles()).length, 3);
  const shift = await page.evaluate(
    () =>
      new Promise((done) => {
        new PerformanceObserver((list) =>
          done(list.getEntries().reduce((sum, entry) => sum + /** @type {any} */ (entry).value, 0)),
        ).observe({ type: 'layout-shift', buffered: true });
        setTimeout(() => done(0), 300);
      }),
  );
  assert.ok(/** @type {number} */ (shift) < 0.05, `the page jumped by ${shift}`);
});

step('the service worker keeps every file that the page uses', async () => {
  const used = await page.evaluate(() =>
    performance.getEntriesByType('resource').map(({ name }) => new URL(name).pathname),
  );
  const kept = await page.evaluate(async () => {
    const names = (await caches.keys()).filter((name) => name.startsWith('drawer-'));
    const requests = await Promise.all(names.map(async (n) => (await caches.open(n)).keys()));
    return requests.flat().map(({ url }) => new URL(url).pathname);
  });
  const files = used.filter((path) => /\.(m?js|css|svg|wasm)$/.test(path));
  assert.deepEqual(
    files.filter((path) => !kept.includes(path)),
    [],
  );
  assert.ok(kept.includes('/') && kept.some((path) => path.endsWith('.wasm')));
  const page404 = (await readdir(join(root, 'examples/drawer'))).filter(
    (name) => /\.(js|css|svg)$/.test(name) && name !== 'sw.js' && !kept.includes(`/${name}`),
  );
  assert.deepEqual(page404, []);
});

step('R1 R2: with the server killed the page opens, answers and takes edits', async () => {
  await waitForLook('synced');
  syncedRoot = (await rootOf()) ?? '';
  desk.mayMissServer = true;
  await server.kill9();

  await page.reload();
  await waitForState('floor plan.txt', 'stored');
  await waitForLook('offline');
  assert.equal(await rootOf(), syncedRoot);
  assert.equal((await titles()).length, 3);

  await rewriteNote('Paint for the hall', 'Sage, two coats.');
  assert.notEqual(await rootOf(), syncedRoot);
  await page.click(noteOf('To be thrown away'));
  await page.click('#note-delete');
  await page.locator(noteOf('To be thrown away')).waitFor({ state: 'detached' });
  await writeNote('Written in a tunnel', 'No bars at all.');
  await addFiles([file('tunnel.txt', 'echo')]);
  await waitForState('tunnel.txt', 'queued');
  await page.locator('#status-words').filter({ hasText: 'Your edits are kept here' }).waitFor();
  await shoot('offline');
  assert.notEqual(await rootOf(), syncedRoot);
});

step(
  'R1: what was edited offline is there after a reload, and after the browser ended',
  async () => {
    const edited = await rootOf();
    await page.reload();
    await waitForState('tunnel.txt', 'queued');
    assert.equal(await rootOf(), edited);

    await desk.close();
    page = await desk.open();
    await page.goto(server.url);
    await waitForState('tunnel.txt', 'queued');
    assert.equal(await rootOf(), edited);
    assert.deepEqual((await titles()).sort(), [
      'Paint for the hall',
      'Reading list',
      'Written in a tunnel',
    ]);
  },
);

step('R2: entries and states are read without a request', async () => {
  await waitForLook('offline');
  const before = desk.requests.length;
  await page.click('#hood summary');
  await page.fill('#prefix', '/queue/');
  await page.locator('#entries tr').first().waitFor();
  assert.match((await page.locator('#entries th').first().textContent()) ?? '', /^\/queue\/b/);
  await page.fill('#prefix', '/blob/');
  await page
    .locator('#entries th')
    .filter({ hasText: /^\/blob\/z/ })
    .first()
    .waitFor();
  await shoot('under-the-hood');
  await page.click('#hood summary');
  await page.click(`${fileOf('floor plan.txt')} .plain`);
  await page.locator('#file-dialog[open]').waitFor();
  await page.keyboard.press('Escape');
  assert.deepEqual(desk.requests.slice(before), []);
});

step('the copy kept here is the fallback while the service is away', async () => {
  await page.click(`${fileOf('floor plan.txt')} .plain`);
  await page.click('#file-fetch');
  await page
    .locator('#verified[data-from=device]')
    .filter({ hasText: /copy kept here/ })
    .waitFor();
  await page.keyboard.press('Escape');
});

step('R16: a file whose bytes the service awaits is pending, and says so', async () => {
  await page
    .context()
    .route('**', (route) =>
      route.request().method() === 'PUT' ? route.abort() : route.continue(),
    );
  await server.start();
  await page.click('#sync');
  await waitForState('tunnel.txt', 'pending');
  const row = page.locator(fileOf('tunnel.txt'));
  assert.equal(await row.locator('.chip').textContent(), 'Pending: put');
  assert.match((await row.locator('.words').textContent()) ?? '', /awaits the bytes/);
  await shoot('pending');
  await page.context().unroute('**');
});

step('R15 R16 R17: the receipts that a sync brings change the states', async () => {
  await page.click('#sync');
  await waitForState('tunnel.txt', 'stored');
  await waitForLook('synced');
  desk.mayMissServer = false;
  assert.notEqual(await rootOf(), syncedRoot);

  await addFiles([file('slides.txt', Buffer.alloc(CAPACITY - 100_000, 'a'))]);
  await waitForState('slides.txt', 'stored');
  await addFiles([file('film.txt', Buffer.alloc(CAPACITY / 2, 'b'))]);
  await waitForState('film.txt', 'failed');
  const words = await page.locator(`${fileOf('film.txt')} .words`).textContent();
  assert.match(words ?? '', /^The service declined: \S/);
  await waitForLook('synced');
  await page.emulateMedia({ colorScheme: 'dark' });
  await shoot('dark');
});

step('R17: bytes come back from the location that the service committed itself to', async () => {
  await page.click(`${fileOf('tunnel.txt')} .plain`);
  const before = desk.requests.length;
  await page.click('#file-fetch');
  await page
    .locator('#verified[data-from=service]')
    .filter({ hasText: /^Verified/ })
    .waitFor();
  const location = await page.locator('#file-facts dt:text-is("Location") + dd code').textContent();
  assert.ok(location?.startsWith(server.url), `${location} is the server's`);
  assert.ok(desk.requests.slice(before).includes(`GET ${location}`), 'it was asked');
  assert.equal(await page.locator('#preview pre').textContent(), 'echo');
  await shoot('details', page, false);
  await page.emulateMedia({ colorScheme: 'light' });

  const [download] = await Promise.all([page.waitForEvent('download'), page.click('#file-save')]);
  assert.equal(await readFile(await download.path(), 'utf8'), 'echo');
  await page.keyboard.press('Escape');
});

step('R1 R3: a second device that is given a delegation sees the same root', async () => {
  other = await phone.open();
  await other.setViewportSize({ width: 360, height: 740 });
  await other.goto(server.url);
  await other.click('#take-details summary');
  const did = await other.locator('#take [data-own-did]').textContent();
  await shoot('take-over', other);

  await page.click('#open-share');
  await page.fill('#audience', did ?? '');
  await page.click('#make-delegation');
  await page.locator('#delegation-part').waitFor();
  const delegation = await page.inputValue('#delegation');
  await shoot('devices', page, false);
  await page.click('#share-dialog [data-close]');
  await sync();

  await other.fill('#take-text', delegation);
  await other.fill('#take-name', 'Study (phone)');
  await other.click('#take .strong');
  await other.locator(bodyOf('drawer')).waitFor();
  await waitForState('tunnel.txt', 'stored', other);
  await waitForLook('synced', other);
  await sync();
  await sync(other);
  assert.equal(await rootOf(other), await rootOf());
  assert.deepEqual((await titles(other)).sort(), (await titles()).sort());
  await shoot('mobile', other);
  const width = await other.evaluate(() => document.documentElement.scrollWidth);
  assert.equal(width, 360, 'nothing is wider than the screen');

  await other.click(`${fileOf('tunnel.txt')} .plain`);
  await other.click('#file-fetch');
  await other.locator('#verified[data-from=service]').waitFor();
  await shoot('mobile-details', other, false);
  await other.keyboard.press('Escape');
});

step('R15: what the user writes under /blob/ is not recognised as a commitment', async () => {
  await page.click(`${fileOf('film.txt')} .plain`);
  await page.locator('#file-dialog[open] #file-name:text-is("film.txt")').waitFor();
  const text = await page.locator('#file-facts dt:text-is("Multihash") + dd code').textContent();
  await page.keyboard.press('Escape');
  await page.evaluate(async (multihash) => {
    const { Agent } = await import(`${location.origin}/freehold/index.js`);
    const agent = await Agent.open({ name: 'drawer' }); // as another tab would
    const space = await agent.openSpace(localStorage.getItem('drawer.open'));
    await space.put(`/blob/${multihash}`, { 'did:web:localhost': 'stored, believe me' });
    agent.close();
  }, text);
  await waitForState('film.txt', 'unrecognised');
  await sync();
  await waitForState('film.txt', 'unrecognised');
});

step('R1: two devices that change one note keep both versions, and a user settles it', async () => {
  phone.mayMissServer = true;
  await phone.context.setOffline(true);
  await waitForLook('offline', other);
  await rewriteNote('Reading list', 'The phone was here.', other);
  await rewriteNote('Reading list', 'The desk was here.');
  await sync();
  await phone.context.setOffline(false);
  await sync(other);
  phone.mayMissServer = false;

  await sync();
  const conflict = page.locator('.conflict');
  await conflict.waitFor();
  assert.match((await conflict.textContent()) ?? '', /The note “Reading list”/);
  assert.match((await conflict.textContent()) ?? '', /The phone was here\./);
  assert.match((await conflict.textContent()) ?? '', /The desk was here\./);
  await shoot('conflict');
  await conflict.getByText('Keep the other').click();
  await conflict.waitFor({ state: 'detached' });
  await page.locator(noteOf('Reading list')).filter({ hasText: 'The phone was here.' }).waitFor();
  await sync();
  await sync(other);
  assert.equal(await other.locator('.conflict').count(), 0);
  assert.equal(await rootOf(other), await rootOf());
});

step('a second drawer is its own, and its recovery key opens it elsewhere', async () => {
  await page.click('#add-drawer');
  await page.fill('#drawer-name', 'Workshop');
  await page.click('#create button');
  await page.locator('#key-dialog[open]').waitFor();
  const key = (await page.locator('#recovery-key').textContent()) ?? '';
  await page.check('#key-kept');
  await page.click('#key-dialog [value=kept]');
  await page.locator('#no-notes').waitFor();
  await writeNote('Glue', 'Out of it.');
  await sync();

  await other.click('#add-drawer');
  await other.locator('summary', { hasText: 'recovery key' }).click();
  await other.fill('#recover-key', key);
  await other.click('#recover .strong');
  await other.locator(noteOf('Glue')).waitFor();
  await sync(other);
  await sync();
  assert.equal(await rootOf(other), await rootOf());

  await page.selectOption('#drawers', { label: 'Study' });
  await page.locator(noteOf('Reading list')).waitFor();
  assert.equal(await page.locator(noteOf('Glue')).count(), 0);
  await waitForLook('synced');
});

step('a new version of the page is offered, and comes as a whole', async () => {
  const style = join(www, 'style.css');
  await writeFile(style, `${await readFile(style, 'utf8')}\nbody { --version: two; }\n`);
  const version = () =>
    page.evaluate(() => getComputedStyle(document.body).getPropertyValue('--version'));
  await page.reload();
  await page.locator('#update').waitFor();
  assert.equal(await version(), '');
  await page.click('#reload');
  await page.locator(bodyOf('drawer')).waitFor();
  assert.equal(await version(), 'two');
});

step('no page wrote an error to its console', () => {
  assert.deepEqual(desk.errors, []);
  assert.deepEqual(phone.errors, []);
});

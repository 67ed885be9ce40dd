/** Two pages in a real browser, each with its own storage, over a real server: nobody polls. */
import assert from 'node:assert/strict';
import test, { after, before } from 'node:test';

import { launch, serveFiles } from '../support/js/browser.js';
import { startServer } from '../support/js/server.js';

/** @type {any} */ let files;
/** @type {any} */ let browser;
/** @type {any} */ let server;

before(async () => {
  files = await serveFiles();
  browser = await launch();
  server = await startServer();
});
after(async () => {
  await browser?.close();
  await server?.close();
  files?.close();
});

/** A tab with the package; `requests` are its POSTs to the server. */
async function openTab(context) {
  const page = await context.newPage();
  const errors = [];
  const requests = [];
  page.on('pageerror', (error) => errors.push(error));
  page.on('request', (request) => {
    if (request.method() === 'POST') requests.push(request.url());
  });
  await page.goto(files.url);
  await page.evaluate(async () => {
    const [{ Agent }, { live, watch }] = await Promise.all([
      import('/js/index.js'),
      import('/js/watch.js'),
    ]);
    const agent = await Agent.open();
    const [info] = await agent.spaces();
    const space = info && (await agent.openSpace(info.did));
    Object.assign(globalThis, { agent, space, live, watch, events: [], failures: [] });
    globalThis.use = (opened) => {
      globalThis.space = opened;
      opened.subscribe((event) => events.push(event.type));
    };
    globalThis.keep = () => {
      const ender = new AbortController();
      const onError = (error) => failures.push(error.code);
      const kept = live(globalThis.space, { signal: ender.signal, onError });
      globalThis.stop = () => (ender.abort(), kept);
    };
    if (space) use(space);
  });
  return { page, errors, requests };
}

const until = async (condition) => {
  const end = Date.now() + 20_000;
  while (!(await condition())) {
    assert.ok(Date.now() < end, `waited for ${condition}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
};
const get = (tab, key) => tab.page.evaluate((name) => space.get(name), key);
const put = (tab, key, value) =>
  tab.page.evaluate(([name, data]) => space.put(name, data), [key, value]);

/** A space on two devices, in contexts of their own, synced once. */
async function newPair() {
  const contexts = [await browser.newContext(), await browser.newContext()];
  const [here, there] = await Promise.all(contexts.map(openTab));
  const did = await there.page.evaluate(() => agent.did);
  const text = await here.page.evaluate(
    async ([url, other]) => {
      const made = await agent.createSpace({ name: 'drawer' });
      use(made.space);
      await space.put('/n', 0);
      await space.sync(url);
      return space.share(other);
    },
    [server.url, did],
  );
  await there.page.evaluate(
    async ([url, delegation]) => {
      use(await agent.importDelegation(delegation));
      await space.sync(url);
    },
    [server.url, text],
  );
  return { contexts, here, there };
}

test('an edit in one page is an event in the other, and then its value', async () => {
  const { contexts, here, there } = await newPair();
  await there.page.evaluate(() => keep());
  await here.page.evaluate(() => keep());
  for (let i = 1; i <= 3; i += 1) {
    await put(here, '/n', i);
    await until(async () => (await get(there, '/n')) === i);
    await put(there, '/m', i);
    await until(async () => (await get(here, '/m')) === i);
  }
  const roots = () => Promise.all([here, there].map(({ page }) => page.evaluate(() => space.root)));
  await until(async () => new Set(await roots()).size === 1);
  const events = await there.page.evaluate(() => events);
  assert.ok(events.filter((type) => type === 'sync').length >= 3);
  const posts = here.requests.length + there.requests.length;
  await new Promise((resolve) => setTimeout(resolve, 1500));
  assert.equal(here.requests.length + there.requests.length, posts, 'nobody polls');
  for (const { page, errors } of [here, there]) {
    assert.deepEqual(await page.evaluate(() => failures), []);
    await page.evaluate(() => stop());
    assert.deepEqual(errors, []);
  }
  for (const context of contexts) await context.close();
});

test('a page hears of each checkpoint, and of those after the server was away', async () => {
  const { contexts, here, there } = await newPair();
  await there.page.evaluate(() => {
    globalThis.heard = [];
    globalThis.ender = new AbortController();
    globalThis.listening = (async () => {
      for await (const { seq } of watch(space, { signal: ender.signal })) heard.push(seq);
    })();
  });
  const heard = () => there.page.evaluate(() => heard);
  await until(async () => (await heard()).length === 1);
  const [first] = await heard();
  const edit = (value) =>
    here.page.evaluate(async (data) => (await space.put('/n', data), space.sync()), value);
  await edit(1);
  await until(async () => (await heard()).length === 2);
  await server.stop();
  await server.start();
  await edit(2);
  await until(async () => (await heard()).length === 3);
  assert.deepEqual(await heard(), [first, first + 1, first + 2]);
  await there.page.evaluate(() => (ender.abort(), listening));
  assert.deepEqual(there.errors, []);
  for (const context of contexts) await context.close();
});

test('of two tabs one keeps the space in sync; when it is closed, the other does', async () => {
  const { contexts, here, there } = await newPair();
  const second = await openTab(contexts[1]);
  await there.page.evaluate(() => keep());
  await put(here, '/n', 'first');
  await here.page.evaluate(() => space.sync());
  await until(async () => (await get(there, '/n')) === 'first');
  await second.page.evaluate(() => keep());
  await until(async () => (await get(second, '/n')) === 'first');
  await put(second, '/from/second', 1);
  await until(() =>
    there.page.evaluate(async () => !space.isAhead && (await space.get('/from/second')) === 1),
  );
  assert.equal(second.requests.length, 0, 'the first tab does it for both');
  await there.page.close();
  await put(here, '/n', 'second');
  await here.page.evaluate(() => space.sync());
  await until(async () => (await get(second, '/n')) === 'second');
  assert.equal(await get(here, '/from/second'), 1);
  assert.deepEqual(second.errors, []);
  for (const context of contexts) await context.close();
});

/** Both stores in a real browser: what was committed is there after a reload, and in other tabs. */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { after, before } from 'node:test';

import { launch, launchWithProfile, serveFiles } from '../support/js/browser.js';

/** @type {Awaited<ReturnType<typeof serveFiles>>} */
let files;
/** @type {import('playwright-core').Browser} */
let browser;

before(async () => {
  files = await serveFiles();
  browser = await launch();
});
after(async () => {
  await browser?.close();
  files?.close();
});

/** A tab with the package as `freehold`, and an agent over the store. */
async function openTab(context, store) {
  const page = await context.newPage();
  page.on('pageerror', (error) => assert.fail(error));
  await loadInto(page, store);
  return page;
}

async function loadInto(page, store) {
  await page.goto(files.url);
  await page.evaluate(async (kind) => {
    const { Agent, FreeholdError } = await import('/js/index.js');
    const { openIdbfs } = await import('/tests/support/js/idbfs-pack-store.js');
    const store = kind === 'idbfs' ? await openIdbfs('default') : kind;
    const agent = await Agent.open({ store });
    const [info] = await agent.spaces();
    const space = info && (await agent.openSpace(info.did));
    const codeOf = (promise) =>
      promise.then(
        () => 'ok',
        (error) => error.code,
      );
    Object.assign(globalThis, { Agent, FreeholdError, agent, space, codeOf, events: [] });
    space?.subscribe((event) => events.push(event.type));
  }, store);
}

/** Waits for what other tabs are told of a little later. */
async function until(condition) {
  const end = Date.now() + 5000;
  while (!(await condition())) {
    assert.ok(Date.now() < end, 'waited for 5 s');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

for (const store of ['indexeddb', 'idbfs']) {
  test(`${store}: a space survives a reload, with the agent's key and files`, async () => {
    const context = await browser.newContext();
    const page = await openTab(context, store);
    const made = await page.evaluate(async () => {
      const { space, recoveryKey } = await agent.createSpace({ name: 'drawer' });
      const changes = Array.from({ length: 3000 }, (_, i) => ({ key: `/n/${i}`, value: { i } }));
      await space.batch(changes);
      await space.put('/large', 'x'.repeat(100_000));
      const { text } = await space.add(new File(['hello'], 'hello.txt'), { key: '/files/hello' });
      return { did: agent.did, root: space.root, recoveryKey, text };
    });
    await loadInto(page, store);
    const found = await page.evaluate(async () => {
      const keys = [];
      for await (const { text } of space.entries({ prefix: '/n/' })) keys.push(text);
      const about = await space.get('/files/hello');
      const file = await space.fetch(about.blob);
      return {
        did: agent.did,
        root: space.root,
        name: space.name,
        count: keys.length,
        large: (await space.get('/large')).length,
        file: await file.text(),
        value: await space.get('/n/2999'),
      };
    });
    assert.deepEqual(found, {
      did: made.did,
      root: made.root,
      name: 'drawer',
      count: 3000,
      large: 100_000,
      file: 'hello',
      value: { i: 2999 },
    });
    await context.close();
  });

  test(`${store}: many small commits are compacted, and nothing is lost`, async () => {
    const context = await browser.newContext();
    const page = await openTab(context, store);
    await page.evaluate(async () => {
      const { space } = await agent.createSpace({ name: 'drawer' });
      const all = Array.from({ length: 1000 }, (_, i) => ({
        key: `/n/${i}`,
        value: 'v'.repeat(200),
      }));
      await space.batch(all);
      for (let i = 0; i < 200; ++i) await space.put(`/n/${(i * 37) % 1000}`, `changed ${i}`);
      globalThis.space = space;
    });
    const root = await page.evaluate(() => space.root);
    await loadInto(page, store);
    const { count, after } = await page.evaluate(async () => {
      let count = 0;
      for await (const { value } of space.entries()) if (value.startsWith('changed')) count += 1;
      return { count, after: space.root };
    });
    assert.equal(after, root);
    assert.equal(count, 200);
    if (store === 'indexeddb') {
      const bytes = await page.evaluate(async () => {
        const db = await new Promise((resolve) => {
          const request = indexedDB.open('freehold/default');
          request.onsuccess = () => resolve(request.result);
        });
        const packs = await new Promise((resolve) => {
          const request = db.transaction('packs').objectStore('packs').getAll();
          request.onsuccess = () => resolve(request.result);
        });
        db.close();
        return { packs: packs.length, bytes: packs.reduce((sum, pack) => sum + pack.length, 0) };
      });
      assert.ok(bytes.packs < 50, `${bytes.packs} packs`);
      assert.ok(bytes.bytes < 2 * 250_000 + 600_000, `${bytes.bytes} bytes`);
    }
    await context.close();
  });

  test(`${store}: two tabs edit one space, and no edit is lost`, async () => {
    const context = await browser.newContext();
    const first = await openTab(context, store);
    await first.evaluate(async () => void (await agent.createSpace({ name: 'drawer' })));
    await loadInto(first, store);
    const second = await openTab(context, store);
    const edit = (page, name) =>
      page.evaluate(async (by) => {
        for (let i = 0; i < 20; ++i) await space.put(`/${by}/${i}`, i);
      }, name);
    await Promise.all([edit(first, 'first'), edit(second, 'second')]);
    for (const page of [first, second]) {
      await until(
        async () => (await page.evaluate(async () => (await space.weight()).entries)) === 40,
      );
    }
    const roots = await Promise.all([first, second].map((page) => page.evaluate(() => space.root)));
    assert.equal(roots[0], roots[1]);
    assert.ok((await first.evaluate(() => events)).includes('remote'));
    await context.close();
  });
}

test('the key is held by WebCrypto, which does not give it out', async () => {
  const context = await browser.newContext();
  const page = await openTab(context, 'indexeddb');
  const key = await page.evaluate(async () => {
    const db = await new Promise((resolve) => {
      const request = indexedDB.open('freehold/default');
      request.onsuccess = () => resolve(request.result);
    });
    const kept = await new Promise((resolve) => {
      const request = db.transaction('meta').objectStore('meta').get('key');
      request.onsuccess = () => resolve(request.result);
    });
    db.close();
    const { privateKey } = kept.pair;
    return { extractable: privateKey.extractable, name: privateKey.algorithm.name };
  });
  assert.deepEqual(key, { extractable: false, name: 'Ed25519' });
  await context.close();
});

test('a database with records of another format is refused by name, and left alone', async () => {
  const context = await browser.newContext();
  const page = await openTab(context, 'indexeddb');
  const told = await page.evaluate(async () => {
    agent.close();
    const made = await new Promise((resolve) => {
      const request = indexedDB.open('freehold/later', 9);
      request.onsuccess = () => resolve(request.result);
    });
    made.close();
    const open = () => Agent.open({ name: 'later' });
    const errors = [await open().catch((error) => error), await open().catch((error) => error)];
    return errors.map(({ code, message }) => `${code}: ${message}`);
  });
  const error = 'OtherFormat: freehold/later: format 9 instead of 1';
  assert.deepEqual(told, [error, error]);
  await context.close();
});

test('what was acknowledged is there after the browser is killed', async () => {
  const profile = await mkdtemp(join(tmpdir(), 'freehold-'));
  try {
    const doomed = await launchWithProfile(profile);
    const page = await openTab(doomed, 'indexeddb');
    const root = await page.evaluate(async () => {
      const { space } = await agent.createSpace({ name: 'drawer' });
      for (let i = 0; i < 10; ++i) await space.put(`/${i}`, i);
      return space.root;
    });
    const crash = doomed.newPage().then((other) => other.goto('chrome://crash').catch(() => {}));
    await crash;
    await doomed.close();

    const again = await launchWithProfile(profile);
    const later = await openTab(again, 'indexeddb');
    assert.equal(await later.evaluate(() => space.root), root);
    await again.close();
  } finally {
    await rm(profile, { recursive: true, force: true });
  }
});

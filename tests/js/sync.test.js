/** The package against our server: what syncs, what is refused, what survives failures. */
import assert from 'node:assert/strict';
import { createServer, request as httpRequest } from 'node:http';
import test from 'node:test';

import { collect, newDevice, newSpace, rejects, shareWith } from '../support/js/package.js';
import { startServer } from '../support/js/server.js';

/** A way to the server that can be told to lose what the server answers, or to change it. */
async function startProxy(target) {
  const proxy = { lose: 0, posts: 0, change: (/** @type {Buffer} */ body) => body };
  const server = createServer((request, response) => {
    const { method, url, headers } = request;
    const onward = httpRequest(new URL(url ?? '/', target), { method, headers }, async (answer) => {
      const parts = await collect(answer);
      if (method === 'POST') {
        proxy.posts += 1;
        if (proxy.lose > 0) {
          proxy.lose -= 1;
          response.destroy();
          return;
        }
      }
      const body = method === 'GET' && url?.startsWith('/.well') ? Buffer.concat(parts) : undefined;
      response.writeHead(answer.statusCode ?? 500, {
        'content-type': answer.headers['content-type'],
      });
      response.end(body ?? proxy.change(Buffer.concat(parts)));
    });
    request.pipe(onward);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(undefined)));
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  const close = () => (server.closeAllConnections(), server.close());
  return Object.assign(proxy, { url: `http://127.0.0.1:${port}`, close });
}

test('the package syncs with a server', async (t) => {
  const server = await startServer();
  t.after(() => server.close());

  await t.test('R10 R12: a lazy device reads what it is asked for, then all', async () => {
    const { space } = await newSpace();
    const name = (/** @type {number} */ i) => `/n/${String(i).padStart(5, '0')}`;
    const value = 'v'.repeat(300);
    await space.batch(Array.from({ length: 5000 }, (_, i) => ({ key: name(i), value })));
    await space.put('/large', value.repeat(100));
    await space.sync(server.url);

    const proxy = await startProxy(server.url);
    t.after(() => proxy.close());
    const other = await shareWith(space);
    await other.put('/mine', 'before the first sync');
    await other.sync(proxy.url, { lazy: true });
    assert.equal(other.isWhole, false);
    const before = proxy.posts;
    assert.equal(await other.get(name(4321)), value);
    assert.equal(await other.get('/large'), value.repeat(100));
    assert.equal(await other.get('/absent'), undefined);
    assert.ok(proxy.posts - before <= 3, `${proxy.posts - before} round trips`);
    await other.put(name(1234), 'changed');
    await other.sync(undefined, { lazy: true });
    assert.equal(other.isWhole, false);
    await other.sync();
    assert.equal(other.isWhole, true);
    await space.sync();
    assert.equal(other.root, space.root);
    assert.equal(await space.get(name(1234)), 'changed');
    proxy.close(); // all is here
    assert.equal((await collect(other.entries({ prefix: '/n/' }))).length, 5000);
  });

  await t.test('a space that is closed during a sync says so', async () => {
    const { space } = await newSpace();
    await space.put('/notes/1', 'one');
    const sync = space.sync(server.url);
    const edit = space.put('/notes/2', 'two');
    space.close();
    await rejects(sync, 'Closed');
    await edit.catch((error) => assert.equal(error.code, 'Closed'));
  });

  await t.test('edits go there and come to another device, proven', async () => {
    const { space } = await newSpace();
    await space.put('/notes/1', { text: 'one' });
    const first = await space.sync(server.url);
    assert.equal(first.proven, true);
    assert.equal(first.seq, 1);
    assert.equal(space.isAhead, false);
    assert.deepEqual(space.service, { url: `${server.url}/`, did: server.did, key: server.didKey });

    const other = await shareWith(space);
    const second = await other.sync(server.url);
    assert.equal(other.root, space.root);
    assert.equal(second.proven, true);
    assert.equal(second.seq, 1, 'a sync that changes nothing makes no checkpoint');
    assert.deepEqual(await other.get('/notes/1'), { text: 'one' });

    // What proves it outlasts its entry: it does not come with each answer.
    const delegations = () => collect(space.entries({ prefix: '/delegation/' }));
    const [given] = await delegations();
    await other.delete(given.key);
    for (const each of [other, space, other, space]) {
      assert.equal((await each.sync(server.url)).proven, true);
    }
    const [again] = await delegations(); // the other device gives the right anew
    assert.notDeepEqual(again.key, given.key);
  });

  await t.test('R9: both sides edit; what collides is kept as a conflict', async () => {
    const { space } = await newSpace();
    await space.batch([
      { key: '/a', value: 1 },
      { key: '/b', value: 1 },
      { key: '/c', value: 1 },
    ]);
    await space.sync(server.url);
    const other = await shareWith(space);
    await other.sync(server.url);

    await space.batch([{ key: '/a', value: 'left' }, { key: '/b', value: 2 }, { key: '/c' }]);
    await other.batch([
      { key: '/a', value: 'right' },
      { key: '/d', value: 4 },
      { key: '/c', value: 3 },
    ]);
    await space.sync();
    const merged = await other.sync();
    assert.equal(merged.conflicts.length, 2);
    await space.sync();
    assert.equal(space.root, other.root);
    assert.equal(await space.get('/a'), 'left', 'the authority had it first');
    assert.equal(await space.get('/b'), 2);
    assert.equal(await space.get('/c'), 3, 'an edit beats a delete');
    assert.equal(await space.get('/d'), 4);
    const lost = (await collect(space.entries({ prefix: '/conflict/' }))).map(
      ({ value }) => value.lost,
    );
    assert.equal(
      lost.some((each) => each.value === 'right'),
      true,
    );
  });

  await t.test('files go up, and can be fetched on another device', async () => {
    const { space } = await newSpace();
    await space.connect(server.url);
    const contents = new Uint8Array(300_000).map((_, i) => (i * 31) % 251);
    const added = await space.add(contents, { key: '/files/a', name: 'a', meta: { tag: 'x' } });
    assert.deepEqual(
      (await space.blobs()).map(({ state }) => state),
      ['queued'],
    );
    const result = await space.sync();
    assert.deepEqual(result.failed, []);
    assert.deepEqual(result.uploaded, [added.multihash]);
    const [status] = await space.blobs();
    assert.equal(status.state, 'stored', status.reason);
    assert.equal(status.size, contents.length);

    const other = await shareWith(space);
    await other.sync(server.url);
    const { blob } = await other.get('/files/a');
    const fetched = await other.fetch(blob);
    assert.deepEqual(new Uint8Array(await fetched.arrayBuffer()), contents);

    const again = await space.add(contents);
    assert.deepEqual(again.multihash, added.multihash);
    assert.deepEqual((await space.sync()).uploaded, [], 'the service has it');
  });

  await t.test('a file that was added before the service was known goes up as well', async () => {
    const { space } = await newSpace();
    await Promise.all([1, 2, 3, 4, 5].map((i) => space.add(new Uint8Array(1000).fill(i))));
    const { uploaded } = await space.sync(server.url);
    assert.equal(uploaded.length, 5);
    assert.ok((await space.blobs()).every(({ state }) => state === 'stored'));
  });

  await t.test('syncs that are called at once run one after the other', async () => {
    const { space } = await newSpace();
    await space.connect(server.url);
    const all = Array.from({ length: 10 }, async (_, i) => {
      await space.put(`/${i}`, i);
      await space.sync();
    });
    await Promise.all(all);
    const other = await shareWith(space);
    await other.sync(server.url);
    assert.equal(other.root, space.root);
  });

  await t.test('edits made while a sync is under way are kept', async () => {
    const { space } = await newSpace();
    await space.sync(server.url);
    for (let i = 0; i < 5; ++i) {
      await space.put(`/sent/${i}`, i);
      const syncing = space.sync();
      await space.put(`/meanwhile/${i}`, i);
      await syncing;
    }
    await space.sync();
    assert.equal((await collect(space.entries({ prefix: '/sent/' }))).length, 5);
    assert.equal((await collect(space.entries({ prefix: '/meanwhile/' }))).length, 5);
  });

  await t.test('more than one sync can carry goes in several', async () => {
    const { space } = await newSpace();
    const changes = Array.from({ length: 25_000 }, (_, i) => ({ key: `/n/${i}`, value: i }));
    await space.batch(changes);
    await space.sync(server.url);
    const other = await shareWith(space);
    await other.sync(server.url);
    assert.ok((await other.weight()).entries > 25_000);
    assert.equal(other.root, space.root);
  });

  await t.test('R27: a lost answer is asked for again, and nothing happens twice', async () => {
    const proxy = await startProxy(server.url);
    try {
      const { space } = await newSpace();
      await space.sync(proxy.url);
      await space.add(new Uint8Array(10).fill(1), { key: '/file' });
      proxy.lose = 1;
      await rejects(space.sync(), 'Offline');
      await space.delete('/file');
      proxy.lose = 1;
      await rejects(space.sync(), 'Offline');
      await space.sync();
      assert.equal(await space.get('/file'), undefined);
      assert.deepEqual(
        (await space.blobs()).map(({ state }) => state),
        ['stored'],
      );
      assert.deepEqual(await collect(space.entries({ prefix: '/conflict/' })), []);
    } finally {
      proxy.close();
    }
  });

  await t.test('a server that was killed is Offline; afterwards all goes on', async () => {
    const { space } = await newSpace();
    await space.sync(server.url);
    await server.kill9();
    await space.add(new Uint8Array(100).fill(9), { key: '/file' });
    await rejects(space.sync(), 'Offline');
    assert.equal(space.isAhead, true);
    await server.start();
    await space.sync();
    assert.deepEqual(
      (await space.blobs()).map(({ state }) => state),
      ['stored'],
    );
  });

  await t.test('an answer that was tampered with changes nothing', async () => {
    const proxy = await startProxy(server.url);
    try {
      const { space } = await newSpace();
      await space.put('/a', 1);
      await space.connect(proxy.url);
      const text = 'freehold-is-here';
      for (const change of [
        (body) => body.subarray(0, body.length - 1),
        (body) => Buffer.concat([body, Buffer.from([0])]),
        (body) => Buffer.from(body.map((byte, i) => (i === body.length - 100 ? byte ^ 1 : byte))),
        () => Buffer.from(text),
        () => Buffer.alloc(0),
      ]) {
        proxy.change = change;
        const { seq } = space;
        await rejects(space.sync(), 'Malformed');
        assert.equal(space.seq, seq);
        assert.equal(await space.get('/a'), 1);
      }
      proxy.change = (body) => body;
      await space.sync();
    } finally {
      proxy.close();
    }
  });

  await t.test('bytes that are not those promised are refused', async (sub) => {
    const { space } = await newSpace();
    const { multihash } = await space.add(new Uint8Array(5000).fill(5));
    await space.sync(server.url);
    assert.equal((await space.fetch(multihash, { local: false })).size, 5000);
    sub.mock.method(globalThis, 'fetch', async () => new Response(new Uint8Array(5000)));
    await rejects(space.fetch(multihash, { local: false }), 'Corrupt');
  });

  await t.test('a service that shows another key than before is not believed', async () => {
    const { space } = await newSpace();
    await space.sync(server.url);
    const impostor = await startServer();
    try {
      await rejects(space.sync(impostor.url), 'ServiceChanged');
    } finally {
      await impostor.close();
    }
  });

  await t.test('who may not write the space is told so', async () => {
    const { space } = await newSpace();
    await space.sync(server.url);
    const agent = await newDevice();
    const reader = await agent.importDelegation(
      await space.share(agent.did, { can: ['space/info'] }),
    );
    await reader.put('/mine', 1);
    await rejects(reader.sync(server.url), 'Unauthorized');
  });

  await t.test('what is no service is told apart', async (sub) => {
    const { space } = await newSpace();
    await rejects(space.connect('http://127.0.0.1:9'), 'Offline');
    sub.mock.method(globalThis, 'fetch', async () => new Response('no', { status: 404 }));
    await rejects(space.connect(server.url), 'HttpError');
    sub.mock.method(globalThis, 'fetch', async () => Response.json({ id: 'did:web:x' }));
    await rejects(space.connect(server.url), 'ProtocolError');
    assert.equal(space.service, undefined);
  });
});

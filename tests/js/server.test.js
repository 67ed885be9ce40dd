/** What every test with a server stands on: it starts, ends, and comes back as the same service. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startServer } from '../support/js/server.js';

test('P2: a server tells where it answers and as whom', async () => {
  const server = await startServer();
  try {
    assert.match(server.url, /^http:\/\/127\.0\.0\.1:\d+/);
    assert.equal(server.did, 'did:web:localhost');
    assert.equal((await server.signer()).toDIDKey(), server.didKey);
    const response = await fetch(new URL('/.well-known/did.json', server.url));
    const document = /** @type {any} */ (await response.json());
    assert.equal(document.id, server.did);
  } finally {
    await server.close();
  }
});

test('X1: a server comes back after a kill -9 and after a stop, as the same service', async () => {
  const server = await startServer();
  try {
    const { url, didKey, pid } = server;
    await server.kill9();
    assert.equal(server.pid, undefined);
    await server.restart();
    assert.deepEqual([server.url, server.didKey], [url, didKey]);
    assert.notEqual(server.pid, pid);
    await server.stop();
    await assert.rejects(fetch(url));
    await server.restart();
    assert.equal(server.didKey, didKey);
  } finally {
    await server.close();
  }
});

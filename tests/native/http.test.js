/** What HTTP answers to what is wrong (docs: protocol.md 3.3), and that the server lives on. */
import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { encode } from '@ipld/dag-cbor';
import { CAR } from '@ucanto/core';
import { ed25519 } from '@ucanto/principal';
import { CID } from 'multiformats/cid';
import { sha256 } from 'multiformats/hashes/sha2';
import { startServer } from '../support/js/server.js';
import * as peer from '../support/js/ucan-peer.js';

const CAR_TYPE = 'application/vnd.ipld.car';
const VERSION = 'ucanto/message@7.0.0';

/** @type {any} */
let server;
/** @type {any} */
let agent;
before(async () => {
  server = await startServer();
  agent = await ed25519.generate();
});
after(() => server.close());

const blockOf = async (/** @type {any} */ value) => {
  const bytes = encode(value);
  return { cid: CID.createV1(0x71, await sha256.digest(bytes)), bytes };
};
const carOf = (/** @type {any[]} */ roots, /** @type {any[]} */ blocks) =>
  CAR.encode({ roots, blocks: new Map(blocks.map((block, i) => [`${i}`, block])) });
const post = (/** @type {any} */ body, headers = {}) =>
  fetch(server.url, {
    method: 'POST',
    body,
    headers: { 'content-type': CAR_TYPE, accept: CAR_TYPE, ...headers },
  });
const info = (/** @type {any} */ more = {}) =>
  peer.signInvocation({ issuer: agent, audience: server.did, can: 'space/info', ...more });
const errorOf = async (/** @type {any} */ invocation) => {
  const { receipts } = await peer.sendMessage(server.url, [await invocation]);
  assert.equal(receipts[0].issuer?.did(), server.did);
  return receipts[0].out.error;
};
const isUp = async () => assert.equal((await errorOf(info())).name, 'SpaceUnknown');

test('X4: what is no message is 400, and the server stays up', async () => {
  const good = await peer.encodeMessage([await info()]);
  const junk = await blockOf({ hello: 'world' });
  const asks = await blockOf({ [VERSION]: { execute: [junk.cid] } });
  const other = await blockOf({ 'ucanto/message@8.0.0': {} });
  const swapped = { cid: junk.cid, bytes: encode({ hello: 'forged' }) };
  const deep = new Uint8Array(20_001).fill(0x81);
  deep[20_000] = 0;
  const nested = { cid: CID.createV1(0x71, await sha256.digest(deep)), bytes: deep };
  /** @type {Record<string, any>} */
  const bodies = {
    nothing: new Uint8Array(0),
    text: new TextEncoder().encode('this is not a CAR'),
    'a truncated CAR': good.slice(0, good.length - 30),
    'a header of 2^35 bytes': Uint8Array.from([0xff, 0xff, 0xff, 0xff, 0x7f, 0xa0]),
    'a CAR without roots': carOf([], [junk]),
    'a root that is no message': carOf([junk], [junk]),
    'a message of another version': carOf([other], [other]),
    'an invocation that is not there': carOf([asks], [asks]),
    'an invocation that is no UCAN': carOf([asks], [junk, asks]),
    'a block under the CID of another': carOf([asks], [swapped, asks]),
    'CBOR 20,000 deep': carOf([nested], [nested]),
  };
  for (const [what, body] of Object.entries(bodies)) {
    const response = await post(body);
    assert.equal(response.status, 400, what);
    assert.match(await response.text(), /^Bad request/, what);
  }
  for (let i = 0; i < 60; i++) {
    const copy = Uint8Array.from(good);
    copy[Math.floor((i * copy.length) / 60)] ^= 1 << (i % 8);
    assert.ok((await post(copy)).status < 500);
  }
  const empty = await blockOf({ [VERSION]: {} });
  const answered = await post(carOf([empty], [empty]));
  assert.equal(answered.status, 200);
  assert.equal(answered.headers.get('content-type'), CAR_TYPE);
  await isUp();
});

test('X4: other media types are 415, and 406', async () => {
  const body = await peer.encodeMessage([await info()]);
  for (const type of ['application/json', `${CAR_TYPE}; version=1`]) {
    assert.equal((await post(body, { 'content-type': type })).status, 415);
  }
  assert.equal((await post(body, { accept: 'text/html' })).status, 406);
  for (const accept of ['*/*', `text/html, ${CAR_TYPE};q=0.5`]) {
    assert.equal((await post(body, { accept })).status, 200);
  }
  await isUp();
});

/**
 * What the server says to raw bytes before they have all been sent.
 * @param {string} head
 * @param {number} bytes
 * @returns {Promise<string>}
 */
const sendRaw = (head, bytes) =>
  new Promise((resolve) => {
    const { hostname, port } = new URL(server.url);
    const socket = connect(Number(port), hostname);
    let text = '';
    socket.on('error', () => {});
    socket.setEncoding('utf8').on('data', (part) => {
      text += part;
    });
    socket.on('close', () => resolve(text));
    socket.on('end', () => socket.destroy());
    socket.write(head);
    socket.write(Buffer.alloc(bytes));
  });

test('X4: a message over 32 MiB is 413, before it is read', async () => {
  const head = (/** @type {string} */ length) =>
    `POST / HTTP/1.1\r\nHost: x\r\nContent-Type: ${CAR_TYPE}\r\n${length}\r\n\r\n`;
  const announced = await sendRaw(head(`Content-Length: ${2 ** 40}`), 1000);
  assert.match(announced, /^HTTP\/1\.1 413 /);
  const chunked = head('Transfer-Encoding: chunked') + (33 << 20).toString(16) + '\r\n';
  assert.match(await sendRaw(chunked, (33 << 20) + 2), /^HTTP\/1\.1 413 /);
  const large = await sendRaw(`GET / HTTP/1.1\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`, 0);
  assert.match(large, /^HTTP\/1\.1 431 /);
  assert.match(await sendRaw('hello\r\n\r\n', 0), /^HTTP\/1\.1 400 /);
  await isUp();
});

test('B8: an invocation that cannot be run gets an error receipt that says why', async () => {
  const stranger = await ed25519.generate();
  const audience = await errorOf(info({ audience: stranger.did() }));
  assert.equal(audience.name, 'InvalidAudience');
  assert.equal(
    audience.message,
    `Expected literal "${server.did}" instead got "${stranger.did()}"`,
  );
  const expired = await errorOf(info({ expiration: Math.floor(Date.now() / 1000) - 1 }));
  assert.equal(expired.name, 'Unauthorized');
  assert.match(
    expired.message,
    /^Claim {"can":"space\/info"} is not authorized\n.*has expired on/s,
  );
  const early = await errorOf(info({ notBefore: Math.floor(Date.now() / 1000) + 60 }));
  assert.equal(early.name, 'Unauthorized');
  assert.match(early.message, /is not valid before/);
  const foreign = await errorOf(info({ with: stranger.did() }));
  assert.equal(foreign.name, 'Unauthorized');
  for (const can of ['space/unknown', 'constructor/constructor', 'space/blob']) {
    const unknown = await errorOf(info({ can }));
    assert.equal(unknown.name, 'HandlerNotFound');
    assert.equal(unknown.message, `service does not implement {can: "${can}"} handler`);
    assert.equal(unknown.capability.can, can);
  }
  await isUp();
});

test('HTTP: browsers of any origin may use it', async () => {
  const response = await fetch(new URL('/blob/zQm', server.url), {
    method: 'OPTIONS',
    headers: {
      origin: 'https://app.example',
      'access-control-request-method': 'PUT',
      'access-control-request-headers': 'content-type,x-client',
    },
  });
  assert.equal(response.status, 204);
  assert.equal(response.headers.get('access-control-allow-origin'), '*');
  assert.match(response.headers.get('access-control-allow-methods') ?? '', /PUT/);
  assert.equal(response.headers.get('access-control-allow-headers'), 'content-type,x-client');
  const refused = await fetch(server.url, { method: 'DELETE' });
  assert.equal(refused.status, 405);
  assert.equal(refused.headers.get('access-control-allow-origin'), '*');
  for (const path of ['/receipt/not-a-cid', '/blob/not-a-multihash']) {
    assert.equal((await fetch(new URL(path, server.url))).status, 400);
  }
  const { cid } = await blockOf('nothing');
  assert.equal((await fetch(new URL(`/receipt/${cid}`, server.url))).status, 404);
});

test('HTTP: files are served from their folders, and from nowhere else', async () => {
  const files = join(server.folder, 'www');
  await mkdir(join(files, 'sub'), { recursive: true });
  await writeFile(join(files, 'index.html'), '<p>page</p>');
  await writeFile(join(files, 'core.wasm'), 'wasm');
  await writeFile(join(files, 'sub', 'a b.js'), 'export {};');
  await writeFile(join(files, '.hidden'), 'secret');
  server.args = ['--www', files, '--www', `${join(files, 'sub')}=/lib`];
  await server.restart();
  const at = async (/** @type {string} */ path, headers = {}) => {
    const response = await fetch(new URL(path, server.url), { headers, redirect: 'manual' });
    return { response, text: await response.text() };
  };
  const page = await at('/');
  assert.equal(page.text, '<p>page</p>');
  assert.match(page.response.headers.get('content-type') ?? '', /^text\/html/);
  assert.equal(page.response.headers.get('cache-control'), 'no-cache');
  const etag = /** @type {string} */ (page.response.headers.get('etag'));
  assert.equal((await at('/', { 'if-none-match': etag })).response.status, 304);
  assert.equal((await at('/core.wasm')).response.headers.get('content-type'), 'application/wasm');
  const script = await at('/lib/a%20b.js');
  assert.match(script.response.headers.get('content-type') ?? '', /^text\/javascript/);
  assert.equal((await at('/sub')).response.status, 308);
  const raw = (/** @type {string} */ path) =>
    sendRaw(`GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`, 0);
  const outside = [
    '/../service.key',
    '/lib/../../service.key',
    '/lib/%2e%2e/%2e%2e/service.key',
    '/.hidden',
    '//etc/passwd',
    '/%2fetc/passwd',
    '/lib/%00',
    '/none',
  ];
  for (const path of outside) assert.match(await raw(path), /^HTTP\/1\.1 404 /, path);
  await isUp();
});

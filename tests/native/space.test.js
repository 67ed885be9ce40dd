/** freehold space: edits and syncs with a real server, other devices, other programs. */
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { decode } from '@ipld/dag-cbor';
import { Delegation } from '@ucanto/core';
import { ed25519 } from '@ucanto/principal';
import { base64 } from 'multiformats/bases/base64';
import { CID } from 'multiformats/cid';
import { Device } from '../support/js/device.js';
import { ask, end } from '../support/js/space-cli.js';
import { assertSound, rootOf, startWorld } from '../support/js/space-world.js';
import { build } from '../support/js/tree.js';

const world = await startWorld();
after(() => world.close());
const { server, place, newSpace, shareTo, newDevice, clone } = world;

test('R11: what is put here and synced is the same there, root by root', async () => {
  const { dir, space, recoveryKey, agent } = await newSpace('--name', 'Mine');
  assert.equal(ed25519.parse(recoveryKey).did(), space);
  assert.equal((await stat(join(dir, 'agent.key'))).mode & 0o777, 0o600);
  assert.equal(ed25519.parse((await readFile(join(dir, 'agent.key'), 'utf8')).trim()).did(), agent);
  await ask('put', dir, '/note', '{"text":"hello","n":[1,2.5,null,true]}');
  await ask('put', dir, '/large', 'x'.repeat(5000), '--text');
  const before = await ask('log', dir);
  assert.deepEqual([before.name, before.seq, before.ahead, before.checkpoints], ['Mine', 0, 2, []]);
  const synced = await ask('sync', dir);
  assert.deepEqual(
    [synced.seq, synced.proven, synced.conflicts, synced.refused],
    [1, true, [], []],
  );
  const there = await clone(dir);
  assert.equal(await rootOf(there), synced.root);
  assert.equal((await ask('log', there)).name, 'Mine');
  const { value, size } = await ask('get', there, '/note');
  assert.deepEqual(value, { text: 'hello', n: [1, 2.5, null, true] });
  assert.deepEqual(decode((await end('get', there, '/note', '--raw')).bytes), value);
  assert.equal((await end('get', there, '/note', '--raw')).bytes.length, size);
  assert.equal((await ask('get', there, '/large')).value.length, 5000);
  await ask('rm', there, '/large');
  await ask('sync', there);
  assert.deepEqual((await ask('sync', dir)).changed, ['/large']);
  assert.equal(await rootOf(dir), await rootOf(there));
  await assertSound(dir);
  await assertSound(there);
  const { checkpoints } = await ask('log', dir);
  assert.deepEqual(
    checkpoints.map((/** @type {any} */ c) => [c.seq, c.signature, c.issuer]),
    [2, 1].map((seq) => [seq, 'proven', server.did]),
  );
});

test('conflicts end a sync with 4, and are listed on both sides', async () => {
  const { dir } = await newSpace();
  await ask('put', dir, '/x', '1');
  await ask('sync', dir);
  const other = await clone(dir);
  await ask('put', dir, '/x', '2');
  await ask('put', other, '/x', '3');
  await ask('sync', dir);
  const { code, json } = await end('sync', other, '--json');
  assert.equal(code, 4);
  assert.equal(json.conflicts.length, 1);
  assert.equal((await ask('get', other, '/x')).value, 2);
  assert.deepEqual((await ask('get', other, json.conflicts[0])).value.lost, { value: 3 });
  assert.deepEqual((await ask('sync', dir)).changed, json.conflicts);
  assert.equal(await rootOf(dir), await rootOf(other));
});

test('strict: a sync on a moved head changes nothing and ends with 10', async () => {
  const { dir } = await newSpace();
  await ask('put', dir, '/x', '1');
  await ask('sync', dir);
  const other = await clone(dir);
  await ask('put', dir, '/y', '2');
  await ask('sync', dir);
  await ask('put', other, '/z', '3');
  const root = await rootOf(other);
  const { code, error } = await end('sync', other, '--strict', '--json');
  assert.deepEqual([code, error.name], [10, 'RebaseRequired']);
  assert.equal(await rootOf(other), root);
});

test('a space of the command line is one of the published libraries, both ways', async () => {
  const { dir, space } = await newSpace();
  await ask('put', dir, '/from', '"the command line"');
  await ask('sync', dir);
  const device = new Device(server, await ed25519.generate(), { did: () => space });
  const { delegation } = await ask('share', dir, '--to', device.agent.did());
  const cid = CID.decode(base64.decode(delegation));
  const extracted = await Delegation.extract(cid.multihash.digest);
  assert.ok(extracted.ok, String(extracted.error));
  device.proofs = [extracted.ok];
  await device.sync();
  assert.equal(device.get('/from'), 'the command line');
  device.put('/back', { from: 'a device' });
  await device.sync();
  assert.deepEqual((await ask('sync', dir)).changed, ['/back']);
  assert.equal(await rootOf(dir), `${build(device.entries).root}`);

  const own = await Device.create(server);
  own.put('/mine', [1, 2, 3]);
  await own.sync();
  const there = await newDevice();
  const file = place('archive');
  const given = await own.delegate({ did: () => there.did }, 'space/*');
  const archive = await given.archive();
  await writeFile(file, /** @type {any} */ (archive).ok);
  const told = await ask('clone', there.dir, '--remote', server.url, '--delegation', file);
  assert.equal(told.root, `${build(own.entries).root}`);
  assert.deepEqual((await ask('get', there.dir, '/mine')).value, [1, 2, 3]);
});

test('a service that is away, wrong or refuses is told apart, and edits go on', async () => {
  const { dir } = await newSpace();
  await ask('put', dir, '/x', '1');
  const away = await end('sync', dir, '--remote', 'http://127.0.0.1:1', '--json');
  assert.deepEqual([away.code, away.error.name], [6, 'Offline']);
  const answers = /** @type {[string, string, (res: any) => void][]} */ ([
    ['HttpError', 'status 500: over there', (res) => res.writeHead(500).end('over\nthere')],
    ['ProtocolError', 'has no key', (res) => res.end('{"id":"did:web:x"}')],
    ['ProtocolError', 'has no key', (res) => res.end('no json')],
    ['LimitExceeded', 'too long', (res) => res.end(Buffer.alloc(70_000))],
    ['LimitExceeded', 'too long', (res) => res.writeHead(200, { x: 'y'.repeat(20_000) }).end()],
    ['Offline', 'cannot be reached', (res) => res.socket.end('garbage\r\n\r\n')],
    ['Offline', 'cannot be reached', (res) => res.socket.destroy()],
  ]);
  for (const [name, message, answer] of answers) {
    const fake = createServer((_, res) => answer(res));
    await new Promise((resolve) => fake.listen(0, '127.0.0.1', () => resolve(undefined)));
    const { port } = /** @type {any} */ (fake.address());
    const { error } = await end('sync', dir, '--remote', `http://127.0.0.1:${port}`, '--json');
    assert.equal(error.name, name);
    assert.ok(error.message.includes(message), error.message);
    fake.close();
  }
  assert.equal((await ask('log', dir)).ahead, 1);
  await ask('sync', dir);
  const { dir: limited, did } = await newDevice();
  const delegation = await shareTo(dir, did, '--can', 'space/info');
  const refused = await end(
    'clone',
    limited,
    '--remote',
    server.url,
    '--delegation',
    delegation,
    '--json',
  );
  assert.deepEqual([refused.code, refused.error.name], [5, 'Unauthorized']);
  const stranger = await newDevice();
  const foreign = await end(
    'clone',
    stranger.dir,
    '--remote',
    server.url,
    '--delegation',
    delegation,
    '--json',
  );
  assert.deepEqual([foreign.code, foreign.error.name], [1, 'Unauthorized']);
});

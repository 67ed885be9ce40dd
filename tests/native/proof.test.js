/** Proof files: our prover against an independent verifier, and our two verifiers against it. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';

import * as CarBufferWriter from '@ipld/car/buffer-writer';
import { encode } from '@ipld/dag-cbor';
import { CID } from 'multiformats/cid';

import { Device, someBytes } from '../support/js/device.js';
import { program, run } from '../support/js/program.js';
import { verifyProof } from '../support/js/proof.js';
import { startServer } from '../support/js/server.js';
import { build, cidOf } from '../support/js/tree.js';
import * as peer from '../support/js/ucan-peer.js';
import { verify } from '../../js/verify.js';

/** @type {string} */
let folder;
/** @type {any} */
let server;
/** @type {Device} */
let device;
/** @type {any} */
let add;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'freehold-proof-'));
  server = await startServer();
  device = await Device.create(server);
  const delegation = await device.delegate({ did: () => server.did }, 'assert/state');
  device.hold(delegation);
  device.put(`/delegation/${server.did}/${delegation.cid}`, delegation.cid);
  for (let i = 0; i < 3000; i++) device.put(`note/${10000 + i}`, { i, half: i / 2 });
  device.put('note/large', 'y'.repeat(5000));
  add = await device.add(someBytes('proof', 900));
  device.queue(add);
  await device.sync();
});
after(async () => {
  await server?.close();
  await rm(folder, { recursive: true, force: true });
});

/** @param {string[]} what */
const prove = async (...what) => {
  const name = join(folder, 'proof.car');
  const data = join(server.folder, 'data');
  await run('prove', '--data', data, '--space', device.space.did(), '--out', name, ...what);
  return new Uint8Array(await readFile(name));
};
/** Exit status and output of the command.
 * @param {Uint8Array} file @param {string[]} options */
const native = async (file, ...options) => {
  const name = join(folder, 'candidate.car');
  await writeFile(name, file);
  const key = `${server.did}=${server.didKey}`;
  return promisify(execFile)(program, ['verify', name, '--key', key, ...options]).then(
    ({ stdout }) => ({ code: 0, stdout, stderr: '' }),
    ({ code, stdout, stderr }) => ({ code, stdout, stderr }),
  );
};
const small = (/** @type {Uint8Array} */ file, /** @type {any} */ options = {}) =>
  verify(file, { keys: { [server.did]: server.didKey }, ...options });
const independent = (/** @type {Uint8Array} */ file) =>
  verifyProof(file, { didKeyOf: device.didKeyOf, now: Math.floor(Date.now() / 1000) });
const keyTexts = (/** @type {any[]} */ entries) =>
  entries.map(({ key }) => Buffer.from(key).toString());

test('M6 R23: a complete range is verified by an independent checker and by ours', async () => {
  const file = await prove('--prefix', 'note/1');
  const want = device.keys('note/1');
  const told = await independent(file);
  assert.deepEqual(keyTexts(told.claims[0]), want);
  const proved = await small(file, { space: device.space.did() });
  assert.deepEqual(
    proved.claims[0].entries.map(({ text }) => text),
    want,
  );
  assert.deepEqual(proved.claims[0].entries[7].value, device.get(want[7]));
  assert.equal(proved.entries, device.entries.length);
  assert.equal(String(proved.root), String(told.root));
  assert.equal(String(proved.checkpoint?.cid), String(device.since));
  assert.equal(proved.checkpoint?.proven, true);
  const { code, stdout } = await native(file, '--json', '--space', device.space.did());
  assert.equal(code, 0);
  const report = JSON.parse(stdout);
  assert.equal(report.proved, true);
  assert.equal(report.claims[0].entries.length, want.length);
  assert.equal(report.root['/'], String(proved.root));
});

test('M6: values, absence, and ranges with bounds are proved', async () => {
  const keys = ['note/10007', 'note/none', 'note/large', 'zzz'];
  const file = await prove(...keys.flatMap((key) => ['--key', key]));
  await independent(file);
  const { claims } = await small(file);
  const found = claims.map(({ key, entries }) => [
    Buffer.from(key ?? []).toString(),
    entries[0]?.value,
  ]);
  assert.deepEqual(
    Object.fromEntries(found),
    Object.fromEntries(keys.map((key) => [key, device.get(key)])),
  );
  const bounded = await prove('--from', 'note/10010', '--to', 'note/10020');
  assert.equal((await independent(bounded)).claims[0].length, 10);
  assert.equal((await small(bounded)).claims[0].entries.length, 10);
  assert.match((await native(file)).stdout, /absent: note\/none\n[^]*\nproved\n$/);
});

test('R13 R23: one file carries checkpoint, proof and receipt', async () => {
  const link = String(device.get(peer.receiptKey(add.cid)));
  const file = await prove('--prefix', '/blob/', '--receipt', link);
  await independent(file);
  const { claims, receipts } = await small(file);
  const [commitment] = claims[0].entries[0].commitments ?? [];
  assert.equal(commitment.recognised, true);
  assert.equal(commitment.slot, server.did);
  assert.equal(receipts.length, 1);
  assert.equal(receipts[0].can, 'space/blob/add');
  assert.equal(String(receipts[0].ran), String(add.cid));
  assert.match((await native(file)).stdout, /recognised: receipt by did:web:localhost/);
});

test('X3: who is not who is expected proves nothing', async () => {
  const file = await prove('--key', 'note/10000');
  const rejects = (/** @type {any} */ options, /** @type {string} */ code) =>
    assert.rejects(small(file, options), { name: 'FreeholdError', code });
  await rejects({ space: server.didKey }, 'Unauthorized');
  await rejects({ keys: {} }, 'InvalidSignature');
  await rejects({ keys: { [server.did]: device.space.did() } }, 'InvalidSignature');
  await rejects({ root: String(device.since) }, 'RootMismatch');
  await rejects({ space: 'nonsense' }, 'Malformed');
  await rejects({ space: `x\nkey ${server.did} ${server.didKey}` }, 'Malformed');
  const other = await native(file, '--space', server.didKey);
  assert.equal(other.code, 1);
  assert.match(other.stderr, /not proved: proof: of another space than the one expected/);
  const json = await native(file, '--space', server.didKey, '--json');
  assert.deepEqual(JSON.parse(json.stdout), {
    error: { message: 'proof: of another space than the one expected', name: 'Unauthorized' },
    proved: false,
  });
  assert.equal((await native(file, '--space', 'nonsense')).code, 2);
  assert.equal((await native(file, '--nothing')).code, 2);
});

test('X3: no byte of a file can be changed, and the verifiers agree on all of it', async () => {
  const file = await prove('--key', 'note/10000', '--key', 'note/none', '--prefix', '/blob/');
  await independent(file);
  const refused = async (/** @type {Uint8Array} */ bytes, /** @type {string} */ what) => {
    await assert.rejects(small(bytes), { name: 'FreeholdError' }, what);
    await assert.rejects(independent(bytes), undefined, what);
  };
  for (let at = 0; at < file.length; at += 37) {
    const flipped = file.slice();
    flipped[at] ^= 1 << (at % 8);
    await refused(flipped, `byte ${at}`);
    if (at % 1850 === 0) assert.equal((await native(flipped)).code, 1, `byte ${at}, native`);
  }
  for (let size = 0; size < file.length; size += 401) {
    await refused(file.subarray(0, size), `${size} bytes`);
  }
  const longer = new Uint8Array(file.length + 1);
  longer.set(file);
  await refused(longer, 'a byte too many');
});

test('M6: a file that others made by the text of the design proves the same', async () => {
  const entries = /** @type {any[]} */ (
    Array.from({ length: 300 }, (_, i) => [
      new TextEncoder().encode(`k/${1000 + i}`),
      'v'.repeat(i),
    ])
  );
  const { root, blocks } = build(entries);
  const space = device.space.did();
  const statement = encode({ 'freehold/proof@1': { space, root, claims: [{}] } });
  const all = [statement, ...blocks.values()].map((bytes) => ({ cid: cidOf(bytes), bytes }));
  const size = all.reduce(
    (sum, { cid, bytes }) => sum + CarBufferWriter.blockLength({ cid, bytes }),
    0,
  );
  const writer = CarBufferWriter.createWriter(new ArrayBuffer(size + 100), { roots: [all[0].cid] });
  for (const block of all) writer.write(block);
  const file = writer.close({ resize: true });
  assert.equal((await independent(file)).claims[0].length, 300);
  const proved = await small(file, { root: CID.parse(`${root}`) });
  assert.deepEqual(
    proved.claims[0].entries.map(({ key, value }) => [key, value]),
    entries,
  );
  assert.equal(proved.checkpoint, null);
  assert.equal((await native(file, '--root', `${root}`)).code, 0);
  assert.match((await native(file, '--space', space)).stderr, /no checkpoint binds the root/);
});

/** The command line: keys, roots, exports, and errors that name what is wrong. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { encode } from '@ipld/dag-cbor';
import { ed25519 } from '@ucanto/principal';
import { Device, someBytes } from '../support/js/device.js';
import { program, run } from '../support/js/program.js';
import { startServer } from '../support/js/server.js';
import { build, walk } from '../support/js/tree.js';
import * as peer from '../support/js/ucan-peer.js';

/** @type {string} */
let folder;
before(async () => (folder = await mkdtemp(join(tmpdir(), 'freehold-cli-'))));
after(() => rm(folder, { recursive: true, force: true }));

/** What the program says on stderr as it fails. @param {string[]} args */
const failure = async (...args) => {
  try {
    await promisify(execFile)(program, args);
  } catch (error) {
    const { stderr, code } = /** @type {any} */ (error);
    assert.ok(code > 0);
    return stderr;
  }
  throw new Error(`freehold ${args.join(' ')} did not fail`);
};
const rootOf = async (/** @type {any} */ entries) => {
  const file = join(folder, 'entries.cbor');
  await writeFile(file, entries instanceof Uint8Array ? entries : encode(entries));
  return JSON.parse(await run('root', file));
};

test('key: makes keys that the published libraries read', async () => {
  const text = (await run('key', 'new')).trim();
  const signer = ed25519.parse(text);
  const file = join(folder, 'a.key');
  await run('key', 'new', file);
  assert.equal((await stat(file)).mode & 0o777, 0o600);
  const own = ed25519.parse((await readFile(file, 'utf8')).trim());
  assert.equal((await run('key', 'did', file)).trim(), own.did());
  assert.notEqual(own.did(), signer.did());
  assert.match(await failure('key', 'new', file), /there already/);
});

test('R9 R11: root takes 100,000 entries in any order, the later of two with one key', async () => {
  const key = (/** @type {number} */ i) =>
    new TextEncoder().encode(`/entry/${(i * 7919) % 100_003}`);
  const entries = Array.from({ length: 100_000 }, (_, i) => [key(i), { i, text: `value ${i}` }]);
  entries.push([key(5), 'x'.repeat(3000)], [key(6), 'later']);
  const told = await rootOf(entries);
  const built = build(/** @type {any} */ (entries));
  assert.deepEqual(told, { root: `${built.root}`, nodes: built.nodes, height: built.height });
});

test('root: an error names what is wrong', async () => {
  const bytes = (/** @type {any[]} */ ...values) => Uint8Array.from(values.flat());
  const cases = /** @type {[any, RegExp][]} */ ([
    [{}, /not a DAG-CBOR list/],
    [[[new Uint8Array(0), 1]], /pair 0: .*key/],
    [[[new Uint8Array(1025), 1]], /pair 0: .*key/],
    [[['text', 1]], /pair 0: the key is no bytes/],
    [[[Uint8Array.of(1), 1], [Uint8Array.of(2)]], /pair 1: not a list of two/],
    [[[Uint8Array.of(1), 'x'.repeat(2 ** 20)]], /value_bytes_max/],
    [bytes(0x81, 0x82, 0x41, 1, 0x18, 1), /pair 0: the value/],
    [bytes(0x81, 0x82, 0x41, 1, 0xf7), /pair 0: the value/],
    [bytes(0x81, 0x82, 0x41, 1, 0x9b, Array(8).fill(0xff)), /pair 0: the value/],
    [bytes(0x82, 0x82, 0x41, 1, 1), /pair 1/],
    [bytes(0x80, 0), /after the list/],
  ]);
  for (const [entries, message] of cases) {
    const file = join(folder, 'bad.cbor');
    await writeFile(file, entries instanceof Uint8Array ? entries : encode(entries));
    assert.match(await failure('root', file), message);
  }
  assert.match(await failure('root', join(folder, 'none')), /cannot be read/);
});

test('R13 R23: an exported space proves itself to the JavaScript peer', async () => {
  const server = await startServer();
  try {
    const device = await Device.create(server);
    for (let i = 0; i < 500; i++) device.put(`note/${i}`, `text ${i} `.repeat(i % 30));
    device.put('large', 'y'.repeat(9000));
    const delegation = await device.delegate({ did: () => server.did }, 'assert/state');
    device.hold(delegation);
    device.put(`/delegation/${server.did}/${delegation.cid}`, delegation.cid);
    const adds = await Promise.all([1, 2, 3].map((i) => device.add(someBytes(`export/${i}`, i))));
    for (const add of adds) device.queue(add);
    await device.sync();
    const file = join(folder, 'space.car');
    const data = join(server.folder, 'data');
    await run('export', '--data', data, '--space', device.space.did(), '--out', file);
    const state = await peer.readState(new Uint8Array(await readFile(file)));
    assert.equal(`${state.roots[1]}`, `${device.since}`);
    const entries = [];
    for await (const entry of walk(state.root, state.getBlock)) entries.push(entry);
    assert.equal(`${state.root}`, `${build(device.entries).root}`);
    assert.equal(entries.length, device.entries.length);
    let receipts = 0;
    for (const [key, value] of entries) {
      if (!Buffer.from(key).toString().startsWith('/receipt/')) continue;
      const bytes = /** @type {Uint8Array} */ (state.getBlock(value));
      const { issuer } = await peer.verifyReceipt(bytes, state.getBlock, device.didKeyOf);
      assert.equal(issuer, server.did);
      receipts += 1;
    }
    assert.equal(receipts, 6); // of three adds and three allocations
    await peer.verifyInvocation(state.roots[1], state.getBlock, device.didKeyOf);
    assert.match(
      await failure('export', '--data', data, '--space', server.didKey),
      /no such space/,
    );
  } finally {
    await server.close();
  }
});

test('serve: a mistake in the configuration is named', async () => {
  const file = join(folder, 'config.json');
  const tenant = { did: 'did:web:a', keyFile: 'made.key', createKey: true };
  const provider = { did: 'did:web:p', plan: 'free', capacity: 1 };
  const cases = /** @type {[any, RegExp][]} */ ([
    ['{', /not JSON/],
    [{}, /tenants: is missing/],
    [{ tenants: [] }, /tenants: at least one/],
    [{ tenants: [{ ...tenant, did: 'x', providers: [] }] }, /tenants\[0\]\.did: a DID/],
    [{ tenants: [{ ...tenant, createKey: 1, providers: [] }] }, /tenants\[0\]\.createKey/],
    [{ tenants: [{ did: 'did:web:a', keyFile: 'none', providers: [] }] }, /keyFile: .*none has no/],
    [
      { tenants: [{ ...tenant, providers: [provider, { ...provider, capacity: -1 }] }] },
      /tenants\[0\]\.providers\[1\]\.capacity: a whole number/,
    ],
    [
      { tenants: [{ ...tenant, providers: [{ ...provider, x: 1 }] }] },
      /providers\[0\]\.x: no such/,
    ],
    [{ listen: 'x', tenants: [] }, /listen: host:port/],
  ]);
  for (const [config, message] of cases) {
    await writeFile(file, typeof config === 'string' ? config : JSON.stringify(config));
    assert.match(await failure('serve', '--config', file, '--listen', '127.0.0.1:0'), message);
  }
  for (const command of ['serve', 'key', 'root', 'export', 'prove', 'verify']) {
    assert.match(await run(command, '--help'), new RegExp(`^freehold ${command}`));
  }
  assert.match(await failure('serve', '--nothing'), /no such option: --nothing/);
});

test('bench fill: makes a space that is sound, and that the server serves', async () => {
  const server = await startServer();
  try {
    await server.stop();
    const data = join(server.folder, 'data');
    const config = join(server.folder, 'config.json');
    const args = ['--data', data, '--config', config, '--n', '3000'];
    const { space, recoveryKey, key } = JSON.parse(await run('bench', 'fill', ...args));
    const audit = JSON.parse(await run('audit', '--data', data, '--space', space));
    assert.equal(audit.fault, '');
    assert.equal(audit.entries, 3000);
    await server.start();
    const dir = join(server.folder, 'device');
    await writeFile(`${dir}.key`, recoveryKey);
    const from = ['--remote', server.url, '--recovery', `${dir}.key`, '--lazy'];
    await run('space', 'clone', dir, ...from);
    assert.equal((await run('space', 'get', dir, key, '--raw')).length > 0, true);
  } finally {
    await server.close();
  }
});

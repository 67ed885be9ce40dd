/** freehold space: what is listed, how keys are written, and what bad input gets. */
import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { decode, encode } from '@ipld/dag-cbor';
import { base64url } from 'multiformats/bases/base64';
import { CID } from 'multiformats/cid';
import { run } from '../support/js/program.js';
import { ask, end, start } from '../support/js/space-cli.js';
import { assertSound, manyLines, putLines, rootOf, startWorld } from '../support/js/space-world.js';

const world = await startWorld();
after(() => world.close());
const { server, folder, place, newSpace, clone } = world;

test('R32: ls walks prefixes, folders and pages in both directions', async () => {
  const { dir } = await newSpace();
  await putLines(dir, manyLines(1300));
  await putLines(
    dir,
    ['/a/1', '/a/2', '/b', '/c/d/e'].map((key) => JSON.stringify({ key, value: key })).join('\n'),
  );
  const keys = async (/** @type {string[]} */ ...args) =>
    (await end('ls', dir, ...args, '--json')).lines.map(({ key, prefix }) => key ?? prefix);
  const all = await keys();
  assert.equal(all.length, 1304);
  assert.deepEqual(all, [...all].sort());
  assert.deepEqual(await keys('--reverse'), [...all].reverse());
  assert.deepEqual(await keys('--limit', '700'), all.slice(0, 700));
  assert.deepEqual(await keys('--after', all[650], '--limit', '2'), all.slice(651, 653));
  assert.deepEqual(await keys('--reverse', '--after', all[650], '--limit', '2'), [
    all[649],
    all[648],
  ]);
  assert.deepEqual(await keys('/', '--delimiter', '/'), ['/a/', '/b', '/c/', '/many/']);
  assert.deepEqual(await keys('/', '--delimiter', '/', '--after', '/b'), ['/c/', '/many/']);
  assert.deepEqual(await keys('/c/'), ['/c/d/e']);
  assert.equal((await end('ls', dir, '/b', '--long')).out, '        3  /b\n');
  assert.deepEqual(
    await ask('rm', dir, '/b', '--prefix', '/many/').then(({ removed }) => removed),
    1301,
  );
  assert.deepEqual(await keys(), ['/a/1', '/a/2', '/c/d/e']);
  assert.equal((await end('rm', dir, '/a/1', '/none')).code, 3);
  assert.deepEqual(
    await keys(),
    ['/a/1', '/a/2', '/c/d/e'],
    'nothing is removed if one is not there',
  );
});

test('keys are bytes: what is no text is multibase with --base, bytes in JSON', async () => {
  const { dir } = await newSpace();
  const bytes = Uint8Array.of(0xff, 0x00, 0x0a, 0x80);
  const name = base64url.encode(bytes);
  await ask('put', dir, name, '{"/":{"bytes":"AQID"}}', '--base');
  assert.deepEqual((await end('ls', dir, '--json')).lines, [
    { key: { '/': { bytes: '/wAKgA' } }, size: 4 },
  ]);
  assert.equal((await end('ls', dir)).out, `${name}\n`);
  assert.deepEqual((await ask('get', dir, name, '--base')).value, { '/': { bytes: 'AQID' } });
  const line = JSON.stringify({ key: { '/': { bytes: '/wAKgA' } }, delete: true });
  assert.equal((await putLines(dir, line)).code, 0);
  assert.equal((await end('ls', dir)).out, '');
  const file = place('bytes');
  await writeFile(file, bytes);
  await ask('put', dir, '/file', '--file', file, '--bytes');
  assert.deepEqual(decode((await end('get', dir, '/file', '--raw')).bytes), bytes);
  await writeFile(file, encode({ exact: [1n, -1] }));
  await ask('put', dir, '/cbor', '--file', file, '--cbor');
  assert.deepEqual((await ask('get', dir, '/cbor')).value, { exact: [1, -1] });
  await ask('put', dir, '--', '--dashes', '1');
  assert.equal((await ask('get', dir, '--', '--dashes')).value, 1);
});

test('check finds a block that has rotted', async () => {
  const { dir } = await newSpace();
  await ask('put', dir, '/large', 'needle'.repeat(800), '--text');
  await assertSound(dir);
  const file = join(dir, 'state', 'data.mdb');
  const bytes = await readFile(file);
  for (
    let at = bytes.indexOf('needleneedle');
    at >= 0;
    at = bytes.indexOf('needleneedle', at + 1)
  ) {
    bytes[at] = 0x4e;
  }
  await writeFile(file, bytes);
  const { code, json } = await end('check', dir, '--json');
  assert.deepEqual([code, json.ok, json.corrupt.length], [9, false, 1]);
  assert.deepEqual(json.missing, json.corrupt);
});

test('bad input of each command names what is wrong, and changes nothing', async () => {
  const { dir } = await newSpace();
  await ask('put', dir, '/x', '1');
  const root = await rootOf(dir);
  const none = join(folder, 'no-such-folder');
  const file = place('file');
  await writeFile(file, Uint8Array.of(0xff, 0xfe));
  const deep = '['.repeat(70) + ']'.repeat(70);
  const cases = /** @type {[number, RegExp, string[], string?][]} */ ([
    [2, /no such command: nothing/, ['nothing']],
    [2, /COMMAND/, []],
    [2, /freehold space new/, ['new']],
    [1, /has a replica already/, ['new', dir]],
    [2, /--name wants a value/, ['new', place(), '--name']],
    [1, /http:\/\/ or https/, ['new', place(), '--remote', 'ftp://x']],
    [1, /port/, ['new', place(), '--remote', 'http://x:99999/']],
    [1, /none: no key/, ['new', place(), '--key', join(folder, 'none')]],
    [2, /--remote/, ['clone', place()]],
    [1, /delegation/, ['clone', place(), '--remote', server.url, '--delegation', file]],
    [
      1,
      /none: cannot be read/,
      ['clone', place(), '--remote', server.url, '--delegation', join(folder, 'none')],
    ],
    [1, /--recovery/, ['clone', place(), '--remote', server.url, '--recovery', file]],
    [2, /--to DID/, ['share', dir]],
    [2, /--to: not a DID: x/, ['share', dir, '--to', 'x']],
    [2, /--can/, ['share', dir, '--to', server.didKey, '--can', 'x']],
    [2, /--expires-in/, ['share', dir, '--to', server.didKey, '--expires-in', '-1']],
    [1, /no replica/, ['sync', none]],
    [2, /--watch-interval/, ['sync', dir, '--watch-interval', 'x']],
    [2, /takes no value/, ['sync', dir, '--strict=1']],
    [1, /no replica/, ['ls', none]],
    [2, /--limit: a whole number/, ['ls', dir, '--limit', '0']],
    [2, /--delimiter/, ['ls', dir, '--delimiter', '/', '--reverse']],
    [2, /--base: not multibase/, ['ls', dir, 'q', '--base']],
    [1, /KEY: .*key/, ['get', dir, '']],
    [2, /--raw and --json/, ['get', dir, '/x', '--raw', '--json']],
    [3, /no such key: \/nope/, ['get', dir, '/nope']],
    [1, /VALUE/, ['put', dir, '/x', '{']],
    [1, /VALUE/, ['put', dir, '/x', deep]],
    [1, /VALUE/, ['put', dir, '/x', '{"__proto__":1}']],
    [1, /KEY/, ['put', dir, 'k'.repeat(1025), '1']],
    [2, /VALUE or --file/, ['put', dir, '/x']],
    [2, /exclude another/, ['put', dir, '/x', '1', '--text', '--cbor']],
    [1, /not UTF-8/, ['put', dir, '/x', '--file', file, '--text']],
    [1, /file/, ['put', dir, '/x', '--file', file, '--cbor']],
    [2, /--lines/, ['put', dir, '/x', '--lines', '-']],
    [
      1,
      /-: line 2: key/,
      ['put', dir, '--lines', '-'],
      '{"key":"/y","value":1}\n{"key":7,"value":1}',
    ],
    [1, /-: line 1: not \{"key"/, ['put', dir, '--lines', '-'], '[]'],
    [1, /line 1: delete/, ['put', dir, '--lines', '-'], '{"key":"/y","delete":false}'],
    [
      1,
      /line 3: value/,
      ['put', dir, '--lines', '-'],
      '{"key":"/y","value":1}\n\n{"key":"/z","value":"\ufeffx"}',
    ],
    [
      1,
      /value_bytes_max/,
      ['put', dir, '--lines', '-'],
      JSON.stringify({ key: '/y', value: 'x'.repeat(2 ** 20) }),
    ],
    [
      1,
      /line 2: over edit_line_bytes_max/,
      ['put', dir, '--lines', '-'],
      `\n${'x'.repeat(2 ** 23 + 1)}`,
    ],
    [2, /KEY, or --prefix/, ['rm', dir]],
    [2, /--limit/, ['log', dir, '--limit', 'many']],
    [2, /not base, head/, ['diff', dir, 'x']],
    [1, /checkpoint 9 is not known/, ['diff', dir, '9']],
    [
      1,
      /not all nodes/,
      ['diff', dir, 'bafyreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy'],
    ],
    [1, /no-such-folder/, ['merge', dir, none]],
    [2, /--out FILE/, ['export', dir, '--json']],
    [1, /cannot be written/, ['export', dir, '--out', join(none, 'x')]],
    [2, /has a replica already/, ['import', dir, file, '--name', 'x']],
    [1, /file/, ['import', dir, file]],
    [1, /no replica/, ['check', none]],
    [1, /no checkpoint is known/, ['proof', dir, '/x']],
    [2, /not both/, ['proof', dir, '/x', '--prefix', '/']],
    [2, /--receipt: not a CID/, ['proof', dir, '--receipt', 'x']],
    [1, /KEY/, ['proof', dir, 'k'.repeat(1025)]],
    [2, /--out FILE/, ['proof', dir, '--json']],
    [1, /none: cannot be read/, ['verify', dir, join(folder, 'none')]],
  ]);
  for (const [code, message, args, input] of cases) {
    const ended = await start(args, { input }).ended;
    assert.match(ended.err, message, args.join(' '));
    assert.equal(ended.code, code, args.join(' '));
  }
  assert.equal(await rootOf(dir), root);
  const help = (await end('--help')).out;
  const commands = 'new clone share sync ls get put rm log diff merge export import check'.split(
    ' ',
  );
  for (const command of commands) {
    assert.match(help, new RegExp(`freehold space ${command} DIR`));
    const own = await end(command, '--help');
    assert.equal(own.code, 0);
    assert.match(own.out, new RegExp(`^freehold space ${command} DIR[^]*JSON|Prints what sync`));
  }
});

test('a folder of another kind is refused by name, and left alone', async () => {
  const { dir } = await newSpace();
  const data = join(server.folder, 'data');
  const { code, error } = await start(['get', '--json', data, '/a']).ended;
  assert.equal(code, 1);
  assert.equal(error.name, 'OtherFormat');
  assert.equal(error.message.split(';')[0], `${data}: holds server format 1`);
  const audit = run('audit', '--data', dir, '--space', server.didKey);
  await assert.rejects(audit, /holds replica format 1; this build reads server format 1/);
  assert.equal((await end('ls', dir)).code, 0);
});

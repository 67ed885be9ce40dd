/** Watching a space on a real server, over real sockets; by the independent peer as client. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { ed25519 } from '@ucanto/principal';
import { Device, someBytes } from '../support/js/device.js';
import { startServer } from '../support/js/server.js';
import { cidOf } from '../support/js/tree.js';
import * as peer from '../support/js/ucan-peer.js';
import {
  nextCheckpoint,
  openWatch,
  refusalOf,
  watch,
  watchInvocation,
} from '../support/js/watch.js';

/** @type {any} */
let server;
before(async () => (server = await startServer()));
after(() => server.close());

/** A device with one checkpoint. */
const newDevice = async () => {
  const device = await Device.create(server);
  await edit(device, 0);
  return device;
};

/** @param {any} device @param {any} value */
const edit = async (device, value) => {
  device.put('counter', value);
  return device.sync();
};

/** Runs `action` with other terms for watches. @param {any} terms @param {() => any} action */
const withTerms = async (terms, action) => {
  const file = join(server.folder, 'config.json');
  const config = await readFile(file, 'utf8');
  await writeFile(file, JSON.stringify({ ...JSON.parse(config), watch: terms }));
  try {
    await server.restart();
    await action();
  } finally {
    await writeFile(file, config);
    await server.restart();
  }
};

/** Watches as soon as there is room. @param {any} device @returns {Promise<any>} */
const watchWhenFree = async (device) => {
  for (;;) {
    const invocation = await watchInvocation(device);
    const { stream, receipts } = await openWatch(device, [invocation]);
    if (stream) return stream;
    assert.equal(/** @type {any} */ (receipts)[0].out.error.name, 'TooManyWatchers');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
};

const now = () => Math.floor(Date.now() / 1000);

test('Watch: the head at once, then each checkpoint as it is made', async () => {
  const device = await newDevice();
  const { stream, cid, state } = await watch(device, { since: device.since });
  assert.equal(`${cid}`, `${device.since}`);
  assert.equal(state.seq, 1);
  for (let seq = 2; seq < 6; seq += 1) {
    await edit(device, seq);
    const next = await nextCheckpoint(device, stream);
    assert.equal(`${next.cid}`, `${device.since}`);
    assert.equal(next.state.seq, seq);
  }
  await device.sync(); // which makes none
  await edit(device, 'last');
  assert.equal((await nextCheckpoint(device, stream)).state.seq, 6);
  assert.equal(stream.frames.length, 0);
  stream.close();
});

test('Watch: the frame has what proves the checkpoint, once the space gave it', async () => {
  const device = await newDevice();
  const { stream } = await watch(device);
  const delegation = await device.delegate({ did: () => server.did }, 'assert/state');
  device.hold(delegation);
  device.put(`/delegation/${server.did}/${delegation.cid}`, delegation.cid);
  await device.sync();
  device.blocks.clear();
  const { cid } = await nextCheckpoint(device, stream);
  await peer.verifyInvocation(cid, device.getBlock, device.didKeyOf);
  stream.close();
});

test('R16: what the service makes of a queue is told too', async () => {
  const device = await newDevice();
  const { stream } = await watch(device);
  const add = await device.add(someBytes('watch', 100));
  device.queue(add);
  await device.sync();
  const seen = await nextCheckpoint(device, stream);
  assert.ok(seen.state.seq > 1);
  // Whatever was made meanwhile: the last one told is the head.
  let last = seen;
  while (`${last.cid}` !== `${device.since}`) last = await nextCheckpoint(device, stream);
  stream.close();
});

test('Watch: one space is told nothing of another', async () => {
  const [one, two] = [await newDevice(), await newDevice()];
  const { stream } = await watch(one);
  await edit(two, 1);
  await edit(two, 2);
  await edit(one, 1);
  const next = await nextCheckpoint(one, stream);
  assert.equal(next.state.space, one.space.did());
  assert.equal(next.state.seq, 2);
  stream.close();
});

test('Watch: refused with a receipt, each by its name', async () => {
  const device = await newDevice();
  const stranger = new Device(server, await ed25519.generate(), device.space);
  const fresh = await Device.create(server);
  assert.equal(await refusalOf(fresh, await watchInvocation(fresh)), 'SpaceUnknown');
  assert.equal(await refusalOf(stranger, await watchInvocation(stranger)), 'Unauthorized');
  const since = cidOf(Uint8Array.of(1));
  assert.equal(await refusalOf(device, await watchInvocation(device, { since })), 'BaseUnknown');
  const late = await watchInvocation(device, { expiration: now() - 5 });
  assert.equal(await refusalOf(device, late), 'Unauthorized');
  const malformed = await peer.signInvocation({
    issuer: device.agent,
    audience: device.did,
    can: 'space/state/watch',
    nb: { since: 'yesterday' },
  });
  assert.equal(await refusalOf(device, malformed), 'Unauthorized');
  const both = [await watchInvocation(device), await watchInvocation(device)];
  const { receipts } = await openWatch(device, both);
  for (const { out } of receipts ?? []) assert.equal(out.error.name, 'ProtocolError');
  assert.equal(receipts?.length, 2);
});

test('Watch: a delegation of space/* is enough', async () => {
  const device = await newDevice();
  const other = await device.another();
  const { stream } = await watch(other);
  await edit(device, 1);
  assert.equal((await nextCheckpoint(other, stream)).state.seq, 2);
  stream.close();
});

test('Watch: ends when its invocation expires, and says so', async () => {
  const device = await newDevice();
  const { stream } = await watch(device, { expiration: now() + 2 });
  assert.equal(await stream.ended(), 'complete');
});

test('Watch: ends in order when the server stops', async () => {
  const device = await newDevice();
  const { stream } = await watch(device);
  await server.stop();
  assert.equal(await stream.ended(), 'complete');
  await server.start();
  const again = await watch(device, { since: device.since });
  await edit(device, 'after');
  assert.equal((await nextCheckpoint(device, again.stream)).state.seq, 2);
  again.stream.close();
});

test('Watch: a crash of the server breaks the stream, and what was told is there', async () => {
  const device = await newDevice();
  const { stream } = await watch(device);
  const seen = [];
  const told = (async () => {
    for (;;) seen.push((await nextCheckpoint(device, stream)).state.seq);
  })().catch(() => {});
  for (let i = 0; i < 20; i += 1) await edit(device, i);
  await server.kill9();
  await told;
  assert.notEqual(stream.end, 'complete');
  await server.start();
  const { stream: later, state } = await watch(device);
  assert.ok(state.seq >= /** @type {number} */ (seen.at(-1)));
  later.close();
});

test('Watch: keep-alives while nothing happens', async () => {
  const device = await newDevice();
  await withTerms({ keepAliveSeconds: 1 }, async () => {
    const { stream } = await watch(device);
    await stream.until(() => stream.keepAlives === 2);
    assert.equal(stream.end, undefined);
    await edit(device, 1);
    assert.equal((await nextCheckpoint(device, stream)).state.seq, 2);
    stream.close();
  });
});

test('Watch: many watchers of many spaces come to the newest', async () => {
  const devices = await Promise.all(Array.from({ length: 4 }, newDevice));
  const streams = await Promise.all(
    devices.flatMap((device) =>
      Array.from({ length: 40 }, async () => ({ device, stream: (await watch(device)).stream })),
    ),
  );
  streams.forEach(({ stream }, i) => i % 3 === 0 && stream.close());
  for (let i = 0; i < 10; i += 1) await Promise.all(devices.map((device) => edit(device, i + 1)));
  const living = streams.filter(({ stream }) => !stream.sent.destroyed);
  assert.ok(living.length > 100);
  for (const { device, stream } of living) {
    let seq = 1;
    while (seq < 11) {
      const next = await nextCheckpoint(device, stream);
      assert.ok(next.state.seq > seq, 'numbers go up');
      ({ seq } = next.state);
    }
    stream.close();
  }
});

test('Watch: too many of one space are refused, and those that end make room', async () => {
  const device = await newDevice();
  await withTerms({ watchersMax: 5, watchersOfSpaceMax: 3 }, async () => {
    const held = [];
    for (let i = 0; i < 3; i += 1) held.push((await watch(device)).stream);
    assert.equal(await refusalOf(device, await watchInvocation(device)), 'TooManyWatchers');
    const other = await newDevice();
    for (let i = 0; i < 2; i += 1) held.push((await watch(other)).stream);
    assert.equal(await refusalOf(other, await watchInvocation(other)), 'TooManyWatchers');
    for (const stream of held) stream.close();
    for (let i = 0; i < 3; i += 1) held.push(await watchWhenFree(device));
    for (const stream of held) stream.close();
  });
});

test('Watch: a client that is killed is noticed', async () => {
  const device = await newDevice();
  await withTerms({ watchersMax: 1 }, async () => {
    const body = Buffer.from(await peer.encodeMessage([await watchInvocation(device)]));
    const program = `
      const body = Buffer.from(${JSON.stringify(body.toString('hex'))}, 'hex');
      const type = 'application/vnd.ipld.car';
      const headers = { 'content-type': type, accept: type };
      const answer = await fetch(${JSON.stringify(server.url)}, { method: 'POST', headers, body });
      for await (const part of answer.body) process.stdout.write('.');`;
    const args = ['--input-type=module', '-e', program];
    const client = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(client.stdout, 'data');
    assert.equal(await refusalOf(device, await watchInvocation(device)), 'TooManyWatchers');
    client.kill('SIGKILL');
    (await watchWhenFree(device)).close();
  });
});

test('Watch: frames come unchunked to HTTP/1.0, and more requests end it', async () => {
  const device = await newDevice();
  const body = Buffer.from(await peer.encodeMessage([await watchInvocation(device)]));
  const { hostname, port } = new URL(server.url);
  const socket = connect(Number(port), hostname);
  const head = ['POST / HTTP/1.0', 'content-type: application/vnd.ipld.car'];
  socket.write([...head, `content-length: ${body.length}`, '', ''].join('\r\n'));
  socket.write(body);
  let text = '';
  socket.setEncoding('latin1').on('data', (part) => (text += part));
  while (!text.includes('\r\n\r\n')) await once(socket, 'data');
  assert.doesNotMatch(text, /transfer-encoding/i);
  assert.match(text, /content-type: application\/vnd\.freehold\.watch/i);
  socket.write('GET / HTTP/1.0\r\n\r\n');
  await once(socket, 'close');
});

test('Watch: terms that make no sense are refused with the name of the field', async () => {
  const config = join(server.folder, 'config.json');
  const text = await readFile(config, 'utf8');
  for (const [terms, field] of [
    [{ keepAliveSeconds: 0 }, 'watch.keepAliveSeconds'],
    [{ keepAliveSeconds: 21 }, 'watch.keepAliveSeconds'],
    [{ watchersMax: 10 ** 6 }, 'watch.watchersMax'],
    [{ watchers: 1 }, 'watch.watchers'],
  ]) {
    await server.stop();
    await writeFile(config, JSON.stringify({ ...JSON.parse(text), watch: terms }));
    await assert.rejects(server.start(), new RegExp(/** @type {string} */ (field)));
  }
  await writeFile(config, text);
  await server.start();
});

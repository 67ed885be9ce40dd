/**
 * An authority in JavaScript that lies to our replica: what the replica keeps as evidence convinces
 * an independent verifier, and `freehold verify`.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';

import { encode } from '@ipld/dag-cbor';
import { Delegation } from '@ucanto/core';
import { ed25519 } from '@ucanto/principal';
import { CID } from 'multiformats/cid';

import { loadCore } from '../../js/load-core.js';
import { verifyEvidence } from '../support/js/evidence.js';
import { answerOf, checkpointOf } from '../support/js/lying-authority.js';
import { program } from '../support/js/program.js';
import { build, cidOf } from '../support/js/tree.js';

const NOW = Math.floor(Date.now() / 1000);
const root = build([]).root;

/** @type {any} */ let space;
/** @type {any} */ let authority;
/** @type {any} */ let agent;
/** @type {any} */ let proof;
/** @type {string} */ let folder;

before(async () => {
  [space, authority, agent] = await Promise.all([0, 1, 2].map(() => ed25519.generate()));
  proof = await Delegation.delegate({
    issuer: space,
    audience: authority,
    capabilities: [{ can: 'assert/state', with: space.did() }],
    expiration: Infinity,
  });
  folder = await mkdtemp(join(tmpdir(), 'freehold-evidence-'));
});
after(() => rm(folder, { recursive: true, force: true }));

/** A checkpoint of the empty tree, with what is given. @param {any} nb */
const checkpoint = (nb) =>
  checkpointOf({
    authority,
    space: space.did(),
    proofs: [proof],
    nb: { root, time: NOW, ...nb },
  });

/** A replica that has taken one checkpoint, and is lied to then. */
class Victim {
  /** @param {any} core */
  constructor(core) {
    this.core = core;
    this.replica = core.createReplica(space.did());
  }

  /** Syncs, and is answered with `state`. @param {any} state @param {any} [ok] */
  async sync(state, ok) {
    const call = { agent: agent.did(), service: authority.did(), proofs: [], now: NOW };
    const { fields } = this.replica.beginSync(call);
    const seed = agent.secret.slice(0, 32);
    const invocation = this.core.sealUcan(fields, this.core.sign(seed, this.core.ucanText(fields)));
    const { since } = fields.capabilities[0].nb;
    const ran = CID.decode(invocation.cid);
    const car = await answerOf({ authority, ran, from: since, state, ok });
    return this.replica.finishSync(invocation, car, NOW);
  }

  /** The evidence after a sync that fails with `code`. @param {string} code */
  async evidence(code, /** @type {any[]} */ ...lie) {
    await assert.rejects(this.sync(lie[0], lie[1]), { code });
    return this.replica.evidence();
  }
}

/** @param {Uint8Array} file @param {string[]} options */
const native = async (file, ...options) => {
  const name = join(folder, 'evidence.car');
  await writeFile(name, file);
  const { stdout } = await promisify(execFile)(program, ['verify', name, ...options]);
  return stdout;
};

/** Both verifiers agree that the file proves `expected`. @param {any} expected */
const proves = async (/** @type {Uint8Array} */ file, expected) => {
  const parties = { space: space.did(), authority: authority.did() };
  assert.deepEqual(await verifyEvidence(file), { ...parties, ...expected });
  const { evidence, proven, ...report } = JSON.parse(await native(file, '--json'));
  assert.deepEqual([evidence, proven, report.proved], [expected.kind, true, true]);
  assert.deepEqual([report.space, report.authority], [space.did(), authority.did()]);
  assert.equal(report.number, expected.number);
  assert.match(await native(file, '--space', space.did()), new RegExp(`^${expected.kind}: `, 'm'));
};

const link = (/** @type {string} */ text) => cidOf(encode(text));

test('R34 X3: a fork that the replica saw is proved to others', async () => {
  const victim = new Victim(await loadCore());
  await victim.sync(await checkpoint({}));
  const file = await victim.evidence('Fork', await checkpoint({ time: NOW + 1 }));
  await proves(file, { kind: 'fork', number: 1 });
});

test('R34 X3: a fork by prev, further on, is proved to others', async () => {
  const victim = new Victim(await loadCore());
  await victim.sync(await checkpoint({}));
  const next = await checkpoint({ seq: 2, prev: link('another') });
  await proves(await victim.evidence('Fork', next), { kind: 'fork', number: 1 });
});

test('R34 X3: a rollback that the replica saw is proved to others', async () => {
  const victim = new Victim(await loadCore());
  await victim.sync(await checkpoint({ seq: 2, prev: link('first') }));
  await proves(await victim.evidence('Rollback', await checkpoint({})), { kind: 'rollback' });
});

test('R34 X3: a receipt from what was not shown is proved to others', async () => {
  const victim = new Victim(await loadCore());
  const first = await checkpoint({});
  await victim.sync(first);
  const next = await checkpoint({ seq: 2, prev: first.cid });
  await proves(await victim.evidence('Fork', next, { from: null }), { kind: 'fork' });
});

test('X3: evidence that was changed proves nothing, to either', async () => {
  const victim = new Victim(await loadCore());
  await victim.sync(await checkpoint({}));
  const file = await victim.evidence('Fork', await checkpoint({ time: NOW + 1 }));
  for (let i = 0; i < file.length; i += 97) {
    const bad = file.slice();
    bad[i] ^= 1;
    await assert.rejects(native(bad), `byte ${i}`);
    await assert.rejects(verifyEvidence(bad), `byte ${i}`);
  }
  await assert.rejects(native(file, '--space', agent.did()), /another space/);
  await assert.rejects(native(file, '--root', `${root}`), /no one root/);
});

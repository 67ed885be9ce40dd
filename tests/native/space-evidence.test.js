/** freehold space, lied to by an authority: it keeps what proves it, for others to verify. */
import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, test } from 'node:test';

import { CID } from 'multiformats/cid';

import { verifyEvidence } from '../support/js/evidence.js';
import { startLiar } from '../support/js/lying-authority.js';
import { run } from '../support/js/program.js';
import { ask, end } from '../support/js/space-cli.js';

const folder = await mkdtemp(join(tmpdir(), 'freehold-lies-'));
const liar = await startLiar();
after(async () => {
  await liar.close();
  await rm(folder, { recursive: true, force: true });
});

/** A space that the authority has a checkpoint of. @param {string} name */
const begun = async (name) => {
  const dir = join(folder, name);
  const { space } = await ask('new', dir, '--remote', liar.url);
  liar.nextOf = () => ({ seq: 1 });
  await ask('sync', dir);
  return { dir, space };
};

/** The checkpoint that a replica has. @param {string} dir */
const checkpoint = async (dir) => CID.parse((await ask('log', dir)).checkpoints[0].cid);

/** Both verifiers are convinced by a file. @param {string} file @param {any} expected */
const proves = async (file, { space, kind }) => {
  const report = JSON.parse(await run('verify', file, '--json'));
  assert.deepEqual([report.space, report.evidence, report.proven], [space, kind, true]);
  const { authority, ...found } = await verifyEvidence(new Uint8Array(await readFile(file)));
  assert.deepEqual([found.space, found.kind, authority], [space, kind, liar.did]);
};

test('R34 X3: a sync that finds a fork keeps the evidence in the folder, once', async () => {
  const { dir, space } = await begun('fork');
  const { root } = await ask('log', dir);
  liar.nextOf = () => ({ seq: 1, time: 1e9 * 2 });
  const { code, error } = await end('sync', dir, '--json');
  assert.deepEqual([code, error.name], [8, 'Fork'], error.message);
  assert.equal(dirname(error.evidence), dir);
  await proves(error.evidence, { space, kind: 'fork' });
  assert.deepEqual((await ask('log', dir)).root, root);

  const told = await end('sync', dir);
  assert.equal(told.code, 8);
  const [, file] = /** @type {any} */ (told.err.match(/freehold verify (\S+)/));
  await proves(file, { space, kind: 'fork' });
  const kept = (await readdir(dir)).filter((name) => name.startsWith('evidence'));
  assert.equal(kept.length, 1);
  assert.match(kept[0], /^evidence-[0-9a-f]{16}\.car$/);
});

test('R34 X3: a sync that finds a rollback keeps the evidence in the folder', async () => {
  const { dir, space } = await begun('rollback');
  const before = await checkpoint(dir);
  liar.nextOf = () => ({ seq: 2, prev: before });
  await ask('sync', dir);
  liar.nextOf = () => ({ seq: 1 });
  const { code, error } = await end('sync', dir, '--json');
  assert.deepEqual([code, error.name], [7, 'Rollback'], error.message);
  await proves(error.evidence, { space, kind: 'rollback' });
});

/** A space of the command line in the JavaScript package, and the other way round. */
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { Agent } from '../../js/index.js';
import { run } from '../support/js/program.js';
import { startServer } from '../support/js/server.js';
import { ask, end } from '../support/js/space-cli.js';

test('a space of the command line is one of the package, and the other way round', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'freehold-command-line-'));
  const server = await startServer();
  const place = (/** @type {string} */ name) => join(folder, name);
  try {
    const dir = place('new');
    const { recoveryKey } = await ask('new', dir, '--remote', server.url, '--name', 'Shared');
    await ask('put', dir, '/from', '"the command line"');
    await ask('sync', dir);
    const agent = await Agent.open({ store: 'memory' });
    const space = await agent.importDelegation(
      (await ask('share', dir, '--to', agent.did)).delegation,
    );
    assert.equal(space.name, 'Shared');
    await space.sync(server.url);
    assert.equal(await space.get('/from'), 'the command line');
    await space.put('/back', { from: 'the package' });
    await space.sync();
    await ask('sync', dir);
    assert.equal((await ask('log', dir)).root, space.root);

    const { space: own } = await agent.createSpace({ name: 'Of the package' });
    await own.put('/mine', 'x'.repeat(2000));
    await own.sync(server.url);
    const there = place('there');
    assert.equal((await end('clone', there, '--remote', server.url)).code, 1);
    const did = (await run('key', 'did', join(there, 'agent.key'))).trim();
    const file = place('text');
    await writeFile(file, `${await own.share(did)}\n`);
    const told = await ask('clone', there, '--remote', server.url, '--delegation', file);
    assert.equal(told.root, own.root);
    assert.equal((await ask('log', there)).name, 'Of the package');

    const key = place('recovery');
    await writeFile(key, recoveryKey);
    const recovered = place('recovered');
    const again = await ask('clone', recovered, '--remote', server.url, '--recovery', key);
    assert.equal(again.root, space.root);
    agent.close();
  } finally {
    await server.close();
    await rm(folder, { recursive: true, force: true });
  }
});

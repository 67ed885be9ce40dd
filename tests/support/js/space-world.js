/** A server, and folders with replicas of its spaces, for one file of tests. */
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from './program.js';
import { startServer } from './server.js';
import { ask, end, start } from './space-cli.js';

/** Close it when done. */
export const startWorld = async () => {
  const folder = await mkdtemp(join(tmpdir(), 'freehold-space-'));
  const server = await startServer();
  let made = 0;

  /** A name for a file or folder that is not there yet. */
  const place = (name = 'place') => join(folder, `${name}${(made += 1)}`);

  /** A folder with a replica of a new space. @param {string[]} args */
  const newSpace = async (...args) => {
    const dir = place('new');
    const about = await ask('new', dir, '--remote', server.url, ...args);
    return { dir, ...about };
  };

  /**
   * The file of a delegation of the space in `dir` to a device.
   * @param {string} dir @param {string} did @param {string[]} args
   */
  const shareTo = async (dir, did, ...args) => {
    const file = place('delegation');
    await writeFile(file, (await ask('share', dir, '--to', did, ...args)).delegation);
    return file;
  };

  /** Makes the key of a device in a folder, as clone does when it lacks a delegation. */
  const newDevice = async () => {
    const dir = place('device');
    const { code, error } = await end('clone', dir, '--remote', server.url, '--json');
    assert.equal(code, 1);
    assert.equal(error.name, 'NoDelegation');
    const [did] = error.message.match(/did:key:\w+/);
    assert.equal((await run('key', 'did', join(dir, 'agent.key'))).trim(), did);
    return { dir, did };
  };

  /** Another device's folder of the space in `of`. @param {string} of */
  const clone = async (of) => {
    const { dir, did } = await newDevice();
    await ask('clone', dir, '--remote', server.url, '--delegation', await shareTo(of, did));
    return dir;
  };

  const close = async () => {
    await server.close();
    await rm(folder, { recursive: true, force: true });
  };
  return { server, folder, place, newSpace, shareTo, newDevice, clone, close };
};

/** @param {string} dir */
export const rootOf = async (dir) => (await ask('log', dir)).root;

/** What check says, which must be good. @param {string} dir */
export const assertSound = async (dir) => {
  const { code, json } = await end('check', dir, '--json');
  assert.deepEqual([code, json.ok, json.problems], [0, true, []]);
  return json;
};

/** Lines for `put --lines`. @param {number} count */
export const manyLines = (count, text = 'value') =>
  Array.from({ length: count }, (_, i) =>
    JSON.stringify({ key: `/many/${String(i).padStart(6, '0')}`, value: `${text} ${i}` }),
  ).join('\n');

/** @param {string} dir @param {string} input */
export const putLines = async (dir, input, how = {}) =>
  start(['put', dir, '--lines', '-', '--json'], { input, ...how }).ended;

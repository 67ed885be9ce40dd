/** The package over memory: agents, spaces, and what tests of it ask again and again. */
import assert from 'node:assert/strict';

import { Agent, FreeholdError } from '../../../js/index.js';

export const newDevice = () => Agent.open({ store: 'memory' });

export async function newSpace() {
  const agent = await newDevice();
  const { space } = await agent.createSpace({ name: 'drawer' });
  return { agent, space };
}

/** The same space on another device. @param {any} space */
export async function shareWith(space) {
  const agent = await newDevice();
  return agent.importDelegation(await space.share(agent.did));
}

/** @param {AsyncIterable<any>} iterable */
export const collect = async (iterable) => {
  const items = [];
  for await (const item of iterable) items.push(item);
  return items;
};

/** @param {Promise<any>} promise @param {string} code */
export const rejects = (promise, code) =>
  assert.rejects(promise, (/** @type {any} */ error) => {
    assert.ok(error instanceof FreeholdError, String(error?.stack));
    assert.equal(error.code, code, error.message);
    return true;
  });

/** An authority in JavaScript, of spaces with no entries but what clients send, that may lie. */
import { createServer } from 'node:http';
import { once } from 'node:events';

import { decode } from '@ipld/dag-cbor';
import { Delegation, Message, Receipt } from '@ucanto/core';
import { ed25519 } from '@ucanto/principal';
import { CID } from 'multiformats/cid';

import { blocksOf, packMessage, readCar, storeOf } from './ucan-peer.js';

/**
 * A checkpoint, by which the authority says `nb` of a space.
 *
 * @param {{ authority: any, space: string, proofs: any[], nb: any }} what
 */
export const checkpointOf = ({ authority, space, proofs, nb }) =>
  Delegation.delegate({
    issuer: authority,
    audience: /** @type {any} */ ({ did: () => space }),
    capabilities: [
      /** @type {any} */ ({
        can: 'assert/state',
        with: space,
        nb: {
          ...{ space, seq: 1, prev: null, skip: null, count: 0, bytes: 0 },
          ...{ time: Math.floor(Date.now() / 1000), ...nb },
        },
      }),
    ],
    proofs,
    expiration: Infinity,
  });

/**
 * The answer to a sync: a message with the receipt and the checkpoint.
 *
 * @param {{ authority: any, ran: CID, from: CID | null, state: any, ok?: any }} what
 */
export const answerOf = async ({ authority, ran, from, state, ok }) => {
  const receipt = await Receipt.issue({
    issuer: authority,
    ran: /** @type {any} */ (ran),
    result: { ok: { checkpoint: state.cid, from, conflicts: [], refused: [], ...ok } },
  });
  const message = await Message.build({ receipts: [/** @type {any} */ (receipt)] });
  return packMessage(message, blocksOf(state));
};

/**
 * Serves syncs over HTTP: takes whatever root it is told, and says of it what `nextOf` gives,
 * proven by the delegation that a client has sent. Close it when done.
 */
export const startLiar = async () => {
  const authority = await ed25519.generate();
  const liar = { url: '', nextOf: () => ({}), close: async () => {} };
  const proofs = /** @type {Map<string, any>} */ (new Map()); // by space

  /** @param {Uint8Array} body */
  const answer = async (body) => {
    const { roots, blocks } = await readCar(body);
    const read = (/** @type {any} */ cid) => /** @type {any} */ (decode(blocks.get(`${cid}`)));
    const [task] = read(roots[0])['ucanto/message@7.0.0'].execute;
    const [{ with: space, nb }] = read(task).att;
    for (const cid of blocks.keys()) {
      const link = CID.parse(cid);
      if (link.code !== 0x71 || read(cid).att?.[0]?.can !== 'assert/state') continue;
      const root = /** @type {any} */ (link);
      proofs.set(space, Delegation.view({ root, blocks: storeOf(blocks) }));
    }
    const proof = proofs.get(space);
    const state = await checkpointOf({
      authority,
      space,
      proofs: proof ? [proof] : [],
      nb: { root: nb.root, ...liar.nextOf() },
    });
    return answerOf({ authority, ran: task, from: nb.since ?? null, state });
  };

  const server = createServer(async (request, response) => {
    if (request.method === 'GET') {
      const publicKeyMultibase = authority.did().slice('did:key:'.length);
      const document = { id: authority.did(), verificationMethod: [{ publicKeyMultibase }] };
      response.end(JSON.stringify(document));
      return;
    }
    const parts = [];
    for await (const part of request) parts.push(part);
    response.setHeader('content-type', 'application/vnd.ipld.car');
    response.end(await answer(new Uint8Array(Buffer.concat(parts))));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  liar.url = `http://127.0.0.1:${/** @type {any} */ (server.address()).port}/`;
  liar.close = async () => {
    server.close();
    server.closeAllConnections();
    await once(server, 'close');
  };
  return Object.assign(liar, { did: authority.did() });
};

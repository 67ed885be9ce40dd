/** Editing an open space. */

/**
 * Durable, and told to listeners, when the promise is fulfilled.
 * @param {import('./internal.js').Session} session
 * @param {[Uint8Array, import('./types.js').Data?][]} changes
 * @param {import('./internal.js').Block[]} blocks that belong to the new entries
 */
export async function edit({ replica, notify }, changes, blocks) {
  await replica.change((held) => ({ commit: held.edit(changes, blocks) }));
  notify(
    'edit',
    changes.map(([key]) => key),
  );
}

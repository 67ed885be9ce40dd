/** When to sync: at once if asked, soon after edits, when the network is back, and every minute. */

const SOON_MS = 1_200;
const EVERY_MS = 60_000;

/**
 * How the last sync ended. offline: the service could not be reached.
 * @typedef {'never' | 'synced' | 'offline' | 'failed'} Outcome
 * @typedef {{ outcome: Outcome, isRunning: boolean, at: number, proven: boolean, reason: string }}
 *   SyncState
 */

/** Syncs one space after the other has been chosen with `use`. */
export class Syncer {
  /** @type {import('freehold').Space | undefined} */
  #space;
  #timer = 0;
  /** @type {SyncState} */
  state = { outcome: 'never', isRunning: false, at: 0, proven: false, reason: '' };

  /** @param {(result?: import('freehold').SyncResult) => void} onChange the state changed */
  constructor(onChange) {
    this.onChange = onChange;
    window.addEventListener('online', () => this.now());
    window.addEventListener('offline', () => this.#change({ outcome: 'offline' }));
    document.addEventListener('visibilitychange', () => this.#ifVisible());
    setInterval(() => this.#ifVisible(), EVERY_MS);
  }

  /** @param {import('freehold').Space | undefined} space */
  use(space) {
    this.#space = space;
    const last = space && JSON.parse(localStorage.getItem(`drawer.sync.${space.did}`) ?? 'null');
    this.state = { outcome: 'never', isRunning: false, at: 0, proven: false, reason: '', ...last };
  }

  /** Something was edited, if not by a sync itself: more may follow, so not at once. */
  edited() {
    if (!this.state.isRunning) this.#soon();
  }

  #soon() {
    clearTimeout(this.#timer);
    this.#timer = window.setTimeout(() => this.now(), SOON_MS);
  }

  /** Resolves when the sync has ended, however it did. */
  async now() {
    const space = this.#space;
    clearTimeout(this.#timer);
    if (!space) return;
    if (this.state.isRunning) return;
    this.#change({ isRunning: true });
    try {
      const result = await space.sync(space.service?.url ?? location.origin);
      if (space !== this.#space) return;
      const last = { outcome: 'synced', at: Date.now(), proven: result.proven };
      localStorage.setItem(`drawer.sync.${space.did}`, JSON.stringify(last));
      this.#change({ .../** @type {any} */ (last), isRunning: false }, result);
      if (space.isAhead && !result.refused.length) this.#soon(); // edited meanwhile
    } catch (error) {
      if (space !== this.#space) return;
      const { code, message } = /** @type {any} */ (error);
      const outcome = code === 'Offline' ? 'offline' : 'failed';
      this.#change({ outcome, isRunning: false, reason: message });
    }
  }

  #ifVisible() {
    if (document.visibilityState === 'visible') this.now();
  }

  /** @param {Partial<SyncState>} change @param {import('freehold').SyncResult} [result] */
  #change(change, result) {
    Object.assign(this.state, change);
    this.onChange(result);
  }
}

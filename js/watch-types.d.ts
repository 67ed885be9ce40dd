/** What `freehold/watch` offers: hearing of what others change, as it happens. */
import type { FreeholdError, Link, Space, SyncResult } from './types.js';

/** A checkpoint that the space's authority has signed: all of it has been verified. */
export interface NotedCheckpoint {
  checkpoint: Link;
  /** The number. If it is above `space.seq`, there is something to be synced. */
  seq: number;
  /** The root of the tree that it states. */
  root: Link;
  /** A host showed one that is older than what was seen before: harmless, nothing new. */
  isStale: boolean;
}

export interface WatchOptions {
  /** The service, if the space does not know it yet. */
  url?: string | URL;
  /** Ends the watch. */
  signal?: AbortSignal;
}

/**
 * The newest checkpoint at once, then each new one when the service has made it durable; of those
 * that come while the loop is busy, the newest. Connects again, with pauses that grow to a minute,
 * as long as the service is `Offline`, has no room or fails. Ends with its signal, or when the
 * space is closed. Its signature, and that it goes on from what was seen before, are verified:
 * `Fork`, `Rollback` (with `evidence`), `InvalidSignature`. Also fails with `NotFound` before the
 * space was synced for the first time, with `BaseUnknown` or `Recovering` if the service was
 * restored from a backup (a sync tells it what it lost), and as `sync` does.
 */
export declare function watch(
  space: Space,
  options?: WatchOptions,
): AsyncGenerator<NotedCheckpoint, void, undefined>;

export interface LiveOptions extends WatchOptions {
  /** As of `sync`. */
  lazy?: boolean;
  /** After each sync. (What changed comes to `space.subscribe`, too.) */
  onSync?: (result: SyncResult) => void;
  /** Of a sync that failed, and will be made again. */
  onError?: (error: FreeholdError) => void;
}

/**
 * Keeps a space in sync: now, when the service has something new, and when something was edited
 * here. One tab does it for all of an origin; when that is closed, the next. Fulfilled when the
 * signal aborts or the space is closed; rejected with what another attempt would not mend.
 */
export declare function live(space: Space, options?: LiveOptions): Promise<void>;

/**
 * What the package `freehold` offers: the contract that index.js keeps, and the shapes that go
 * through it.
 *
 * Every promise may be rejected with a `FreeholdError`, whose `code` says what to do about it.
 */

// --- data ----------------------------------------------------------------------------------------

/**
 * A value of an entry: what DAG-CBOR holds. Numbers must be finite; whole numbers beyond
 * ±(2^53 − 1) are bigints. Links of other libraries (multiformats' `CID`) are taken too, and come
 * back as `Link`.
 */
export type Data =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | Link
  | ForeignLink
  | Data[]
  | { [key: string]: Data };

/** The address of a block by the hash of its bytes. Compatible with `CID` of multiformats. */
export declare class Link {
  constructor(bytes: Uint8Array);
  /** From text: base32 (`b…`), or base58btc (`Qm…`, `z…`). */
  static parse(text: string): Link;
  readonly bytes: Uint8Array;
  readonly version: 0 | 1;
  readonly code: number;
  readonly multihash: {
    readonly code: number;
    readonly size: number;
    readonly digest: Uint8Array;
    readonly bytes: Uint8Array;
  };
  /** By these two, multiformats' `CID.asCID` knows it for a CID. */
  readonly '/': Uint8Array;
  readonly asCID: Link;
  equals(other: { bytes: Uint8Array }): boolean;
  /** Base32 with `b`; of version 0 base58btc. */
  toString(): string;
  toJSON(): { '/': string };
}

/** Any other library's link. */
export interface ForeignLink {
  readonly '/': Uint8Array;
  readonly bytes: Uint8Array;
}

/** 1 to 1,024 bytes; a string stands for its UTF-8. */
export type Key = string | Uint8Array;

export interface Entry {
  key: Uint8Array;
  /** The key as text, for people: bytes that are not UTF-8 become U+FFFD. */
  text: string;
  value: Data;
}

/** A put; without `value` a delete. */
export interface Change {
  key: Key;
  value?: Data;
}

export interface ListOptions {
  /** Only keys that begin so. */
  prefix?: Key;
  /** Inclusive. */
  from?: Key;
  /** Exclusive. */
  to?: Key;
  /** Greatest key first; `from` and `to` keep their meaning. */
  reverse?: boolean;
  limit?: number;
}

// --- agents --------------------------------------------------------------------------------------

export type StoreKind = 'indexeddb' | 'memory';

/** Where an agent keeps everything: what a program makes that has a better place, files say. */
export interface Stores {
  database: Database;
  blocks: BlockStore;
  /**
   * Names the stores among those of this origin, if other tabs may use them at the same time: they
   * then tell each other of changes, and sync in turn.
   */
  channel?: string;
}

/** Keys and values (structured clones): the agent's key, what is known of spaces, files. */
export interface Database {
  get(key: string): Promise<any>;
  /** Durable when fulfilled. */
  set(key: string, value: unknown): Promise<void>;
  delete(key: string): Promise<void>;
  /** All values whose key begins with `prefix`, by key. */
  list(prefix: string): Promise<any[]>;
  close(): void;
}

/** The blocks and the head record of each space. */
export interface BlockStore {
  /** The head record; undefined if the space is not held. */
  record(space: string): Promise<Uint8Array | undefined>;
  /** Those of the blocks that are held. */
  getMany(space: string, cids: Uint8Array[]): Promise<Block[]>;
  /** The CIDs of all blocks. A store without it keeps all that a partial replica ever read. */
  list?(space: string): Promise<Uint8Array[]>;
  /**
   * Makes all of the commit durable, or fails and leaves all as it was: with a `FreeholdError` of
   * code 'HeadMoved' if the record is not `expected`, which means that somebody else was here.
   */
  commit(space: string, commit: Commit, expected: Uint8Array | undefined): Promise<void>;
  remove(space: string): Promise<void>;
  close(): void;
}

export interface Block {
  /** The bytes of the CID. */
  cid: Uint8Array;
  bytes: Uint8Array;
}

/** What one change means for storage: all of it, or none. */
export interface Commit {
  added: Block[];
  /** Blocks that are needed no more. */
  freed: Uint8Array[];
  record: Uint8Array;
}

export interface AgentOptions {
  /** Agents of different names share nothing. 'default' if not given. */
  name?: string;
  /** If not given, IndexedDB in browsers and memory elsewhere. */
  store?: StoreKind | Stores;
  /**
   * The text of an Ed25519 private key (`Mg…`) for an agent that has none yet. Without it one is
   * made, by WebCrypto if it can (then it cannot be read out), and kept in the browser.
   */
  key?: string;
}

export interface SpaceInfo {
  did: string;
  name: string;
}

/** One device of a user: a key, the rights that were given to it, and the spaces it holds. */
export declare class Agent {
  private constructor();
  static open(options?: AgentOptions): Promise<Agent>;

  /** The agent's did:key: what others delegate to. */
  readonly did: string;

  /** The spaces that are held here, by name. */
  spaces(): Promise<SpaceInfo[]>;
  /**
   * A new space. Its key signs one delegation, of everything to this agent, and is then forgotten:
   * `recoveryKey` is the only copy, for the user to keep.
   */
  createSpace(options: { name: string }): Promise<{ space: Space; recoveryKey: string }>;
  /** A space that is held here. Opened twice it is the same object. `NotFound`. */
  openSpace(did: string): Promise<Space>;
  /** The space of a recovery key, with a new delegation to this agent. */
  recoverSpace(recoveryKey: string, options?: { name?: string }): Promise<Space>;
  /** Takes what `Space.share` of another device gave; the space is then to be synced. */
  importDelegation(text: string, options?: { name?: string }): Promise<Space>;
  /** Forgets a space here, with everything that was not synced. The service keeps its replica. */
  removeSpace(did: string): Promise<void>;
  /** Closes all its spaces too. */
  close(): void;
}

// --- spaces --------------------------------------------------------------------------------------

/** One user's state: read and edited offline, synced when the service can be reached. */
export declare class Space {
  private constructor();
  readonly did: string;
  readonly name: string;
  /** The root CID of the tree as it is here, now: equal on two devices iff all entries are. */
  readonly root: string;
  /** The number of the last checkpoint that was synced; 0 before the first. */
  readonly seq: number;
  /** Whether there are edits here that wait to be synced. */
  readonly isAhead: boolean;
  /**
   * Whether all entries are here. If not (a first sync is under way, or it was lazy), what is asked
   * for is read from the service, and then is here.
   */
  readonly isWhole: boolean;
  /** Prefixes of keys: what is under them is always here, also of a space that is not whole. */
  readonly scopes: Uint8Array[];
  /** The service that `sync()` goes to, if one is known. */
  readonly service: ServiceInfo | undefined;

  get(key: Key): Promise<Data | undefined>;
  /** Durable when the promise is fulfilled, like every change. `InvalidKey`, `InvalidValue`. */
  put(key: Key, value: Data): Promise<void>;
  delete(key: Key): Promise<void>;
  /** All of the changes, or none; of several to one key the last counts. */
  batch(changes: Change[]): Promise<void>;
  /** Pages as it goes, by keys: edits made meanwhile are seen or not, but nothing is repeated. */
  entries(options?: ListOptions): AsyncGenerator<Entry, void, undefined>;
  /** How many entries there are, and their bytes. */
  weight(): Promise<{ entries: number; bytes: number }>;

  /**
   * Keeps the bytes of a file here and queues the invocation that gives them to the service: they
   * go there by the next syncs. With `key`, the entry `{blob: multihash, size, type, name, …meta}`
   * is put under it in the same commit.
   */
  add(file: Blob | Uint8Array, options?: AddOptions): Promise<Added>;
  /** What became of each blob, newest knowledge first verified. */
  blobs(options?: { prefix?: Key; limit?: number }): Promise<BlobStatus[]>;
  /**
   * The bytes: those kept here, or with `local: false` or none here, those at the location that the
   * service committed itself to. Either way they are what the multihash says, or `Corrupt`.
   */
  fetch(multihash: Uint8Array, options?: { local?: boolean; signal?: AbortSignal }): Promise<Blob>;
  /** Forgets the bytes that are kept here; whether there were any. */
  evict(multihash: Uint8Array): Promise<boolean>;

  /** Learns to know the service at `url`, once: its DID and key are pinned. */
  connect(url: string | URL): Promise<ServiceInfo>;
  /**
   * Sends the edits and brings back the service's, then does what is ours to do (PUTs bytes that
   * the service awaits and says so) and syncs again, until nothing moves. Fails with `Offline` if
   * the service cannot be reached, `NoService` if none is known; any failure may be retried, and
   * goes on where it was. `lazy`: entries are not brought here before they are asked for, but for
   * those whose keys begin with one of `scopes`: after each sync all of them are here, and need no
   * service. Scopes are kept, and a space with any is lazy unless it is told not to be.
   */
  sync(url?: string | URL, options?: { lazy?: boolean; scopes?: Key[] }): Promise<SyncResult>;

  /** A delegation for another device, as text for its `importDelegation`. */
  share(audience: string, options?: ShareOptions): Promise<string>;
  /** The delegations by which this agent acts on the space. */
  delegations(): Promise<DelegationInfo[]>;
  /** The state as a CARv1 with the tree's root as its root: nodes, values, receipts. */
  exportCar(): Promise<Uint8Array>;

  /** Calls `listener` after each change, also of another tab; gives what ends that. */
  subscribe(listener: (event: SpaceEvent) => void): () => void;
  close(): void;
}

export interface ServiceInfo {
  url: string;
  did: string;
  /** The did:key that it signs with. */
  key: string;
}

export interface AddOptions {
  /** Where an entry about the file goes; none if not given. */
  key?: Key;
  /** More fields for that entry. */
  meta?: { [key: string]: Data };
  /** The file's own name if not given. */
  name?: string;
}

export interface Added {
  multihash: Uint8Array;
  /** The multihash as text (`z…`). */
  text: string;
  size: number;
}

/**
 * queued: the service has not been asked yet. pending: it has; `awaits` says what comes next.
 * stored: `locations` are where the service promised to keep the bytes. failed: `reason` says why.
 * unrecognised: the entry is no commitment of the service that it names.
 */
export type BlobState =
  'queued' | 'pending' | 'stored' | 'failed' | 'expired' | 'removed' | 'unrecognised';

export interface BlobStatus {
  multihash: Uint8Array;
  /** The multihash as text (`z…`). */
  text: string;
  size: number;
  /** The DID of the service that it is about; '' before one is known. */
  service: string;
  state: BlobState;
  /** Of a pending one: 'allocate', 'put' or 'accept'; else ''. */
  awaits: string;
  /** Of a failed or unrecognised one: why; else ''. */
  reason: string;
  /** Whether the bytes are kept here. */
  isLocal: boolean;
  locations: string[];
  /** The space/blob/add invocation. */
  invocation: Link | undefined;
  /** The location commitment. */
  site: Link | undefined;
  /** Where the bytes are awaited, while `awaits` is 'put'. */
  put: PutAddress | undefined;
}

export interface PutAddress {
  url: string;
  headers: [string, string][];
  /** Unix seconds. */
  expires: number;
  task: Link;
}

export interface SyncResult {
  /** The root after all; of the checkpoint, and of more if something was edited meanwhile. */
  root: string;
  seq: number;
  /** Keys that the other side changed here. */
  changed: Uint8Array[];
  /** /conflict/ keys, where values are kept that lost. */
  conflicts: Uint8Array[];
  /** Edits that the service did not take, and why. */
  refused: { key: Uint8Array; name: string }[];
  /** Multihashes of the blobs whose bytes were sent. */
  uploaded: Uint8Array[];
  /** Those whose bytes could not be sent, and why; the next sync tries again. */
  failed: { multihash: Uint8Array; reason: string }[];
  /** Whether the space has given the service the right to sign its checkpoints. */
  proven: boolean;
}

export interface ShareOptions {
  /** Abilities. Enough to read, write and sync if not given: `space/*` and `assert/state`. */
  can?: string[];
  /** Never if not given. */
  expires?: Date;
}

export interface DelegationInfo {
  cid: Link;
  issuer: string;
  audience: string;
  can: string[];
  expires: Date | undefined;
}

export interface SpaceEvent {
  /** edit: made here. sync: brought by one. remote: made by another tab. */
  type: 'edit' | 'sync' | 'remote';
  root: string;
  /** What changed, where that is known. */
  keys: Uint8Array[];
}

// --- errors --------------------------------------------------------------------------------------

/** By what the caller can do; what a service answers may bring other names. */
export type ErrorCode =
  | 'Malformed'
  | 'LimitExceeded'
  | 'MissingBlocks'
  | 'Corrupt'
  | 'InvalidKey'
  | 'InvalidValue'
  | 'InvalidEdits'
  | 'RootMismatch'
  | 'BaseUnknown'
  | 'Superseded'
  | 'RebaseRequired'
  | 'InvalidSignature'
  | 'Expired'
  | 'NotValidBefore'
  | 'Unauthorized'
  | 'Fork'
  | 'Rollback'
  | 'ProtocolError'
  | 'NotFound'
  | 'Recovering'
  | 'NoService'
  | 'ServiceChanged'
  | 'Offline'
  | 'HttpError'
  | 'HeadMoved'
  | 'Closed'
  | 'OtherFormat'
  | (string & {});

export declare class FreeholdError extends Error {
  constructor(code: ErrorCode, message: string, options?: ErrorOptions);
  readonly code: ErrorCode;
  /**
   * Of a `Fork` or `Rollback`: a file that proves to anyone that the service contradicted itself
   * (`freehold verify FILE`). Keep it.
   */
  readonly evidence?: Uint8Array;
}

/** Shapes inside the package: the core as wasm/bindings.cpp exports it, tokens, open spaces. */
import type {
  Block,
  BlobStatus,
  BlockStore,
  Commit,
  Data,
  Database,
  Link,
  SyncResult,
} from './types.js';
import type { NotedCheckpoint } from './watch-types.js';

export type { Block, BlockStore, Commit, Database };

export interface UcanFields {
  issuer: string;
  audience: string;
  capabilities: { can: string; with: string; nb?: Data }[];
  /** Unix seconds; null: never. */
  expires: number | null;
  notBefore?: number | null;
  nonce?: string;
  facts?: { [key: string]: Data }[];
  proofs?: (Link | Uint8Array)[];
}

export interface KeyPair {
  did: string;
  seed: Uint8Array;
  text: string;
}

export interface CoreRange {
  prefix?: Uint8Array;
  from?: Uint8Array;
  fromExclusive?: boolean;
  to?: Uint8Array;
  toInclusive?: boolean;
  reverse?: boolean;
  limit?: number;
}

/** Who calls whom, by what right. */
export interface Call {
  agent: string;
  service: string;
  proofs: Uint8Array[];
  now: number;
}

/** How a replica reads from its service what storage has not. */
export interface Reader {
  call(): Call;
  /** `by` takes the message there, and gives the answer: a whole one, if nothing else is said. */
  send<T = Uint8Array>(
    fields: UcanFields,
    blocks: Block[],
    by?: (url: string, message: Uint8Array) => Promise<T>,
  ): Promise<{ invocation: Block; response: T }>;
}

export interface CoreReplica {
  root(): Uint8Array;
  seq(): number;
  isAhead(): boolean;
  /** What is to be stored of it as it is. */
  save(): Commit;
  serviceError(): Data;
  /** What proves the fork or rollback that the last answer failed with. */
  evidence(): Uint8Array | undefined;
  hold(cid: Uint8Array, bytes: Uint8Array): void;
  /** Storage does not have this block. */
  lack(cid: Uint8Array): void;
  missing(): Uint8Array[];
  /** Forgets all blocks if they are too many; whether it did. Storage must have them. */
  trim(): boolean;
  blockCount(): number;
  knowService(did: string, key: string): void;
  get(key: Uint8Array): Data | undefined;
  list(range: CoreRange): {
    entries: { key: Uint8Array; value: Data }[];
    next: Uint8Array | undefined;
  };
  weight(): { entries: number; bytes: number };
  blobs(range: CoreRange, now: number): Omit<BlobStatus, 'text' | 'isLocal'>[];
  edit(changes: [Uint8Array, Data?][], attached: Block[]): Commit;
  mayRead(): boolean;
  /** Whether everything is here, or all under the scopes. */
  isHere(what: 'all' | 'scopes'): boolean;
  scopes(): Uint8Array[];
  setScopes(prefixes: Uint8Array[]): Commit;
  /** Whether so much was read, and need not be held, that it is to be swept. */
  isSweepDue(): boolean;
  /** Of the CIDs in storage, frees what need not be held. */
  sweep(stored: Uint8Array[]): Commit;
  /** What is missing, or what comes next to become whole or filled; undefined: nothing. */
  beginRead(call: Call & { next?: 'all' | 'scopes' }): UcanFields | undefined;
  finishRead(invocation: Block, response: Uint8Array): Commit;
  finishPull(what: 'all' | 'scopes'): Commit;
  beginSync(call: Call & { lazy: boolean }): {
    fields: UcanFields;
    blocks: Block[];
    commit: Commit;
  };
  finishSync(
    invocation: Block,
    response: Uint8Array,
    now: number,
  ): Pick<SyncResult, 'seq' | 'changed' | 'conflicts' | 'refused' | 'proven'> & {
    commit: Commit;
    isMore: boolean;
  };
  beginWatch(call: Call): UcanFields;
  /** What the next frame of the watch with this handle tells; it must be there. */
  judgeWatch(handle: number): { commit: Commit } & NotedCheckpoint;
  delete(): void;
}

/** A stream of space/state/watch, as core/freehold/db/watch.hpp takes it. */
export interface CoreWatch {
  handle: number;
  /** Bytes of a stream, or the whole of an ordinary answer; whether a frame is there. */
  push(bytes: Uint8Array, isStream: boolean): boolean;
  /** Done with a frame: what it told is durable. Whether the next one is there. */
  pop(): boolean;
  /** Fails if the stream has ended in the middle of something. */
  end(): void;
  delete(): void;
}

export interface Hasher {
  update(bytes: Uint8Array): void;
  /** The digest; the hasher is no more. */
  finish(): Uint8Array;
}

export interface Core {
  encodeData(data: Data): Uint8Array;
  decodeData(bytes: Uint8Array): Data;
  sha256(bytes: Uint8Array): Uint8Array;
  /** Multibase, with the letter `base`. */
  encodeText(base: string, bytes: Uint8Array): string;
  decodeText(text: string): Uint8Array;
  keyOfSeed(seed: Uint8Array): KeyPair;
  keyOfText(text: string): KeyPair;
  didOfPublicKey(bytes: Uint8Array): string;
  sign(seed: Uint8Array, message: Uint8Array): Uint8Array;
  ucanText(fields: UcanFields): Uint8Array;
  sealUcan(fields: UcanFields, signature: Uint8Array): Block;
  decodeUcan(block: Block): Omit<UcanFields, 'proofs'> & { proofs: Link[] };
  verifyUcan(block: Block, key: string): boolean;
  issueReceipt(ran: Link, out: Data, seed: Uint8Array): Block;
  encodeCar(roots: Uint8Array[], blocks: Block[]): Uint8Array;
  decodeCar(bytes: Uint8Array): { roots: Link[]; blocks: Block[] };
  encodeArchive(root: Block, blocks: Block[]): string;
  decodeArchive(text: string): { root: Uint8Array; blocks: Block[] };
  encodeRequest(execute: Uint8Array[], blocks: Block[]): Uint8Array;
  createHasher(): Hasher;
  createWatch(invocation: Block): CoreWatch;
  createReplica(space: string): CoreReplica;
  /** From a head record. */
  loadReplica(record: Uint8Array): CoreReplica;
}

export interface Signer {
  did: string;
  sign(message: Uint8Array): Promise<Uint8Array>;
}

/** A delegation with its proofs. */
export interface Proof {
  root: Uint8Array;
  blocks: Block[];
}

/** What an agent knows of a space, beside its tree. */
export interface SpaceMeta {
  did: string;
  name: string;
  proof: Proof;
  /** Whether others may have synced it before: then the service is asked first. */
  isImported: boolean;
  service?: { url: string; did: string; key: string };
}

/** What the spaces of an agent share. */
export interface Context {
  core: Core;
  signer: Signer;
  database: Database;
  blocks: BlockStore;
  /** Names locks and the channel between tabs; undefined: nobody else sees the stores. */
  channel: string | undefined;
}

/** An open space, as the parts of the package hand it on. */
export interface Session {
  context: Context;
  meta: SpaceMeta;
  replica: import('./stored-replica.js').StoredReplica;
  /** Aborts when the space is closed. */
  ended: AbortSignal;
  /** Tells listeners, here and in other tabs. */
  notify(type: 'edit' | 'sync', keys: Uint8Array[]): void;
}

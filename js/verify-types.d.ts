/** What `freehold/verify` offers: the verifier of proof files, without anything else. */
import type { Data, Link } from './types.js';

export interface VerifyOptions {
  /** It must be of this space, by its checkpoint. */
  space?: string;
  /** It must be of the tree with this root. */
  root?: string | Link;
  /**
   * The did:key of each service that you trust, by its DID: the keys of did:web services are not in
   * the file. Their checkpoints count even if the space has not made them its authority.
   */
  keys?: { [service: string]: string };
  /** Judge as of this time. */
  now?: Date | number;
}

/** What a proof file proves. All of it has been verified, but for commitments not recognised. */
export interface Proved {
  /** The file's word, if there is no checkpoint. */
  space: string;
  root: Link;
  /** Of the whole tree. */
  entries: number;
  bytes: number;
  /** null: nobody has signed the root. */
  checkpoint: {
    cid: Link;
    seq: number;
    /** Unix seconds. */
    time: number;
    issuer: string;
    /** Whether the space itself named the issuer its authority; else it is one of `keys`. */
    proven: boolean;
  } | null;
  claims: ProvedClaim[];
  /** Receipts that the file brings by themselves; all are recognised. */
  receipts: ProvedReceipt[];
}

/** Of a key: its entry, or none if it is absent. Else a range: `entries` are all that there are. */
export interface ProvedClaim {
  key?: Uint8Array;
  prefix?: Uint8Array;
  from?: Uint8Array;
  to?: Uint8Array;
  entries: ProvedEntry[];
}

export interface ProvedEntry {
  key: Uint8Array;
  /** The key as text, for people. */
  text: string;
  value: Data;
  /** Under /blob/ and /receipt/: whether the value is the service's receipt that belongs there. */
  commitments?: ((ProvedReceipt | { recognised: false; reason: string }) & { slot?: string })[];
}

export interface ProvedReceipt {
  recognised: true;
  receipt: Link;
  issuer: string;
  /** The invocation. */
  ran: Link;
  can: string;
  with: string;
  out: Data;
}

/** What the file proves. Fails with a `FreeholdError`, which says why, unless everything holds. */
export function verify(bytes: Uint8Array, options?: VerifyOptions): Promise<Proved>;

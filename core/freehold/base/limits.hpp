/// Every bound of Freehold, on one page. Sizes are in bytes unless the name says otherwise.
///
/// The first group shapes the bytes of trees and messages: these numbers are part of the format
/// `freehold/tree@1` and of the protocol, and never change under that name (docs/design.md).
#pragma once

#include <cstddef>
#include <cstdint>

namespace freehold::limits {

// --- the format -------------------------------------------------------------------------------
inline constexpr std::size_t key_bytes_max = 1024;           // and at least 1
inline constexpr std::size_t value_inline_bytes_max = 1024;  // larger values get a block
inline constexpr std::size_t value_bytes_max = 1 << 20;
inline constexpr std::uint64_t cut_window_bytes = 2048;  // a natural cut is a maximum this far
inline constexpr std::uint64_t node_bytes_max = 16384;   // the ceiling, as chunking counts
inline constexpr std::uint64_t node_bytes_min = 4096;    // no ceiling cut below this
inline constexpr std::uint64_t resume_bytes = 20480;     // this far back no edit can reach a cut
inline constexpr std::uint64_t internal_entry_bytes =
    64;                                    // size of an internal entry, less its key
inline constexpr int height_max = 40;      // levels; a level is always shorter than the one below
inline constexpr int cbor_depth_max = 64;  // lists and maps in each other, of a value ...
inline constexpr int cbor_block_depth_max = 72;  // ... and of a block that has values in it

// --- the protocol -----------------------------------------------------------------------------
inline constexpr std::size_t edits_bytes_max = 8 << 20;
inline constexpr std::size_t edits_entries_max = 10'000;
inline constexpr std::size_t parcel_bytes_max = 16 << 20;       // of edits with all that they need
inline constexpr std::size_t syncs_unanswered_max = 64;         // that a device remembers
inline constexpr std::size_t first_sync_bytes_max = 256 << 10;  // more is read by nodes, if asked
inline constexpr std::size_t base_digest_bytes = 16;
inline constexpr std::size_t scopes_max = 64;  // of a partial replica; each at most a key long
inline constexpr std::size_t invocation_bytes_max = 256 << 10;  // with its proofs
inline constexpr std::size_t proof_chain_max = 16;
inline constexpr std::size_t message_bytes_max = 32 << 20;
inline constexpr std::size_t message_invocations_max = 256;
inline constexpr std::size_t attachment_depth_max = 16;
inline constexpr std::size_t attachments_held_max = 128;  // blocks that one entry keeps alive
inline constexpr std::size_t queue_taken_max = 256;       // older queue entries taken by one sync
inline constexpr std::uint64_t queue_reserve_bytes = 1 << 20;  // /queue/ over the state quota
inline constexpr std::uint64_t integer_safe_max = (std::uint64_t{1} << 53) - 1;

// --- what one reader of outside bytes spends --------------------------------------------------
inline constexpr std::size_t car_header_bytes_max = 64 << 10;
inline constexpr std::size_t car_blocks_max = 200'000;
inline constexpr std::size_t cid_bytes_max = 256 << 10;  // identity CIDs carry a block
inline constexpr std::size_t radix_bytes_max = 1024;  // base58 and base36: their cost is quadratic
inline constexpr std::size_t decoded_values_max = 1 << 20;  // of one block; each takes 64 bytes
inline constexpr std::size_t did_bytes_max = 1024;
inline constexpr std::size_t ucan_capabilities_max = 256;
inline constexpr std::size_t ucan_proofs_max = 256;
inline constexpr std::size_t validation_steps_max = 10'000;  // capabilities looked at
inline constexpr std::size_t validation_tokens_max = 1024;   // UCANs read, each verified once
inline constexpr std::size_t denial_bytes_max = 8 << 10;     // of the text that says why
inline constexpr std::size_t read_budget_bytes_max = 8 << 20;
inline constexpr std::size_t read_top_bytes = 256 << 10;  // of the upper levels, first
inline constexpr std::size_t read_keys_max = 4096;
inline constexpr std::size_t proof_bytes_max = message_bytes_max;     // of a proof file
inline constexpr std::size_t evidence_bytes_max = message_bytes_max;  // of a file of evidence
inline constexpr std::size_t lineage_steps_max = 1024;       // from one checkpoint down to another
inline constexpr std::size_t recovery_links_max = 4096;      // that one answer asks for
inline constexpr std::size_t recovery_blocks_max = 100'000;  // that one message brings
inline constexpr std::size_t recovery_bytes_max = 12 << 20;  // of them; edits go along
inline constexpr int recovery_rounds_max = 4096;             // that one sync takes for it
inline constexpr std::size_t proof_claims_max = 1024;
inline constexpr std::size_t proof_receipts_max = 16'384;      // looked at, each for a signature
inline constexpr std::size_t node_cache_bytes_max = 32 << 20;  // of nodes kept decoded
inline constexpr std::size_t replica_memory_bytes_max = 32 << 20;  // blocks between operations
inline constexpr std::size_t replica_cache_bytes_max = 32 << 20;   // read, and not to be held

// --- watching ---------------------------------------------------------------------------------
inline constexpr std::size_t watch_frame_bytes_max = 1 << 20;
inline constexpr int watch_seconds_max = 3600;  // of one stream; then it is asked for again
inline constexpr int watch_quiet_seconds = 20;  // after which the server sends a keep-alive ...
inline constexpr int watch_silence_seconds_max = 60;  // ... without which the stream is dead
inline constexpr int watch_retry_seconds_max = 60;    // between attempts to connect again
inline constexpr std::size_t watchers_max = 768;      // of a server: the other connections are free
inline constexpr std::size_t watchers_of_space_max = 64;

// --- what the command line takes from services and files --------------------------------------
inline constexpr std::size_t did_document_bytes_max = 64 << 10;
inline constexpr std::size_t client_header_bytes_max = 16 << 10;
inline constexpr int client_idle_seconds_max = 60;  // without a byte moving either way
inline constexpr std::size_t delegation_file_bytes_max = 1 << 20;
inline constexpr std::size_t car_file_blocks_max = 1 << 26;  // each takes 100 bytes of index
inline constexpr std::size_t edit_line_bytes_max = 8 << 20;  // of a file of edits

}  // namespace freehold::limits

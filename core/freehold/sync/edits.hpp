/// The `edits` block: what one side of a sync tells the other has changed.
///
///     {"entries": [[shared, suffix, value] | [shared, suffix, link, size] | [shared, suffix],
///     ...],
///      "bases"?: [first 16 bytes of the SHA-256 of the base value's encoding, or empty, ...]}
///
/// Keys ascend strictly; `shared` is how many bytes a key shares with the one before it, the most
/// possible. Values of over 1,024 bytes travel as blocks of their own, exactly those.
#pragma once

#include "freehold/tree/edit.hpp"

namespace freehold {

struct EditsBlock {
  std::vector<Edit> entries;
  std::vector<Bytes> bases;  // as many as entries, or none
};

Bytes encode_edits(const EditsBlock& edits);
/// Fails with Errc::invalid_edits for all that encode_edits would not have written,
/// Errc::limit over edits_bytes_max or edits_entries_max.
Result<EditsBlock> decode_edits(ByteView block);

/// What `bases` has for a value: the first base_digest_bytes of the SHA-256 of its encoding, empty
/// for absence.
Bytes base_digest_of(const std::optional<StoredValue>& value);

/// How many bytes `encode_edits` needs for an entry, at most.
std::size_t edit_bytes_bound(const Edit& edit);

}  // namespace freehold

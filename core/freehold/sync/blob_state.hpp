/// What became of a blob: derived from the entries of a space, never stored (docs/design.md
/// section 2). Everything that it says "stored" of was verified.
#pragma once

#include "freehold/sync/recognise.hpp"

namespace freehold {

enum class BlobState { queued, pending, stored, failed, expired, removed, unrecognised };
const char* name_of(BlobState state);

struct BlobStatus {
  Bytes multihash;
  std::uint64_t size = 0;  // as invoked; 0 if unknown
  Did service;             // whose slot
  BlobState state = BlobState::unrecognised;
  std::string awaits;             // pending: "allocate", "put" or "accept"
  std::string reason;             // failed, unrecognised: why
  std::optional<Cid> invocation;  // the space/blob/add
  // pending, put: where the bytes go, and until when
  std::optional<std::string> put_url;
  std::vector<std::pair<std::string, std::string>> put_headers;
  std::int64_t put_expires = 0;
  std::optional<Cid> put_task;
  // stored: the location commitment
  std::optional<Cid> site;
  std::vector<std::string> locations;
};

/// One status a service, for the entries at /blob/<multihash>, and one for each /queue/ entry that
/// would add the blob. Blocks that were wanted and not held are in `*missing` even if it succeeds:
/// with them it may know more. Fails with Errc::missing if it is a node that is not held.
Result<std::vector<BlobStatus>> blob_statuses(const Tree& tree, const BlockStore& blocks,
                                              const Recogniser& recogniser, const Range& range,
                                              Missing* missing);

}  // namespace freehold

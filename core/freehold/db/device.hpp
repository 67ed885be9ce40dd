/// What an authority remembers of a device: the last of its syncs that was taken, so that a retry
/// does nothing twice (docs/design.md section 3, Retries).
#pragma once

#include "freehold/sync/record.hpp"

namespace freehold {

struct DeviceRecord {
  std::uint64_t n = 0;
  std::optional<Cid> since;
  Digest since_root{};  // what the device's edits were made to
  Digest root{};        // what it sent
  Cid invocation;
  Bytes receipt;          // the bytes of its receipt
  Cid checkpoint;         // that it was answered with
  Digest answered{};      // the root that its answer led to ...
  bool is_part = false;   // ... which is only on the way to the checkpoint's
  bool by_nodes = false;  // the answer had no edits: the device reads nodes
  bool is_baseless = false;
  Bytes edits;  // without a base: the edits block, for there is no tree that a retry is merged
                // against
};

Bytes encode(const DeviceRecord& record);
/// Errc::corrupt: it is not what we wrote.
Result<DeviceRecord> decode_device(ByteView bytes);

}  // namespace freehold

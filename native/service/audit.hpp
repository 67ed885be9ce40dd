/// Looks at all that is stored of a space, and says whether it is what the head, the checkpoints
/// and the retention window need, and nothing else: the bookkeeping of lifetimes.hpp, done anew.
#pragma once

#include <string>

#include "native/service/space.hpp"

namespace freehold::native {

struct Audit {
  std::string fault;  // the first thing that is wrong; empty: nothing is
  std::uint64_t entries = 0;
  std::uint64_t live_nodes = 0;
  std::uint64_t live_node_bytes = 0;
  std::uint64_t dead_nodes = 0;
  std::uint64_t dead_node_bytes = 0;
  std::uint64_t live_blocks = 0;  // others than nodes and checkpoints
  std::uint64_t live_block_bytes = 0;
  std::uint64_t dead_blocks = 0;
  std::uint64_t dead_block_bytes = 0;
  std::uint64_t checkpoints = 0;
  std::uint64_t checkpoint_bytes = 0;
  std::uint64_t oldest = 0;  // root that can be read
};

/// Reads everything; needs memory in proportion to the number of blocks. Fails with
/// Errc::not_found if there is no such space.
Result<Audit> audit_space(KvReader& kv, const Did& space);

}  // namespace freehold::native

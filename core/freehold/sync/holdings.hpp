/// Which blocks the entries of a tree hold beside its nodes, and how many entries hold each.
///
/// An entry holds the attachments (attachments.hpp) that were there when it was put, at most
/// attachments_held_max of them. What it holds is written down: blocks that come later would make
/// a second look see others, and then a count would never come back to zero, or too soon.
#pragma once

#include "freehold/sync/attachments.hpp"
#include "freehold/tree/diff.hpp"

namespace freehold {

/// Where holdings are written down. `Result`s fail as the storage does, or with Errc::missing.
class HoldingStore {
 public:
  virtual ~HoldingStore() = default;
  /// What the entry at `key` holds; nothing if it holds nothing.
  virtual Result<std::vector<Cid>> held_by(ByteView key) = 0;
  virtual Result<> set_held_by(ByteView key, std::span<const Cid> held) = 0;
  /// One entry more, or one less, holds the block.
  virtual Result<> hold(const Cid& cid) = 0;
  virtual Result<> release(const Cid& cid) = 0;
};

/// Whether an entry can hold any block: most cannot, and cost nothing here.
bool may_hold(ByteView key, const std::optional<StoredValue>& value) noexcept;

/// Writes down what the entries hold that `changes` lead to, and what those before no longer do.
/// `blocks` has what came with the entries; what it has not is not held, and put into `*absent` if
/// that is given. Work in proportion to the changes.
Result<> move_holdings(std::span<const Difference> changes, const BlockStore& blocks,
                       HoldingStore& store, std::vector<Cid>* absent = nullptr);

}  // namespace freehold

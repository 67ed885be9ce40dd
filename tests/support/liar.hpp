/// An authority that does not keep to what it signed, hosts that pass on something else, and files
/// that somebody has changed.
#pragma once

#include <functional>

#include "freehold/codec/value.hpp"
#include "freehold/sync/checkpoint.hpp"
#include "freehold/ucan/message.hpp"

namespace freehold::test {

/// The checkpoints of a space by one key. A copy is another history with the same beginning.
class History {
 public:
  History(Signer authority, Did space, std::optional<Cid> proof = std::nullopt)
      : authority_(std::move(authority)), space_(std::move(space)), proof_(std::move(proof)) {}

  /// Adds the next: of a tree that is named by `what` and need not exist.
  const Checkpoint& add(std::string_view what);
  const Checkpoint& at(std::uint64_t seq) const { return made_[static_cast<std::size_t>(seq - 1)]; }
  std::uint64_t seq() const { return made_.size(); }
  void put_into(MemoryStore& blocks) const;

 private:
  Signer authority_;
  Did space_;
  std::optional<Cid> proof_;
  std::vector<Checkpoint> made_;
};

/// The receipt of an invocation by anyone, with an ok of any kind.
Receipt say(const Ucan& invocation, Value ok, const Signer& by);

/// An answer with the ok of its receipt changed, signed anew by `by`; `more` blocks go along.
Bytes resigned(ByteView answer, const Ucan& invocation, const Signer& by,
               const std::function<void(Map&)>& change, std::vector<Block> more = {});

/// A proof file or evidence with its blocks changed; with the map in its first block, under `tag`,
/// changed.
Bytes rewritten(ByteView file, const std::function<void(std::vector<Block>&)>& change);
Bytes restated(ByteView file, const char* tag, const std::function<void(Map&)>& change);

/// An answer without one of its blocks.
Bytes without(ByteView answer, const Ucan& invocation, const Cid& block);

}  // namespace freehold::test

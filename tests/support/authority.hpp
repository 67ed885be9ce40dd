/// An authority for one space, in memory: the sync rules of docs/design.md on the core's functions,
/// without a queue, a ledger or a disk. What native/service does beside that is tested there.
#pragma once

#include <map>

#include "freehold/db/replica.hpp"

namespace freehold::test {

class Authority {
 public:
  Authority(Signer signer, Did space) : signer_(std::move(signer)), space_(std::move(space)) {
    blocks_.put(empty_node());
    head_ = empty_root();
  }

  /// The answer to a message with one space/state/sync.
  Bytes answer(ByteView message, std::int64_t now);

  const Signer& signer() const noexcept { return signer_; }
  const Digest& head() const noexcept { return head_; }
  const MemoryStore& blocks() const noexcept { return blocks_; }
  std::uint64_t seq() const noexcept { return seq_; }
  /// As if another device had done it.
  void edit(std::vector<Edit> edits, std::int64_t now);

 private:
  struct Device {
    std::uint64_t n = 0;
    std::optional<Cid> since;
    Digest root{};
    Cid invocation;
    Bytes response;
    std::optional<Cid> more_checkpoint;
    Digest more_root{};
  };

  Bytes respond(const Ucan& invocation, Value out, std::vector<Block> blocks);
  Bytes refuse(const Ucan& invocation, const char* name, Map more = {});
  void advance(const Digest& root, std::int64_t now);

  Signer signer_;
  Did space_;
  MemoryStore blocks_;
  Digest head_{};
  std::uint64_t seq_ = 0;
  std::optional<Checkpoint> checkpoint_;
  std::map<std::uint64_t, Cid> by_seq_;
  std::map<Cid, Digest> roots_;  // of checkpoints
  std::map<std::string, Device> devices_;
};

/// Signs and sends what `begin_sync` drafted: the message, and the invocation in it.
struct Sealed {
  Ucan invocation;
  Bytes message;
};
Sealed seal_sync(const SyncDraft& draft, const Signer& agent);

}  // namespace freehold::test

/// An authority for one space, in memory: the core's own rules of sync, and of the server's work a
/// queue whose tasks are done at once. What native/service does beside that is tested there.
#pragma once

#include <map>

#include "freehold/db/replica.hpp"
#include "freehold/db/sync_turn.hpp"

namespace freehold::test {

/// Whoever answers the messages of devices.
class Service {
 public:
  virtual ~Service() = default;
  /// The answer to a message with one space/state/sync or space/state/read; to one with a
  /// space/state/watch the first frame's content.
  virtual Bytes answer(ByteView message, std::int64_t now) = 0;
};

class Authority final : public Service, private HeldSpace {
 public:
  Authority(Signer signer, Did space);

  Bytes answer(ByteView message, std::int64_t now) override;

  const Signer& signer() const noexcept { return signer_; }
  const Digest& head() const noexcept { return head_; }
  const MemoryStore& blocks() const noexcept { return blocks_; }
  std::uint64_t seq() const noexcept { return seq_; }
  std::optional<Cid> last_checkpoint() const { return checkpoint(); }
  /// As if another device had done it.
  void edit(std::vector<Edit> edits, std::int64_t now);
  /// Takes what is in /queue/, as a server does: moves it to /invoked/, and counts each that runs.
  void take_queues() { takes_queues_ = true; }
  const std::map<Bytes, int, BytesLess>& runs() const noexcept { return runs_; }
  /// Frees the trees of all checkpoints but the last, and what devices have sent.
  void forget();

 private:
  std::optional<ByteView> find(const Cid& cid) const override;
  void put(Block block) override;
  Digest root() const override { return head_; }
  std::optional<Cid> checkpoint() const override;
  std::optional<Digest> root_of(const Cid& checkpoint) const override;
  bool is_kept(const Digest& root) const override;

  Bytes sync(const Ucan& invocation, const Message& message, std::int64_t now);
  Bytes read(const Ucan& invocation);
  Bytes watch(const Ucan& invocation);
  Bytes respond(const Ucan& invocation, Value out, std::vector<Block> blocks);
  Digest take_queue(const SyncMerged& merged);
  void advance(const Digest& root, std::int64_t now);

  Signer signer_;
  Did space_;
  MemoryStore blocks_;
  mutable std::vector<Bytes> found_;  // what `find` gave views of
  Digest head_{};
  std::uint64_t seq_ = 0;
  std::optional<Checkpoint> checkpoint_;
  std::map<std::uint64_t, Cid> by_seq_;
  std::map<Cid, Digest> roots_;  // of checkpoints
  struct Device {
    DeviceRecord record;
    Bytes response;
  };
  std::map<std::string, Device> devices_;
  bool takes_queues_ = false;
  std::map<Bytes, int, BytesLess> runs_;
};

/// Signs and sends what `begin_sync` drafted: the message, and the invocation in it.
struct Sealed {
  Ucan invocation;
  Bytes message;
};
Sealed seal_sync(const SyncDraft& draft, const Signer& agent);

}  // namespace freehold::test

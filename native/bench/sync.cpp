#include "native/bench/sync.hpp"

#include "freehold/codec/cbor.hpp"
#include "freehold/db/replica.hpp"
#include "freehold/db/sync_turn.hpp"
#include "freehold/sync/names.hpp"
#include "freehold/tree/builder.hpp"
#include "native/bench/model.hpp"

namespace freehold::bench {

namespace {

constexpr std::int64_t clock_seconds = 1'800'000'000;

Signer signer_of(std::uint8_t number) {
  Ed25519Seed seed{};
  seed.fill(number);
  return Signer(Ed25519Key(seed));
}

StoredValue stored(ByteView value) {
  Bytes encoded;
  write_cbor_bytes(encoded, value);
  return StoredValue::of_inline(encoded);
}

/// One space, without a queue or a disk.
class Authority final : public HeldSpace {
 public:
  Authority(const Signer& signer, const Did& space, const Dataset& data)
      : signer_(signer), space_(space) {
    Builder builder(blocks_);
    for (std::size_t i = 0; i < data.size(); ++i) {
      const StoredValue value = stored(data.value(i));
      builder.push(data.key(i), value.payload, false,
                   {1, leaf_entry_bytes(key_size, value.payload.size())});
    }
    blocks_.put(empty_node());
    advance(builder.finish().root);
  }

  std::optional<ByteView> find(const Cid& cid) const override { return blocks_.find(cid); }
  std::shared_ptr<const Bytes> share(const Cid& cid) const override { return blocks_.share(cid); }
  void put(Block block) override { blocks_.put(std::move(block)); }
  Digest root() const override { return root_; }
  std::optional<Cid> checkpoint() const override { return checkpoint_->cid(); }
  std::optional<Digest> root_of(const Cid& checkpoint) const override {
    const auto found = roots_.find(checkpoint);
    return found == roots_.end() ? std::nullopt : std::optional<Digest>(found->second);
  }
  bool is_kept(const Digest& root) const override {
    return root == empty_root() || root == root_ || !forgets_;
  }

  /// As if another device had made them.
  bool change(std::span<const Edit> edits) {
    const auto applied = apply(blocks_, root_, edits, blocks_);
    if (applied) advance(applied->root);
    return applied.has_value();
  }
  /// Whether trees before the head count as no longer kept.
  void set_forgetful(bool forgets) { forgets_ = forgets; }

  Bytes answer(ByteView bytes) {
    const auto message = decode_message(bytes);
    const auto invocation = Ucan::decode(message->blocks.block(message->execute[0]));
    const Capability& asked = invocation->capabilities[0];
    std::vector<Block> blocks;
    Value out = asked.can == ability::state_read ? read(*decode_read_call(*asked.nb), &blocks)
                                                 : sync(*invocation, *message, &blocks);
    ReceiptFields fields;
    fields.ran = invocation->cid();
    fields.out = std::move(out);
    const Receipt receipt = issue(std::move(fields), signer_);
    const Value* since = asked.can == ability::state_sync ? asked.nb->find("since") : nullptr;
    if (since == nullptr || *since != Value(checkpoint_->cid())) {
      blocks.push_back(checkpoint_->ucan.block);
    }
    blocks.push_back(receipt.block);
    return encode_message({}, std::span(&receipt, 1), blocks);
  }

 private:
  void advance(const Digest& root) {
    CheckpointFields fields;
    fields.space = space_;
    fields.root = root;
    fields.seq = checkpoint_ ? checkpoint_->seq + 1 : 1;
    if (checkpoint_) fields.prev = checkpoint_->cid();
    fields.weight = *Tree(blocks_, root).weight();
    fields.time = clock_seconds;
    checkpoint_ = issue_checkpoint(std::move(fields), signer_, std::nullopt);
    roots_[checkpoint_->cid()] = root;
    root_ = root;
  }

  Value read(const ReadCall& call, std::vector<Block>* blocks) {
    const auto reply = freehold::read(blocks_, call, root_);
    if (!reply) return Value(Map{{"error", error_of(reply.error())}});
    for (const Cid& cid : reply->blocks) blocks->push_back(blocks_.block(cid));
    return Value(Map{{"ok", encode(ReadAnswer{call.root.value_or(root_), checkpoint_->cid(),
                                              reply->is_complete, reply->upto})}});
  }

  Value sync(const Ucan& invocation, const Message& message, std::vector<Block>* blocks) {
    const auto device = devices_.find(invocation.issuer.text());
    SyncTurn turn(
        *this, message.blocks, invocation,
        device == devices_.end() ? std::nullopt : std::optional<DeviceRecord>(device->second));
    const KnownServices nobody;
    const Recogniser recogniser(space_, blocks_, nobody, clock_seconds);
    auto refused = turn.take(*decode_sync_call(*invocation.capabilities[0].nb), recogniser);
    if (!refused) return Value(Map{{"error", error_of(refused.error())}});
    if (*refused) return Value(Map{{"error", (*refused)->error}});
    if (turn.merged().applied.root != root_) advance(turn.merged().applied.root);
    auto told = turn.tell(root_, checkpoint_->cid());
    if (!told) return Value(Map{{"error", error_of(told.error())}});
    *blocks = std::move(told->blocks);
    devices_[invocation.issuer.text()] = turn.device();
    return Value(Map{{"ok", encode(told->answer)}});
  }

  Signer signer_;
  Did space_;
  MemoryStore blocks_;
  Digest root_{};
  bool forgets_ = false;
  std::optional<Checkpoint> checkpoint_;
  std::map<Cid, Digest> roots_;
  std::map<std::string, DeviceRecord> devices_;
};

struct Wire {
  std::size_t up = 0;
  std::size_t down = 0;
  int round_trips = 0;
};

/// A device that has all its blocks in memory.
class Device {
 public:
  Device(Authority& authority, const Signer& agent, const Did& service, const Did& space)
      : authority_(&authority), agent_(agent), service_(service), replica(Replica::create(space)) {
    replica.know_service(service_, service_);
  }

  Trouble sync(SyncOptions options = {}) {
    for (int attempt = 0; attempt < 3; ++attempt) {
      const auto draft =
          run([&] { return replica.begin_sync(agent_.did, service_, {}, clock_seconds, options); });
      if (!draft) return draft.error().what;
      const auto [invocation, response] = exchange(*draft);
      const auto outcome =
          run([&] { return replica.finish_sync(invocation, response, clock_seconds); });
      if (outcome) return outcome->is_more ? sync(options) : Trouble();
      if (outcome.error().code != Errc::base_unknown) return outcome.error().what;
    }
    return "the base stays unknown";
  }
  Trouble pull() {
    if (Trouble trouble = read_all(&Replica::next_read); !trouble.empty()) return trouble;
    const auto done = run([&] { return replica.finish_pull(); });
    return done ? Trouble() : done.error().what;
  }
  /// Until its scopes are here.
  Trouble fill() {
    if (Trouble trouble = read_all(&Replica::next_fill); !trouble.empty()) return trouble;
    replica.save();
    return {};
  }
  template <class Operation>
  auto run(Operation operation) -> decltype(operation()) {
    for (;;) {
      auto result = operation();
      if (result || result.error().code != Errc::missing) return result;
      bool is_new = false;
      for (const Cid& cid : std::vector<Cid>(replica.missing())) {
        is_new = replica.set_absent(cid) || is_new;
      }
      if (is_new) continue;
      const auto call = replica.may_read() ? replica.missing_read() : std::nullopt;
      if (!call || !read(*call).empty()) return result;
    }
  }

  Wire wire;

 private:
  Trouble read_all(Result<std::optional<ReadCall>> (Replica::*next)()) {
    for (;;) {
      const auto call = run([&] { return (replica.*next)(); });
      if (!call) return call.error().what;
      if (!*call) return {};
      if (Trouble trouble = read(**call); !trouble.empty()) return trouble;
    }
  }
  std::pair<Ucan, Bytes> exchange(const SyncDraft& draft) {
    Ucan invocation = issue(draft.fields, agent_);
    std::vector<Block> blocks = draft.blocks;
    blocks.push_back(invocation.block);
    const Cid cid = invocation.cid();
    const Bytes message = encode_message(std::span(&cid, 1), {}, blocks);
    Bytes response = authority_->answer(message);
    ++wire.round_trips;
    wire.up += message.size();
    wire.down += response.size();
    return {std::move(invocation), std::move(response)};
  }
  Trouble read(const ReadCall& call) {
    const SyncDraft draft = replica.begin_read(call, agent_.did, service_, {}, clock_seconds);
    const auto [invocation, response] = exchange(draft);
    const auto taken = replica.finish_read(call, invocation, response);
    return taken ? Trouble() : taken.error().what;
  }

  Authority* authority_;
  Signer agent_;
  Did service_;

 public:
  Replica replica;
};

class Measuring {
 public:
  Measuring(const char* peer, const Options& options, const Dataset& data)
      : report_(peer, FREEHOLD_VERSION, options.n),
        data_(&data),
        model_(data),
        authority_(service_, space_, data),
        device_(authority_, signer_of(3), service_.did, space_) {}

  bool run() {
    report_.note("W0", "medium", "memory, one process");
    check(lazy());
    check(first());
    for (const bool has_base : {true, false}) {
      for (const std::size_t d : {0U, 1U, 10U, 100U, 1000U, 10'000U}) {
        if (d <= data_->size() && (has_base || d > 0)) check(changes(d, has_base));
      }
    }
    check(merge());
    check(scoped());
    return report_.ok();
  }

 private:
  void check(const Trouble& trouble) {
    if (!trouble.empty()) report_.error("W7", trouble);
  }

  void tell(const char* name, const Wire& wire, double seconds, std::optional<std::size_t> d) {
    const std::string prefix = name;
    report_.figure("W7", prefix + "bytes_down", static_cast<double>(wire.down), "B", d);
    report_.figure("W7", prefix + "bytes_up", static_cast<double>(wire.up), "B", d);
    report_.figure("W7", prefix + "round_trips", wire.round_trips, "", d);
    report_.figure("W7", prefix + "sync_ms", seconds * 1e3, "ms", d);
  }

  /// Nothing is held: the space is opened, and one key read.
  Trouble lazy() {
    Device device(authority_, signer_of(4), service_.did, space_);
    const double start = now();
    if (Trouble trouble = device.sync({.strict = false, .lazy = true}); !trouble.empty()) {
      return trouble;
    }
    const ByteView key = data_->key(data_->size() / 3);
    const auto value = device.run([&] { return device.replica.get(key); });
    if (!value) return value.error().what;
    if (!*value) return "a lazy device does not find a key";
    tell("lazy_", device.wire, now() - start, {});
    return {};
  }

  Trouble first() {
    const double start = now();
    if (Trouble trouble = device_.sync({.strict = false, .lazy = true}); !trouble.empty()) {
      return trouble;
    }
    if (Trouble trouble = device_.pull(); !trouble.empty()) return trouble;
    tell("first_", device_.wire, now() - start, {});
    report_.figure(
        "W7", "first_overhead",
        static_cast<double>(device_.wire.down) / static_cast<double>(data_->logical_bytes()), "x");
    return device_.replica.root() == authority_.root() ? Trouble() : "the first sync differs";
  }

  std::vector<Edit> edits_of(std::size_t d) {
    std::vector<Edit> edits;
    for (const Change& change : model_.changes(d)) {
      model_.applied(change);
      edits.push_back({copy_of(change.key), stored(change.value)});
    }
    std::sort(edits.begin(), edits.end(),
              [](const Edit& left, const Edit& right) { return compare(left.key, right.key) < 0; });
    return edits;
  }

  Trouble changes(std::size_t d, bool has_base) {
    if (d > 0 && !authority_.change(edits_of(d))) return "the changes cannot be made";
    authority_.set_forgetful(!has_base);
    device_.wire = {};
    const double start = now();
    Trouble trouble = device_.sync();
    if (trouble.empty()) trouble = device_.pull();
    const double seconds = now() - start;
    authority_.set_forgetful(false);
    if (!trouble.empty()) return trouble;
    const char* name = has_base ? "" : "cold_";
    const double floor = static_cast<double>(d * entry_size);
    if (has_base) report_.figure("W7", "floor_bytes", floor, "B", d);
    tell(name, device_.wire, seconds, d);
    if (d > 0) {
      report_.figure("W7", std::string(name) + "overhead",
                     static_cast<double>(device_.wire.down + device_.wire.up) / floor, "x", d);
    }
    const bool is_same = device_.replica.root() == authority_.root();
    report_.figure("W7", std::string(name) + "verified", is_same ? 1 : 0, "", d);
    return is_same ? Trouble() : "a sync did not converge";
  }

  /// 400 edits on either side, in the time that it takes to bring them together.
  Trouble merge() {
    constexpr std::size_t edits_a_side = 400;
    if (data_->size() < 2 * edits_a_side) return {};
    if (!authority_.change(edits_of(edits_a_side))) return "the changes cannot be made";
    std::vector<Replica::Change> own;
    for (Edit& edit : edits_of(edits_a_side)) {
      own.push_back({std::move(edit.key), std::move(edit.value->payload)});
    }
    const auto edited = device_.run([&] { return device_.replica.edit(own); });
    if (!edited) return edited.error().what;
    const double start = now();
    if (Trouble trouble = device_.sync(); !trouble.empty()) return trouble;
    report_.figure("W7", "merge_ms", (now() - start) * 1e3, "ms", edits_a_side);
    return device_.replica.root() == authority_.root() ? Trouble() : "the merge differs";
  }

  /// A device that holds a sixteenth of the keys, and no others.
  Trouble scoped() {
    const Bytes prefix = copy_of(view_of("/blob/ciqa"));
    Device device(authority_, signer_of(5), service_.did, space_);
    if (!device.replica.set_scopes({prefix})) return "the scope cannot be set";
    if (Trouble trouble = sync_scoped(device, "scoped_first_", {}); !trouble.empty()) {
      return trouble;
    }
    for (const std::size_t d : {1U, 10U, 100U, 1000U, 10'000U}) {
      if (d > data_->size()) break;
      const std::vector<Edit> edits = edits_of(d);
      const auto inside = std::count_if(edits.begin(), edits.end(), [&](const Edit& edit) {
        return starts_with(edit.key, prefix);
      });
      if (!authority_.change(edits)) return "the changes cannot be made";
      device.wire = {};
      report_.figure("W7", "scoped_changes", static_cast<double>(inside), "", d);
      if (Trouble trouble = sync_scoped(device, "scoped_", d); !trouble.empty()) return trouble;
    }
    return {};
  }

  Trouble sync_scoped(Device& device, const char* name, std::optional<std::size_t> d) {
    const double start = now();
    Trouble trouble = device.sync({.strict = false, .lazy = true});
    if (trouble.empty()) trouble = device.fill();
    if (!trouble.empty()) return trouble;
    tell(name, device.wire, now() - start, d);
    // Without another round trip all of the scope is there, and as the authority has it.
    Range range;
    range.prefix = device.replica.scopes().front();
    const auto page = Tree(device.replica.blocks(), device.replica.root()).list(range);
    const auto expected = Tree(authority_, authority_.root()).list(range);
    const bool is_same = page && expected && page->entries.size() == expected->entries.size() &&
                         std::equal(page->entries.begin(), page->entries.end(),
                                    expected->entries.begin(), [](const Entry& a, const Entry& b) {
                                      return a.key == b.key && a.value == b.value;
                                    });
    report_.figure("W7", std::string(name) + "verified", is_same ? 1 : 0, "", d);
    return is_same ? Trouble() : "a scope differs";
  }

  Report report_;
  const Dataset* data_;
  Model model_;
  Signer service_ = signer_of(1);
  Did space_ = signer_of(2).did;
  Authority authority_;
  Device device_;
};

}  // namespace

bool run_sync(const char* peer, const Options& options, const Dataset& data) {
  return Measuring(peer, options, data).run();
}

}  // namespace freehold::bench

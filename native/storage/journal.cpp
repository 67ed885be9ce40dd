#include "native/storage/journal.hpp"

#include <atomic>
#include <mutex>

#include "freehold/base/reader.hpp"
#include "native/storage/kv_stage.hpp"

namespace freehold::native {

namespace {

const Bytes state_key = copy_of(view_of("journal"));

void write_number(Bytes& to, std::uint64_t number) {
  for (int shift = 56; shift >= 0; shift -= 8) {
    to.push_back(static_cast<std::uint8_t>(number >> shift));
  }
}

Bytes record_key(std::uint64_t number) {
  Bytes key = state_key;
  write_number(key, number);
  return key;
}

/// Which commits the engine's own keys have, and which its records add.
struct State {
  std::uint64_t settled = 0;
  std::uint64_t last = 0;
  friend bool operator==(const State&, const State&) = default;
};

Result<State> state_of(KvReader& kv) {
  const auto bytes = kv.get(state_key);
  if (!bytes) return State();
  Reader reader(*bytes);
  State state;
  state.settled = reader.big_endian(8);
  state.last = reader.big_endian(8);
  if (!reader.ok() || !reader.is_done() || state.settled > state.last) {
    return fail(Errc::corrupt, "the journal's state is not readable");
  }
  return state;
}

Bytes encode(const State& state) {
  Bytes bytes;
  write_number(bytes, state.settled);
  write_number(bytes, state.last);
  return bytes;
}

std::size_t bytes_of(const KvChanges& changes) {
  std::size_t bytes = 0;
  for (const auto& [key, value] : changes) bytes += key.size() + (value ? value->size() : 0);
  return bytes;
}

Bytes encode(const KvChanges& changes) {
  Bytes record;
  record.reserve(bytes_of(changes) + 8 * changes.size());
  for (const auto& [key, value] : changes) {
    write_varint(record, key.size());
    append(record, key);
    write_varint(record, value ? value->size() + 1 : 0);
    if (value) append(record, *value);
  }
  return record;
}

/// The changes of the commits from `settled` to `last`, on top of the engine's own keys.
struct Recent {
  State state;
  std::size_t bytes = 0;
  KvChanges changes;

  void add(Bytes key, std::shared_ptr<const Bytes> value) {
    const std::size_t size = value ? value->size() : 0;
    const auto [place, is_new] = changes.try_emplace(std::move(key));
    if (is_new) bytes += place->first.size();
    bytes += size - (place->second ? place->second->size() : 0);
    place->second = std::move(value);
  }
  Result<> add_record(ByteView record) {
    Reader reader(record);
    while (reader.ok() && !reader.is_done()) {
      Bytes key = copy_of(reader.take(reader.varint()));
      const std::uint64_t size = reader.varint();
      const ByteView value = size == 0 ? ByteView() : reader.take(size - 1);
      if (reader.ok()) {
        add(std::move(key), size == 0 ? nullptr : std::make_shared<const Bytes>(copy_of(value)));
      }
    }
    if (record.empty() || !reader.ok()) {
      return fail(Errc::corrupt, "a record of the journal is not readable");
    }
    return {};
  }
};

/// What lies in the engine, without what is the journal's.
class Settled final : public KvReader {
 public:
  explicit Settled(KvReader& kv) noexcept : kv_(&kv) {}
  std::optional<ByteView> get(ByteView key) override { return kv_->get(key); }
  void scan(ByteView prefix, const Visit& visit) override {
    kv_->scan(prefix, [&](ByteView key, ByteView value) {
      return starts_with(key, state_key) || visit(key, value);
    });
  }
  Result<> status() const override { return kv_->status(); }

 private:
  KvReader* kv_;
};

class Journal final : public KvEngine {
 public:
  Journal(std::unique_ptr<KvEngine> engine, JournalBounds bounds)
      : engine_(std::move(engine)), bounds_(bounds) {}

  Result<> read(const Read& read) override {
    auto recent = known();
    Result<> outcome;
    FH_CHECK(engine_->read([&](KvReader& kv) {
      outcome = follow(kv, &recent);
      if (!outcome) return;
      Settled settled(kv);
      KvLayer layer(recent->changes, settled);
      read(layer);
    }));
    return outcome;
  }

  Result<> update(const Work& work) override {
    auto recent = known();
    Result<> outcome;
    KvChanges changes;
    State next;
    FH_CHECK(engine_->update([&](KvTransaction& kv) {
      outcome = follow(kv, &recent);
      if (!outcome) return;
      Settled settled(kv);
      KvLayer layer(recent->changes, settled);
      KvStage stage(layer);
      work(stage);
      changes = stage.take_changes();
      if (!changes.empty()) next = write(kv, *recent, changes);
    }));
    FH_CHECK(outcome);
    if (!changes.empty()) committed(std::move(recent), std::move(changes), next);
    return {};
  }

  Result<KvUsage> usage() override { return engine_->usage(); }

 private:
  using Shared = std::shared_ptr<const Recent>;

  /// What this process knew last. Asked for before a transaction begins, it is never newer than
  /// what the transaction sees.
  Shared known() {
    const std::lock_guard lock(mutex_);
    return recent_;
  }

  /// Brings `recent` to what the transaction sees: others may have committed since.
  Result<> follow(KvReader& kv, Shared* recent) {
    FH_TRY(const State state, state_of(kv));
    if ((*recent)->state == state) return {};
    auto newer = std::make_shared<Recent>();
    newer->state.settled = newer->state.last = state.settled;
    if ((*recent)->state.settled == state.settled) *newer = **recent;
    while (newer->state.last < state.last) {
      const auto record = kv.get(record_key(++newer->state.last));
      if (!record) return fail(Errc::corrupt, "a record of the journal is lost");
      FH_CHECK(newer->add_record(*record));
    }
    *recent = newer;
    publish(std::move(newer));
    return {};
  }

  /// As a record; or, if all together is too much, everything to its place.
  State write(KvTransaction& kv, const Recent& recent, const KvChanges& changes) {
    State next{recent.state.settled, recent.state.last + 1};
    const std::size_t bytes = bytes_of(changes);
    if (bytes > bounds_.record_bytes || recent.bytes + bytes > bounds_.bytes ||
        recent.changes.size() + changes.size() > bounds_.keys) {
      settle(kv, recent, changes);
      next.settled = next.last;
    } else {
      for (const auto& [key, value] : changes) {
        // For the engine to refuse: now, not when it is settled.
        if (key.empty() || key.size() > kv_key_bytes_max) kv.put(key, {});
      }
      kv.put(record_key(next.last), encode(changes));
    }
    kv.put(state_key, encode(next));
    return next;
  }

  static void settle(KvTransaction& kv, const Recent& recent, const KvChanges& changes) {
    const auto write = [&](const Bytes& key, const std::shared_ptr<const Bytes>& value) {
      if (value) {
        kv.put(key, *value);
      } else {
        kv.erase(key);
      }
    };
    for (const auto& [key, value] : recent.changes) {
      if (!changes.contains(key)) write(key, value);
    }
    for (const auto& [key, value] : changes) write(key, value);
    for (std::uint64_t n = recent.state.settled; n < recent.state.last;) kv.erase(record_key(++n));
  }

  void committed(Shared before, KvChanges changes, const State& next) {
    const std::lock_guard lock(mutex_);
    if (recent_->state.last >= next.last) return;  // a reader was faster, and has read the record
    const bool is_ours = recent_ == before;
    before.reset();
    std::shared_ptr<Recent> newer;
    if (next.settled == next.last) {
      newer = std::make_shared<Recent>();
      changes.clear();
    } else if (!is_ours) {
      return;                               // the next transaction reads what lies between
    } else if (recent_.use_count() == 1) {  // nobody looks at it any more: no copy
      std::atomic_thread_fence(std::memory_order_acquire);
      newer = std::move(recent_);
    } else {
      newer = std::make_shared<Recent>(*recent_);
    }
    for (auto& [key, value] : changes) newer->add(key, std::move(value));
    newer->state = next;
    recent_ = std::move(newer);
  }

  void publish(std::shared_ptr<Recent> newer) {
    const std::lock_guard lock(mutex_);
    if (newer->state.last > recent_->state.last) recent_ = std::move(newer);
  }

  std::unique_ptr<KvEngine> engine_;
  JournalBounds bounds_;
  std::mutex mutex_;
  std::shared_ptr<Recent> recent_ = std::make_shared<Recent>();
};

}  // namespace

std::unique_ptr<KvEngine> journaled(std::unique_ptr<KvEngine> engine, JournalBounds bounds) {
  return std::make_unique<Journal>(std::move(engine), bounds);
}

}  // namespace freehold::native

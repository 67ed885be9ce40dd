/// A world of devices and an authority under a virtual clock and network, all of it drawn from one
/// seed: offline windows, messages that are lost, doubled, late and out of order, programs that
/// die, an authority that forgets, devices that hold a part of the space only, and sweep. What must
/// hold in spite of that is checked at the end.
#pragma once

#include <random>
#include <set>

#include "support/device.hpp"

namespace freehold::test {

class Simulator {
 public:
  explicit Simulator(std::uint64_t seed);

  /// Empty, or what did not hold.
  std::string run();

 private:
  /// A message on its way. Of a sync: the answer goes back with it.
  struct Letter {
    std::size_t device = 0;
    Sealed sealed;
    Bytes answer;
    bool is_back = false;
    std::int64_t due = 0;
  };
  struct Actor {
    Device device;
    bool is_lazy = false;
    std::int64_t offline_until = 0;
    std::optional<Ucan> waiting = {};  // for the answer to this
    std::int64_t waiting_since = 0;
    std::set<Bytes, BytesLess> told = {};  // /conflict/ keys that an answer brought
    bool was_told_all = true;              // no answer came by nodes
    std::optional<std::pair<MemoryStore, Bytes>> backup = {};
    int backup_writes = 0;  // writes made before it
  };
  /// A value that some device wrote. It may go only when a device that saw it writes there, or when
  /// all that its device knows is put back to what it was before.
  struct Write {
    Bytes key;
    std::size_t by = 0;
    int number = 0;
    bool may_be_gone = false;
  };

  std::size_t draw(std::size_t below) { return static_cast<std::size_t>(random_() % below); }
  bool chance(int percent) { return draw(100) < static_cast<std::uint64_t>(percent); }
  Actor& any() { return actors_[draw(actors_.size())]; }

  void step();
  Service* network_of(Actor& actor);
  void edit(Actor& actor);
  void queue(Actor& actor);
  void restore(Actor& actor);
  void send(std::size_t index);
  void deliver();
  void receive(Letter letter);
  void take(Actor& actor, const SyncOutcome& outcome);
  void pull(Actor& actor);
  void fill(Actor& actor);
  void set_scopes(Actor& actor);
  bool settle();
  std::string judge();
  std::string judge_scopes(Actor& actor);
  std::string judge_writes();
  std::string judge_queue();
  std::string judge_conflicts();
  std::optional<std::string> text_at(Actor& actor, const Bytes& key);
  bool change(Actor& actor, const Bytes& key, std::optional<std::string_view> text);
  void fail(std::string what) {
    if (failure_.empty()) failure_ = std::move(what);
  }

  std::mt19937_64 random_;
  World world_;
  std::vector<Actor> actors_;
  std::vector<Letter> letters_;
  std::int64_t now_ = 1'000;
  int writes_made_ = 0;
  std::map<std::string, Write> writes_;  // by value: each is written once
  std::set<Bytes, BytesLess> queued_;
  std::string failure_;
};

}  // namespace freehold::test

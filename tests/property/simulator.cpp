#include "property/simulator.hpp"

#include "freehold/sync/names.hpp"
#include "support/trees.hpp"

namespace freehold::test {

namespace {

constexpr int keys_count = 6;
constexpr int folder_entries = 250;
constexpr std::int64_t patience = 40;  // seconds until a device asks again

Bytes queue_key(std::string_view task) {
  return key(std::string(key_prefix::queue) + std::string(task));
}

/// Entries behind each of the keys: a tree of several levels.
void fill_folders(Authority& authority) {
  std::vector<Edit> edits;
  for (int folder = 0; folder < keys_count; ++folder) {
    for (int i = 0; i < folder_entries; ++i) {
      const std::string at = "/k/" + std::to_string(folder) + "/" + std::to_string(1'000 + i);
      edits.push_back({key(at), StoredValue::of_inline(text_value(std::string(200, 'f')))});
    }
  }
  authority.edit(std::move(edits), 1'000);
}

}  // namespace

Simulator::Simulator(std::uint64_t seed) : random_(seed) {
  world_.authority.take_queues();
  if (chance(20)) fill_folders(world_.authority);
  const std::size_t count = 2 + draw(7);
  for (std::size_t i = 0; i < count; ++i) {
    actors_.push_back({world_.device(static_cast<int>(10 + i)), chance(35)});
    if (actors_.back().is_lazy) set_scopes(actors_.back());
  }
}

std::string Simulator::run() {
  const std::uint64_t steps = 30 + draw(60);
  for (std::uint64_t i = 0; i < steps && failure_.empty(); ++i) step();
  if (!failure_.empty()) return failure_;
  if (!settle()) return failure_.empty() ? "it never came to rest" : failure_;
  return judge();
}

void Simulator::step() {
  now_ += static_cast<std::int64_t>(draw(10));
  Actor& actor = any();
  actor.device.now = now_;
  const std::uint64_t what = draw(100);
  if (what < 40) {
    edit(actor);
  } else if (what < 46) {
    queue(actor);
  } else if (what < 70) {
    send(static_cast<std::size_t>(&actor - actors_.data()));
  } else if (what < 90) {
    deliver();
  } else if (what < 93) {
    actor.offline_until = now_ + static_cast<std::int64_t>(draw(100));
  } else if (what < 94) {
    actor.device.restart();
    actor.waiting.reset();
    if (chance(50) && !actor.device.sweep()) fail("a sweep failed");
    if (actor.is_lazy && chance(50)) set_scopes(actor);
  } else if (what < 96) {
    restore(actor);
  } else if (what < 98) {
    // One that is being read has to be read to its end.
    if (std::none_of(actors_.begin(), actors_.end(), [](const Actor& one) {
          return !one.is_lazy && !one.device.replica.is_whole();
        })) {
      world_.authority.forget();
    }
  } else if (!actor.device.replica.is_whole() && actor.offline_until <= now_) {
    pull(actor);
  }
}

void Simulator::pull(Actor& actor) {
  const auto pulled = actor.device.pull(world_.authority);
  // A tree that the authority has forgotten meanwhile is had by the next sync.
  if (!pulled && pulled.error().code != Errc::not_found) {
    fail(std::string("a pull failed: ") + pulled.error().what);
  }
}

void Simulator::set_scopes(Actor& actor) {
  std::vector<std::string_view> scopes;
  for (const char* prefix : {"/conflict/", "/k/", "/k/1", "/k/2/10", "/k/4", "/queue/", "/x"}) {
    if (chance(25)) scopes.push_back(prefix);
  }
  actor.device.set_scopes(scopes);
}

void Simulator::fill(Actor& actor) {
  const auto filled = actor.device.fill(world_.authority);
  if (!filled && filled.error().code != Errc::not_found) {
    fail(std::string("a scope was not filled: ") + filled.error().what);
  }
}

/// One that is not whole reads what it needs.
Service* Simulator::network_of(Actor& actor) {
  return actor.is_lazy || !actor.device.replica.is_whole() ? &world_.authority : nullptr;
}

// --- what devices do ----------------------------------------------------------------------------

/// The device's storage is put back to what a backup of it had, or a backup is made. What was
/// written since may be gone with it.
void Simulator::restore(Actor& actor) {
  if (!actor.backup) {
    actor.backup = std::make_pair(actor.device.disk, actor.device.record);
    actor.backup_writes = writes_made_;
    return;
  }
  actor.device.disk = actor.backup->first;
  actor.device.record = actor.backup->second;
  actor.backup.reset();
  actor.device.restart();
  actor.waiting.reset();
  const auto index = static_cast<std::size_t>(&actor - actors_.data());
  for (auto& [value, write] : writes_) {
    if (write.by != index || write.number < actor.backup_writes) continue;
    const Tree head(world_.authority.blocks(), world_.authority.head());
    const auto there = head.get(write.key);
    const bool is_known = there && *there && (*there)->encoded(world_.authority.blocks()) &&
                          equal(*(*there)->encoded(world_.authority.blocks()), text_value(value));
    if (!is_known) write.may_be_gone = true;
  }
}

std::optional<std::string> Simulator::text_at(Actor& actor, const Bytes& at) {
  const std::string text = actor.device.get(text_of(ByteView(at)), network_of(actor));
  if (text == "(none)" || text == "(other)" || text == "(missing)") return std::nullopt;
  return text;
}

/// False if a device that is not whole cannot read what it needs: its base is forgotten, and only a
/// sync brings another.
bool Simulator::change(Actor& actor, const Bytes& at, std::optional<std::string_view> text) {
  Replica::Change change{at, std::nullopt};
  if (text) change.value = text_value(*text);
  const auto edited = actor.device.edit({change}, network_of(actor));
  if (!edited && actor.device.replica.is_whole()) fail("an edit failed");
  return static_cast<bool>(edited);
}

void Simulator::edit(Actor& actor) {
  const Bytes at = key("/k/" + std::to_string(draw(keys_count)));
  // Nobody overwrites what it cannot see: its base may be forgotten.
  if (actor.device.get(text_of(ByteView(at)), network_of(actor)) == "(missing)") return;
  const auto seen = text_at(actor, at);
  std::optional<std::string> value;
  if (!chance(25)) {
    value = std::string(chance(10) ? 1'500 : 1, 'v') + std::to_string(writes_made_);
  }
  if (!change(actor, at, value)) return;
  // What the device saw there it gave up knowingly.
  const auto replaced = seen ? writes_.find(*seen) : writes_.end();
  if (replaced != writes_.end()) replaced->second.may_be_gone = true;
  if (!value) return;
  writes_[*value] = {at, static_cast<std::size_t>(&actor - actors_.data()), writes_made_++, false};
}

/// Queues a task; or cancels one, or puts one back.
void Simulator::queue(Actor& actor) {
  if (!queued_.empty() && chance(40)) {
    auto one = queued_.begin();
    std::advance(one, static_cast<std::ptrdiff_t>(draw(queued_.size())));
    const std::string_view again = "invocation";
    change(actor, queue_key(text_of(ByteView(*one))),
           chance(50) ? std::optional(again) : std::nullopt);
    return;
  }
  const std::string task = "task" + std::to_string(queued_.size());
  if (change(actor, queue_key(task), "invocation")) queued_.insert(key(task));
}

// --- what the network does ----------------------------------------------------------------------

void Simulator::send(std::size_t index) {
  Actor& actor = actors_[index];
  if (actor.offline_until > now_) return;
  if (actor.waiting && now_ - actor.waiting_since < patience) return;
  Letter letter;
  letter.device = index;
  letter.sealed = actor.device.begin({.strict = false, .lazy = actor.is_lazy});
  letter.due = now_ + static_cast<std::int64_t>(draw(20));
  actor.waiting = letter.sealed.invocation;
  actor.waiting_since = now_;
  const std::uint64_t copies = chance(15) ? 0 : chance(15) ? 2 : 1;
  for (std::uint64_t i = 0; i < copies; ++i) {
    letters_.push_back(letter);
    letter.due += static_cast<std::int64_t>(draw(200));  // the second may come much later
  }
}

void Simulator::deliver() {
  std::vector<std::size_t> due;
  for (std::size_t i = 0; i < letters_.size(); ++i) {
    if (letters_[i].due <= now_) due.push_back(i);
  }
  if (due.empty()) return;
  const std::size_t i = due[draw(due.size())];
  Letter letter = std::move(letters_[i]);
  letters_.erase(letters_.begin() + static_cast<std::ptrdiff_t>(i));
  receive(std::move(letter));
}

void Simulator::receive(Letter letter) {
  Actor& actor = actors_[letter.device];
  if (!letter.is_back) {
    letter.answer = world_.authority.answer(letter.sealed.message, now_);
    letter.is_back = true;
    letter.due = now_ + static_cast<std::int64_t>(draw(20));
    if (!chance(15)) letters_.push_back(std::move(letter));
    return;
  }
  if (actor.offline_until > now_ || !actor.waiting) return;
  if (!(actor.waiting->cid() == letter.sealed.invocation.cid())) return;  // of an older one
  actor.device.now = now_;
  const auto outcome =
      actor.device.finish(letter.sealed.invocation, letter.answer, &world_.authority);
  actor.waiting.reset();
  if (outcome) return take(actor, *outcome);
  const Errc code = outcome.error().code;
  // Missing: the tree that the answer leads to has been forgotten since.
  if (code != Errc::superseded && code != Errc::base_unknown && code != Errc::missing) {
    fail(std::string("a sync failed: ") + outcome.error().what);
  }
}

void Simulator::take(Actor& actor, const SyncOutcome& outcome) {
  const bool is_by_nodes = !actor.device.replica.is_whole();
  actor.was_told_all = actor.was_told_all && !is_by_nodes;
  for (const auto* keys : {&outcome.conflicts, &outcome.changed}) {
    for (const Bytes& one : *keys) {
      if (starts_with(one, view_of(key_prefix::conflict))) actor.told.insert(one);
    }
  }
  // A whole one is whole again before it goes on.
  if (!actor.is_lazy && is_by_nodes) pull(actor);
  if (actor.is_lazy && chance(80)) fill(actor);
}

// --- the end ------------------------------------------------------------------------------------

/// Everybody is online, nothing is lost any more: until nothing moves.
bool Simulator::settle() {
  letters_.clear();
  for (int round = 0; round < 20 && failure_.empty(); ++round) {
    bool moved = false;
    for (Actor& actor : actors_) {
      const Digest before = actor.device.replica.root();
      const Digest head = world_.authority.head();
      const auto outcome =
          actor.device.sync(world_.authority, {.strict = false, .lazy = actor.is_lazy});
      if (!outcome && outcome.error().code != Errc::superseded &&
          outcome.error().code != Errc::base_unknown) {
        fail(std::string("the last sync failed: ") + outcome.error().what);
      }
      if (outcome) take(actor, *outcome);
      moved = moved || !outcome || actor.device.replica.root() != before ||
              world_.authority.head() != head;
    }
    if (!moved) return failure_.empty();
  }
  return false;
}

std::string Simulator::judge() {
  for (Actor& actor : actors_) {
    if (actor.device.replica.root() != world_.authority.head()) return "the roots differ";
    const std::string judged = judge_scopes(actor);
    if (!judged.empty()) return judged;
    const auto pulled = actor.device.pull(world_.authority);
    if (!pulled) return std::string("the last pull failed: ") + pulled.error().what;
    actor.is_lazy = false;
  }
  for (const auto& judged : {judge_writes(), judge_queue(), judge_conflicts()}) {
    if (!judged.empty()) return judged;
  }
  return "";
}

/// All that is in scope is there without a network, and as the authority has it; also after a
/// sweep.
std::string Simulator::judge_scopes(Actor& actor) {
  fill(actor);
  if (!actor.device.replica.is_filled()) return "the scopes are not filled";
  if (chance(50) && !actor.device.sweep()) return "the last sweep failed";
  const Tree tree(world_.authority.blocks(), world_.authority.head());
  for (const Bytes& prefix : actor.device.replica.scopes()) {
    Range range;
    range.prefix = prefix;
    const auto page = actor.device.run(nullptr, [&] { return actor.device.replica.list(range); });
    const auto expected = tree.list(range);
    if (!page || page->entries.size() != expected->entries.size()) return "a scope is not here";
    for (std::size_t i = 0; i < page->entries.size(); ++i) {
      const Entry& entry = page->entries[i];
      if (entry.key != expected->entries[i].key || !(entry.value == expected->entries[i].value)) {
        return "an entry in scope differs";
      }
      if (!actor.device.run(nullptr, [&] { return actor.device.replica.value_of(entry.value); })) {
        return "a value in scope is not here";
      }
    }
  }
  return "";
}

/// What nobody gave up knowingly is at its key, or under /conflict/.
std::string Simulator::judge_writes() {
  Actor& actor = actors_.front();
  Range range;
  range.prefix = key(key_prefix::conflict);
  const auto page = actor.device.run(nullptr, [&] { return actor.device.replica.list(range); });
  if (!page) return "the conflicts cannot be listed";
  std::set<std::string> lost;
  for (const Entry& entry : page->entries) {
    const auto encoded =
        actor.device.run(nullptr, [&] { return actor.device.replica.value_of(entry.value); });
    if (!encoded) return "a conflict cannot be read";
    const auto conflict = decode_cbor(*encoded);
    const Value* side = conflict->find("lost");
    Bytes value;
    if (const Value* link = side->find("link")) {
      const auto linked = StoredValue::of_link(digest_of(*link->as_link()), 2'000);
      const auto bytes =
          actor.device.run(nullptr, [&] { return actor.device.replica.value_of(linked); });
      if (!bytes) return "a large value that lost is not held";
      value = *bytes;
    } else if (const Value* inline_value = side->find("value")) {
      value = encode_cbor(*inline_value);
    }
    const auto decoded = decode_cbor(value);
    if (decoded && decoded->as_text() != nullptr) lost.insert(*decoded->as_text());
  }
  for (const auto& [value, write] : writes_) {
    if (write.may_be_gone || lost.contains(value)) continue;
    if (text_at(actor, write.key) != value) return "a write was lost: " + value;
  }
  return "";
}

/// What was queued ran once at most, and nothing waits.
std::string Simulator::judge_queue() {
  for (const auto& [task, times] : world_.authority.runs()) {
    if (times != 1) return "a task ran twice";
  }
  Actor& actor = actors_.front();
  for (const Bytes& task : queued_) {
    if (actor.device.get(text_of(ByteView(queue_key(text_of(ByteView(task)))))) != "(none)") {
      return "a task was left in the queue";
    }
  }
  return "";
}

/// Whoever was told everything was told of every conflict.
std::string Simulator::judge_conflicts() {
  Range range;
  range.prefix = key(key_prefix::conflict);
  for (Actor& actor : actors_) {
    if (!actor.was_told_all) continue;
    const auto page = actor.device.run(nullptr, [&] { return actor.device.replica.list(range); });
    if (!page) return "the conflicts cannot be listed";
    for (const Entry& entry : page->entries) {
      if (!actor.told.contains(entry.key)) return "a conflict was not reported";
    }
  }
  return "";
}

}  // namespace freehold::test

#include "native/service/lifetimes.hpp"

#include <catch2/catch.hpp>

#include "freehold/codec/cbor.hpp"
#include "freehold/sync/names.hpp"
#include "support/device.hpp"
#include "support/server.hpp"
#include "support/tokens.hpp"
#include "support/trees.hpp"

namespace freehold::test {

namespace {

constexpr std::int64_t day = 24 * 3600;

native::StateTerms terms_of(std::uint64_t checkpoints, std::uint64_t quota = 1 << 30) {
  native::StateTerms terms;
  terms.retention_checkpoints = checkpoints;
  terms.quota = quota;
  return terms;
}

/// Devices that sync one space with a server.
struct LiveWorld {
  Signer space = signer(9);
  Server server;
  std::int64_t now = 1'000'000;

  explicit LiveWorld(const native::StateTerms& terms) : server(terms, signer(1)) {}
  native::Audit audit() { return server.audit(space.did); }
};

/// A device of that world. What it lacks after a sync without a base it reads at once.
struct Client : Device {
  LiveWorld* world;

  Client(LiveWorld& w, int number)
      : Device(number == 0 ? w.space : signer(20 + number), w.server.signer(), w.space.did),
        world(&w) {}
  using Device::put;
  void put(std::string_view at, Bytes value, std::vector<Block> attached = {}) {
    REQUIRE(edit({{key(at), std::move(value)}}, nullptr, std::move(attached)));
  }
  Result<SyncOutcome> sync() {
    now = world->now;
    auto outcome = Device::sync(world->server);
    if (outcome) REQUIRE(pull(world->server));
    return outcome;
  }
  /// The server takes the sync; the answer never comes.
  void sync_in_vain() {
    now = world->now;
    world->server.answer(begin().message, now);
  }
};

Bytes large(std::uint64_t number, std::size_t size = 3000) {
  Bytes bytes(size);
  std::mt19937_64 random(number);
  for (std::uint8_t& byte : bytes) byte = static_cast<std::uint8_t>(random());
  return encode_cbor(Value(bytes));
}

/// Many entries, so that the tree has levels and most nodes are shared.
void fill(Client& device, int count) {
  std::vector<Replica::Change> changes;
  for (int i = 0; i < count; ++i) {
    changes.push_back(
        {key("/n/" + std::to_string(i)),
         encode_cbor(Value(std::string(static_cast<std::size_t>(200 + i % 90), 'x')))});
  }
  REQUIRE(device.edit(std::move(changes)));
}

}  // namespace

TEST_CASE("Design 9: put, delete, put again: an older death never frees what lives") {
  LiveWorld world(terms_of(2));
  Client device(world, 0);
  fill(device, 200);
  REQUIRE(device.sync());
  for (int round = 0; round < 6; ++round) {
    device.put("/n/100", "back");
    REQUIRE(device.sync());
    device.erase("/n/100");
    REQUIRE(device.sync());
    world.audit();
  }
  device.put("/n/100", "back");
  REQUIRE(device.sync());
  for (int i = 0; i < 5; ++i) {  // the window moves past every death
    device.put("/other", std::to_string(i));
    REQUIRE(device.sync());
    world.audit();
  }
}

TEST_CASE("Design 9: what no root of the window has is freed, and nothing else") {
  LiveWorld world(terms_of(3));
  Client device(world, 0);
  fill(device, 400);
  REQUIRE(device.sync());
  const auto first = world.audit();
  for (int i = 0; i < 60; ++i) {
    device.put("/n/" + std::to_string(i * 7 % 400), std::to_string(i));
    REQUIRE(device.sync());
    const auto now = world.audit();
    // At most four commits' worth of old nodes: of each at most a path and its neighbours.
    CHECK(now.dead_nodes <= 4 * 6);
    CHECK(now.live_nodes <= first.live_nodes + 4);
  }
  CHECK(world.audit().oldest == world.audit().checkpoints - 2);
}

TEST_CASE("Design 9: after seven days only the head is left, though nobody writes") {
  LiveWorld world(terms_of(100));
  Client device(world, 0);
  fill(device, 300);
  REQUIRE(device.sync());
  for (int i = 0; i < 10; ++i) {
    device.put("/n/" + std::to_string(i * 30), std::to_string(i));
    REQUIRE(device.sync());
    world.now += day;
  }
  CHECK(world.audit().oldest == 4);  // what came after the others is seven days old, or more
  CHECK(world.audit().dead_nodes > 0);
  world.now += 8 * day;
  CHECK(world.server.tidy(world.space.did, world.now));
  CHECK(world.server.tidy(world.space.did, world.now));
  const auto after = world.audit();
  CHECK(after.dead_nodes == 0);
  CHECK(after.dead_blocks == 0);
  CHECK(after.oldest == after.checkpoints);
}

TEST_CASE("Design 3: outside of the window a base is unknown, within it merges") {
  LiveWorld world(terms_of(5));
  Client ahead(world, 0);
  fill(ahead, 100);
  REQUIRE(ahead.sync());
  Client other(world, 1);
  REQUIRE(other.sync());
  for (int i = 0; i < 4; ++i) {
    ahead.put("/a", std::to_string(i));
    REQUIRE(ahead.sync());
  }
  other.put("/b", "in time");
  REQUIRE(other.sync());
  CHECK(other.replica.get(key("/a"))->has_value());
  for (int i = 0; i < 6; ++i) {
    ahead.put("/a", "more" + std::to_string(i));
    REQUIRE(ahead.sync());
  }
  other.put("/b", "too late");
  const auto late = other.sync();
  REQUIRE(!late);
  CHECK(late.error().code == Errc::base_unknown);
  world.audit();
}

TEST_CASE("Reads: a root outside of the window is not served, even where blocks are left") {
  LiveWorld world(terms_of(2));
  Client device(world, 0);
  fill(device, 100);
  REQUIRE(device.sync());
  const Digest old = device.replica.root();
  const auto name_of_read = [&] {
    const Value out = world.server.ask(world.space, ability::state_read,
                                       freehold::Map{{"root", Value(node_cid(old))}}, world.now);
    const Value* error = out.find("error");
    return error == nullptr ? std::string("ok") : *error->find("name")->as_text();
  };
  device.put("/a", "1");
  REQUIRE(device.sync());
  CHECK(name_of_read() == "ok");
  device.put("/a", "2");
  REQUIRE(device.sync());
  CHECK(name_of_read() == "BaseUnknown");
}

TEST_CASE("Retries: what a device sent and was answered is kept as long as the window, no longer") {
  LiveWorld world(terms_of(4));
  Client device(world, 0);
  Client other(world, 1);
  fill(device, 200);
  REQUIRE(device.sync());
  REQUIRE(other.sync());
  device.put("/n/17", "mine");
  device.put("/mine", large(1));
  other.put("/n/17", "theirs");
  REQUIRE(other.sync());
  SECTION("a lost answer is answered again, the same") {
    const Sealed sealed = device.begin();
    const Bytes first = world.server.answer(sealed.message, world.now);
    other.put("/n/18", "later");
    REQUIRE(other.sync());
    const Bytes again = world.server.answer(sealed.message, world.now);
    const auto outcome = device.replica.finish_sync(sealed.invocation, again, world.now);
    REQUIRE(outcome);
    CHECK(outcome->conflicts.size() == 1);
    CHECK(first == again);
    world.audit();
  }
  SECTION("a retry within the window goes on from what was sent") {
    device.sync_in_vain();
    other.put("/n/18", "later");
    REQUIRE(other.sync());
    world.audit();
    REQUIRE(device.sync());
    REQUIRE(other.sync());
    CHECK(device.replica.root() == other.replica.root());
  }
  SECTION("after it the base is unknown, and the trees beside the head are gone") {
    device.sync_in_vain();
    for (int i = 0; i < 8; ++i) {
      other.put("/o", std::to_string(i));
      REQUIRE(other.sync());
    }
    const auto late = device.sync();
    REQUIRE(!late);
    CHECK(late.error().code == Errc::base_unknown);
    CHECK(world.audit().dead_nodes <= 5 * 6);
  }
}

TEST_CASE("Design 9: attachments and large values live as long as an entry has them") {
  LiveWorld world(terms_of(2));
  Client device(world, 0);
  const Ucan task =
      issue(fields(world.server.signer().did, "test/do", world.space.did.text()), world.space);
  ReceiptFields receipt_fields;
  receipt_fields.ran = task.cid();
  receipt_fields.out = Value(freehold::Map{{"ok", Value(freehold::Map{})}});
  const Receipt receipt = issue(std::move(receipt_fields), world.server.signer());
  const auto pass = [&] {
    for (int i = 0; i < 4; ++i) {
      device.put("/tick", std::to_string(world.now) + std::to_string(i));
      REQUIRE(device.sync());
    }
  };
  const std::string invoked = "/invoked/" + task.cid().text();
  const std::string told = "/receipt/" + task.cid().text();
  device.put("/keep", large(5));
  device.put("/copy", large(5));
  device.put(invoked, encode_cbor(Value(task.cid())), {task.block});
  device.put(told, encode_cbor(Value(receipt.cid())), {receipt.block, task.block});
  REQUIRE(device.sync());
  CHECK(world.audit().live_blocks == 3);  // the value once, the task once, the receipt
  device.erase("/keep");
  device.erase(told);
  REQUIRE(device.sync());
  CHECK(world.audit().dead_blocks == 1);  // the receipt: the others have a holder left
  pass();
  CHECK(world.audit().live_blocks == 2);
  CHECK(world.audit().dead_blocks == 0);
  device.erase("/copy");
  device.erase(invoked);
  REQUIRE(device.sync());
  device.put("/again", large(5));  // alive again before it is freed
  REQUIRE(device.sync());
  pass();
  CHECK(world.audit().live_blocks == 1);
  REQUIRE(Tree(device.replica.blocks(), device.replica.root()).get(key("/again")));
}

namespace {

/// What is left of receipts after they were deleted, over what there is of a space that had none.
struct Left {
  double server = 0;
  double device = 0;
};

std::uint64_t bytes_of(const native::Audit& audit) {
  return audit.live_node_bytes + audit.dead_node_bytes + audit.live_block_bytes +
         audit.dead_block_bytes;
}

void sync_all(Client& device) {
  for (;;) {
    const auto outcome = device.sync();
    REQUIRE(outcome);
    CHECK(outcome->refused.empty());
    if (!outcome->is_more) return;
  }
}

Left delete_receipts(int count) {
  LiveWorld world(terms_of(3));
  LiveWorld fresh(terms_of(3));
  Client device(world, 0);
  Client same(fresh, 0);
  for (Client* each : {&device, &same}) fill(*each, 300);
  std::vector<std::string> keys;
  for (int i = 0; i < count; ++i) {
    UcanFields call = fields(world.server.signer().did, "test/do", world.space.did.text());
    call.nonce = std::to_string(i);
    const Ucan task = issue(std::move(call), world.space);
    ReceiptFields receipt_fields;
    receipt_fields.ran = task.cid();
    receipt_fields.out = Value(freehold::Map{{"ok", Value(i)}});
    const Receipt receipt = issue(std::move(receipt_fields), world.server.signer());
    keys.push_back("/receipt/" + task.cid().text());
    device.put(keys.back(), encode_cbor(Value(receipt.cid())), {receipt.block, task.block});
  }
  sync_all(device);
  CHECK(world.audit().live_blocks == 2 * static_cast<std::size_t>(count));
  std::vector<Replica::Change> changes;
  for (const std::string& each : keys) changes.push_back({key(each), std::nullopt});
  REQUIRE(device.edit(std::move(changes)));
  sync_all(device);
  sync_all(same);
  for (int i = 0; i < 4; ++i) {
    for (Client* each : {&device, &same}) {
      each->put("/tick", std::to_string(i));
      sync_all(*each);
    }
  }
  while (!world.server.tidy_once(world.space.did, world.now)) continue;
  const auto left = world.audit();
  const auto built = fresh.audit();
  CHECK(left.live_blocks == 0);
  CHECK(left.dead_blocks == 0);
  CHECK(left.live_node_bytes == built.live_node_bytes);
  const auto ratio = [](std::uint64_t of, std::uint64_t to) {
    return static_cast<double>(of) / static_cast<double>(to);
  };
  return {ratio(bytes_of(left), bytes_of(built)), ratio(device.disk.bytes(), same.disk.bytes())};
}

}  // namespace

TEST_CASE("R29: deleting receipts frees what a fresh build would not have") {
  const Left left = delete_receipts(1000);
  CHECK(left.server <= 1.1);
  CHECK(left.device <= 1.1);
}

TEST_CASE("R29: so does deleting 100,000 receipts", "[.][large]") {
  const Left left = delete_receipts(100'000);
  WARN("left over a fresh build: server " << left.server << ", device " << left.device);
  CHECK(left.server <= 1.1);
  CHECK(left.device <= 1.1);
}

TEST_CASE("X5: over the state quota puts are refused one by one; deletes and the queue pass") {
  LiveWorld world(terms_of(2, 300'000));
  Client device(world, 0);
  device.put("/a", large(1, 100'000));
  device.put("/b", large(2, 100'000));
  device.put("/c", large(3, 150'000));
  device.put("/small", "fits");
  const auto outcome = device.sync();
  REQUIRE(outcome);
  REQUIRE(outcome->refused.size() == 1);
  CHECK(outcome->refused[0].key == key("/c"));
  CHECK(outcome->refused[0].name == "QuotaExceeded");
  world.audit();

  const Ucan task =
      issue(fields(*Did::parse("did:web:elsewhere.example"), "test/do", world.space.did.text()),
            world.space);
  device.put("/d", large(4, 120'000));
  device.put("/queue/" + task.cid().text(), encode_cbor(Value(task.cid())), {task.block});
  device.erase("/a");
  const auto second = device.sync();
  REQUIRE(second);
  for (const Refusal& refusal : second->refused) CHECK(refusal.name == "QuotaExceeded");
  CHECK(!device.replica.get(key("/a"))->has_value());
  CHECK(device.replica.get(key("/queue/" + task.cid().text()))->has_value());
  for (int i = 0; i < 4; ++i) {  // the history goes, and with it what it took
    device.put("/tick", std::to_string(i));
    REQUIRE(device.sync());
  }
  // What was refused is still here, and goes when there is room.
  CHECK(device.replica.is_ahead());
  CHECK(device.replica.get(key("/d"))->has_value());
  device.erase("/c");
  REQUIRE(device.sync());
  for (int i = 0; i < 4; ++i) {
    device.put("/tick", "later" + std::to_string(i));
    REQUIRE(device.sync());
  }
  const auto third = device.sync();
  REQUIRE(third);
  CHECK(third->refused.empty());
  CHECK(!device.replica.is_ahead());
  CHECK(device.replica.get(key("/d"))->has_value());
  world.audit();
}

TEST_CASE("Design 9: any program of edits, conflicts, lost answers and sweeps leaves no fault") {
  for (std::uint64_t seed = 1; seed <= 12; ++seed) {
    CAPTURE(seed);
    std::mt19937_64 random(seed);
    LiveWorld world(terms_of(1 + seed % 4));
    std::vector<Client> devices;
    for (int i = 0; i < 3; ++i) devices.emplace_back(world, i);
    fill(devices[0], 150);
    for (Client& device : devices) REQUIRE(device.sync());
    for (int step = 0; step < 40; ++step) {
      Client& device = devices[random() % devices.size()];
      for (std::uint64_t i = random() % 4; i > 0; --i) {
        const std::string at = "/n/" + std::to_string(random() % 60);
        switch (random() % 3) {
          case 0: device.erase(at); break;
          case 1: device.put(at, std::to_string(random() % 5)); break;
          default: device.put(at, large(random() % 6, 1500)); break;
        }
      }
      world.now += static_cast<std::int64_t>(random() % (2 * day));
      if (random() % 5 == 0) {
        device.sync_in_vain();
      } else if (const auto outcome = device.sync(); !outcome) {
        // A base that is out of the window: now its values are told beside the edits.
        REQUIRE(outcome.error().code == Errc::base_unknown);
        if (const auto again = device.sync(); !again) FAIL(again.error().what);
      }
      if (random() % 6 == 0) world.server.tidy(world.space.did, world.now);
      world.audit();
    }
  }
}

}  // namespace freehold::test

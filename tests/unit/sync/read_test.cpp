#include <catch2/catch.hpp>

#include "freehold/sync/serve.hpp"
#include "support/trees.hpp"

namespace freehold::test {

namespace {

struct World {
  std::mt19937_64 random{31};
  Shape shape{0, random};
  Map map;
  MemoryStore whole;
  Digest root{};

  World() {
    map = random_map(shape, 3000);
    root = build(map, whole).root;
  }
  /// A store with what a reply to `call` brings.
  MemoryStore fetch(const ReadCall& call, ReadReply* reply = nullptr) {
    auto read_reply = read(whole, call, root);
    REQUIRE(read_reply);
    MemoryStore part;
    for (const Cid& cid : read_reply->blocks) part.put(whole.block(cid));
    REQUIRE(part.size() == read_reply->blocks.size());  // nothing twice
    if (reply != nullptr) *reply = *std::move(read_reply);
    return part;
  }
};

}  // namespace

TEST_CASE("M2: the nodes of a read prove its keys, also those that are absent") {
  World world;
  ReadCall call;
  call.keys = {std::next(world.map.begin(), 100)->first, world.shape.key(), Bytes{0}};
  const MemoryStore part = world.fetch(call);
  CHECK(part.size() <= 9);
  for (const Bytes& key : call.keys) {
    const auto found = Tree(part, world.root).get(key);
    REQUIRE(found);
    CHECK(found->has_value() == world.map.contains(key));
  }
}

TEST_CASE("M2: the nodes of a read hold its range whole, either way") {
  World world;
  for (const bool reverse : {false, true}) {
    ReadCall call;
    call.range.emplace();
    call.range->from = std::next(world.map.begin(), 1000)->first;
    call.range->to = std::next(world.map.begin(), 1400)->first;
    call.range->reverse = reverse;
    ReadReply reply;
    const MemoryStore part = world.fetch(call, &reply);
    CHECK(reply.is_complete);
    const auto page = Tree(part, world.root).list(*call.range);
    REQUIRE(page);
    CHECK(page->entries.size() == 400);

    call.range->limit = 25;
    const MemoryStore less = world.fetch(call);
    CHECK(less.size() < part.size());
    const auto first = Tree(less, world.root).list(*call.range);
    // One more entry is looked at, to know whether there are more: it may lie in the next leaf.
    if (first) {
      CHECK(first->entries.size() == 25);
    } else {
      CHECK(first.error().code == Errc::missing);
    }
  }
}

TEST_CASE(
    "M2: a budget of bytes is kept to within a node, and any budget gives the same in the end") {
  World world;
  for (const std::size_t budget : {std::size_t{1}, std::size_t{10'000}, std::size_t{100'000}}) {
    MemoryStore part;
    std::vector<Digest> wanted{world.root};
    int rounds = 0;
    while (!wanted.empty() && rounds < 20'000) {
      ++rounds;
      ReadCall call;
      call.nodes = {node_cid(wanted.back())};
      call.budget = budget;
      ReadReply reply;
      const MemoryStore some = world.fetch(call, &reply);
      std::size_t bytes = 0;
      for (const auto& [cid, block] : some.blocks()) bytes += block.bytes().size();
      CHECK(bytes < budget + 20'000);
      CHECK(some.size() >= 1);
      for (const auto& [cid, block] : some.blocks()) part.put(block);
      wanted.clear();
      Missing missing;
      if (Tree(part, world.root).list(Range{}, &missing)) break;
      for (const Cid& cid : missing.cids()) {
        Digest digest;
        std::memcpy(digest.data(), cid.digest().data(), digest_size);
        wanted.push_back(digest);
      }
    }
    const auto page = Tree(part, world.root).list(Range{});
    REQUIRE(page);
    CHECK(page->entries.size() == world.map.size());
    CHECK(part.size() == world.whole.size());
  }
}

TEST_CASE("M2: what is not held is not found") {
  World world;
  ReadCall call;
  call.root = sha256(view_of("no such root"));
  CHECK(read(world.whole, call, world.root).error().code == Errc::not_found);
}

}  // namespace freehold::test

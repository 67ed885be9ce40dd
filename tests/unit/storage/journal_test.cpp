#include "native/storage/journal.hpp"

#include <map>
#include <random>

#include <catch2/catch.hpp>

#include "native/storage/lmdb.hpp"
#include "support/server.hpp"

namespace freehold::test {

using namespace native;

namespace {

/// An engine of somebody else: several journals over one, as several processes have them.
class Borrowed final : public KvEngine {
 public:
  explicit Borrowed(KvEngine& engine) noexcept : engine_(&engine) {}
  Result<> read(const Read& read) override { return engine_->read(read); }
  Result<> update(const Work& work) override { return engine_->update(work); }
  Result<KvUsage> usage() override { return engine_->usage(); }

 private:
  KvEngine* engine_;
};

using Oracle = std::map<Bytes, Bytes, BytesLess>;

Oracle all_of(KvEngine& engine, ByteView prefix = {}) {
  Oracle all;
  REQUIRE(engine.read([&](KvReader& kv) {
    kv.scan(prefix, [&](ByteView key, ByteView value) {
      all[copy_of(key)] = copy_of(value);
      return true;
    });
  }));
  return all;
}

Bytes text(const std::string& text) {
  return copy_of(view_of(text));
}

/// Some puts and erases in one transaction, which sees them itself.
void change(KvEngine& engine, Oracle& oracle, std::mt19937_64& random) {
  Oracle next;
  REQUIRE(engine.update([&](KvTransaction& kv) {
    std::mt19937_64 draws = random;  // the work may run twice
    next = oracle;
    for (int i = 0; i < 8; ++i) {
      const Bytes key = text("key " + std::to_string(draws() % 50));
      if (draws() % 3 == 0) {
        kv.erase(key);
        next.erase(key);
        CHECK_FALSE(kv.get(key));
      } else {
        const Bytes value(draws() % 400, static_cast<std::uint8_t>(draws()));
        kv.put(key, value);
        next[key] = value;
        CHECK(copy_of(*kv.get(key)) == value);
      }
    }
  }));
  random.discard(64);
  oracle = std::move(next);
}

}  // namespace

TEST_CASE("Through journals, whoever opens them and when, an engine is a sorted map") {
  const TempFolder folder;
  auto engine = *open_lmdb(folder.path());
  std::mt19937_64 random(11);
  Oracle oracle;
  std::unique_ptr<KvEngine> journals[2];
  for (int i = 0; i < 600; ++i) {
    auto& journal = journals[random() % 2];
    if (journal == nullptr || random() % 20 == 0) {
      const JournalBounds bounds{1500 + random() % 3000, 10 + random() % 60, 2500};
      journal = journaled(std::make_unique<Borrowed>(*engine), bounds);
    }
    change(*journal, oracle, random);
    if (i % 7 == 0) {
      CHECK(all_of(*journal) == oracle);
      Oracle some;
      for (const auto& [key, value] : oracle) {
        if (starts_with(key, view_of("key 1"))) some[key] = value;
      }
      CHECK(all_of(*journal, view_of("key 1")) == some);
    }
  }
  for (const auto& journal : journals) CHECK(all_of(*journal) == oracle);
}

TEST_CASE("A reader sees one state to its end, whatever is committed meanwhile") {
  const TempFolder folder;
  const auto engine = journaled(*open_lmdb(folder.path()), {1000, 5, 1000});
  const auto put = [&](const char* key, const char* value) {
    REQUIRE(engine->update([&](KvTransaction& kv) { kv.put(text(key), text(value)); }));
  };
  put("a", "before");
  REQUIRE(engine->read([&](KvReader& kv) {
    for (int i = 0; i < 10; ++i) put("a", "after");  // some settle all
    put("b", "new");
    CHECK(copy_of(*kv.get(text("a"))) == text("before"));
    CHECK_FALSE(kv.get(text("b")));
  }));
  CHECK(all_of(*engine) == Oracle{{text("a"), text("after")}, {text("b"), text("new")}});
}

TEST_CASE("What is put and erased before it is settled is never at its place") {
  const TempFolder folder;
  auto engine = *open_lmdb(folder.path());
  const auto journal = journaled(std::make_unique<Borrowed>(*engine), {1 << 20, 4, 1000});
  const auto update = [&](const KvEngine::Work& work) { REQUIRE(journal->update(work)); };
  update([](KvTransaction& kv) { kv.put(text("passing"), text("1")); });
  update([](KvTransaction& kv) { kv.put(text("stays"), text("2")); });
  CHECK(all_of(*engine).count(text("stays")) == 0);  // in a record
  update([](KvTransaction& kv) { kv.erase(text("passing")); });
  update([](KvTransaction& kv) {
    for (const char* key : {"a", "b", "c"}) kv.put(text(key), text("3"));
  });
  Oracle left = all_of(*engine);
  CHECK(left.erase(text("journal")) == 1);
  CHECK(left == all_of(*journal));
  CHECK(left.count(text("passing")) == 0);
}

TEST_CASE("A commit that fails leaves no record and changes nothing") {
  const TempFolder folder;
  const auto journal = journaled(*open_lmdb(folder.path()), {1 << 20, 3, 1 << 20});
  REQUIRE(journal->update([](KvTransaction& kv) { kv.put(text("a"), text("1")); }));
  const Bytes too_long(kv_key_bytes_max + 1, 7);
  for (int keys : {1, 5}) {  // as a record, and settling
    CHECK_FALSE(journal->update([&](KvTransaction& kv) {
      for (int i = 0; i < keys; ++i) kv.put(text("b" + std::to_string(i)), text("2"));
      kv.put(too_long, text("3"));
    }));
    CHECK(all_of(*journal) == Oracle{{text("a"), text("1")}});
  }
}

TEST_CASE("A journal that cannot be read is an error, never less data") {
  const TempFolder folder;
  auto engine = *open_lmdb(folder.path());
  const auto open = [&] { return journaled(std::make_unique<Borrowed>(*engine)); };
  REQUIRE(open()->update([](KvTransaction& kv) { kv.put(text("a"), text("1")); }));
  Bytes record_key;
  for (const auto& [key, value] : all_of(*engine)) {
    if (key.size() > 7) record_key = key;
  }
  const Bytes broken[] = {{}, {9, 'a'}, {1, 'a'}, {1, 'a', 3, 'x'}, {0xff}};
  for (const Bytes& bytes : broken) {
    REQUIRE(engine->update([&](KvTransaction& kv) { kv.put(record_key, bytes); }));
    const auto read = open()->read([](KvReader&) { FAIL("nothing can be read"); });
    REQUIRE_FALSE(read);
    CHECK(read.error().code == Errc::corrupt);
  }
  REQUIRE(engine->update([&](KvTransaction& kv) { kv.erase(record_key); }));
  CHECK(open()->update([](KvTransaction&) {}).error().code == Errc::corrupt);
}

}  // namespace freehold::test

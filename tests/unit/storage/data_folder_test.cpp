#include "native/storage/data_folder.hpp"

#include <catch2/catch.hpp>

#include "freehold/codec/cbor.hpp"
#include "support/server.hpp"

namespace freehold::test {

using namespace native;

namespace {

const Bytes mark_key = copy_of(view_of("format"));

/// What opening says, without the folder, with which it begins.
std::string refusal(const TempFolder& folder, const FolderFormat& format,
                    LmdbMode mode = LmdbMode::read_write) {
  const auto engine = open_data_folder(folder.path(), format, mode);
  if (engine) return "";
  const std::string& message = engine.error().message;
  const std::string name = folder.path().string() + ": ";
  REQUIRE(message.substr(0, name.size()) == name);
  return engine.error().name + ": " + message.substr(name.size());
}

void put(const TempFolder& folder, const Bytes& key, const Bytes& value) {
  const auto engine = open_lmdb(state_path(folder.path()));
  REQUIRE(engine);
  REQUIRE((*engine)->update([&](KvTransaction& kv) { kv.put(key, value); }));
}

}  // namespace

TEST_CASE("a new data folder is marked with its format, and opens again") {
  const TempFolder folder;
  CHECK(refusal(folder, server_format) == "");
  CHECK(refusal(folder, server_format) == "");
  CHECK(refusal(folder, server_format, LmdbMode::read_only) == "");
  const auto engine = open_lmdb(state_path(folder.path()));
  REQUIRE((*engine)->read([](KvReader& kv) {
    const auto mark = kv.get(mark_key);
    REQUIRE(mark);
    CHECK(copy_of(*mark) == encode_cbor(freehold::Map{{"kind", Value("server")},
                                                      {"number", Value(server_format.number)}}));
  }));
}

TEST_CASE("a data folder of another format is refused, and told by name and numbers") {
  const TempFolder folder;
  REQUIRE(refusal(folder, {"server", 7}) == "");
  for (const LmdbMode mode : {LmdbMode::read_write, LmdbMode::shared, LmdbMode::read_only}) {
    CHECK(refusal(folder, {"server", 8}, mode) ==
          "OtherFormat: holds server format 7; this build reads server format 8: use the build "
          "that made it, or another folder");
    CHECK(refusal(folder, {"server", 6}, mode) != "");
    CHECK(refusal(folder, {"replica", 7}, mode) ==
          "OtherFormat: holds server format 7; this build reads replica format 7: use the build "
          "that made it, or another folder");
  }
  CHECK(refusal(folder, {"server", 7}) == "");
}

TEST_CASE("a data folder with data and no mark is refused and left as it is") {
  const TempFolder folder;
  put(folder, {'x'}, {'y'});
  for (int i = 0; i < 2; ++i) {
    CHECK(refusal(folder, server_format) ==
          "OtherFormat: holds data without a mark of their format; this build reads server format "
          "1: use the build that made it, or another folder");
  }
}

TEST_CASE("a data folder whose mark cannot be read is refused") {
  const TempFolder folder;
  put(folder, mark_key, {0xff});
  CHECK(refusal(folder, server_format).find("holds an unreadable mark") != std::string::npos);
  put(folder, mark_key, encode_cbor(freehold::Map{{"kind", Value("server")}}));
  CHECK(refusal(folder, server_format).find("holds an unreadable mark") != std::string::npos);
}

TEST_CASE("a folder that was made and never written to opens for reading, and is marked later") {
  const TempFolder folder;
  REQUIRE(open_lmdb(state_path(folder.path())));
  CHECK(refusal(folder, replica_format, LmdbMode::read_only) == "");
  CHECK(refusal(folder, replica_format, LmdbMode::shared) == "");
  CHECK(refusal(folder, server_format, LmdbMode::read_only) != "");
}

}  // namespace freehold::test

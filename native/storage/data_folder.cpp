#include "native/storage/data_folder.hpp"

#include "freehold/codec/cbor.hpp"
#include "native/storage/journal.hpp"

namespace freehold::native {

namespace {

const Bytes mark_key = copy_of(view_of("format"));

std::string text_of(const char* kind, std::uint64_t number) {
  return std::string(kind) + " format " + std::to_string(number);
}

/// What is there instead of the mark, if it is not that. None at all, and nothing else either, is
/// as good.
std::string other_than(KvReader& kv, const FolderFormat& format) {
  const auto bytes = kv.get(mark_key);
  if (!bytes) {
    bool is_empty = true;
    kv.scan({}, [&is_empty](ByteView, ByteView) { return is_empty = false; });
    return is_empty ? "" : "data without a mark of their format";
  }
  const Result<Value> mark = decode_cbor(*bytes);
  const Value* kind = mark ? mark->find("kind") : nullptr;
  const auto number = mark ? uint_of(mark->find("number")) : std::nullopt;
  if (kind == nullptr || kind->as_text() == nullptr || !number) return "an unreadable mark";
  const bool is_it = *kind->as_text() == format.kind && *number == format.number;
  return is_it ? "" : text_of(kind->as_text()->c_str(), *number);
}

/// As `other_than`, and leaves the mark where there is nothing.
Result<std::string> mark(KvEngine& engine, const FolderFormat& format, bool may_write) {
  std::string other;
  bool is_marked = false;
  FH_CHECK(engine.read([&](KvReader& kv) {
    is_marked = kv.get(mark_key).has_value();
    other = other_than(kv, format);
  }));
  if (is_marked || !may_write || !other.empty()) return other;
  FH_CHECK(engine.update([&](KvTransaction& kv) {
    other = other_than(kv, format);
    if (!other.empty()) return;
    kv.put(mark_key,
           encode_cbor(Map{{"kind", Value(format.kind)}, {"number", Value(format.number)}}));
  }));
  return other;
}

}  // namespace

std::filesystem::path state_path(const std::filesystem::path& folder) {
  return folder / "state";
}

tl::expected<std::unique_ptr<KvEngine>, FolderError> open_data_folder(
    const std::filesystem::path& folder, const FolderFormat& format, LmdbMode mode) {
  const auto refuse = [&](const char* name, const std::string& what) {
    return tl::unexpected(FolderError{name, folder.string() + ": " + what});
  };
  auto engine = open_lmdb(state_path(folder), mode);
  if (!engine) return refuse(name_of(engine.error().code), engine.error().what);
  const auto other = mark(**engine, format, mode != LmdbMode::read_only);
  if (!other) return refuse(name_of(other.error().code), other.error().what);
  if (!other->empty()) {
    return refuse("OtherFormat", "holds " + *other + "; this build reads " +
                                     text_of(format.kind, format.number) +
                                     ": use the build that made it, or another folder");
  }
  return journaled(*std::move(engine));
}

}  // namespace freehold::native

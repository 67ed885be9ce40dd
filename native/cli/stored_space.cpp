#include "native/cli/stored_space.hpp"

#include "native/storage/data_folder.hpp"
#include "native/storage/kv_stage.hpp"

namespace freehold::native {

namespace {

Result<> use_space(KvReader& kv, const Did& did, const std::function<Result<>(Space&)>& use) {
  const auto id = space_id_of(did);
  if (!id) return fail(Errc::not_found, "a space is a did:key of Ed25519");
  KvStage stage(kv);
  Space space(stage, did, *id);
  if (!space.is_ours() || !space.record().checkpoint) {
    return fail(Errc::not_found, "no such space here");
  }
  return use(space);
}

}  // namespace

std::string read_space(const std::string& data, const Did& did,
                       const std::function<Result<>(Space&)>& use) {
  const auto engine = open_data_folder(data, server_format, LmdbMode::read_only);
  if (!engine) return engine.error().message;
  Result<> used;
  const Result<> read = (*engine)->read([&](KvReader& kv) { used = use_space(kv, did, use); });
  if (!read) return read.error().what;
  if (!used) return did.text() + ": " + used.error().what;
  return "";
}

}  // namespace freehold::native

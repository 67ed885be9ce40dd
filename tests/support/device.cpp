#include "support/device.hpp"

#include <cstdlib>

#include "support/tokens.hpp"
#include "support/trees.hpp"

namespace freehold::test {

Bytes text_value(std::string_view text) {
  return encode_cbor(Value(text));
}

void Device::put(std::string_view at, std::string_view text) {
  if (!edit({{key(at), text_value(text)}})) std::abort();
}

void Device::erase(std::string_view at) {
  if (!edit({{key(at), std::nullopt}})) std::abort();
}

Result<Commit> Device::edit(std::vector<Replica::Change> changes, Service* network,
                            std::vector<Block> attached) {
  auto commit = run(network, [&] { return replica.edit(changes, attached); });
  if (commit) keep(*commit);
  return commit;
}

std::string Device::get(std::string_view at, Service* network) {
  const auto found = run(network, [&] { return replica.get(key(at)); });
  if (!found) return "(missing)";
  if (!*found) return "(none)";
  const auto value = decode_cbor(**found);
  return value->as_text() == nullptr ? "(other)" : *value->as_text();
}

std::size_t Device::conflicts() {
  Range range;
  range.prefix = key("/conflict/");
  return run(nullptr, [&] { return replica.list(range); })->entries.size();
}

Sealed Device::begin(SyncOptions options) {
  const auto draft =
      run(nullptr, [&] { return replica.begin_sync(agent.did, service, {}, now, options); });
  if (!draft) std::abort();
  keep(draft->commit);
  return seal_sync(*draft, agent);
}

Result<SyncOutcome> Device::finish(const Ucan& invocation, ByteView response, Service* network) {
  auto outcome = run(network, [&] { return replica.finish_sync(invocation, response, now); });
  if (outcome) keep(outcome->commit);
  return outcome;
}

Result<SyncOutcome> Device::sync(Service& authority, SyncOptions options) {
  const Sealed sealed = begin(options);
  return finish(sealed.invocation, authority.answer(sealed.message, now), &authority);
}

/// Reads what `next` asks for; `finish` once that is nothing.
template <class Next, class Finish>
Result<> Device::read_all(Service& authority, int rounds_max, Next next, Finish finish) {
  for (int round = 0; round < rounds_max; ++round) {
    FH_TRY(const auto call, run(nullptr, next));
    if (!call) return finish();
    FH_CHECK(read(authority, *call));
  }
  return {};
}

Result<> Device::pull(Service& authority, int rounds_max) {
  return read_all(
      authority, rounds_max, [&] { return replica.next_read(); },
      [&]() -> Result<> {
        FH_TRY(const Commit commit, run(&authority, [&] { return replica.finish_pull(); }));
        keep(commit);
        return {};
      });
}

void Device::set_scopes(std::vector<std::string_view> prefixes) {
  std::vector<Bytes> keys;
  for (const std::string_view prefix : prefixes) keys.push_back(key(prefix));
  const auto commit = replica.set_scopes(keys);
  if (!commit) std::abort();
  keep(*commit);
}

Result<> Device::fill(Service& authority, int rounds_max) {
  return read_all(
      authority, rounds_max, [&] { return replica.next_fill(); },
      [&]() -> Result<> {
        keep(replica.save());
        return {};
      });
}

bool Device::sweep() {
  std::vector<Cid> stored;
  for (const auto& [cid, block] : disk.blocks()) stored.push_back(cid);
  const auto commit = run(nullptr, [&] { return replica.sweep(stored); });
  if (commit) keep(*commit);
  return commit.has_value();
}

void Device::restart() {
  auto again = Replica::load(record);
  if (!again) std::abort();
  replica = *std::move(again);
}

bool Device::supply(Service* network) {
  bool is_new = false;
  for (const Cid& cid : std::vector<Cid>(replica.missing())) {
    const Block block = disk.block(cid);
    if (!block.cid.is_null()) {
      is_new = is_new || !replica.blocks().find(cid);
      replica.blocks().put(block);
    } else if (replica.set_absent(cid)) {
      is_new = true;
    }
  }
  if (is_new) return true;
  if (network == nullptr || !replica.may_read()) return false;
  const auto call = replica.missing_read();
  return call && read(*network, *call);
}

Result<> Device::read(Service& authority, const ReadCall& call) {
  const Sealed sealed = seal_sync(replica.begin_read(call, agent.did, service, {}, now), agent);
  const Bytes response = authority.answer(sealed.message, now);
  ++reads;
  read_bytes += response.size();
  FH_TRY(const Commit commit,
         run(nullptr, [&] { return replica.finish_read(call, sealed.invocation, response); }));
  keep(commit);
  return {};
}

void Device::keep(const Commit& commit) {
  for (const Block& block : commit.added) disk.put(block);
  for (const Cid& cid : commit.freed) disk.erase(cid);
  record = commit.record;
}

World::World()
    : space(signer(9).did),
      authority(signer(1), space),
      alice(signer(2), authority.signer(), space),
      bob(signer(3), authority.signer(), space) {}

Device World::device(int number) const {
  return Device(signer(number), authority.signer(), space);
}

}  // namespace freehold::test

// What JavaScript sees of the core. It converts and forwards; there is no logic here.

#include <emscripten/bind.h>
#include <emscripten/val.h>

#include "convert.hpp"
#include "freehold/codec/cbor.hpp"
#include "freehold/codec/multibase.hpp"
#include "handles.hpp"

namespace freehold::wasm {
namespace {

// --- data, hashes, text -------------------------------------------------------------------------

std::int64_t seconds_of(const val& now) {
  return static_cast<std::int64_t>(now.as<double>());
}

val encode_data(const val& data) {
  return to_js(encoded_from_js(data));
}
val decode_data(const val& bytes) {
  return decoded_to_js(bytes_from_js(bytes));
}

val hash(const val& bytes) {
  return to_js(sha256(bytes_from_js(bytes)));
}

/// In multibase, by its letter.
val encode_text(const val& base, const val& bytes) {
  const char letter = base.as<std::string>().front();
  return val(encode_multibase(static_cast<Base>(letter), bytes_from_js(bytes)));
}
val decode_text(const val& text) {
  return to_js(decode_multibase(text.as<std::string>()));
}

// --- keys ---------------------------------------------------------------------------------------

val key_to_js(const Ed25519Key& key) {
  val object = val::object();
  object.set("did", Did::of_ed25519(key.public_key()).text());
  object.set("seed", to_js(key.seed()));
  object.set("text", text_of_key(key));
  return object;
}

val key_of_seed(const val& bytes) {
  const auto seed = seed_from_js(bytes);
  return seed ? key_to_js(Ed25519Key(*seed)) : to_js(seed.error());
}
val key_of_text(const val& text) {
  const auto key = parse_key(text.as<std::string>());
  return key ? key_to_js(*key) : to_js(key.error());
}
val did_of_public_key(const val& bytes) {
  return val(Did::of_ed25519(bytes_from_js(bytes)).text());
}

val sign(const val& seed_bytes, const val& message) {
  const auto seed = seed_from_js(seed_bytes);
  if (!seed) return to_js(seed.error());
  return to_js(ByteView(Ed25519Key(*seed).sign(bytes_from_js(message))));
}

// --- tokens: fields -> text to sign; fields + signature -> block
// ----------------------------------

val ucan_text(const val& object) {
  const auto fields = fields_from_js(object);
  return fields ? to_js(view_of(signed_text(*fields))) : to_js(fields.error());
}

val seal_ucan(const val& object, const val& signature) {
  auto fields = fields_from_js(object);
  if (!fields) return to_js(fields.error());
  return to_js(seal(*std::move(fields), Varsig::eddsa(bytes_from_js(signature))).block);
}

Result<Ucan> ucan_from_js(const val& object) {
  FH_TRY(Block block, block_from_js(object));
  return Ucan::decode(std::move(block));
}

val decode_ucan(const val& block) {
  const auto ucan = ucan_from_js(block);
  return ucan ? to_js(static_cast<const UcanFields&>(*ucan)) : to_js(ucan.error());
}

/// Whether the signature is by `key`, the text of a did:key.
val verify_ucan(const val& block, const val& key) {
  const auto ucan = ucan_from_js(block);
  if (!ucan) return to_js(ucan.error());
  const auto did = Did::parse(key.as<std::string>());
  return did ? val(verify_signature(*ucan, *did)) : to_js(did.error());
}

/// The receipt of task `ran` with the result `out`, signed with the key of `seed`.
Result<Block> receipt_of(const val& ran, const val& out, const val& seed) {
  ReceiptFields fields;
  FH_TRY(fields.ran, cid_from_js(ran));
  FH_TRY(fields.out, value_from_js(out));
  FH_TRY(const Ed25519Seed key, seed_from_js(seed));
  return issue(std::move(fields), Signer(Ed25519Key(key))).block;
}
val issue_receipt(const val& ran, const val& out, const val& seed) {
  return to_js(receipt_of(ran, out, seed));
}

// --- containers ---------------------------------------------------------------------------------

val encode_car_of(const val& roots, const val& blocks) {
  const auto cids = cids_from_js(roots);
  if (!cids) return to_js(cids.error());
  const auto list = blocks_from_js(blocks);
  return list ? to_js(encode_car(*cids, *list)) : to_js(list.error());
}
val decode_car_of(const val& bytes) {
  return to_js(decode_car(bytes_from_js(bytes)));
}

/// The text of a delegation with all of its proofs that are among `blocks`.
Result<std::string> archive_text(const val& root, const val& list) {
  FH_TRY(const Ucan ucan, ucan_from_js(root));
  FH_TRY(const std::vector<Block> blocks, blocks_from_js(list));
  MemoryStore store;
  for (const Block& block : blocks) store.put(block);
  return text_of_archive(encode_archive(ucan, store));
}
val encode_archive_text(const val& root, const val& blocks) {
  return to_js(archive_text(root, blocks));
}

val decode_archive_text(const val& text) {
  const auto archive = parse_archive(text.as<std::string>());
  if (!archive) return to_js(archive.error());
  val object = val::object();
  object.set("root", address_to_js(archive->root));
  object.set("blocks", to_js(archive->blocks));
  return object;
}

/// A request: a message that has these invocations executed.
val encode_request(const val& execute, const val& blocks) {
  const auto cids = cids_from_js(execute);
  if (!cids) return to_js(cids.error());
  const auto list = blocks_from_js(blocks);
  return list ? to_js(encode_message(*cids, {}, *list)) : to_js(list.error());
}

// --- the replica --------------------------------------------------------------------------------

/// What JavaScript does with a replica; of which one, its handle says.
class BoundReplica {
 public:
  explicit BoundReplica(Replica replica) : replica_(std::move(replica)) {}

  val root() { return address_to_js(node_cid(replica_.root())); }
  val seq() { return val(static_cast<double>(replica_.seq())); }
  val is_ahead() { return val(replica_.is_ahead()); }
  val service_error() { return to_js(replica_.service_error()); }
  val evidence() { return to_js(replica_.evidence()); }

  /// Takes a block out of storage, if it is what it was when it went there.
  val hold(const val& cid, const val& bytes) {
    const auto address = cid_from_js(cid);
    if (!address) return to_js(address.error());
    Block block(*address, bytes_from_js(bytes));
    if (!address->matches(block.bytes())) return to_js(Error{Errc::corrupt, "a stored block"});
    replica_.blocks().put(std::move(block));
    return val::undefined();
  }
  val missing() {
    val list = val::array();
    for (const Cid& cid : replica_.missing()) list.call<void>("push", address_to_js(cid));
    return list;
  }
  /// Storage does not have this block.
  val lack(const val& cid) {
    const auto address = cid_from_js(cid);
    if (!address) return to_js(address.error());
    replica_.set_absent(*address);
    return val::undefined();
  }
  val trim() { return val(replica_.trim()); }
  val block_count() { return val(replica_.blocks().size()); }
  val know_service(const val& service, const val& key) {
    const auto did = Did::parse(service.as<std::string>());
    if (!did) return to_js(did.error());
    const auto did_key = Did::parse(key.as<std::string>());
    if (!did_key) return to_js(did_key.error());
    replica_.know_service(*did, *did_key);
    return val::undefined();
  }

  val get(const val& key) {
    const auto value = replica_.get(bytes_from_js(key));
    if (!value) return to_js(value.error());
    return *value ? decoded_to_js(**value) : val::undefined();
  }
  val list(const val& range) {
    const auto page = replica_.list(range_from_js(range));
    if (!page) return to_js(page.error());
    val entries = val::array();
    std::optional<Error> error;  // given when all that is missing has been named
    for (const Entry& entry : page->entries) {
      const auto value = replica_.value_of(entry.value);
      if (!value) error = value.error();
      if (error) continue;
      val object = val::object();
      object.set("key", to_js(entry.key));
      object.set("value", decoded_to_js(*value));
      entries.call<void>("push", object);
    }
    if (error) return to_js(*error);
    val object = val::object();
    object.set("entries", entries);
    object.set("next", to_js(page->next));
    return object;
  }
  val weight() {
    const auto weight = replica_.weight();
    if (!weight) return to_js(weight.error());
    val object = val::object();
    object.set("entries", static_cast<double>(weight->count));
    object.set("bytes", static_cast<double>(weight->bytes));
    return object;
  }
  val blobs(const val& range, const val& now) {
    return to_js(replica_.blobs(range_from_js(range), seconds_of(now)));
  }

  /// `changes`: a list of [key] or [key, data].
  val edit(const val& changes, const val& attached) { return to_js(edited(changes, attached)); }

  val begin_sync(const val& call) {
    const auto draft = begun(call);
    if (!draft) return to_js(draft.error());
    val object = val::object();
    object.set("fields", to_js(draft->fields));
    object.set("blocks", to_js(draft->blocks));
    object.set("commit", to_js(draft->commit));
    return object;
  }
  val finish_sync(const val& invocation, const val& response, const val& now) {
    const auto ucan = ucan_from_js(invocation);
    if (!ucan) return to_js(ucan.error());
    return to_js(replica_.finish_sync(*ucan, bytes_from_js(response), seconds_of(now)));
  }

  /// Whether everything is here, or all under the scopes: `what` is "all" or "scopes", here and
  /// below.
  val is_here(const val& what) {
    return val(is_all(what) ? replica_.is_whole() : replica_.is_filled());
  }
  val may_read() { return val(replica_.may_read()); }
  val scopes() { return to_js(replica_.scopes()); }
  val set_scopes(const val& list) {
    std::vector<Bytes> prefixes;
    const auto count = list["length"].as<std::uint32_t>();
    for (std::uint32_t i = 0; i < count; ++i) prefixes.push_back(bytes_from_js(list[i]));
    return to_js(replica_.set_scopes(std::move(prefixes)));
  }
  val is_sweep_due() { return val(replica_.is_sweep_due()); }
  val sweep(const val& stored) {
    const auto cids = cids_from_js(stored);
    return cids ? to_js(replica_.sweep(*cids)) : to_js(cids.error());
  }
  /// The fields of a read: of what is missing, or of what comes next to become whole (`next` is
  /// "all") or to hold the scopes ("scopes"). Undefined if there is nothing to ask for.
  val begin_read(const val& call) {
    using Asked = Result<std::optional<ReadCall>>;
    const val next = call["next"];
    const Asked read = next.isUndefined() ? Asked(replica_.missing_read())
                       : is_all(next)     ? replica_.next_read()
                                          : replica_.next_fill();
    if (!read) return to_js(read.error());
    if (!*read) return val::undefined();
    const auto parties = parties_of(call);
    if (!parties) return to_js(parties.error());
    const auto& [agent, service, proofs, now] = *parties;
    return to_js(replica_.begin_read(**read, agent, service, proofs, now).fields);
  }
  val finish_read(const val& invocation, const val& response) {
    return to_js(read_of(invocation, response));
  }
  /// The fields of a watch.
  val begin_watch(const val& call) {
    const auto parties = parties_of(call);
    if (!parties) return to_js(parties.error());
    const auto& [agent, service, proofs, now] = *parties;
    const auto draft = replica_.begin_watch(agent, service, proofs, now);
    return draft ? to_js(draft->fields) : to_js(draft.error());
  }
  /// What the next frame of a watch tells, which is there.
  val judge_watch(const val& watch);
  val finish_pull(const val& what) {
    return to_js(is_all(what) ? replica_.finish_pull() : replica_.save());
  }
  val save() { return to_js(replica_.save()); }

 private:
  static bool is_all(const val& what) { return what.as<std::string>() == "all"; }
  Result<Commit> edited(const val& changes, const val& attached) {
    std::vector<Replica::Change> list;
    const auto count = changes["length"].as<std::uint32_t>();
    for (std::uint32_t i = 0; i < count; ++i) {
      const val item = changes[i];
      Replica::Change change{bytes_from_js(item[0]), std::nullopt};
      if (const val data = item[1]; !data.isUndefined()) {
        FH_TRY(change.value, encoded_from_js(data));
      }
      list.push_back(std::move(change));
    }
    FH_TRY(std::vector<Block> blocks, blocks_from_js(attached));
    return replica_.edit(list, std::move(blocks));
  }

  struct Parties {
    Did agent;
    Did service;
    std::vector<Cid> proofs;
    std::int64_t now = 0;
  };
  static Result<Parties> parties_of(const val& call) {
    Parties parties;
    FH_TRY(parties.agent, Did::parse(call["agent"].as<std::string>()));
    FH_TRY(parties.service, Did::parse(call["service"].as<std::string>()));
    FH_TRY(parties.proofs, cids_from_js(call["proofs"]));
    parties.now = seconds_of(call["now"]);
    return parties;
  }
  Result<SyncDraft> begun(const val& call) {
    FH_TRY(Parties parties, parties_of(call));
    return replica_.begin_sync(parties.agent, parties.service, std::move(parties.proofs),
                               parties.now, {.strict = false, .lazy = call["lazy"].isTrue()});
  }
  Result<Commit> read_of(const val& invocation, const val& response) {
    FH_TRY(const Ucan ucan, ucan_from_js(invocation));
    FH_TRY(const ReadCall call, decode_read_call(*ucan.capabilities.front().nb));
    return replica_.finish_read(call, ucan, bytes_from_js(response));
  }

  Replica replica_;
};

Handles<BoundReplica> replicas;
Handles<Sha256> hashers;
Handles<Watch> watches;

val BoundReplica::judge_watch(const val& watch) {
  return to_js(watches[watch].judge(replica_));
}

template <auto member>
struct On;
template <class... Args, val (BoundReplica::*member)(Args...)>
struct On<member> {
  static val call(const val& handle, Args... args) { return (replicas[handle].*member)(args...); }
};

val create_replica(const val& space) {
  const auto did = Did::parse(space.as<std::string>());
  return did ? replicas.add(BoundReplica(Replica::create(*did))) : to_js(did.error());
}
val load_replica(const val& record) {
  auto replica = Replica::load(bytes_from_js(record));
  return replica ? replicas.add(BoundReplica(*std::move(replica))) : to_js(replica.error());
}
val delete_replica(const val& handle) {
  replicas.erase(handle);
  return val::undefined();
}

val create_hasher() {
  return hashers.add(Sha256());
}
val update_hasher(const val& handle, const val& bytes) {
  hashers[handle].update(bytes_from_js(bytes));
  return val::undefined();
}
/// The digest; the hasher is no more.
val finish_hasher(const val& handle) {
  const Digest digest = hashers[handle].finish();
  hashers.erase(handle);
  return to_js(digest);
}

val create_watch(const val& invocation) {
  auto ucan = ucan_from_js(invocation);
  return ucan ? watches.add(Watch(*std::move(ucan))) : to_js(ucan.error());
}
val delete_watch(const val& handle) {
  watches.erase(handle);
  return val::undefined();
}
val is_ready(Watch& watch) {
  const auto is_ready = watch.is_ready();
  return is_ready ? val(*is_ready) : to_js(is_ready.error());
}
/// Takes bytes of a stream, or the whole of an ordinary answer. Whether a frame is there.
val push_watch(const val& handle, const val& bytes, const val& is_stream) {
  Watch& watch = watches[handle];
  const Bytes pushed = bytes_from_js(bytes);
  if (is_stream.isTrue()) {
    watch.push(pushed);
  } else if (const auto taken = watch.push_message(pushed); !taken) {
    return to_js(taken);
  }
  return is_ready(watch);
}
/// Done with a frame; whether the next one is there.
val pop_watch(const val& handle) {
  watches[handle].pop();
  return is_ready(watches[handle]);
}
/// The stream has ended.
val end_watch(const val& handle) {
  return to_js(watches[handle].end());
}

}  // namespace
}  // namespace freehold::wasm

EMSCRIPTEN_BINDINGS(freehold) {
  using namespace freehold::wasm;
  using emscripten::function;

  function("encodeData", &encode_data);
  function("decodeData", &decode_data);
  function("sha256", &hash);
  function("encodeText", &encode_text);
  function("decodeText", &decode_text);

  function("keyOfSeed", &key_of_seed);
  function("keyOfText", &key_of_text);
  function("didOfPublicKey", &did_of_public_key);
  function("sign", &sign);

  function("ucanText", &ucan_text);
  function("sealUcan", &seal_ucan);
  function("decodeUcan", &decode_ucan);
  function("verifyUcan", &verify_ucan);
  function("issueReceipt", &issue_receipt);

  function("encodeCar", &encode_car_of);
  function("decodeCar", &decode_car_of);
  function("encodeArchive", &encode_archive_text);
  function("decodeArchive", &decode_archive_text);
  function("encodeRequest", &encode_request);

  function("createHasher:hasher", &create_hasher);
  function("hasher.update", &update_hasher);
  function("hasher.finish", &finish_hasher);

  function("createWatch:watch", &create_watch);
  function("watch.delete", &delete_watch);
  function("watch.push", &push_watch);
  function("watch.pop", &pop_watch);
  function("watch.end", &end_watch);

  function("createReplica:replica", &create_replica);
  function("loadReplica:replica", &load_replica);
  function("replica.delete", &delete_replica);
  function("replica.root", &On<&BoundReplica::root>::call);
  function("replica.seq", &On<&BoundReplica::seq>::call);
  function("replica.isAhead", &On<&BoundReplica::is_ahead>::call);
  function("replica.serviceError", &On<&BoundReplica::service_error>::call);
  function("replica.evidence", &On<&BoundReplica::evidence>::call);
  function("replica.hold", &On<&BoundReplica::hold>::call);
  function("replica.lack", &On<&BoundReplica::lack>::call);
  function("replica.missing", &On<&BoundReplica::missing>::call);
  function("replica.trim", &On<&BoundReplica::trim>::call);
  function("replica.blockCount", &On<&BoundReplica::block_count>::call);
  function("replica.knowService", &On<&BoundReplica::know_service>::call);
  function("replica.get", &On<&BoundReplica::get>::call);
  function("replica.list", &On<&BoundReplica::list>::call);
  function("replica.weight", &On<&BoundReplica::weight>::call);
  function("replica.blobs", &On<&BoundReplica::blobs>::call);
  function("replica.edit", &On<&BoundReplica::edit>::call);
  function("replica.beginSync", &On<&BoundReplica::begin_sync>::call);
  function("replica.finishSync", &On<&BoundReplica::finish_sync>::call);
  function("replica.isHere", &On<&BoundReplica::is_here>::call);
  function("replica.mayRead", &On<&BoundReplica::may_read>::call);
  function("replica.beginRead", &On<&BoundReplica::begin_read>::call);
  function("replica.finishRead", &On<&BoundReplica::finish_read>::call);
  function("replica.finishPull", &On<&BoundReplica::finish_pull>::call);
  function("replica.beginWatch", &On<&BoundReplica::begin_watch>::call);
  function("replica.judgeWatch", &On<&BoundReplica::judge_watch>::call);
  function("replica.save", &On<&BoundReplica::save>::call);
  function("replica.scopes", &On<&BoundReplica::scopes>::call);
  function("replica.setScopes", &On<&BoundReplica::set_scopes>::call);
  function("replica.isSweepDue", &On<&BoundReplica::is_sweep_due>::call);
  function("replica.sweep", &On<&BoundReplica::sweep>::call);
}

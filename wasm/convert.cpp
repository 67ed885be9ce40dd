#include "convert.hpp"

#include <cmath>

#include <emscripten/em_js.h>

#include "freehold/codec/cbor.hpp"

using emscripten::EM_VAL;

// Asks once what would be a dozen calls through val. The numbers are those of `Kind` below.
// clang-format off
EM_JS_DEPS(freehold_kind, "$Emval");
EM_JS(int, freehold_kind_of, (EM_VAL handle), {
  const data = Emval.toValue(handle);
  switch (typeof data) {
    case 'boolean': return data ? 2 : 1;
    case 'number': return 3;
    case 'bigint': return 4;
    case 'string': return data.isWellFormed === undefined || data.isWellFormed() ? 5 : 10;
    case 'object': break;
    default: return 10;
  }
  if (data === null) return 0;
  if (data instanceof Uint8Array) return 6;
  if (Array.isArray(data)) return 8;
  const address = data['/'];
  if (address instanceof Uint8Array && data.bytes instanceof Uint8Array) return 7;
  const prototype = Object.getPrototypeOf(data);
  return prototype === null || Object.getPrototypeOf(prototype) === null ? 9 : 10;
});
// clang-format on

namespace freehold::wasm {
namespace {

enum class Kind { null, is_false, is_true, number, bigint, text, bytes, link, list, map, other };

Kind kind_of(const val& data) {
  return static_cast<Kind>(freehold_kind_of(data.as_handle()));
}

/// The text is what BigInt's toString gives.
Result<Value> integer_of(const std::string& text) {
  const bool negative = text.front() == '-';
  std::uint64_t magnitude = 0;
  for (const char digit : std::string_view(text).substr(negative ? 1 : 0)) {
    const std::uint64_t more = static_cast<std::uint64_t>(digit - '0');
    if (magnitude > (UINT64_MAX - more) / 10)
      return fail(Errc::invalid_value, "an integer too large");
    magnitude = magnitude * 10 + more;
  }
  return Value(Integer{negative ? magnitude - 1 : magnitude, negative});
}

Result<Value> number_of(double number) {
  if (!std::isfinite(number)) return fail(Errc::invalid_value, "a number that is not finite");
  if (std::trunc(number) == number && std::fabs(number) <= double{limits::integer_safe_max}) {
    return Value(static_cast<std::int64_t>(number));
  }
  return Value(number);
}

val integer_to_js(const Integer& number) {
  const bool is_safe = number.magnitude < limits::integer_safe_max + (number.negative ? 0 : 1);
  if (is_safe) {
    const double magnitude = static_cast<double>(number.magnitude);
    return val(number.negative ? -1 - magnitude : magnitude);
  }
  const std::string text = !number.negative ? std::to_string(number.magnitude)
                           : number.magnitude == UINT64_MAX
                               ? "-18446744073709551616"
                               : "-" + std::to_string(number.magnitude + 1);
  return val::global("BigInt")(text);
}

val time_to_js(const std::optional<std::int64_t>& seconds) {
  return seconds ? val(static_cast<double>(*seconds)) : val::null();
}
std::optional<std::int64_t> time_from_js(const val& seconds) {
  if (seconds.isNull() || seconds.isUndefined()) return std::nullopt;
  return static_cast<std::int64_t>(seconds.as<double>());
}

val to_js(const Capability& capability) {
  val object = val::object();
  object.set("can", capability.can);
  object.set("with", capability.with);
  if (capability.nb) object.set("nb", wasm::to_js(*capability.nb));
  return object;
}

val to_js(const Refusal& refusal) {
  val object = val::object();
  object.set("key", wasm::to_js(refusal.key));
  object.set("name", refusal.name);
  return object;
}

template <class T>
val list_to_js(const std::vector<T>& items, val (*convert)(const T&)) {
  val list = val::array();
  for (const T& item : items) list.call<void>("push", convert(item));
  return list;
}

}  // namespace

// --- to JavaScript ------------------------------------------------------------------------------

val to_js(ByteView bytes) {
  return val::global("Uint8Array")
      .new_(val(emscripten::typed_memory_view(bytes.size(), bytes.data())));
}

val to_js(const std::string& text) {
  return val(text);
}

val to_js(const Cid& cid) {
  return val::module_property("Link").new_(to_js(cid.bytes()));
}

val to_js(const Value& value) {
  if (const bool* flag = value.as_bool()) return val(*flag);
  if (const Integer* number = value.as_integer()) return integer_to_js(*number);
  if (const double* number = value.as_double()) return val(*number);
  if (const Bytes* bytes = value.as_bytes()) return to_js(*bytes);
  if (const std::string* text = value.as_text()) return val(*text);
  if (const Cid* link = value.as_link()) return to_js(*link);
  if (const List* list = value.as_list()) return to_js(*list);
  if (const Map* map = value.as_map()) {
    val object = val::object();
    for (const auto& [key, item] : *map) object.set(key, to_js(item));
    return object;
  }
  return val::null();
}

val to_js(const Error& error) {
  return val::module_property("FreeholdError")
      .new_(std::string(name_of(error.code)), std::string(error.what));
}

val to_js(const Block& block) {
  val object = val::object();
  object.set("cid", address_to_js(block.cid));
  object.set("bytes", to_js(block.bytes()));
  return object;
}

val to_js(const Car& car) {
  val object = val::object();
  object.set("roots", to_js(car.roots));
  object.set("blocks", to_js(car.blocks));
  return object;
}

val to_js(const UcanFields& fields) {
  val object = val::object();
  object.set("issuer", fields.issuer.text());
  object.set("audience", fields.audience.text());
  object.set("capabilities", list_to_js<Capability>(fields.capabilities, to_js));
  object.set("expires", time_to_js(fields.expires));
  object.set("notBefore", time_to_js(fields.not_before));
  object.set("nonce", to_js(fields.nonce));
  object.set("facts",
             list_to_js<Map>(fields.facts, [](const Map& fact) { return to_js(Value(fact)); }));
  object.set("proofs", to_js(fields.proofs));
  return object;
}

val to_js(const Commit& commit) {
  val object = val::object();
  object.set("added", to_js(commit.added));
  object.set("freed", list_to_js<Cid>(commit.freed, address_to_js));
  object.set("record", to_js(commit.record));
  return object;
}

val to_js(const BlobStatus& status) {
  val object = val::object();
  object.set("multihash", to_js(status.multihash));
  object.set("size", static_cast<double>(status.size));
  object.set("service", status.service.text());
  object.set("state", std::string(name_of(status.state)));
  object.set("awaits", status.awaits);
  object.set("reason", status.reason);
  object.set("locations", to_js(status.locations));
  object.set("invocation", to_js(status.invocation));
  object.set("site", to_js(status.site));
  if (status.put_url) {
    val put = val::object();
    put.set("url", *status.put_url);
    val headers = val::array();
    for (const auto& [name, value] : status.put_headers) {
      val pair = val::array();
      pair.call<void>("push", name);
      pair.call<void>("push", value);
      headers.call<void>("push", pair);
    }
    put.set("headers", headers);
    put.set("expires", static_cast<double>(status.put_expires));
    put.set("task", to_js(status.put_task));
    object.set("put", put);
  }
  return object;
}

val to_js(const SyncOutcome& outcome) {
  val object = val::object();
  object.set("commit", to_js(outcome.commit));
  object.set("seq", static_cast<double>(outcome.seq));
  object.set("proven", outcome.proven == Proven::yes);
  object.set("changed", to_js(outcome.changed));
  object.set("conflicts", to_js(outcome.conflicts));
  object.set("refused", list_to_js<Refusal>(outcome.refused, to_js));
  object.set("isMore", outcome.is_more);
  return object;
}

val to_js(const Noted& noted) {
  val object = val::object();
  object.set("commit", to_js(noted.commit));
  object.set("seq", static_cast<double>(noted.seq));
  object.set("root", to_js(node_cid(noted.root)));
  object.set("checkpoint", to_js(noted.checkpoint));
  object.set("isStale", noted.standing == Standing::stale);
  return object;
}

val decoded_to_js(ByteView encoded) {
  return to_js(decode_cbor(encoded));
}

// --- from JavaScript ----------------------------------------------------------------------------

Bytes bytes_from_js(const val& bytes) {
  return emscripten::convertJSArrayToNumberVector<std::uint8_t>(bytes);
}

Result<Bytes> encoded_from_js(const val& data) {
  FH_TRY(const Value value, value_from_js(data));
  Bytes encoded = encode_cbor(value);
  FH_CHECK(check_value(encoded));
  return encoded;
}

Result<Value> value_from_js(const val& data, int depth) {
  if (depth > limits::cbor_depth_max) return fail(Errc::limit, "cbor_depth_max");
  switch (kind_of(data)) {
    case Kind::null: return Value();
    case Kind::is_false: return Value(false);
    case Kind::is_true: return Value(true);
    case Kind::number: return number_of(data.as<double>());
    case Kind::bigint: return integer_of(data.call<std::string>("toString"));
    case Kind::text: return Value(data.as<std::string>());
    case Kind::bytes: return Value(bytes_from_js(data));
    case Kind::link: {
      FH_TRY(Cid cid, cid_from_js(data));
      return Value(std::move(cid));
    }
    case Kind::list: {
      List list;
      const auto count = data["length"].as<std::uint32_t>();
      for (std::uint32_t i = 0; i < count; ++i) {
        FH_TRY(Value item, value_from_js(data[i], depth + 1));
        list.push_back(std::move(item));
      }
      return Value(std::move(list));
    }
    case Kind::map: {
      Map map;
      const val keys = val::global("Object").call<val>("keys", data);
      const auto count = keys["length"].as<std::uint32_t>();
      for (std::uint32_t i = 0; i < count; ++i) {
        const val key = keys[i];
        if (kind_of(key) != Kind::text) return fail(Errc::invalid_value, "a key that is no text");
        FH_TRY(Value item, value_from_js(data[key], depth + 1));
        map.set(key.as<std::string>(), std::move(item));
      }
      return Value(std::move(map));
    }
    case Kind::other: break;
  }
  return fail(Errc::invalid_value,
              "neither null, boolean, number, text, bytes, link, list nor map");
}

Result<Cid> cid_from_js(const val& bytes_or_link) {
  const val bytes = kind_of(bytes_or_link) == Kind::link ? bytes_or_link["bytes"] : bytes_or_link;
  return Cid::decode(bytes_from_js(bytes));
}

template <class T>
Result<std::vector<T>> list_from_js(const val& list, Result<T> (*convert)(const val&)) {
  std::vector<T> items;
  if (list.isUndefined()) return items;
  const auto count = list["length"].as<std::uint32_t>();
  for (std::uint32_t i = 0; i < count; ++i) {
    FH_TRY(T item, convert(list[i]));
    items.push_back(std::move(item));
  }
  return items;
}

Result<std::vector<Cid>> cids_from_js(const val& list) {
  return list_from_js(list, cid_from_js);
}

Result<Block> block_from_js(const val& block) {
  FH_TRY(Cid cid, cid_from_js(block["cid"]));
  return Block(std::move(cid), bytes_from_js(block["bytes"]));
}

Result<std::vector<Block>> blocks_from_js(const val& list) {
  return list_from_js(list, block_from_js);
}

static Result<Capability> capability_from_js(const val& object) {
  Capability capability;
  capability.can = object["can"].as<std::string>();
  capability.with = object["with"].as<std::string>();
  if (const val nb = object["nb"]; !nb.isUndefined()) {
    FH_TRY(capability.nb, value_from_js(nb));
  }
  return capability;
}

static Result<Map> fact_from_js(const val& object) {
  FH_TRY(const Value fact, value_from_js(object));
  if (fact.as_map() == nullptr) return fail(Errc::malformed, "facts");
  return *fact.as_map();
}

Result<UcanFields> fields_from_js(const val& object) {
  UcanFields fields;
  FH_TRY(fields.issuer, Did::parse(object["issuer"].as<std::string>()));
  FH_TRY(fields.audience, Did::parse(object["audience"].as<std::string>()));
  FH_TRY(fields.capabilities, list_from_js(object["capabilities"], capability_from_js));
  fields.expires = time_from_js(object["expires"]);
  fields.not_before = time_from_js(object["notBefore"]);
  if (const val nonce = object["nonce"]; !nonce.isUndefined()) {
    fields.nonce = nonce.as<std::string>();
  }
  FH_TRY(fields.facts, list_from_js(object["facts"], fact_from_js));
  FH_TRY(fields.proofs, cids_from_js(object["proofs"]));
  return fields;
}

Result<Ed25519Seed> seed_from_js(const val& bytes) {
  const Bytes seed = bytes_from_js(bytes);
  Ed25519Seed result;
  if (seed.size() != result.size()) return fail(Errc::malformed, "seed");
  std::copy(seed.begin(), seed.end(), result.begin());
  return result;
}

Range range_from_js(const val& object) {
  const auto key = [&object](const char* name) -> std::optional<Bytes> {
    const val bytes = object[name];
    if (bytes.isUndefined()) return std::nullopt;
    return bytes_from_js(bytes);
  };
  const auto flag = [&object](const char* name) { return object[name].isTrue(); };

  Range range;
  range.prefix = key("prefix").value_or(Bytes());
  range.from = key("from");
  range.from_exclusive = flag("fromExclusive");
  range.to = key("to");
  range.to_inclusive = flag("toInclusive");
  range.reverse = flag("reverse");
  if (const val limit = object["limit"]; limit.isNumber()) range.limit = limit.as<std::size_t>();
  return range;
}

}  // namespace freehold::wasm

/// Between the core's values and JavaScript's.
///
/// Nothing throws: an operation that fails returns a JavaScript error as its value, and
/// js/load-core.js throws that. (A JavaScript exception that passes through wasm frames runs no
/// destructor, so each missed block would leak what its operation had on the stack.)
#pragma once

#include <emscripten/bind.h>
#include <emscripten/val.h>

#include "freehold/codec/car.hpp"
#include "freehold/db/replica.hpp"
#include "freehold/db/watch.hpp"

namespace freehold::wasm {

using emscripten::val;

// --- to JavaScript ------------------------------------------------------------------------------

/// A copy in JavaScript's own memory: a view would die when the heap grows.
val to_js(ByteView bytes);
inline val to_js(const Bytes& bytes) {
  return to_js(ByteView(bytes));
}
inline val to_js(const Digest& digest) {
  return to_js(ByteView(digest));
}
val to_js(const std::string& text);
/// `Link` of js/link.js.
val to_js(const Cid& cid);
val to_js(const Value& value);
/// `FreeholdError` of js/error.js: {code, message}.
val to_js(const Error& error);
/// {cid: bytes, bytes}
val to_js(const Block& block);
val to_js(const Car& car);
val to_js(const UcanFields& fields);
val to_js(const Commit& commit);
val to_js(const BlobStatus& status);
val to_js(const SyncOutcome& outcome);
val to_js(const Noted& noted);

template <class T>
val to_js(const std::optional<T>& maybe) {
  return maybe ? to_js(*maybe) : val::undefined();
}
template <class T>
val to_js(const std::vector<T>& items) {
  val list = val::array();
  for (const T& item : items) list.call<void>("push", to_js(item));
  return list;
}
/// What the operation gave, or its error as a value.
template <class T>
val to_js(const Result<T>& result) {
  if (!result) return to_js(result.error());
  if constexpr (std::is_void_v<T>)
    return val::undefined();
  else
    return to_js(*result);
}
/// The bytes of a CID alone, where JavaScript uses it as a key in storage.
inline val address_to_js(const Cid& cid) {
  return to_js(cid.bytes());
}
/// The value whose encoding `encoded` is.
val decoded_to_js(ByteView encoded);

// --- from JavaScript ----------------------------------------------------------------------------

/// A Uint8Array.
Bytes bytes_from_js(const val& bytes);
/// The encoding of any data. Errc::invalid_value.
Result<Bytes> encoded_from_js(const val& data);
Result<Value> value_from_js(const val& data, int depth = 0);
/// Errc::malformed for all of these.
Result<Cid> cid_from_js(const val& bytes_or_link);
Result<std::vector<Cid>> cids_from_js(const val& list);
Result<Block> block_from_js(const val& block);
Result<std::vector<Block>> blocks_from_js(const val& list);
Result<UcanFields> fields_from_js(const val& fields);
Result<Ed25519Seed> seed_from_js(const val& bytes);
Range range_from_js(const val& range);

}  // namespace freehold::wasm

#include "freehold/sync/edits.hpp"

#include "freehold/codec/cbor.hpp"

namespace freehold {

namespace {

/// The entry's elements, as a value. A linked value is told apart by having four.
Value encode_entry(const Edit& edit, ByteView key_before) {
  const std::size_t shared = shared_prefix(edit.key, key_before);
  List entry{Value(static_cast<std::uint64_t>(shared)), Value(ByteView(edit.key).subspan(shared))};
  if (edit.value && edit.value->is_linked) {
    entry.push_back(Value(node_cid(edit.value->link())));
    entry.push_back(Value(edit.value->size));
  }
  return Value(std::move(entry));
}

Result<StoredValue> decode_link(const Value& link, const Value& size) {
  const Cid* cid = link.as_link();
  const Integer* number = size.as_integer();
  if (cid == nullptr || !cid->is_cbor_sha256() || number == nullptr || number->negative) {
    return fail(Errc::invalid_edits, "edits: entries: link and size of a large value");
  }
  if (number->magnitude <= limits::value_inline_bytes_max ||
      number->magnitude > limits::value_bytes_max) {
    return fail(Errc::invalid_edits, "edits: entries: size of a linked value out of range");
  }
  return StoredValue::of_link(digest_of(*cid), number->magnitude);
}

Result<StoredValue> decode_inline(const Value& value) {
  const Bytes encoded = encode_cbor(value);
  if (encoded.size() > limits::value_inline_bytes_max) {
    return fail(Errc::invalid_edits, "edits: entries: value over value_inline_bytes_max inline");
  }
  FH_CHECK(check_value(encoded));
  return StoredValue::of_inline(encoded);
}

Result<Edit> decode_entry(const Value& value, ByteView key_before) {
  const List* entry = value.as_list();
  if (entry == nullptr || entry->size() < 2 || entry->size() > 4) {
    return fail(Errc::invalid_edits, "edits: entries: not a list of two to four");
  }
  const Integer* shared = (*entry)[0].as_integer();
  const Bytes* suffix = (*entry)[1].as_bytes();
  if (shared == nullptr || shared->negative || shared->magnitude > key_before.size() ||
      suffix == nullptr) {
    return fail(Errc::invalid_edits, "edits: entries: shared or suffix");
  }
  Edit edit;
  edit.key = copy_of(key_before.first(static_cast<std::size_t>(shared->magnitude)));
  append(edit.key, *suffix);
  FH_CHECK(check_key(edit.key));
  if (!key_before.empty() && compare(key_before, edit.key) >= 0) {
    return fail(Errc::invalid_edits, "edits: entries: keys do not ascend");
  }
  if (shared_prefix(key_before, edit.key) != shared->magnitude) {
    return fail(Errc::invalid_edits, "edits: entries: shared is not the most possible");
  }
  if (entry->size() == 3) {
    FH_TRY(edit.value, decode_inline((*entry)[2]));
  } else if (entry->size() == 4) {
    FH_TRY(edit.value, decode_link((*entry)[2], (*entry)[3]));
  }
  return edit;
}

}  // namespace

Bytes encode_edits(const EditsBlock& edits) {
  // Values are encoded already, so the block is written by hand around them.
  Bytes block;
  const bool has_bases = !edits.bases.empty();
  write_cbor_head(block, CborMajor::map, has_bases ? 2 : 1);
  if (has_bases) {  // "bases" sorts before "entries": it is shorter
    write_cbor_head(block, CborMajor::text, 5);
    append(block, view_of("bases"));
    write_cbor_head(block, CborMajor::list, edits.bases.size());
    for (const Bytes& base : edits.bases) write_cbor_bytes(block, base);
  }
  write_cbor_head(block, CborMajor::text, 7);
  append(block, view_of("entries"));
  write_cbor_head(block, CborMajor::list, edits.entries.size());
  ByteView key_before;
  for (const Edit& edit : edits.entries) {
    if (edit.value && !edit.value->is_linked) {
      const std::size_t shared = shared_prefix(edit.key, key_before);
      write_cbor_head(block, CborMajor::list, 3);
      write_cbor_head(block, CborMajor::uint, shared);
      write_cbor_bytes(block, ByteView(edit.key).subspan(shared));
      append(block, edit.value->payload);
    } else {
      append(block, encode_cbor(encode_entry(edit, key_before)));
    }
    key_before = edit.key;
  }
  return block;
}

Result<EditsBlock> decode_edits(ByteView block) {
  if (block.size() > limits::edits_bytes_max) {
    return fail(Errc::limit, "edits: larger than edits_bytes_max (8 MiB)");
  }
  const Result<Value> value = decode_cbor(block);
  if (!value) return fail(Errc::invalid_edits, "edits: not canonical DAG-CBOR");
  const Value* entries = value->find("entries");
  const Value* bases = value->find("bases");
  if (entries == nullptr || entries->as_list() == nullptr ||
      value->as_map()->size() != (bases == nullptr ? 1u : 2u)) {
    return fail(Errc::invalid_edits, "edits: not {entries, bases?}");
  }
  if (entries->as_list()->size() > limits::edits_entries_max) {
    return fail(Errc::limit, "edits: more than edits_entries_max (10,000)");
  }
  EditsBlock edits;
  ByteView key_before;
  edits.entries.reserve(entries->as_list()->size());
  for (const Value& entry : *entries->as_list()) {
    FH_TRY(Edit edit, decode_entry(entry, key_before));
    edits.entries.push_back(std::move(edit));
    key_before = edits.entries.back().key;
  }
  if (bases == nullptr) return edits;
  if (bases->as_list() == nullptr || bases->as_list()->size() != edits.entries.size()) {
    return fail(Errc::invalid_edits, "edits: bases: not one for each entry");
  }
  for (const Value& base : *bases->as_list()) {
    const Bytes* digest = base.as_bytes();
    if (digest == nullptr || (!digest->empty() && digest->size() != limits::base_digest_bytes)) {
      return fail(Errc::invalid_edits, "edits: bases: neither empty nor of 16 bytes");
    }
    edits.bases.push_back(*digest);
  }
  return edits;
}

std::size_t edit_bytes_bound(const Edit& edit) {
  return 16 + edit.key.size() + (edit.value ? edit.value->payload.size() : 0);
}

Bytes base_digest_of(const std::optional<StoredValue>& value) {
  if (!value) return {};
  const Digest digest = value->is_linked ? value->link() : sha256(value->payload);
  return {digest.begin(), digest.begin() + limits::base_digest_bytes};
}

}  // namespace freehold

#include "freehold/ucan/shape.hpp"

#include "freehold/codec/dag_json.hpp"
#include "freehold/ucan/denial.hpp"
#include "freehold/ucan/did.hpp"
#include "freehold/ucan/payload.hpp"
#include "freehold/ucan/uri.hpp"

namespace freehold {

namespace {

using Kind = Shape::Kind;

/// As the reference names what it got.
std::string name_of(const Value* value) {
  if (value == nullptr) return "undefined";
  if (value->as_link()) return "CID";
  if (value->as_bytes()) return "Uint8Array";
  if (value->as_list()) return "array";
  if (value->as_map()) return "object";
  return encode_dag_json(*value);
}

Misfit wrong_type(std::string_view wanted, const Value* value) {
  return "Expected value of type " + std::string(wanted) + " instead got " + name_of(value);
}

Misfit within(const std::string& what, const Misfit& misfit) {
  return what + ":\n" + denial::item(misfit);
}

Misfit wrong_prefix(std::string_view prefix, std::string_view text) {
  return "Expected a " + std::string(prefix) + " but got \"" + std::string(text) + "\" instead";
}

Misfit check_integer(const Shape& shape, const Value* value) {
  const bool is_number = value && (value->as_integer() || value->as_double());
  const auto number = is_number ? safe_integer(*value) : std::nullopt;
  if (!number) return wrong_type(is_number ? "integer" : "number", value);
  if (*number >= shape.least) return {};
  return "Expected " + std::to_string(*number) + " > " + std::to_string(shape.least - 1);
}

std::string hex(std::uint64_t code) {
  std::string digits;
  for (; code != 0; code >>= 4) digits.insert(digits.begin(), "0123456789abcdef"[code & 15]);
  return "0x" + digits;
}

Misfit check_link(const Shape& shape, const Value* value) {
  if (value == nullptr || value->is_null()) {
    return "Expected link but got " + name_of(value) + " instead";
  }
  const Cid* cid = value->as_link();
  if (cid == nullptr) {
    return "Expected link to be a CID instead of " +
           (value->as_text() ? *value->as_text() : name_of(value));
  }
  if (shape.codec != 0 && cid->codec() != shape.codec) {
    return "Expected link to be CID with " + hex(shape.codec) + " codec";
  }
  if (shape.hash_code != 0 && cid->hash_code() != shape.hash_code) {
    return "Expected link to be CID with " + hex(shape.hash_code) + " hashing algorithm";
  }
  if (shape.is_version_1 && cid->version() != 1) {
    return "Expected link to be CID version 1 instead of 0";
  }
  return {};
}

Misfit check_did(const Shape& shape, const Value* value) {
  const std::string* text = value ? value->as_text() : nullptr;
  if (text == nullptr) return wrong_type("string", value);
  return text->starts_with(shape.prefix) ? Misfit() : wrong_prefix(shape.prefix, *text);
}

Misfit check_principal(const Shape& shape, const Value* value) {
  const Bytes* bytes = value ? value->as_bytes() : nullptr;
  if (bytes == nullptr) return wrong_type("Uint8Array", value);
  const auto did = Did::decode(*bytes);
  if (!did) return "Unable to decode bytes as DID";
  return did->text().starts_with(shape.prefix) ? Misfit() : wrong_prefix(shape.prefix, did->text());
}

Misfit read_uri(const Value* value, Value* read) {
  if (value == nullptr || value->as_text() == nullptr) {
    return "Expected URI but got " + name_of(value);
  }
  auto href = href_of(*value->as_text());
  if (!href) return "Invalid URI";
  *read = *std::move(href);
  return {};
}

Misfit read_map(const Shape& shape, const Value* value, Value* read) {
  const bool is_dictionary = shape.kind == Kind::dictionary;
  const Map* map = value ? value->as_map() : nullptr;
  if (map == nullptr) return wrong_type(is_dictionary ? "dictionary" : "object", value);
  Map copy;
  if (!is_dictionary) {
    if (Misfit misfit = read_fields(shape.fields, *map, &copy); !misfit.empty()) return misfit;
  } else {
    for (const auto& [key, item] : *map) {
      Value inner;
      const Misfit misfit = read_shape(*shape.parts[0], &item, &inner);
      if (!misfit.empty()) return within("Object contains invalid field \"" + key + "\"", misfit);
      copy.set(key, std::move(inner));
    }
  }
  *read = std::move(copy);
  return {};
}

Misfit read_list(const Shape& shape, const Value* value, Value* read) {
  const List* list = value ? value->as_list() : nullptr;
  if (list == nullptr) return wrong_type("array", value);
  const bool is_tuple = shape.kind == Kind::tuple;
  if (is_tuple && list->size() != shape.parts.size()) {
    return "Array must contain exactly " + std::to_string(shape.parts.size()) + " elements";
  }
  List copy;
  for (std::size_t i = 0; i < list->size(); ++i) {
    Value item;
    const Misfit misfit = read_shape(*shape.parts[is_tuple ? i : 0], &(*list)[i], &item);
    if (!misfit.empty()) {
      return within("Array contains invalid element at " + std::to_string(i), misfit);
    }
    copy.push_back(std::move(item));
  }
  *read = std::move(copy);
  return {};
}

Misfit read_either(const Shape& shape, const Value* value, Value* read) {
  std::string misfits = "Value does not match any type of the union:";
  for (const Shape* part : shape.parts) {
    const Misfit misfit = read_shape(*part, value, read);
    if (misfit.empty()) return {};
    (misfits += '\n') += denial::item(misfit);
  }
  return misfits;
}

/// For the kinds of which the value is kept as it is.
Misfit check_plain(const Shape& shape, const Value* value) {
  const auto unless = [value](bool holds, std::string_view wanted) {
    return holds ? Misfit() : wrong_type(wanted, value);
  };
  switch (shape.kind) {
    case Kind::null: return unless(value && value->is_null(), "null");
    case Kind::boolean: return unless(value && value->as_bool(), "boolean");
    case Kind::number:
      return unless(value && (value->as_integer() || value->as_double()), "number");
    case Kind::text: return unless(value && value->as_text(), "string");
    case Kind::bytes: return unless(value && value->as_bytes(), "Uint8Array");
    case Kind::integer: return check_integer(shape, value);
    case Kind::link: return check_link(shape, value);
    case Kind::did: return check_did(shape, value);
    case Kind::principal: return check_principal(shape, value);
    default: return {};  // any
  }
}

}  // namespace

// Recursion goes as deep as the constants that define shapes.
Misfit read_shape(const Shape& shape, const Value* value, Value* read) {
  switch (shape.kind) {
    case Kind::uri: return read_uri(value, read);
    case Kind::map:
    case Kind::dictionary: return read_map(shape, value, read);
    case Kind::list:
    case Kind::tuple: return read_list(shape, value, read);
    case Kind::either: return read_either(shape, value, read);
    default: break;
  }
  Misfit misfit = check_plain(shape, value);
  if (misfit.empty()) *read = value ? *value : Value();
  return misfit;
}

Misfit read_fields(std::span<const CaveatField> fields, const Map& map, Map* read) {
  for (const CaveatField& field : fields) {
    const Value* value = map.find(field.name);
    if (value == nullptr && !field.is_required) continue;
    Value item;
    const Misfit misfit = read_shape(*field.shape, value, &item);
    if (!misfit.empty()) {
      return within("Object contains invalid field \"" + std::string(field.name) + "\"", misfit);
    }
    read->set(std::string(field.name), std::move(item));
  }
  return {};
}

}  // namespace freehold

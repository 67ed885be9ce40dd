/// The shapes of caveats as data, and how a value is read by one. The texts that say what does not
/// fit are those of the reference. Source: protocol.md section 6.
#pragma once

#include <span>

#include "freehold/codec/value.hpp"

namespace freehold {

struct Shape;

/// What a field of the delegated caveats says about the same field of the claimed ones. A field
/// that the delegation leaves out was filled in from the claim, and so says nothing.
enum class Rule : std::uint8_t {
  same,       // equal values
  loose,      // the reference's default: numbers, text and flags equal; links, bytes and maps that
              // a delegation spells out never match
  free,       // nothing
  at_most,    // a number that is not exceeded
  blob,       // {digest, size}: the same digest, a size that is not exceeded
  content,    // a link or {digest}: the same multihash
  subset,     // lists or dictionaries: the claimed items are among the delegated ones
  abilities,  // lists of {can}: a subset, or `*`
  within,     // [start, end]: inside
};

struct CaveatField {
  std::string_view name;
  const Shape* shape;
  Rule rule = Rule::same;
  bool is_required = true;
};

/// The shape of a caveat. Made as constants, which refer to each other.
struct Shape {
  enum class Kind : std::uint8_t {
    any,
    null,
    boolean,
    integer,  // within the safe integers, and at least `least`
    number,   // an integer or a float
    text,
    bytes,
    link,        // with this `codec` and `hash_code`, if they are not 0, and this version
    did,         // text that begins with `prefix`
    principal,   // bytes of a DID whose text begins with `prefix`
    uri,         // read in its normal form
    map,         // with these `fields`; others are dropped
    dictionary,  // any keys, values of the first of `parts`
    list,        // of the first of `parts`
    tuple,       // of `parts`, one each
    either,      // the first of `parts` that fits
  };

  Kind kind = Kind::any;
  std::int64_t least = INT64_MIN;
  std::string_view prefix = {};
  std::uint64_t codec = 0;
  std::uint64_t hash_code = 0;
  bool is_version_1 = false;
  std::span<const CaveatField> fields = {};
  std::span<const Shape* const> parts = {};
};

/// Why a value does not fit: a text for people, empty if it does.
using Misfit = std::string;

/// `value` (null: there is none) in the form of `shape`: known fields only, URIs normalised.
Misfit read_shape(const Shape& shape, const Value* value, Value* read);

/// The fields of `map` that `fields` knows.
Misfit read_fields(std::span<const CaveatField> fields, const Map& map, Map* read);

}  // namespace freehold

/// DAG-JSON in the exact form that UCAN signatures cover (protocol.md section 1.4), and a reader
/// for the JWT form of UCANs. Not general JSON.
#pragma once

#include "freehold/codec/value.hpp"

namespace freehold {

/// How the keys of a map are written: as signatures need them, or as the map keeps them (for texts
/// that people read; it is the order in which JavaScript got them from DAG-CBOR).
enum class KeyOrder { utf16, kept };

/// Map keys by UTF-16 code units, no white space, JavaScript's shortest floats.
std::string encode_dag_json(const Value& value, KeyOrder order = KeyOrder::utf16);

/// Any JSON text, with DAG-JSON's links and bytes. Errc::malformed, Errc::limit.
Result<Value> decode_dag_json(std::string_view text);

}  // namespace freehold

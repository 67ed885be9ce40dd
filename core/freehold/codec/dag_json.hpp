/// DAG-JSON in the exact form that UCAN signatures cover (protocol.md section 1.4), and a reader
/// for the JWT form of UCANs. Not general JSON.
#pragma once

#include "freehold/codec/value.hpp"

namespace freehold {

/// Map keys by UTF-16 code units, no white space, JavaScript's shortest floats.
std::string encode_dag_json(const Value& value);

/// Any JSON text, with DAG-JSON's links and bytes. Errc::malformed, Errc::limit.
Result<Value> decode_dag_json(std::string_view text);

}  // namespace freehold

/// The error values of our receipts that are not the common ones of ucan/dispatch.hpp.
#pragma once

#include "freehold/ucan/dispatch.hpp"

namespace freehold::native {

/// {name, message, ...}
inline Value error_of(std::string_view name, std::string_view message, Map more = {}) {
  more.set("name", Value(name));
  more.set("message", Value(message));
  return Value(std::move(more));
}
inline Value error_of(const Error& error) {
  return error_of(name_of(error.code), error.what);
}

inline Value handler_execution_error(const Capability& capability, const Error& cause) {
  return error_value::handler_execution(capability, name_of(cause.code), cause.what);
}

inline Value missing_blocks(const std::vector<Cid>& links) {
  List list;
  for (const Cid& link : links) list.push_back(Value(link));
  return error_of("MissingBlocks", "Blocks are neither stored for the space nor in the message",
                  Map{{"links", Value(std::move(list))}});
}

}  // namespace freehold::native

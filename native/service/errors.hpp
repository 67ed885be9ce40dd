/// The error values of our receipts that are not the common ones of ucan/dispatch.hpp.
#pragma once

#include "freehold/sync/calls.hpp"
#include "freehold/ucan/dispatch.hpp"

namespace freehold::native {

inline Value handler_execution_error(const Capability& capability, const Error& cause) {
  return error_value::handler_execution(capability, name_of(cause.code), cause.what);
}

}  // namespace freehold::native

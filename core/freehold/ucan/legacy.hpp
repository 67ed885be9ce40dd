/// The formats of old clients: a request is a CAR whose roots are the invocations, a response is a
/// CBOR list of bare results. Source: protocol.md section 3.3.
#pragma once

#include "freehold/ucan/dispatch.hpp"

namespace freehold {

inline constexpr std::string_view legacy_request_media_type = "application/car";
inline constexpr std::string_view legacy_response_media_type = "application/cbor";

/// Or the reply (400) that refuses, as `decode_request`.
tl::expected<Request, HttpReply> decode_legacy_request(ByteView body);

/// The `ok` values, and the error values with `error: true`.
Bytes encode_legacy_response(std::span<const Answer> answers);

/// Everything, for both dialects.
HttpReply answer_any_request(std::span<const Header> headers, ByteView body, const Service& service,
                             Handlers& handlers);

}  // namespace freehold

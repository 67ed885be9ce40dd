#include "freehold/ucan/legacy.hpp"

#include "freehold/base/limits.hpp"
#include "freehold/codec/cbor.hpp"

namespace freehold {

tl::expected<Request, HttpReply> decode_legacy_request(ByteView body) {
  const auto refuse = [](const char* why) { return tl::unexpected<HttpReply>(bad_request(why)); };
  if (body.size() > limits::message_bytes_max) return refuse("message_bytes_max");
  auto car = decode_car(body);
  if (!car) return refuse(car.error().what);
  if (car->roots.size() > limits::message_invocations_max) {
    return refuse("message_invocations_max");
  }
  Request request;
  request.message.execute = std::move(car->roots);
  for (Block& block : car->blocks) request.message.blocks.put(std::move(block));
  for (const Cid& cid : request.message.execute) {
    auto invocation = Ucan::decode(request.message.blocks.block(cid));
    if (!invocation) return refuse(invocation.error().what);
    request.invocations.push_back(*std::move(invocation));
  }
  return request;
}

Bytes encode_legacy_response(std::span<const Answer> answers) {
  List results;
  for (const Answer& answer : answers) {
    if (const Value* ok = answer.receipt.ok()) {
      results.push_back(*ok);
      continue;
    }
    const Value* error = answer.receipt.error();
    Map fields = error != nullptr && error->as_map() != nullptr ? *error->as_map() : Map();
    fields.set("error", true);
    results.push_back(std::move(fields));
  }
  return encode_cbor(results);
}

HttpReply answer_any_request(std::span<const Header> headers, ByteView body, const Service& service,
                             Handlers& handlers) {
  const auto formats = negotiate(headers, service.dialect);
  if (!formats) return formats.error();
  const auto request =
      formats->is_legacy_request ? decode_legacy_request(body) : decode_request(body);
  if (!request) return request.error();
  const std::vector<Answer> answers = run_all(*request, service, handlers);
  if (formats->is_legacy_response) {
    return {200,
            {{"content-type", std::string(legacy_response_media_type)}},
            encode_legacy_response(answers)};
  }
  return {200, {{"content-type", std::string(car_media_type)}}, encode_response(answers)};
}

}  // namespace freehold

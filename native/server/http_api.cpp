#include "native/server/http_api.hpp"

#include <charconv>

#include "native/boost.hpp"

namespace freehold::native {

namespace json = boost::json;

namespace {

HttpReply json_reply(const json::value& value) {
  HttpReply reply;
  reply.headers.push_back({"content-type", "application/json"});
  reply.body = copy_of(view_of(json::serialize(value)));
  return reply;
}

HttpReply did_document(const Tenant& tenant) {
  const std::string& did = tenant.did().text();
  const std::string method = did + "#owner";
  const std::string key = tenant.key_did.text().substr(std::string_view("did:key:").size());
  return json_reply({{"@context", json::array{"https://w3id.org/did/v1"}},
                     {"id", did},
                     {"verificationMethod", json::array{{{"id", method},
                                                         {"type", "Ed25519VerificationKey2020"},
                                                         {"controller", did},
                                                         {"publicKeyMultibase", key}}}},
                     {"assertionMethod", json::array{method}},
                     {"authentication", json::array{method}}});
}

HttpReply version(const Tenant& tenant) {
  return json_reply({{"name", "freehold"},
                     {"version", FREEHOLD_VERSION},
                     {"did", tenant.did().text()},
                     {"publicKey", tenant.key_did.text()}});
}

HttpReply receipt(Service& service, std::string_view name) {
  const Result<Cid> task = Cid::parse(name);
  if (!task) return text_reply(400, "Not a CID");
  Result<std::optional<Bytes>> archive = service.archive_of(*task);
  if (!archive) return text_reply(500, "Storage failed");
  if (!*archive) return text_reply(404, "No receipt yet");
  HttpReply reply;
  reply.headers.push_back({"content-type", std::string(car_media_type)});
  reply.body = **std::move(archive);
  return reply;
}

bool read_number(std::string_view text, std::uint64_t* number) {
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), *number);
  return code == std::errc() && end == text.data() + text.size();
}

}  // namespace

Target split_target(std::string_view target) {
  const std::size_t mark = target.find('?');
  if (mark == std::string_view::npos) return {target, {}};
  return {target.substr(0, mark), target.substr(mark + 1)};
}

HttpReply text_reply(int status, std::string_view text) {
  HttpReply reply;
  reply.status = status;
  reply.headers.push_back({"content-type", "text/plain; charset=utf-8"});
  reply.body = copy_of(view_of(text));
  return reply;
}

HttpReply get(const Api& api, std::string_view path, std::string_view if_none_match) {
  constexpr std::string_view receipts = "/receipt/";
  const Tenant& tenant = api.service->context().tenants.main();
  if (path == "/.well-known/did.json") return did_document(tenant);
  if (path == "/version") return version(tenant);
  if (path.starts_with(receipts)) return receipt(*api.service, path.substr(receipts.size()));
  if (auto file = static_reply(api.mounts, path, if_none_match)) return *std::move(file);
  if (path == "/") return text_reply(200, "freehold: " + tenant.did().text() + "\n");
  return text_reply(404, "Not found");
}

std::optional<std::string_view> blob_name_of(std::string_view path) {
  constexpr std::string_view blobs = "/blob/";
  if (!path.starts_with(blobs)) return std::nullopt;
  return path.substr(blobs.size());
}

tl::expected<PutTerms, HttpReply> accept_put(const Api& api, std::string_view name,
                                             std::string_view query) {
  Error last{Errc::malformed, "no signed address"};
  for (const Tenant& tenant : api.service->context().tenants.all()) {
    const auto terms = read_put_target(name, query, tenant.signer.key, Service::now().seconds());
    if (terms) return *terms;
    last = terms.error();
    if (last.code != Errc::invalid_signature) break;
  }
  return tl::unexpected(text_reply(last.code == Errc::malformed ? 400 : 403, last.what));
}

RangeKind read_range(std::string_view header, std::uint64_t size, ByteRange* range) {
  constexpr std::string_view unit = "bytes=";
  *range = {0, size};
  if (!header.starts_with(unit)) return RangeKind::whole;
  header.remove_prefix(unit.size());
  const std::size_t dash = header.find('-');
  if (dash == std::string_view::npos || header.find(',') != std::string_view::npos) {
    return RangeKind::whole;
  }
  const std::string_view first = header.substr(0, dash);
  const std::string_view last = header.substr(dash + 1);
  std::uint64_t number = 0;
  if (first.empty()) {  // the last so many bytes
    if (!read_number(last, &number)) return RangeKind::whole;
    if (number == 0 || size == 0) return RangeKind::unsatisfiable;
    range->begin = size - std::min(number, size);
    return RangeKind::part;
  }
  if (!read_number(first, &range->begin)) return RangeKind::whole;
  if (!last.empty()) {
    if (!read_number(last, &number) || number < range->begin) {
      range->begin = 0;
      return RangeKind::whole;
    }
    range->end = number >= size ? size : number + 1;
  }
  return range->begin < size ? RangeKind::part : RangeKind::unsatisfiable;
}

}  // namespace freehold::native

// The capabilities of protocol.md section 11 and of docs/design.md, as data.
#include "freehold/block/cid.hpp"
#include "freehold/ucan/capability.hpp"

namespace freehold {

namespace {

using Kind = Shape::Kind;
using Fields = CaveatField;
using Parts = const Shape*;

constexpr std::uint64_t piece_hash_code = 0x1011;

constexpr CaveatField optional(std::string_view name, const Shape& shape, Rule rule = Rule::same) {
  return {name, &shape, rule, false};
}
constexpr CaveatField required(std::string_view name, const Shape& shape, Rule rule = Rule::same) {
  return {name, &shape, rule, true};
}

// --- shapes -------------------------------------------------------------------------------------

constexpr Shape any{};
constexpr Shape null{.kind = Kind::null};
constexpr Shape boolean{.kind = Kind::boolean};
constexpr Shape integer{.kind = Kind::integer};
constexpr Shape natural{.kind = Kind::integer, .least = 0};
constexpr Shape positive{.kind = Kind::integer, .least = 1};
constexpr Shape number{.kind = Kind::number};
constexpr Shape text{.kind = Kind::text};
constexpr Shape bytes{.kind = Kind::bytes};
constexpr Shape uri{.kind = Kind::uri};
constexpr Shape link{.kind = Kind::link};
constexpr Shape link_v1{.kind = Kind::link, .is_version_1 = true};
constexpr Shape car_link{.kind = Kind::link, .codec = codec::car, .is_version_1 = true};
constexpr Shape piece_link{
    .kind = Kind::link, .codec = codec::raw, .hash_code = piece_hash_code, .is_version_1 = true};
constexpr Shape any_did{.kind = Kind::did, .prefix = resource::did};
constexpr Shape space_did{.kind = Kind::did, .prefix = resource::space};
constexpr Shape account_did{.kind = Kind::did, .prefix = resource::account};
constexpr Shape provider_did{.kind = Kind::did, .prefix = resource::provider};
constexpr Shape principal{.kind = Kind::principal, .prefix = resource::did};
constexpr Shape space_principal{.kind = Kind::principal, .prefix = resource::space};

constexpr Parts link_part[] = {&link};
constexpr Parts link_v1_part[] = {&link_v1};
constexpr Parts car_link_part[] = {&car_link};
constexpr Parts bytes_part[] = {&bytes};
constexpr Parts text_part[] = {&text};
constexpr Parts uri_part[] = {&uri};
constexpr Parts space_did_part[] = {&space_did};
constexpr Shape links{.kind = Kind::list, .parts = link_part};
constexpr Shape links_v1{.kind = Kind::list, .parts = link_v1_part};
constexpr Shape car_links{.kind = Kind::list, .parts = car_link_part};
constexpr Shape bytes_list{.kind = Kind::list, .parts = bytes_part};
constexpr Shape uris{.kind = Kind::list, .parts = uri_part};
constexpr Shape space_dids{.kind = Kind::list, .parts = space_did_part};
constexpr Shape text_dictionary{.kind = Kind::dictionary, .parts = text_part};
constexpr Shape link_dictionary{.kind = Kind::dictionary, .parts = link_part};

constexpr Parts link_or_null_parts[] = {&link_v1, &null};
constexpr Shape link_or_null{.kind = Kind::either, .parts = link_or_null_parts};

constexpr Parts await_parts[] = {&text, &link};
constexpr Shape await_tuple{.kind = Kind::tuple, .parts = await_parts};
constexpr Fields await_fields[] = {required("ucan/await", await_tuple)};
constexpr Shape await{.kind = Kind::map, .fields = await_fields};
constexpr Parts text_or_await_parts[] = {&text, &await};
constexpr Shape text_or_await{.kind = Kind::either, .parts = text_or_await_parts};
constexpr Parts headers_or_await_parts[] = {&text_dictionary, &await};
constexpr Shape headers_or_await{.kind = Kind::either, .parts = headers_or_await_parts};

constexpr Fields blob_fields[] = {required("digest", bytes), required("size", integer)};
constexpr Shape blob{.kind = Kind::map, .fields = blob_fields};
constexpr Fields digest_fields[] = {required("digest", bytes)};
constexpr Shape digest_only{.kind = Kind::map, .fields = digest_fields};
constexpr Parts content_parts[] = {&link, &digest_only};
constexpr Shape content{.kind = Kind::either, .parts = content_parts};

constexpr Fields byte_range_fields[] = {required("offset", integer), optional("length", integer)};
constexpr Shape byte_range{.kind = Kind::map, .fields = byte_range_fields};
constexpr Parts span_parts[] = {&natural, &natural};
constexpr Shape span_tuple{.kind = Kind::tuple, .parts = span_parts};
constexpr Fields period_fields[] = {required("from", natural), required("to", natural)};
constexpr Shape period{.kind = Kind::map, .fields = period_fields};
constexpr Fields date_period_fields[] = {required("from", text), required("to", text)};
constexpr Shape date_period{.kind = Kind::map, .fields = date_period_fields};
constexpr Fields ability_fields[] = {required("can", text)};
constexpr Shape ability{.kind = Kind::map, .fields = ability_fields};
constexpr Parts ability_part[] = {&ability};
constexpr Shape abilities{.kind = Kind::list, .parts = ability_part};
constexpr Fields addresses_fields[] = {required("addresses", bytes_list)};
constexpr Shape addresses{.kind = Kind::map, .fields = addresses_fields};

constexpr Fields key_range_fields[] = {optional("from", bytes), optional("to", bytes),
                                       optional("prefix", bytes), optional("reverse", boolean),
                                       optional("limit", natural)};
constexpr Shape key_range{.kind = Kind::map, .fields = key_range_fields};

constexpr Fields relation_includes_fields[] = {required("content", link_v1),
                                               optional("parts", links_v1)};
constexpr Shape relation_includes{.kind = Kind::map, .fields = relation_includes_fields};
constexpr Fields relation_part_fields[] = {required("content", link_v1),
                                           optional("includes", relation_includes)};
constexpr Shape relation_part{.kind = Kind::map, .fields = relation_part_fields};
constexpr Parts relation_parts_part[] = {&relation_part};
constexpr Shape relation_parts{.kind = Kind::list, .parts = relation_parts_part};

// --- caveats ------------------------------------------------------------------------------------

constexpr std::string_view space_info_from[] = {"store/list", "store/remove", "upload/add",
                                                "upload/list", "upload/remove"};
constexpr Fields space_allocate[] = {required("size", integer, Rule::at_most)};
constexpr Fields state_sync[] = {required("n", natural), required("since", link_or_null),
                                 required("root", link_v1), optional("edits", link_v1),
                                 optional("strict", boolean)};
constexpr Fields state_read[] = {optional("root", link_v1),    optional("since", link_v1),
                                 optional("nodes", links_v1),  optional("keys", bytes_list),
                                 optional("range", key_range), optional("budget", natural)};
constexpr Fields state_watch[] = {optional("since", link_v1)};
constexpr Fields state_restore[] = {optional("keys", bytes_list)};
constexpr Fields assert_state[] = {required("space", space_did),   required("root", link_v1),
                                   required("seq", positive),      required("prev", link_or_null),
                                   required("skip", link_or_null), required("count", natural),
                                   required("bytes", natural),     required("time", natural)};

constexpr Fields blob_only[] = {required("blob", blob, Rule::blob)};
constexpr Fields digest_caveat[] = {required("digest", bytes)};
constexpr Fields page_free[] = {optional("cursor", text, Rule::free),
                                optional("size", integer, Rule::free)};
constexpr Fields pre_page_free[] = {optional("cursor", text, Rule::free),
                                    optional("size", integer, Rule::free),
                                    optional("pre", boolean, Rule::free)};
constexpr Fields replicate[] = {required("blob", blob, Rule::blob), required("replicas", positive),
                                required("site", link_v1)};
constexpr Fields index_add[] = {required("index", car_link), optional("content", link, Rule::free)};
constexpr Fields egress_record[] = {required("resource", link, Rule::free),
                                    required("bytes", positive, Rule::free),
                                    required("servedAt", natural, Rule::free)};
constexpr Fields content_retrieve[] = {required("blob", digest_only),
                                       required("range", span_tuple, Rule::within)};
constexpr Fields resource_link[] = {required("resource", link)};
constexpr Fields encryption_setup[] = {optional("location", text), optional("keyring", text)};
constexpr Fields key_bytes[] = {required("key", bytes)};

constexpr Fields blob_allocate[] = {required("blob", blob, Rule::blob), required("cause", link_v1),
                                    required("space", space_principal)};
constexpr Fields blob_accept[] = {required("blob", blob, Rule::blob),
                                  required("space", space_principal),
                                  required("_put", await, Rule::free)};
constexpr Fields blob_replica[] = {required("blob", blob, Rule::blob),
                                   required("space", space_principal), required("site", link_v1),
                                   required("cause", link)};
constexpr Fields web3_blob_allocate[] = {required("blob", blob, Rule::blob),
                                         required("cause", link), required("space", space_did)};
constexpr Fields web3_blob_accept[] = {required("blob", blob, Rule::blob), optional("ttl", integer),
                                       required("space", space_did),
                                       required("_put", await, Rule::free)};
constexpr Fields blob_bytes[] = {required("blob", bytes)};
constexpr Fields http_put[] = {required("body", blob), required("url", text_or_await, Rule::free),
                               required("headers", headers_or_await, Rule::free)};

constexpr Fields conclude[] = {required("receipt", link)};
constexpr Fields attest[] = {required("proof", link_v1)};
constexpr Fields revoke[] = {required("ucan", link_v1), optional("proof", links_v1)};

constexpr Fields location[] = {required("content", content, Rule::content),
                               required("location", uris), optional("range", byte_range),
                               optional("space", principal)};
constexpr Fields assert_index[] = {required("content", content, Rule::content),
                                   required("index", link_v1)};
constexpr Fields assert_equals[] = {required("content", content, Rule::content),
                                    required("equals", link)};
constexpr Fields inclusion[] = {required("content", content), required("includes", link_v1),
                                optional("proof", link_v1)};
constexpr Fields partition[] = {required("content", content), optional("blocks", link_v1),
                                required("parts", links_v1)};
constexpr Fields relation[] = {required("content", content), required("children", links),
                               required("parts", relation_parts)};
constexpr Fields claim_cache[] = {required("claim", link_v1), required("provider", addresses)};

constexpr Fields upload_add[] = {required("root", link), optional("shards", car_links)};
constexpr Fields upload_get[] = {optional("root", link)};
constexpr Fields root_link[] = {required("root", link)};
constexpr Fields upload_list[] = {optional("cursor", text, Rule::loose),
                                  optional("size", integer, Rule::loose),
                                  optional("pre", boolean, Rule::loose)};
constexpr Fields shard_list[] = {required("root", link), optional("cursor", text),
                                 optional("size", integer)};
constexpr Fields store_add[] = {required("link", car_link),
                                required("size", integer, Rule::at_most),
                                optional("origin", link, Rule::free)};
constexpr Fields store_get[] = {optional("link", car_link)};
constexpr Fields store_remove[] = {required("link", car_link)};

constexpr Fields provider_add[] = {required("provider", provider_did),
                                   required("consumer", space_did)};
constexpr Fields subscription_get[] = {required("subscription", text)};
constexpr Fields plan_set[] = {required("product", any_did)};
constexpr Fields admin_session[] = {required("returnURL", text)};
constexpr Fields checkout_session[] = {
    required("planID", any_did), optional("redirectAfterCompletion", boolean, Rule::free),
    optional("successURL", text), optional("cancelURL", text), optional("freeTrial", boolean)};
constexpr Fields usage_report[] = {required("period", period)};
constexpr Fields account_usage[] = {optional("spaces", space_dids, Rule::subset),
                                    optional("period", period)};
constexpr Fields account_egress[] = {optional("spaces", space_dids, Rule::subset),
                                     optional("period", date_period)};
constexpr Fields consumer[] = {required("consumer", space_did)};
constexpr Fields customer[] = {required("customer", account_did)};
constexpr Fields rate_add[] = {required("subject", text), required("rate", number)};
constexpr Fields rate_remove[] = {required("id", text)};
constexpr Fields rate_list[] = {required("subject", text)};
constexpr Fields store_inspect[] = {required("link", link)};

constexpr Fields authorize[] = {optional("iss", account_did),
                                required("att", abilities, Rule::abilities)};
constexpr Fields confirm[] = {required("cause", link_v1), required("iss", account_did),
                              required("aud", any_did),
                              required("att", abilities, Rule::abilities)};
constexpr Fields delegate[] = {required("delegations", link_dictionary, Rule::subset)};

constexpr Fields filecoin_offer[] = {required("content", link), required("piece", piece_link),
                                     optional("PDP", link_v1, Rule::free)};
constexpr Fields filecoin_piece[] = {required("content", link), required("piece", piece_link)};
constexpr Fields piece_only[] = {required("piece", piece_link)};
constexpr Fields piece_group[] = {required("piece", piece_link), required("group", text)};
constexpr Fields aggregate_offer[] = {required("aggregate", piece_link),
                                      required("pieces", link_v1)};
constexpr Fields aggregate_accept[] = {required("aggregate", piece_link), required("pieces", link)};
constexpr Fields console_log[] = {required("value", any, Rule::free)};

// --- the table ----------------------------------------------------------------------------------

using resource::account;
using resource::did;
using resource::provider;
using resource::space;

constexpr CapabilityDefinition definitions[] = {
    {.can = "space/info", .with_prefix = space, .derived_from = space_info_from},
    {"space/allocate", space, space_allocate},
    {"space/state/sync", space, state_sync},
    {"space/state/read", space, state_read},
    {"space/state/watch", space, state_watch},
    {"space/state/restore", space, state_restore},
    {"assert/state", space, assert_state},
    {"space/blob/add", space, blob_only},
    {"space/blob/list", space, page_free},
    {"space/blob/get/0/1", space, digest_caveat},
    {"space/blob/remove", space, digest_caveat},
    {"space/blob/replicate", space, replicate},
    {"space/index/add", space, index_add},
    {"space/content/serve/*", space},
    {"space/content/serve/egress/record", space, egress_record},
    {"space/content/retrieve", space, content_retrieve},
    {"space/content/decrypt", space, resource_link},
    {"space/encryption/setup", space, encryption_setup},
    {"space/encryption/key/decrypt", space, key_bytes},
    {"blob/allocate", did, blob_allocate},
    {"blob/accept", did, blob_accept},
    {"blob/replica/allocate", did, blob_replica},
    {"blob/replica/transfer", did, blob_replica},
    {"web3.storage/blob/allocate", did, web3_blob_allocate},
    {"web3.storage/blob/accept", did, web3_blob_accept},
    {"pdp/accept", did, blob_bytes},
    {"pdp/info", did, blob_bytes},
    {"http/put", space, http_put},
    {"ucan/conclude", did, conclude},
    {"ucan/attest", did, attest},
    {"ucan/revoke", did, revoke},
    {"assert/location", did, location},
    {"assert/index", did, assert_index},
    {"assert/equals", did, assert_equals},
    {.can = "assert/inclusion", .with_prefix = did, .nb = inclusion, .is_resource_pattern = true},
    {.can = "assert/partition", .with_prefix = did, .nb = partition, .is_resource_pattern = true},
    {.can = "assert/relation", .with_prefix = did, .nb = relation, .is_resource_pattern = true},
    {"claim/cache", did, claim_cache},
    {"upload/add", space, upload_add},
    {"upload/get", space, upload_get},
    {.can = "upload/list", .with_prefix = space, .nb = upload_list, .is_resource_pattern = true},
    {"upload/remove", space, root_link},
    {"upload/shard/list", space, shard_list},
    {"store/add", space, store_add},
    {"store/get", space, store_get},
    {"store/remove", space, store_remove},
    {"store/list", space, pre_page_free},
    {"provider/add", account, provider_add},
    {"subscription/list", account},
    {"subscription/get", provider, subscription_get},
    {"plan/get", account},
    {"plan/set", account, plan_set},
    {"plan/create-admin-session", account, admin_session},
    {"plan/create-checkout-session", account, checkout_session},
    {"usage/report", space, usage_report},
    {"account/usage/get", account, account_usage},
    {"account/egress/get", account, account_egress},
    {"consumer/has", provider, consumer},
    {"consumer/get", provider, consumer},
    {"customer/get", provider, customer},
    {"rate-limit/add", did, rate_add},
    {"rate-limit/remove", did, rate_remove},
    {"rate-limit/list", did, rate_list},
    {"admin/upload/inspect", provider, root_link},
    {"admin/store/inspect", provider, store_inspect},
    {"access/authorize", space, authorize},
    {"access/confirm", did, confirm},
    {.can = "access/claim",
     .with_prefix = space,
     .with_prefix_other = account,
     .is_resource_pattern = true},
    {"access/delegate", space, delegate},
    {"filecoin/offer", did, filecoin_offer},
    {"filecoin/submit", did, filecoin_piece},
    {"filecoin/accept", did, filecoin_piece},
    {"filecoin/info", did, piece_only},
    {"piece/offer", did, piece_group},
    {"piece/accept", did, piece_group},
    {"aggregate/offer", did, aggregate_offer},
    {"aggregate/accept", did, aggregate_accept},
    {"deal/info", did, piece_only},
    {"console/log", did, console_log},
};

}  // namespace

const CapabilityDefinition* find_capability(std::string_view can) noexcept {
  for (const CapabilityDefinition& definition : definitions) {
    if (definition.can == can) return &definition;
  }
  return nullptr;
}

}  // namespace freehold

#include "native/service/blob_tasks.hpp"

#include "freehold/ucan/blob_key.hpp"
#include "native/service/put_url.hpp"

namespace freehold::native {

namespace {

Value blob_of(const BlobTerms& terms) {
  return Value(Map{{"digest", Value(terms.multihash)}, {"size", Value(terms.size)}});
}

Ucan task_of(const Signer& signer, const char* can, Map nb, std::vector<Map> facts = {}) {
  UcanFields fields;
  fields.audience = signer.did;
  fields.capabilities.push_back({can, signer.did.text(), Value(std::move(nb)), {}});
  fields.facts = std::move(facts);
  return issue(std::move(fields), signer);
}

}  // namespace

Result<BlobTasks> tasks_of(const Tenant& tenant, const BlobTerms& terms) {
  FH_TRY(const Ed25519Key put_key, key_of_blob(terms.multihash));
  const Signer putter(put_key);
  BlobTasks tasks;
  tasks.allocate = task_of(tenant.signer, ability::blob_allocate,
                           Map{{"blob", blob_of(terms)},
                               {"cause", Value(terms.cause)},
                               {"space", Value(terms.space.bytes())}});
  const Cid& allocate = tasks.allocate.cid();
  tasks.put = task_of(putter, ability::http_put,
                      Map{{"body", blob_of(terms)},
                          {"url", await_of(".out.ok.address.url", allocate)},
                          {"headers", await_of(".out.ok.address.headers", allocate)}},
                      {Map{{"keys", archive_of(putter)}}});
  tasks.accept = task_of(tenant.signer, ability::blob_accept,
                         Map{{"blob", blob_of(terms)},
                             {"space", Value(terms.space.bytes())},
                             {"_put", await_of(".out.ok", tasks.put.cid())}});
  return tasks;
}

void expect_put(KvTransaction& kv, const Did& tenant, const BlobTerms& terms,
                const BlobTasks& tasks) {
  if (find_task(kv, tasks.put.cid())) return;
  TaskRecord record;
  record.state = TaskRecord::State::effect;
  record.tenant = tenant;
  record.cause = terms.cause;
  record.multihash = terms.multihash;
  record.size = terms.size;
  record.blob_space = terms.space;
  save_task(kv, tasks.put.cid(), record);
}

bool is_by_blob_key(const Receipt& receipt, ByteView multihash) {
  const Result<Ed25519Key> key = key_of_blob(multihash);
  if (!key) return false;
  const Did did = Did::of_ed25519(key->public_key());
  return receipt.issuer == did && verify_signature(receipt, did);
}

void conclude_inline(const Tenant& tenant, const Answer& answer, Outcome* outcome) {
  Map facts;
  for (std::size_t i = 0; i < answer.blocks.size(); ++i) {
    facts.set(std::to_string(i), Value(answer.blocks[i].cid));
    outcome->blocks.push_back(answer.blocks[i]);
  }
  const Ucan conclude = task_of(tenant.signer, ability::conclude,
                                Map{{"receipt", Value(answer.receipt.cid())}}, {std::move(facts)});
  outcome->fork.push_back(conclude.cid());
  outcome->blocks.push_back(conclude.block);
}

namespace {

Answer answer_by(const Signer& signer, const Ucan& task, Map ok, Map meta = {},
                 std::vector<Block> effects = {}) {
  ReceiptFields fields;
  fields.ran = task.cid();
  fields.out = Value(Map{{"ok", Value(std::move(ok))}});
  fields.meta = std::move(meta);
  for (const Block& effect : effects) fields.fork.push_back(effect.cid);
  Answer answer{issue(std::move(fields), signer), {task.block}};
  for (Block& effect : effects) answer.blocks.push_back(std::move(effect));
  answer.blocks.push_back(answer.receipt.block);
  return answer;
}

}  // namespace

Answer answer_allocation(const Tenant& tenant, const Ucan& allocate, const BlobRecord& record,
                         std::uint64_t reserved, const std::optional<std::string>& url) {
  Map ok{{"size", Value(reserved)}};
  if (url) {
    ok.set("address", Value(Map{{"url", Value(*url)},
                                {"headers", Value(Map{})},
                                {"expires", Value(record.expires)}}));
  }
  // The plan in force at this moment: later changes of plan do not touch it.
  return answer_by(tenant.signer, allocate, std::move(ok),
                   Map{{"provider", Value(record.provider.text())}});
}

Result<Answer> answer_put(const BlobTerms& terms, const Ucan& put) {
  FH_TRY(const Ed25519Key key, key_of_blob(terms.multihash));
  return answer_by(Signer(key), put, {});
}

Answer answer_acceptance(const Tenant& tenant, const BlobTerms& terms, const Ucan& accept,
                         const std::string& public_url) {
  UcanFields fields;
  fields.audience = terms.space;
  fields.capabilities.push_back(
      {ability::location,
       tenant.did().text(),
       Value(Map{{"content", Value(Map{{"digest", Value(terms.multihash)}})},
                 {"location", Value(List{Value(public_url + "/blob/" + blob_name(terms.digest))})},
                 {"space", Value(terms.space.bytes())}}),
       {}});
  const Ucan site = issue(std::move(fields), tenant.signer);
  return answer_by(tenant.signer, accept, Map{{"site", Value(site.cid())}}, {}, {site.block});
}

Result<bool> is_upload_wanted(const Space& space, const BlobTerms& terms, const Did& tenant) {
  if (!space.is_ours()) return false;
  FH_TRY(const bool is_invoked, space.has(key_of(key_prefix::invoked, terms.cause)));
  if (is_invoked) return true;
  FH_TRY(const auto slots, space.get(blob_key(terms.multihash)));
  const Value* slot = slots ? slots->find(tenant.text()) : nullptr;
  if (slot == nullptr || slot->as_link() == nullptr) return false;
  const auto bytes = space.blocks().find(*slot->as_link());
  if (!bytes) return false;
  const Result<Receipt> receipt = Receipt::decode(Block(*slot->as_link(), copy_of(*bytes)));
  return receipt && receipt->ran == terms.cause;
}

}  // namespace freehold::native

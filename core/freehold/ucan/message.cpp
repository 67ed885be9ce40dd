#include "freehold/ucan/message.hpp"

#include <unordered_set>

#include "freehold/base/limits.hpp"
#include "freehold/codec/cbor.hpp"

namespace freehold {

namespace {

constexpr std::string_view message_key = "ucanto/message@7.0.0";

Result<> read_execute(const Value* execute, Message* message) {
  if (execute == nullptr) return {};
  const List* list = execute->as_list();
  if (list == nullptr) return fail(Errc::malformed, "execute is not a list");
  if (list->size() > limits::message_invocations_max) {
    return fail(Errc::limit, "message_invocations_max");
  }
  for (const Value& item : *list) {
    if (item.as_link() == nullptr) return fail(Errc::malformed, "execute has what is not a link");
    message->execute.push_back(*item.as_link());
  }
  return {};
}

/// What is no report is left aside, as the reference does: a server has no use for it anyway.
void read_report(const Value* report, Message* message) {
  const Map* map = report != nullptr ? report->as_map() : nullptr;
  if (map == nullptr) return;
  for (const auto& [task, receipt] : *map) {
    if (receipt.as_link() != nullptr) message->report.emplace_back(task, *receipt.as_link());
  }
}

Block message_block(std::span<const Cid> execute, std::span<const Receipt> report) {
  Map fields;
  if (!execute.empty()) fields.set("execute", List(execute.begin(), execute.end()));
  if (!report.empty()) {
    Map receipts;
    for (const Receipt& receipt : report) {
      // The same task twice is reported once, by its first receipt.
      std::string task = receipt.ran.text();
      if (receipts.find(task) == nullptr) receipts.set(std::move(task), receipt.cid());
    }
    fields.set("report", std::move(receipts));
  }
  return Block::of_cbor(encode_cbor(Map{{std::string(message_key), std::move(fields)}}));
}

}  // namespace

Result<std::optional<Receipt>> Message::receipt_of(const Cid& task) const {
  const std::string text = task.text();
  for (const auto& [ran, cid] : report) {
    if (ran != text) continue;
    const auto bytes = find_inline(blocks, cid);
    if (!bytes) break;
    FH_TRY(Receipt receipt, Receipt::decode(Block(cid, copy_of(*bytes))));
    if (receipt.ran != task) return fail(Errc::malformed, "a receipt of another task");
    return std::optional<Receipt>(std::move(receipt));
  }
  return std::optional<Receipt>();
}

Bytes encode_message(std::span<const Cid> execute, std::span<const Receipt> report,
                     std::span<const Block> blocks) {
  std::vector<Block> all;
  std::unordered_set<Cid, CidHash> seen;
  for (const Block& block : blocks) {
    if (seen.insert(block.cid).second) all.push_back(block);
  }
  Block root = message_block(execute, report);
  const Cid root_cid = root.cid;
  if (!seen.contains(root_cid)) all.push_back(std::move(root));
  return encode_car(std::span(&root_cid, 1), all);
}

Result<Message> decode_message(ByteView bytes) {
  if (bytes.size() > limits::message_bytes_max) return fail(Errc::limit, "message_bytes_max");
  FH_TRY(Car car, decode_car(bytes));
  if (car.roots.empty()) return fail(Errc::malformed, "a message without a root");
  Message message;
  message.root = car.roots.front();
  for (Block& block : car.blocks) message.blocks.put(std::move(block));

  FH_TRY(const Value model, decode_cbor(*message.blocks.find(message.root)));
  const Value* fields = model.find(message_key);
  if (fields == nullptr || model.as_map()->size() != 1 || fields->as_map() == nullptr) {
    return fail(Errc::malformed, "not an agent message");
  }
  FH_CHECK(read_execute(fields->find("execute"), &message));
  read_report(fields->find("report"), &message);
  return message;
}

}  // namespace freehold

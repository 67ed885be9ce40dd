// space/state/read: the nodes that prove what is asked.
#include "freehold/sync/serve.hpp"
#include "native/service/authority.hpp"
#include "native/service/errors.hpp"
#include "native/service/recovery.hpp"
#include "native/service/state_sync.hpp"

namespace freehold::native {

Result<Outcome> read_state(Call& call) {
  const Result<ReadCall> asked =
      decode_read_call(call.capability().nb ? *call.capability().nb : Value(Map{}));
  if (!asked) return Outcome::failed(error_of(asked.error()));
  Space* space = call.turn.space(call.capability().with);
  if (auto error = refusal_to_show(call, space, asked->since)) {
    return Outcome::failed(*std::move(error));
  }
  const SpaceRecord& head = space->record();
  if (asked->root && !space->is_readable(*asked->root)) {
    return Outcome::failed(error_of("BaseUnknown", "nb.root: not a root that is kept"));
  }
  const Result<ReadReply> reply = read(space->blocks(), *asked, head.root);
  if (!reply) return Outcome::failed(error_of(reply.error()));

  Outcome outcome;
  outcome.out =
      Value(Map{{"ok", encode(ReadAnswer{asked->root.value_or(head.root), *head.checkpoint,
                                         reply->is_complete, reply->upto})}});
  for (const Cid& cid : reply->blocks) {
    if (const auto bytes = space->blocks().find(cid)) {
      outcome.blocks.emplace_back(cid, copy_of(*bytes));
    }
  }
  for (Block& block : checkpoint_with_proofs(*space, *head.checkpoint)) {
    outcome.blocks.push_back(std::move(block));
  }
  return outcome;
}

}  // namespace freehold::native

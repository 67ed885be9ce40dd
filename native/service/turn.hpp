/// One invocation under way, in one transaction.
#pragma once

#include <memory>

#include "freehold/ucan/message.hpp"
#include "native/service/space.hpp"

namespace freehold::native {

/// The clock as an invocation sees it: it does not move.
struct Now {
  std::int64_t ms = 0;
  std::int64_t seconds() const noexcept { return ms / 1000; }
};

/// A receipt, and all blocks that travel with it: itself, its effects, and its invocation with
/// proofs unless the caller has them.
struct Answer {
  Receipt receipt;
  std::vector<Block> blocks;
};

class Turn {
 public:
  /// All must outlive the turn.
  Turn(KvTransaction& kv, const Context& context, Now now)
      : kv_(&kv), context_(&context), now_(now) {}

  KvTransaction& kv() noexcept { return *kv_; }
  const Context& context() const noexcept { return *context_; }
  Now now() const noexcept { return now_; }
  std::int64_t seconds() const noexcept { return now_.seconds(); }

  /// The space, opened once; null if the DID is none that a space can have.
  Space* space(const Did& did);
  Space* space(std::string_view did);
  /// All spaces that were opened.
  std::vector<Space*> spaces() const;
  /// Commits all spaces that were opened.
  Result<> commit();

 private:
  KvTransaction* kv_;
  const Context* context_;
  Now now_;
  std::map<std::string, std::unique_ptr<Space>, std::less<>> spaces_;
};

/// What a handler is given.
struct Call {
  Turn& turn;
  const Tenant& tenant;      // whom the invocation is addressed to
  const Ucan& invocation;    // authorized, its nb of the form that its ability has
  const BlockStore& blocks;  // what came with it

  const Capability& capability() const noexcept { return invocation.capabilities.front(); }
  const Value* nb(const char* name) const noexcept {
    return capability().nb ? capability().nb->find(name) : nullptr;
  }
};

/// What a handler gives back.
struct Outcome {
  Value out;  // {ok} or {error}
  std::vector<Cid> fork;
  std::vector<Block> blocks;  // of the effects
  Map meta;
  /// Whether there is anything to remember. A stranger who asks for nothing that we have costs no
  /// disk: asked directly, the answer is made and forgotten.
  bool leaves_trace = true;
  Space* space = nullptr;          // whose tree tells of it
  std::optional<Bytes> multihash;  // whose /blob/ entry gets the receipt

  static Outcome failed(Value error) {
    Outcome outcome;
    outcome.out = Value(Map{{"error", std::move(error)}});
    return outcome;
  }
  static Outcome ok(Map value) {
    Outcome outcome;
    outcome.out = Value(Map{{"ok", Value(std::move(value))}});
    return outcome;
  }
};

using Handler = Result<Outcome> (*)(Call& call);
struct Ability {
  std::string_view can;
  Handler handler;
  bool is_query;  // changes nothing: asked directly, it leaves no trace
};
/// Those that may wait in a queue; null if it is none of them.
const Ability* find_ability(std::string_view can) noexcept;

/// How a task is kept whose receipt says `out`: `done`, or `open` if it may be tried again (its
/// bytes had not come yet). None: it was not even run.
std::optional<TaskRecord::State> state_of(const Value& out) noexcept;

/// Runs an invocation and keeps its receipt: in the ledger, and in the tree of `home` if its
/// /invoked/ entry is there. Without a home the receipt goes, with such an entry, to the space that
/// the handler names.
Result<Answer> run_task(Call& call, Space* home);

/// Puts a receipt into the ledger, and at /receipt/ of `space` unless that is null.
void keep_receipt(Turn& turn, const Did& tenant, const Answer& answer, TaskRecord::State state,
                  Space* space);

/// A signed receipt that is kept nowhere, beside the invocation with its proofs from `blocks`.
Answer answer_of(const Tenant& tenant, const Ucan& invocation, const BlockStore& blocks,
                 Outcome outcome);
/// The same without these.
Answer answer_of(const Tenant& tenant, const Ucan& invocation, Outcome outcome);
/// The answer that a task got before.
Result<Answer> answer_of(const Cid& task, const TaskRecord& record);

}  // namespace freehold::native

#include "native/service/state_watch.hpp"

#include "freehold/sync/frames.hpp"
#include "native/service/authority.hpp"
#include "native/service/errors.hpp"
#include "native/service/recovery.hpp"

namespace freehold::native {

Result<Outcome> watch_state(Call& call) {
  const Result<WatchCall> asked =
      decode_watch_call(call.capability().nb ? *call.capability().nb : Value(Map{}));
  if (!asked) return Outcome::failed(error_of(asked.error()));
  Space* space = call.turn.space(call.capability().with);
  if (auto error = refusal_to_show(call, space, asked->since)) {
    return Outcome::failed(*std::move(error));
  }
  const Cid& head = *space->record().checkpoint;
  Outcome outcome;
  outcome.out = Value(Map{{"ok", encode(WatchAnswer{head})}});
  outcome.blocks = checkpoint_with_proofs(*space, head);
  return outcome;
}

void add_news(const Turn& turn, const Watchers& watchers, std::vector<News>* news) {
  for (Space* space : turn.spaces()) {
    if (!space->is_restated() || !watchers.is_watched(space->id())) continue;
    const Cid& checkpoint = *space->record().checkpoint;
    const Bytes car =
        encode_car(std::span(&checkpoint, 1), checkpoint_with_proofs(*space, checkpoint));
    news->push_back(
        {space->id(), space->record().seq, std::make_shared<const Bytes>(encode_frame(car))});
  }
}

Value too_many_watchers(const char* what) {
  return error_of("TooManyWatchers", std::string("No room for another watch: ") + what);
}

Value watch_not_alone() {
  return error_of(name_of(Errc::protocol), "space/state/watch: it must be alone in its message");
}

}  // namespace freehold::native

/// space/state/watch: how it begins, and what is told to those who watch.
#pragma once

#include "native/service/turn.hpp"
#include "native/service/watchers.hpp"

namespace freehold::native {

/// The head, for one who then is told of each later one.
Result<Outcome> watch_state(Call& call);

/// The checkpoints that a turn has made, of spaces that are watched.
void add_news(const Turn& turn, const Watchers& watchers, std::vector<News>* news);

/// The error of a watch that there is no room for; `what` is the bound.
Value too_many_watchers(const char* what);
/// The error of a watch that came in one message with others.
Value watch_not_alone();

}  // namespace freehold::native

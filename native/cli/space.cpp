// freehold space: which command it is, and how it ended.
#include "native/cli/space.hpp"

#include <cstdio>

#include "freehold/codec/dag_json.hpp"
#include "native/replica/failure.hpp"

namespace freehold::native {

namespace {

constexpr const char* help_begin =
    "freehold space COMMAND DIR ...   works on the replica of a space in the folder DIR\n\n";
constexpr const char* help_end =
    "\n"
    "freehold space COMMAND --help tells more. All commands take --json (the results, and an "
    "error\n"
    "on standard error, as JSON) and --base (keys are given and printed in multibase). Exit "
    "status:\n"
    "0 done, 1 failed, 2 a mistake in the command line, 3 no such key, 4 done with conflicts,\n"
    "5 refused by the service, 6 offline, 7 rollback, 8 fork, 9 unsound, 10 rebase required.\n";

const std::vector<SpaceCommand>& commands() {
  static const std::vector<SpaceCommand> all{
      space_new(),    space_clone(),  space_share(), space_sync(),  space_watch(), space_ls(),
      space_get(),    space_put(),    space_rm(),    space_log(),   space_diff(),  space_merge(),
      space_export(), space_import(), space_check(), space_proof(), space_verify()};
  return all;
}

int show_help(std::FILE* to, int code) {
  std::fputs(help_begin, to);
  for (const SpaceCommand& command : commands()) {
    const std::string_view help = command.help;
    const std::string_view form = help.substr(0, help.find('\n'));
    std::fprintf(to, "  %.*s\n", static_cast<int>(form.size()), form.data());
  }
  std::fputs(help_end, to);
  return code;
}

int status_of(const Failure& failure) {
  static const std::pair<const char*, int> known[] = {
      {"Usage", status::usage},       {"KeyNotFound", status::not_found},
      {"Offline", status::offline},   {"HttpError", status::offline},
      {"Rollback", status::rollback}, {"Fork", status::fork},
      {"Unsound", status::unsound},   {"RebaseRequired", status::rebase_required},
  };
  for (const auto& [name, code] : known) {
    if (failure.name() == name) return code;
  }
  return failure.is_told() ? status::refused : status::failed;
}

int tell(const Failure& failure, const Console& console) {
  const std::string& evidence = failure.evidence();
  if (!console.is_json()) {
    complain(failure.what());
    if (!evidence.empty()) complain("what proves it is kept: " + failure.verification());
    return 1;
  }
  Map about{{"name", failure.name()}, {"message", failure.what()}};
  if (!evidence.empty()) about.set("evidence", evidence);
  const Value error = Map{{"error", std::move(about)}};
  std::fprintf(stderr, "%s\n", encode_dag_json(error, KeyOrder::kept).c_str());
  return 1;
}

int run(const SpaceCommand& command, const Words& words) {
  std::vector<std::string> flags = command.flags;
  flags.insert(flags.end(), {"--json", "--base"});
  const Arguments arguments(words, command.options, flags);
  const std::size_t count = arguments.rest().size();
  if (arguments.wants_help() || !arguments.error().empty() || count < command.words_min ||
      count > command.words_max) {
    return usage(command.help, arguments);
  }
  const Console console(arguments);
  try {
    const int code = command.run(arguments, console);
    if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) return code;
    return tell(Failure("NotFound", "standard output: cannot be written"), console);
  } catch (const Failure& failure) {
    tell(failure, console);
    return status_of(failure);
  }
}

}  // namespace

int space_command(const Words& words) {
  const std::string name = words.empty() ? "" : words.front();
  for (const SpaceCommand& command : commands()) {
    if (command.name == name) return run(command, {words.begin() + 1, words.end()});
  }
  if (name == "--help" || name == "-h" || name == "help") return show_help(stdout, status::ok);
  if (!name.empty()) complain("space: no such command: " + name);
  return show_help(stderr, status::usage);
}

}  // namespace freehold::native

#include "native/cli/command.hpp"

#include <algorithm>
#include <cstdio>

namespace freehold::native {

namespace {

constexpr const char* help =
    "freehold " FREEHOLD_VERSION
    ": spaces whose state their users own\n"
    "\n"
    "  freehold serve --config FILE   answer for the services that FILE configures\n"
    "  freehold key new [FILE]        make a private key\n"
    "  freehold key did FILE          the did:key of the private key in FILE\n"
    "  freehold root FILE             the root of the tree of a list of entries\n"
    "  freehold export --data DIR --space DID   the state of a space as a CAR\n"
    "  freehold prove --data DIR --space DID    a file that proves keys or a range of a space\n"
    "  freehold verify FILE           what such a file proves\n"
    "  freehold bench tree            how fast the tree is on this machine\n"
    "  freehold audit --data DIR --space DID    whether what is stored is what is needed\n"
    "  freehold bench keep            what a million edits leave on the disk\n"
    "  freehold bench fill            a space of any size, to measure a server on\n"
    "  freehold space COMMAND ...     a replica of a space in a folder: edit it, sync it, check "
    "it\n"
    "\n"
    "freehold COMMAND --help tells more. freehold --version tells the version.\n";

}  // namespace

Arguments::Arguments(const Words& words, const std::vector<std::string>& options,
                     const std::vector<std::string>& flags) {
  bool is_over = false;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::string& word = words[i];
    if (is_over || (!word.starts_with("--") && word != "-h")) {
      rest_.push_back(word);
    } else if (word == "--") {
      is_over = true;
    } else if (word == "--help" || word == "-h") {
      wants_help_ = true;
    } else {
      read_option(words, &i, options, flags);
    }
  }
}

void Arguments::read_option(const Words& words, std::size_t* i,
                            const std::vector<std::string>& options,
                            const std::vector<std::string>& flags) {
  const std::string& word = words[*i];
  const std::size_t equals = word.find('=');
  const std::string name = word.substr(0, equals);
  const auto is_in = [&](const std::vector<std::string>& names) {
    return std::find(names.begin(), names.end(), name) != names.end();
  };
  std::string wrong;
  if (is_in(flags)) {
    if (equals != std::string::npos) wrong = name + " takes no value";
    values_.emplace_back(name, "");
  } else if (!is_in(options)) {
    wrong = "no such option: " + name;
  } else if (equals != std::string::npos) {
    values_.emplace_back(name, word.substr(equals + 1));
  } else if (*i + 1 < words.size()) {
    values_.emplace_back(name, words[++*i]);
  } else {
    wrong = name + " wants a value";
  }
  if (error_.empty()) error_ = wrong;
}

bool Arguments::has_flag(const std::string& flag) const {
  return option(flag).has_value();
}

std::optional<std::string> Arguments::option(const std::string& name) const {
  const std::vector<std::string> given = all(name);
  if (given.empty()) return std::nullopt;
  return given.back();
}

std::vector<std::string> Arguments::all(const std::string& name) const {
  std::vector<std::string> given;
  for (const auto& [option, value] : values_) {
    if (option == name) given.push_back(value);
  }
  return given;
}

int complain(const std::string& what) {
  std::fprintf(stderr, "freehold: %s\n", what.c_str());
  return 1;
}

int usage(const char* text, const Arguments& arguments) {
  if (arguments.wants_help()) {
    std::fputs(text, stdout);
    return 0;
  }
  if (!arguments.error().empty()) complain(arguments.error());
  std::fputs(text, stderr);
  return 2;
}

int run_program(const Words& words) {
  const std::string command = words.empty() ? "" : words.front();
  const Words rest(words.begin() + (words.empty() ? 0 : 1), words.end());
  if (command == "serve") return serve_command(rest);
  if (command == "key") return key_command(rest);
  if (command == "root") return root_command(rest);
  if (command == "export") return export_command(rest);
  if (command == "prove") return prove_command(rest);
  if (command == "verify") return verify_command(rest);
  if (command == "audit") return audit_command(rest);
  if (command == "bench" && !rest.empty() && rest.front() == "fill") {
    return bench_fill_command({rest.begin() + 1, rest.end()});
  }
  if (command == "bench" && !rest.empty() && rest.front() == "keep") {
    return bench_keep_command({rest.begin() + 1, rest.end()});
  }
  if (command == "bench") return bench_command(rest);
  if (command == "space") return space_command(rest);
  if (command == "--version") {
    std::puts("freehold " FREEHOLD_VERSION);
    return 0;
  }
  const bool is_help = command == "--help" || command == "-h" || command == "help";
  std::fputs(help, is_help ? stdout : stderr);
  return is_help ? 0 : 2;
}

}  // namespace freehold::native

/// The commands of the program, and how their arguments are read.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace freehold::native {

/// The words after the command's own.
using Words = std::vector<std::string>;

int serve_command(const Words& words);
int key_command(const Words& words);
int root_command(const Words& words);
int export_command(const Words& words);
int prove_command(const Words& words);
int verify_command(const Words& words);
int bench_command(const Words& words);
int audit_command(const Words& words);
/// After the words `keep` and `fill`.
int bench_keep_command(const Words& words);
int bench_fill_command(const Words& words);
int space_command(const Words& words);

/// `--name value` and `--name=value` options, then what else there is. The first mistake is kept.
/// After the word `--` nothing is an option.
class Arguments {
 public:
  /// `options` have a value, `flags` have none.
  Arguments(const Words& words, const std::vector<std::string>& options,
            const std::vector<std::string>& flags = {});

  /// The last value given; the values of one that may be repeated.
  std::optional<std::string> option(const std::string& name) const;
  std::vector<std::string> all(const std::string& name) const;
  bool has_flag(const std::string& flag) const;
  const Words& rest() const noexcept { return rest_; }
  bool wants_help() const noexcept { return wants_help_; }
  const std::string& error() const noexcept { return error_; }

 private:
  void read_option(const Words& words, std::size_t* i, const std::vector<std::string>& options,
                   const std::vector<std::string>& flags);

  std::vector<std::pair<std::string, std::string>> values_;  // flags have an empty one
  Words rest_;
  bool wants_help_ = false;
  std::string error_;
};

/// Says what went wrong on standard error; the exit status of it.
int complain(const std::string& what);
/// Prints `text` and says how it went: 0 for help that was asked for, else 2.
int usage(const char* text, const Arguments& arguments);

/// Runs the command that `words` begin with.
int run_program(const Words& words);

}  // namespace freehold::native

/// How the commands of `freehold space` read words and print results: text for people, or JSON.
#pragma once

#include "freehold/codec/value.hpp"
#include "freehold/tree/node.hpp"
#include "freehold/ucan/did.hpp"
#include "native/cli/command.hpp"

namespace freehold::native {

/// Keys are bytes. As text they stand for themselves; those that are no printable text are printed
/// in multibase (base64url), in JSON as DAG-JSON bytes. With --base all are multibase, both ways.
class Console {
 public:
  explicit Console(const Arguments& arguments)
      : is_json_(arguments.has_flag("--json")), is_base_(arguments.has_flag("--base")) {}

  bool is_json() const noexcept { return is_json_; }
  void line(const std::string& text) const;
  /// A line of JSON.
  void record(const Map& fields) const;

  std::string text_of_key(ByteView key) const;
  Value value_of_key(ByteView key) const;
  List value_of_keys(const std::vector<Bytes>& keys) const;
  /// A key, or a part of one. Failures: Usage.
  Bytes key_of_word(const std::string& word) const;

 private:
  bool is_json_;
  bool is_base_;
};

/// The number that an option has, from `least` up. Failures: Usage.
std::optional<std::uint64_t> number_option(const Arguments& arguments, const std::string& name,
                                           std::uint64_t least);
/// The bytes of a file, or of standard input for "-". Failures: NotFound, LimitExceeded.
Bytes read_input(const std::string& name, std::size_t bytes_max);
/// A DID that somebody wrote. Failures: Usage.
Did did_of_word(const std::string& word, const std::string& about);

std::string text_of_root(const Digest& root);
/// As in 2026-01-31T12:00:00Z.
std::string text_of_time(std::int64_t seconds);
/// "1 entry", "2 entries".
std::string counted(std::uint64_t count, const char* one, const char* many);

}  // namespace freehold::native

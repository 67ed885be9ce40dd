// freehold key: private keys.
#include <cstdio>

#include "native/cli/command.hpp"
#include "native/config/key_file.hpp"

namespace freehold::native {

namespace {

constexpr const char* help =
    "freehold key new           print a new private key (Ed25519, multibase)\n"
    "freehold key new FILE      write it to FILE instead, readable by its owner only\n"
    "freehold key did FILE      print the did:key of the private key in FILE\n";

}  // namespace

int key_command(const Words& words) {
  const Arguments arguments(words, {});
  const Words& rest = arguments.rest();
  const bool is_new = !rest.empty() && rest[0] == "new" && rest.size() <= 2;
  const bool is_did = rest.size() == 2 && rest[0] == "did";
  if (arguments.wants_help() || !arguments.error().empty() || (!is_new && !is_did)) {
    return usage(help, arguments);
  }
  if (is_new && rest.size() == 1) {
    std::puts(text_of_key(new_key()).c_str());
    return 0;
  }
  const std::string& file = rest[1];
  if (is_new) {
    const Result<> written = write_key_file(file, new_key());
    return written ? 0 : complain(file + ": " + written.error().what);
  }
  const Result<Ed25519Key> key = read_key_file(file);
  if (!key) return complain(file + ": " + key.error().what);
  std::puts(Did::of_ed25519(key->public_key()).text().c_str());
  return 0;
}

}  // namespace freehold::native

#include "native/config/key_file.hpp"

#include <cstdlib>
#include <fstream>

#include <fcntl.h>
#include <sys/random.h>
#include <unistd.h>

namespace freehold::native {

Ed25519Key new_key() {
  Ed25519Seed seed{};
  if (::getrandom(seed.data(), seed.size(), 0) != static_cast<ssize_t>(seed.size())) std::abort();
  return Ed25519Key(seed);
}

Result<Ed25519Key> read_key_file(const std::filesystem::path& file) {
  std::ifstream in(file);
  std::string text;
  if (!in || !(in >> text)) return fail(Errc::not_found, "no key can be read from the file");
  return parse_key(text);
}

Result<> write_key_file(const std::filesystem::path& file, const Ed25519Key& key) {
  const int descriptor = ::open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (descriptor < 0) {
    return fail(Errc::invalid_key,
                errno == EEXIST ? "the file is there already" : "the file cannot be made");
  }
  const std::string text = text_of_key(key) + "\n";
  const bool is_written =
      ::write(descriptor, text.data(), text.size()) == static_cast<ssize_t>(text.size()) &&
      ::fsync(descriptor) == 0;
  ::close(descriptor);
  if (!is_written) return fail(Errc::corrupt, "the file cannot be written");
  return {};
}

}  // namespace freehold::native

#include "native/cli/console.hpp"

#include <charconv>
#include <cstdio>
#include <ctime>
#include <memory>

#include "freehold/base/multibase.hpp"
#include "freehold/base/utf8.hpp"
#include "freehold/codec/dag_json.hpp"
#include "native/replica/failure.hpp"

namespace freehold::native {

namespace {

bool is_printable(ByteView key) {
  return is_utf8(key) && std::none_of(key.begin(), key.end(), [](std::uint8_t byte) {
           return byte < 0x20 || byte == 0x7f;
         });
}

}  // namespace

void Console::line(const std::string& text) const {
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fputc('\n', stdout);
}

void Console::record(const Map& fields) const {
  line(encode_dag_json(fields, KeyOrder::kept));
}

std::string Console::text_of_key(ByteView key) const {
  if (is_base_ || !is_printable(key)) return encode_multibase(Base::base64url, key);
  return std::string(text_of(key));
}

Value Console::value_of_key(ByteView key) const {
  if (is_base_) return Value(text_of_key(key));
  return is_utf8(key) ? Value(text_of(key)) : Value(key);
}

List Console::value_of_keys(const std::vector<Bytes>& keys) const {
  List list;
  for (const Bytes& key : keys) list.push_back(value_of_key(key));
  return list;
}

Bytes Console::key_of_word(const std::string& word) const {
  if (!is_base_) return copy_of(view_of(word));
  const Result<Bytes> bytes = decode_multibase(word);
  if (!bytes) throw Failure("Usage", "--base: not multibase: " + word.substr(0, 200));
  return *bytes;
}

std::optional<std::uint64_t> number_option(const Arguments& arguments, const std::string& name,
                                           std::uint64_t least) {
  const auto text = arguments.option(name);
  if (!text) return std::nullopt;
  std::uint64_t number = 0;
  const char* end = text->data() + text->size();
  const auto [at, code] = std::from_chars(text->data(), end, number);
  if (text->empty() || code != std::errc() || at != end || number < least) {
    throw Failure("Usage", name + ": a whole number from " + std::to_string(least) + " up");
  }
  return number;
}

Bytes read_input(const std::string& name, std::size_t bytes_max) {
  std::unique_ptr<std::FILE, int (*)(std::FILE*)> own(nullptr, std::fclose);
  std::FILE* file = stdin;
  if (name != "-") {
    own.reset(std::fopen(name.c_str(), "rb"));
    file = own.get();
  }
  if (file == nullptr) throw Failure("NotFound", name + ": cannot be read");
  Bytes bytes;
  std::uint8_t part[64 << 10];
  while (const std::size_t size = std::fread(part, 1, sizeof part, file)) {
    append(bytes, {part, size});
    if (bytes.size() > bytes_max) {
      throw Failure("LimitExceeded",
                    name + ": over " + std::to_string(bytes_max) + " bytes, which is the limit");
    }
  }
  if (std::ferror(file) != 0) throw Failure("NotFound", name + ": cannot be read");
  return bytes;
}

Did did_of_word(const std::string& word, const std::string& about) {
  const Result<Did> did = Did::parse(word);
  if (!did) throw Failure("Usage", about + ": not a DID: " + word.substr(0, 200));
  return *did;
}

std::string text_of_root(const Digest& root) {
  return node_cid(root).text();
}

std::string text_of_time(std::int64_t seconds) {
  const std::time_t time = seconds;
  std::tm parts{};
  if (::gmtime_r(&time, &parts) == nullptr) return std::to_string(seconds);
  char text[80];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
  return text;
}

std::string counted(std::uint64_t count, const char* one, const char* many) {
  return std::to_string(count) + " " + (count == 1 ? one : many);
}

}  // namespace freehold::native

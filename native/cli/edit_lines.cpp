#include "native/cli/edit_lines.hpp"

#include <fstream>
#include <iostream>

#include "freehold/codec/cbor.hpp"
#include "freehold/codec/dag_json.hpp"
#include "freehold/tree/edit.hpp"
#include "native/replica/failure.hpp"

namespace freehold::native {

namespace {

Bytes key_in(const Value& line, const Console& console) {
  const Value* key = line.find("key");
  if (key != nullptr && key->as_text() != nullptr) return console.key_of_word(*key->as_text());
  if (key != nullptr && key->as_bytes() != nullptr) return *key->as_bytes();
  throw Failure("Malformed", "key: text, or DAG-JSON bytes");
}

Replica::Change change_in(std::string_view text, const Console& console) {
  const Value line = unwrap(decode_dag_json(text));
  if (line.as_map() == nullptr || line.as_map()->size() != 2) {
    throw Failure("Malformed", "not {\"key\", \"value\"} or {\"key\", \"delete\": true}");
  }
  Replica::Change change{key_in(line, console), std::nullopt};
  unwrap(check_key(change.key), "key");
  const Value* value = line.find("value");
  const Value* gone = line.find("delete");
  if (value == nullptr && (gone == nullptr || *gone != Value(true))) {
    throw Failure("Malformed", "delete: true, or there is a value");
  }
  if (value == nullptr) return change;
  change.value = encode_cbor(*value);
  if (change.value->size() > limits::value_bytes_max) {
    throw Failure("LimitExceeded", "value: over value_bytes_max (1,048,576 bytes)");
  }
  unwrap(check_value(*change.value), "value");
  return change;
}

}  // namespace

std::vector<Replica::Change> read_edit_lines(const std::string& name, const Console& console,
                                             const std::function<void(std::uint64_t)>& progress) {
  std::ifstream file;
  if (name != "-") file.open(name, std::ios::binary);
  std::istream& in = name == "-" ? std::cin : file;
  if (!in) throw Failure("NotFound", name + ": cannot be read");
  std::vector<Replica::Change> changes;
  std::vector<char> buffer(limits::edit_line_bytes_max + 1);  // a line and a zero
  for (std::uint64_t n = 1; !in.eof(); ++n) {
    in.getline(buffer.data(), static_cast<std::streamsize>(buffer.size()));
    const std::string at = name + ": line " + std::to_string(n);
    if (in.fail() && in.gcount() > 0) {
      throw Failure("LimitExceeded", at + ": over edit_line_bytes_max (8,388,608 bytes)");
    }
    if (in.fail()) break;  // the end, right behind a line's
    const auto size = static_cast<std::size_t>(in.gcount()) - (in.eof() ? 0 : 1);
    if (size == 0) continue;
    try {
      changes.push_back(change_in({buffer.data(), size}, console));
    } catch (const Failure& failure) {
      throw Failure(failure.name(), at + ": " + failure.what());
    }
    progress(n);
  }
  if (in.bad()) throw Failure("NotFound", name + ": cannot be read");
  return changes;
}

}  // namespace freehold::native

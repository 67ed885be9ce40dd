// Runs the cases of a fixture index, which the published JavaScript libraries produced:
//
//   fixtures_test INDEX.json [--kind KIND,KIND...]
//
// Prints a line for each case that fails, and at the end "N passed, M failed". Runs natively and,
// compiled by Emscripten, under node.
#include <cstdio>
#include <cstring>

#include "fixtures/case.hpp"
#include "freehold/codec/dag_json.hpp"

namespace freehold::fixtures {

namespace {

CheckFunction check_of(std::string_view kind) {
  for (const auto kinds : {codec_kinds(), principal_kinds(), ucan_kinds(), message_kinds(),
                           server_kinds(), validate_kinds()}) {
    for (const Kind& known : kinds) {
      if (known.name == kind) return known.check;
    }
  }
  return nullptr;
}

/// Whether `kind` is in the list "a,b,c"; a name that ends in ".*" stands for all that begin so.
bool is_wanted(std::string_view kinds, std::string_view kind) {
  while (!kinds.empty()) {
    const std::string_view name = kinds.substr(0, kinds.find(','));
    kinds.remove_prefix(std::min(kinds.size(), name.size() + 1));
    if (name == kind) return true;
    if (name.ends_with(".*") && kind.starts_with(name.substr(0, name.size() - 1))) return true;
  }
  return false;
}

int run(const char* path, const char* kinds) {
  Bytes text;
  if (!read_file(path, &text)) {
    std::fprintf(stderr, "cannot read %s\n", path);
    return 2;
  }
  const auto data = decode_dag_json(text_of(text));
  const Value* cases = data ? data->find("cases") : nullptr;
  const Value* now = data ? data->find("now") : nullptr;
  if (cases == nullptr || cases->as_list() == nullptr || now == nullptr) {
    std::fprintf(stderr, "%s is not a fixture index\n", path);
    return 2;
  }
  Index index;
  const char* slash = std::strrchr(path, '/');
  index.folder = slash != nullptr ? std::string(path, slash + 1) : std::string();
  if (now->as_integer() != nullptr) index.now = now->as_integer()->as_int64().value_or(0);
  if (const Value* principals = data->find("principals")) index.principals = *principals;

  int passed = 0;
  int failed = 0;
  int skipped = 0;
  for (const Value& entry : *cases->as_list()) {
    Case c(index, entry);
    if (kinds != nullptr && !is_wanted(kinds, c.kind())) continue;
    const CheckFunction check = check_of(c.kind());
    if (check == nullptr && kinds == nullptr) {
      ++skipped;
      continue;
    }
    if (check != nullptr)
      check(c);
    else
      c.fail("a kind that is not implemented");
    if (c.failed()) std::printf("FAIL %s: %s\n", c.name().c_str(), c.why().c_str());
    ++(c.failed() ? failed : passed);
  }
  if (skipped != 0) std::printf("skipped %d\n", skipped);
  std::printf("%d passed, %d failed\n", passed, failed);
  return failed != 0 ? 1 : 0;
}

}  // namespace

}  // namespace freehold::fixtures

int main(int argc, char** argv) {
  const char* path = nullptr;
  const char* kinds = nullptr;
  bool is_usage_error = false;
  for (int i = 1; i < argc; ++i) {
    if (std::strcmp(argv[i], "--kind") == 0 && i + 1 < argc) {
      kinds = argv[++i];
    } else if (path == nullptr) {
      path = argv[i];
    } else {
      is_usage_error = true;
    }
  }
  if (path == nullptr || is_usage_error) {
    std::fprintf(stderr, "usage: fixtures_test INDEX.json [--kind KIND,KIND...]\n");
    return 2;
  }
  return freehold::fixtures::run(path, kinds);
}

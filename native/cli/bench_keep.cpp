// freehold bench keep: what many single edits leave on the disk (docs/storage.md).
#include <charconv>
#include <chrono>
#include <cstdio>
#include <random>

#include "native/boost.hpp"
#include "native/cli/command.hpp"
#include "native/config/key_file.hpp"
#include "native/service/audit.hpp"
#include "native/storage/data_folder.hpp"
#include "native/storage/kv_stage.hpp"

namespace freehold::native {

namespace {

constexpr const char* help =
    "freehold bench keep --data DIR [--entries 10000] [--edits 1000000] [--checkpoint-every 1]\n"
    "                    [--commit-every 64]\n"
    "\n"
    "Fills a space with entries of 60-byte keys and 300-byte values, then puts another value at a\n"
    "random key, again and again. Every so many edits the service signs a checkpoint, every so\n"
    "many checkpoints (as its writer does under load) a transaction is made durable. Prints lines\n"
    "of JSON. DIR must not have a database yet.\n";

struct Plan {
  std::uint64_t entries = 10'000;
  std::uint64_t edits = 1'000'000;
  std::uint64_t checkpoint_every = 1;
  std::uint64_t commit_every = 64;
};

bool read_number(const Arguments& arguments, const char* name, std::uint64_t* number) {
  const auto text = arguments.option(name);
  if (!text) return true;
  const auto [end, code] = std::from_chars(text->data(), text->data() + text->size(), *number);
  return code == std::errc() && end == text->data() + text->size() && *number > 0;
}

class Bench {
 public:
  Bench(KvEngine& engine, const Plan& plan)
      : engine_(&engine),
        plan_(plan),
        space_(*Did::of_ed25519(new_key().public_key()).ed25519_key()),
        tenants_(one_tenant()),
        started_(std::chrono::steady_clock::now()) {}

  Result<> run() {
    FH_CHECK(fill());
    FH_CHECK(report(0));
    const std::uint64_t part = std::max<std::uint64_t>(plan_.edits / 10, 1);
    for (std::uint64_t done = 0, told = part; done < plan_.edits;) {
      FH_TRY(done, edit(done));
      if (done < told && done < plan_.edits) continue;
      FH_CHECK(report(done));
      told = done + part;
    }
    return {};
  }

 private:
  static Tenants one_tenant() {
    const Ed25519Key key = new_key();
    const Did did = Did::of_ed25519(key.public_key());
    return Tenants({Tenant{Signer(key), did, {}}});
  }

  static std::int64_t seconds() {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    return std::chrono::duration_cast<std::chrono::seconds>(now).count();
  }

  Bytes key_of(std::uint64_t number) const {
    const std::string digits = std::to_string(number);
    return copy_of(view_of("/bench/" + std::string(53 - digits.size(), '0') + digits));
  }

  Value next_value() {
    Bytes bytes(297);  // 300 encoded
    for (std::size_t i = 0; i + 8 <= bytes.size(); i += 8) {
      const std::uint64_t word = random_();
      std::memcpy(bytes.data() + i, &word, 8);
    }
    return Value(std::move(bytes));
  }

  /// Does `work` in a transaction and a stage of its own, as the service does.
  template <class Work>
  Result<> write(const Work& work) {
    Result<> worked;
    FH_CHECK(engine_->update([&](KvTransaction& kv) { worked = work(kv); }));
    return worked;
  }

  template <class Work>
  Result<> commit_space(KvTransaction& kv, const Work& set) {
    KvStage stage(kv);
    Space space(stage, Did::of_ed25519(space_), space_);
    if (!space.is_ours()) space.found(tenants_.main().did());
    set(space);
    FH_CHECK(space.commit(tenants_, seconds()));
    stage.flush(kv);
    return {};
  }

  Result<> fill() {
    return write([&](KvTransaction& kv) {
      return commit_space(kv, [&](Space& space) {
        for (std::uint64_t i = 0; i < plan_.entries; ++i) space.set(key_of(i), next_value());
      });
    });
  }

  /// One transaction. Returns how many edits are done then.
  Result<std::uint64_t> edit(std::uint64_t done) {
    const Result<> written = write([&](KvTransaction& kv) -> Result<> {
      for (std::uint64_t i = 0; i < plan_.commit_every && done < plan_.edits; ++i) {
        const Result<> committed = commit_space(kv, [&](Space& space) {
          for (std::uint64_t k = 0; k < plan_.checkpoint_every && done < plan_.edits; ++k) {
            space.set(key_of(random_() % plan_.entries), next_value());
            ++done;
          }
        });
        if (!committed) return committed;
      }
      return {};
    });
    if (!written) return tl::unexpected<Error>(written.error());
    return done;
  }

  Result<> report(std::uint64_t edits) {
    Result<Audit> read = fail(Errc::not_found, "not read");
    FH_CHECK(engine_->read([&](KvReader& kv) { read = audit_space(kv, Did::of_ed25519(space_)); }));
    FH_TRY(const Audit audit, std::move(read));
    if (!audit.fault.empty()) {
      std::fprintf(stderr, "freehold: %s\n", audit.fault.c_str());
      return fail(Errc::corrupt, "the space has a fault");
    }
    FH_TRY(const KvUsage usage, engine_->usage());
    const std::chrono::duration<double> time = std::chrono::steady_clock::now() - started_;
    const boost::json::value line{{"peer", "freehold"},
                                  {"version", FREEHOLD_VERSION},
                                  {"workload", "keep"},
                                  {"n", plan_.entries},
                                  {"d", edits},
                                  {"seconds", time.count()},
                                  {"liveBytes", audit.live_node_bytes + audit.live_block_bytes},
                                  {"historyBytes", audit.dead_node_bytes + audit.dead_block_bytes},
                                  {"checkpoints", audit.checkpoints},
                                  {"checkpointBytes", audit.checkpoint_bytes},
                                  {"usedBytes", usage.used},
                                  {"fileBytes", usage.file}};
    std::printf("%s\n", boost::json::serialize(line).c_str());
    std::fflush(stdout);
    return {};
  }

  KvEngine* engine_;
  Plan plan_;
  layout::SpaceId space_;
  Tenants tenants_;
  std::mt19937_64 random_{1};
  std::chrono::steady_clock::time_point started_;
};

}  // namespace

int bench_keep_command(const Words& words) {
  const Arguments arguments(
      words, {"--data", "--entries", "--edits", "--checkpoint-every", "--commit-every"});
  const auto data = arguments.option("--data");
  Plan plan;
  const bool is_read = read_number(arguments, "--entries", &plan.entries) &&
                       read_number(arguments, "--edits", &plan.edits) &&
                       read_number(arguments, "--checkpoint-every", &plan.checkpoint_every) &&
                       read_number(arguments, "--commit-every", &plan.commit_every);
  if (arguments.wants_help() || !arguments.error().empty() || !data || !is_read) {
    return usage(help, arguments);
  }
  if (std::filesystem::exists(state_path(*data) / "data.mdb")) {
    return complain(*data + ": has a database already");
  }
  auto engine = open_data_folder(*data, server_format);
  if (!engine) return complain(engine.error().message);
  const Result<> done = Bench(**engine, plan).run();
  if (!done) return complain(done.error().what);
  return 0;
}

}  // namespace freehold::native

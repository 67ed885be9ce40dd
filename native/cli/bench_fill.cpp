// freehold bench fill: a space of any size in a server's data folder, to measure the server on it.
#include <algorithm>
#include <charconv>
#include <cstdio>

#include "freehold/codec/cbor.hpp"
#include "freehold/tree/builder.hpp"
#include "native/bench/generator.hpp"
#include "native/bench/run.hpp"
#include "native/boost.hpp"
#include "native/cli/command.hpp"
#include "native/config/config.hpp"
#include "native/config/key_file.hpp"
#include "native/replica/local_replica.hpp"
#include "native/service/lifetimes.hpp"
#include "native/service/usage.hpp"
#include "native/storage/data_folder.hpp"

namespace freehold::native {

namespace {

constexpr const char* help =
    "freehold bench fill --data DIR --config FILE --n N\n"
    "\n"
    "Makes a space of N entries (keys of 61 bytes, values of 300) in the data folder of the "
    "server\n"
    "that FILE configures, as one checkpoint of its first tenant. Nodes go to the disk as they "
    "are\n"
    "made. Prints {\"space\", \"recoveryKey\", \"key\", \"nodes\", \"nodeBytes\"}, `key` being one "
    "that is\n"
    "there. scripts/bench-scale.mjs measures with it.\n";

/// Ids in the order of their keys, without the keys: 16 bytes each.
std::vector<std::uint32_t> sorted_ids(std::size_t n) {
  constexpr std::size_t random_at = 9;  // before it all keys are alike
  struct Place {
    std::uint64_t head;
    std::uint32_t id;
  };
  std::vector<Place> places(n);
  for (std::uint32_t id = 0; id < n; ++id) {
    const bench::Key key = bench::key_of(id);
    places[id] = {layout::number_of(ByteView(key).subspan(random_at)), id};
  }
  std::sort(places.begin(), places.end(), [](const Place& left, const Place& right) {
    if (left.head != right.head) return left.head < right.head;
    return compare(bench::key_of(left.id), bench::key_of(right.id)) < 0;
  });
  std::vector<std::uint32_t> ids(n);
  std::transform(places.begin(), places.end(), ids.begin(), [](const Place& p) { return p.id; });
  return ids;
}

/// Nodes on their way to the disk, a transaction for every so many.
class NodeWriter final : public BlockSink {
 public:
  NodeWriter(KvEngine& engine, const layout::SpaceId& space) : engine_(&engine), space_(space) {}

  void put(Block block) override {
    ++nodes;
    bytes += block.bytes().size();
    waiting_.push_back(std::move(block));
    if (waiting_.size() == nodes_by_transaction) (void)flush();  // the last one tells
  }
  Result<> flush() {
    if (!status_) return status_;
    status_ = engine_->update([&](KvTransaction& kv) {
      for (const Block& block : waiting_) {
        kv.put(layout::key(space_, layout::Kind::node, {digest_of(block.cid)}), block.bytes());
      }
    });
    waiting_.clear();
    return status_;
  }

  std::uint64_t nodes = 0;
  std::uint64_t bytes = 0;

 private:
  static constexpr std::size_t nodes_by_transaction = 8192;
  KvEngine* engine_;
  layout::SpaceId space_;
  std::vector<Block> waiting_;
  Result<> status_;
};

TreeStats build(const std::vector<std::uint32_t>& ids, BlockSink& sink) {
  Builder builder(sink);
  Bytes payload;
  for (const std::uint32_t id : ids) {
    payload.clear();
    write_cbor_bytes(payload, bench::value_of(id, 0));
    builder.push(bench::key_of(id), payload, false,
                 {1, leaf_entry_bytes(bench::key_size, payload.size())});
  }
  return builder.finish();
}

Result<> state(KvEngine& engine, const Tenant& tenant, const layout::SpaceId& space,
               const TreeStats& tree, std::uint64_t live_bytes) {
  CheckpointFields fields;
  fields.space = Did::of_ed25519(space);
  fields.root = tree.root;
  fields.seq = 1;
  fields.weight = tree.weight;
  fields.time = now_seconds();
  const Checkpoint checkpoint = issue_checkpoint(fields, tenant.signer, std::nullopt);
  SpaceRecord record;
  record.authority = tenant.did();
  record.root = tree.root;
  record.seq = record.oldest = 1;
  record.checkpoint = checkpoint.cid();
  record.time = fields.time;
  record.live_bytes = live_bytes;
  return engine.update([&](KvTransaction& kv) {
    store_checkpoint(kv, space, checkpoint);
    for (const Provider& plan : tenant.providers) {
      Usage usage(kv, space, tenant.did());
      if (plan.subscribe_on_sync && !usage.subscription()) usage.subscribe(plan.did, plan.capacity);
    }
    kv.put(layout::key(space, layout::Kind::head), encode(record));
  });
}

int fill(KvEngine& engine, const Tenant& tenant, std::size_t n) {
  const Ed25519Key owner = new_key();
  const layout::SpaceId space = *Did::of_ed25519(owner.public_key()).ed25519_key();
  const std::vector<std::uint32_t> ids = sorted_ids(n);
  NodeWriter writer(engine, space);
  const TreeStats tree = build(ids, writer);
  const std::uint64_t live = writer.bytes + writer.nodes * Lifetimes::block_overhead_bytes;
  Result<> done = writer.flush();
  if (done) done = state(engine, tenant, space, tree, live);
  if (!done) return complain(done.error().what);
  const bench::Key key = bench::key_of(ids[n / 3]);
  const boost::json::value line{{"space", Did::of_ed25519(space).text()},
                                {"recoveryKey", text_of_key(owner)},
                                {"key", text_of(key)},
                                {"nodes", writer.nodes},
                                {"nodeBytes", writer.bytes}};
  std::printf("%s\n", boost::json::serialize(line).c_str());
  return 0;
}

}  // namespace

int bench_fill_command(const Words& words) {
  const Arguments arguments(words, {"--data", "--config", "--n"});
  const auto data = arguments.option("--data");
  const auto file = arguments.option("--config");
  if (arguments.wants_help() || !arguments.error().empty() || !data || !file) {
    return usage(help, arguments);
  }
  bench::Options options;
  const bench::Trouble trouble =
      bench::read_options(arguments.option("--n").value_or(""), "", &options);
  if (!trouble.empty()) return complain(trouble);
  const auto config = read_config(*file);
  if (const auto* error = std::get_if<ConfigError>(&config)) return complain(error->message);
  const auto engine = open_data_folder(*data, server_format);
  if (!engine) return complain(engine.error().message);
  return fill(**engine, std::get<Config>(config).tenants.front(), options.n);
}

}  // namespace freehold::native

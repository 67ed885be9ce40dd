// freehold serve: the server, from its configuration to its end.
#include <cstdio>
#include <cstdlib>

#include "native/boost.hpp"
#include "native/cli/command.hpp"
#include "native/server/listener.hpp"
#include "native/storage/data_folder.hpp"

namespace freehold::native {

namespace {

constexpr const char* help =
    "freehold serve --config FILE [--listen HOST:PORT] [--data DIR] [--www DIR[=/path]]...\n"
    "\n"
    "Answers for the services that FILE configures (native/config/config.hpp has an example).\n"
    "Prints {\"url\", \"did\", \"didKey\"} when it is ready; ends on SIGINT or SIGTERM.\n"
    "\n"
    "  --listen   where to listen; port 0 is any free one. Without it, what the configuration\n"
    "             says, or the next free port\n"
    "  --data     the folder of the database and of blobs; ./data without it\n"
    "  --www      serve the files in DIR as well, under /path\n";

constexpr int ports_tried_max = 100;

struct Address {
  std::string host;
  std::uint16_t port = 0;
  bool is_firm = false;  // no other port will do
};

std::string url_of(const Address& address) {
  const bool is_v6 = address.host.find(':') != std::string::npos;
  const bool is_any = address.host == "0.0.0.0" || address.host == "::";
  const std::string host = is_any ? "127.0.0.1" : is_v6 ? "[" + address.host + "]" : address.host;
  return "http://" + host + ":" + std::to_string(address.port);
}

/// Empty, or what is wrong.
std::string bind(Listener& listener, Address* address) {
  std::string error;
  for (int i = 0; i < ports_tried_max; ++i) {
    bool is_taken = false;
    error = listener.bind(address->host, &address->port, &is_taken);
    if (error.empty() || !is_taken || address->is_firm || address->port == 0xffff) return error;
    ++address->port;
  }
  return error;
}

void announce(const std::string& url, const Tenant& tenant) {
  const boost::json::value line{
      {"url", url}, {"did", tenant.did().text()}, {"didKey", tenant.key_did.text()}};
  std::printf("%s\n", boost::json::serialize(line).c_str());
  std::fflush(stdout);
}

int run(Config config, Address address, const std::filesystem::path& data,
        std::vector<Mount> mounts) {
  // The listener's threads outlive the service, which may still post to them as it ends.
  Listener listener;
  if (const std::string error = bind(listener, &address); !error.empty()) return complain(error);
  auto engine = open_data_folder(data, server_format);
  if (!engine) return complain(engine.error().message);
  auto blobs = BlobFiles::open(data / "blobs");
  if (!blobs) return complain(data.string() + ": " + blobs.error().what);

  const std::string url = config.public_url.empty() ? url_of(address) : config.public_url;
  const char* hold = std::getenv("FREEHOLD_HOLD");
  Service service(**engine,
                  Context{Tenants(std::move(config.tenants)), url, config.allocation_seconds,
                          blobs->get(), hold == nullptr ? "" : hold, config.watch});
  const Api api{&service, std::move(mounts)};
  announce(url, service.context().tenants.main());
  listener.run(api);
  return 0;
}

}  // namespace

int serve_command(const Words& words) {
  const Arguments arguments(words, {"--config", "--listen", "--data", "--www"});
  const auto file = arguments.option("--config");
  if (arguments.wants_help() || !arguments.error().empty() || !file || !arguments.rest().empty()) {
    return usage(help, arguments);
  }
  auto read = read_config(*file);
  if (const auto* error = std::get_if<ConfigError>(&read)) return complain(error->message);
  Config config = std::get<Config>(std::move(read));
  Address address{config.listen_host, config.listen_port};
  if (const auto listen = arguments.option("--listen")) {
    address.is_firm = true;
    if (!parse_address(*listen, &address.host, &address.port)) {
      return complain("--listen: HOST:PORT is expected");
    }
  }
  std::vector<Mount> mounts;
  for (const std::string& text : arguments.all("--www")) {
    auto mount = parse_mount(text);
    if (!mount) return complain("--www: no such folder: " + text);
    mounts.push_back(*std::move(mount));
  }
  const std::filesystem::path data = arguments.option("--data").value_or("data");
  return run(std::move(config), std::move(address), data, std::move(mounts));
}

}  // namespace freehold::native

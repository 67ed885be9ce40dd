/// What an operator writes into the configuration file (JSON):
///
///     { "listen": "127.0.0.1:8787",
///       "publicUrl": "https://store.example",          // else from the address
///       "allocationSeconds": 86400,                    // how long a reservation lasts
///       "watch": { "keepAliveSeconds": 20,             // 20 at most: clients give up after 60
///                  "watchersMax": 768,                 // 768 at most, of all spaces ...
///                  "watchersOfSpaceMax": 64 },         // ... and of one
///       "tenants": [
///         { "did": "did:web:localhost",
///           "keyFile": "service.key",                  // relative to this file; mode 0600
///           "createKey": true,                         // make it if it is missing
///           "providers": [
///             { "did": "did:web:free.localhost", "plan": "free", "capacity": 1073741824,
///               "blobSizeMax": 268435456, "subscribeOnSync": true,
///               "state": { "quota": 1073741824,        // bytes of a space's state with its
///               history
///                          "retentionSeconds": 604800, // how long a root can be read ...
///                          "retentionCheckpoints": 100,          // ... but of these the last only
///                          "bytesPerSecond": 1048576,  // of tree nodes written: more waits ...
///                          "burstBytes": 67108864 } } ] } ] }    // ... unless it is rare
#pragma once

#include <filesystem>
#include <string>
#include <variant>
#include <vector>

#include "freehold/base/limits.hpp"
#include "freehold/ucan/did.hpp"

namespace freehold::native {

/// What a plan grants to the state of one space (docs/design.md sections 6 and 9).
struct StateTerms {
  std::uint64_t quota = 1 << 30;  // bytes, history included
  std::int64_t retention_seconds = 7 * 24 * 3600;
  std::uint64_t retention_checkpoints = 100;
  std::uint64_t bytes_per_second = 1 << 20;  // of nodes written, in the long run ...
  std::uint64_t burst_bytes = 64 << 20;      // ... and at once
};

/// A plan that a tenant offers.
struct Provider {
  Did did;
  std::string plan;
  std::uint64_t capacity = 0;       // bytes for one space
  std::uint64_t blob_size_max = 0;  // bytes of one blob
  bool subscribe_on_sync = false;   // a space that syncs for the first time gets it
  StateTerms state;
};

/// A service for which this server answers. The audience of an invocation chooses it.
struct Tenant {
  Signer signer;
  Did key_did;  // what its signatures are verified with
  std::vector<Provider> providers;

  const Did& did() const noexcept { return signer.did; }
};

/// What `space/state/watch` takes of the server.
struct WatchTerms {
  std::int64_t keep_alive_seconds = limits::watch_quiet_seconds;
  std::size_t watchers_max = limits::watchers_max;
  std::size_t watchers_of_space_max = limits::watchers_of_space_max;
};

struct Config {
  std::string listen_host = "127.0.0.1";
  std::uint16_t listen_port = 8787;
  std::string public_url;  // empty: from the address
  std::int64_t allocation_seconds = 24 * 3600;
  WatchTerms watch;
  std::vector<Tenant> tenants;
};

/// An error for the operator: a sentence that names the field.
struct ConfigError {
  std::string message;
};

std::variant<Config, ConfigError> read_config(const std::filesystem::path& file);

/// "127.0.0.1:8787", "[::1]:0". False if it is not that.
bool parse_address(std::string_view text, std::string* host, std::uint16_t* port);

}  // namespace freehold::native

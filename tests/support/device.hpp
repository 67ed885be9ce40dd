/// A device with its replica and its storage, beside an authority, as a program would run it.
#pragma once

#include "freehold/codec/cbor.hpp"
#include "support/authority.hpp"

namespace freehold::test {

struct Device {
  Signer agent;
  Did service;
  Replica replica;
  MemoryStore disk;  // what is durable: blocks ...
  Bytes record;      // ... and the head record
  std::int64_t now = 1'000;
  int reads = 0;               // round trips of space/state/read
  std::size_t read_bytes = 0;  // that came back in them

  Device(const Signer& who, const Signer& authority, const Did& space)
      : agent(who), service(authority.did), replica(Replica::create(space)) {
    replica.know_service(service, service);
    record = replica.record();
  }

  void put(std::string_view at, std::string_view text);
  void erase(std::string_view at);
  Result<Commit> edit(std::vector<Replica::Change> changes, Service* network = nullptr,
                      std::vector<Block> attached = {});
  /// The text at a key; "(none)", "(other)", or "(missing)" if it cannot be had.
  std::string get(std::string_view at, Service* network = nullptr);
  std::size_t conflicts();

  Sealed begin(SyncOptions options = {});
  Result<SyncOutcome> finish(const Ucan& invocation, ByteView response, Service* network = nullptr);
  /// One round trip, and those that must be read for it.
  Result<SyncOutcome> sync(Service& authority, SyncOptions options = {});
  /// Reads until the replica is whole. `rounds_max`: then stops in the middle.
  Result<> pull(Service& authority, int rounds_max = 1 << 20);
  void set_scopes(std::vector<std::string_view> prefixes);
  /// Reads until the scopes are held, as `pull` does.
  Result<> fill(Service& authority, int rounds_max = 1 << 20);
  /// Frees what need not be held. False if that cannot be told.
  bool sweep();
  /// The program ends without a word, and starts again.
  void restart();

  /// Runs an operation until it has its blocks: from the disk, then from the network if given.
  template <class Operation>
  auto run(Service* network, Operation operation) -> decltype(operation()) {
    for (;;) {
      auto result = operation();
      if (result || result.error().code != Errc::missing || !supply(network)) return result;
    }
  }

 private:
  bool supply(Service* network);
  template <class Next, class Finish>
  Result<> read_all(Service& authority, int rounds_max, Next next, Finish finish);
  Result<> read(Service& authority, const ReadCall& call);
  void keep(const Commit& commit);
};

/// A space with its authority and two devices.
struct World {
  Did space;
  Authority authority;
  Device alice;
  Device bob;

  World();
  Device device(int number) const;
};

Bytes text_value(std::string_view text);

}  // namespace freehold::test

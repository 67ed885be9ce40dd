/// Accepts connections and keeps them within bounds, until it is told to stop.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "native/server/http_api.hpp"

namespace freehold::native {

class Listener {
 public:
  Listener();
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;
  ~Listener();

  /// Takes the address; port 0 is any free one. `*port` is set to the one that it is. An error
  /// text, empty if it went well; `*is_taken` tells that another program has the port.
  std::string bind(const std::string& host, std::uint16_t* port, bool* is_taken);

  /// Serves until SIGINT or SIGTERM comes, then lets what is under way end, for a few seconds.
  /// `api` must outlive the listener. @pre bound.
  void run(const Api& api);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace freehold::native

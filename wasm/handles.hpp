/// Objects of the core that JavaScript holds by a number.
///
/// Embind's classes would be 3 KB of JavaScript more than these: js/load-core.js makes methods of
/// what is named "kind.method", for the handles that come of "name:kind".
#pragma once

#include <map>

#include <emscripten/val.h>

namespace freehold::wasm {

template <class T>
class Handles {
 public:
  emscripten::val add(T object) {
    objects_.emplace(++last_, std::move(object));
    return emscripten::val(last_);
  }
  T& operator[](const emscripten::val& handle) { return objects_.at(handle.as<int>()); }
  void erase(const emscripten::val& handle) { objects_.erase(handle.as<int>()); }

 private:
  std::map<int, T> objects_;
  int last_ = 0;
};

}  // namespace freehold::wasm

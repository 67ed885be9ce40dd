#include "native/config/config.hpp"

#include <charconv>
#include <fstream>
#include <set>
#include <sstream>

#include <boost/json.hpp>

#include "native/config/key_file.hpp"

namespace freehold::native {

namespace json = boost::json;

namespace {

/// Reads an object field by field and remembers the first thing that is wrong, with its place.
class Fields {
 public:
  Fields(const json::value& value, std::string place, std::string* error)
      : place_(std::move(place)), error_(error) {
    object_ = value.if_object();
    if (object_ == nullptr) complain("", "an object is expected");
  }

  const json::value* optional(std::string_view name) {
    seen_.insert(std::string(name));
    return object_ == nullptr ? nullptr : object_->if_contains(name);
  }
  const json::value* required(std::string_view name) {
    const json::value* value = optional(name);
    if (value == nullptr) complain(name, "is missing");
    return value;
  }

  std::string text(std::string_view name) {
    const json::value* value = required(name);
    if (value != nullptr && !value->is_string()) complain(name, "a string is expected");
    return value != nullptr && value->is_string() ? std::string(value->get_string()) : "";
  }
  std::string text_or(std::string_view name, std::string otherwise) {
    return optional(name) == nullptr ? std::move(otherwise) : text(name);
  }
  bool flag(std::string_view name) {
    const json::value* value = optional(name);
    if (value == nullptr) return false;
    if (!value->is_bool()) complain(name, "true or false is expected");
    return value->is_bool() && value->get_bool();
  }
  std::uint64_t number(std::string_view name) {
    const json::value* value = required(name);
    if (value == nullptr) return 0;
    const auto whole = value->is_number() ? json::value_to<double>(*value) : -1;
    if (whole < 0 || whole > 9007199254740991.0 ||
        whole != static_cast<double>(static_cast<std::uint64_t>(whole))) {
      complain(name, "a whole number from 0 to 2^53 - 1 is expected");
      return 0;
    }
    return static_cast<std::uint64_t>(whole);
  }
  std::uint64_t number_or(std::string_view name, std::uint64_t otherwise) {
    return optional(name) == nullptr ? otherwise : number(name);
  }
  Did did(std::string_view name) {
    const Result<Did> parsed = Did::parse(text(name));
    if (!parsed) complain(name, "a DID is expected, as did:web:example.org");
    return parsed ? *parsed : Did();
  }
  const json::array* list(std::string_view name) {
    const json::value* value = required(name);
    if (value != nullptr && !value->is_array()) complain(name, "a list is expected");
    return value == nullptr ? nullptr : value->if_array();
  }

  /// A field that nobody asked for is a mistyped one.
  void complain_of_others() {
    if (object_ == nullptr) return;
    for (const auto& [name, value] : *object_) {
      if (!seen_.contains(std::string(name))) complain(name, "no such field");
    }
  }
  void complain(std::string_view name, std::string_view what) {
    if (!error_->empty()) return;
    std::string place = place_;
    if (!place.empty() && !name.empty()) place.push_back('.');
    place.append(name);
    if (place.empty()) place.append("the file");
    *error_ = place.append(": ").append(what);
  }
  std::string place_of(std::string_view name) const {
    return place_.empty() ? std::string(name) : place_ + "." + std::string(name);
  }
  std::string place_of(std::string_view name, std::size_t i) const {
    return place_of(name).append("[").append(std::to_string(i)).append("]");
  }

 private:
  const json::object* object_ = nullptr;
  std::string place_;
  std::string* error_;
  std::set<std::string> seen_;
};

StateTerms state_terms_of(const json::value& value, std::string place, std::string* error) {
  Fields fields(value, std::move(place), error);
  StateTerms terms;
  const auto at_least_one = [&fields](const char* name, std::uint64_t otherwise) {
    const std::uint64_t number = fields.number_or(name, otherwise);
    if (number == 0) fields.complain(name, "at least 1 is expected");
    return number;
  };
  terms.quota = fields.number_or("quota", terms.quota);
  terms.retention_seconds = static_cast<std::int64_t>(
      at_least_one("retentionSeconds", static_cast<std::uint64_t>(terms.retention_seconds)));
  terms.retention_checkpoints = at_least_one("retentionCheckpoints", terms.retention_checkpoints);
  terms.bytes_per_second = at_least_one("bytesPerSecond", terms.bytes_per_second);
  terms.burst_bytes = at_least_one("burstBytes", terms.burst_bytes);
  fields.complain_of_others();
  return terms;
}

WatchTerms watch_terms_of(const json::value& value, std::string place, std::string* error) {
  Fields fields(value, std::move(place), error);
  WatchTerms terms;
  const auto up_to = [&fields](const char* name, std::uint64_t most) {
    const std::uint64_t number = fields.number_or(name, most);
    if (number == 0 || number > most) {
      fields.complain(name, "a number from 1 to " + std::to_string(most) + " is expected");
    }
    return number;
  };
  terms.keep_alive_seconds =
      static_cast<std::int64_t>(up_to("keepAliveSeconds", limits::watch_quiet_seconds));
  terms.watchers_max = up_to("watchersMax", limits::watchers_max);
  terms.watchers_of_space_max = up_to("watchersOfSpaceMax", limits::watchers_of_space_max);
  fields.complain_of_others();
  return terms;
}

Provider provider_of(const json::value& value, std::string place, std::string* error) {
  Fields fields(value, std::move(place), error);
  Provider provider;
  provider.did = fields.did("did");
  provider.plan = fields.text("plan");
  provider.capacity = fields.number("capacity");
  provider.blob_size_max = fields.number_or("blobSizeMax", provider.capacity);
  provider.subscribe_on_sync = fields.flag("subscribeOnSync");
  const std::string state_place = fields.place_of("state");
  if (const json::value* state = fields.optional("state")) {
    provider.state = state_terms_of(*state, state_place, error);
  }
  fields.complain_of_others();
  return provider;
}

/// None if there is something wrong.
std::optional<Tenant> tenant_of(const json::value& value, std::string place,
                                const std::filesystem::path& folder, std::string* error) {
  Fields fields(value, std::move(place), error);
  const Did did = fields.did("did");
  const std::filesystem::path file = folder / fields.text("keyFile");
  const bool creates = fields.flag("createKey");
  std::vector<Provider> providers;
  if (const json::array* list = fields.list("providers")) {
    for (std::size_t i = 0; i < list->size(); ++i) {
      providers.push_back(provider_of((*list)[i], fields.place_of("providers", i), error));
    }
  }
  fields.complain_of_others();
  if (!error->empty()) return std::nullopt;

  if (creates && !std::filesystem::exists(file)) {
    if (!write_key_file(file, new_key())) fields.complain("keyFile", "cannot be made");
  }
  const Result<Ed25519Key> key = read_key_file(file);
  if (!key) {
    fields.complain("keyFile", file.string() + " has no private key (see freehold key new)");
    return std::nullopt;
  }
  const Did key_did = Did::of_ed25519(key->public_key());
  if (did.is_key() && did != key_did) {
    fields.complain("did", "is not the DID of the key, which is " + key_did.text());
    return std::nullopt;
  }
  return Tenant{Signer(did, *key), key_did, std::move(providers)};
}

Config config_of(const json::value& value, const std::filesystem::path& folder,
                 std::string* error) {
  Fields fields(value, "", error);
  Config config;
  const std::string listen = fields.text_or("listen", "127.0.0.1:8787");
  if (!parse_address(listen, &config.listen_host, &config.listen_port)) {
    fields.complain("listen", "host:port is expected");
  }
  config.public_url = fields.text_or("publicUrl", "");
  if (!config.public_url.empty() && !config.public_url.starts_with("http://") &&
      !config.public_url.starts_with("https://")) {
    fields.complain("publicUrl", "must start with http:// or https://");
  }
  while (config.public_url.ends_with('/')) config.public_url.pop_back();
  config.allocation_seconds =
      static_cast<std::int64_t>(fields.number_or("allocationSeconds", 24 * 3600));
  const std::string watch_place = fields.place_of("watch");
  if (const json::value* watch = fields.optional("watch")) {
    config.watch = watch_terms_of(*watch, watch_place, error);
  }
  if (const json::array* list = fields.list("tenants")) {
    if (list->empty()) fields.complain("tenants", "at least one is expected");
    for (std::size_t i = 0; i < list->size(); ++i) {
      auto tenant = tenant_of((*list)[i], fields.place_of("tenants", i), folder, error);
      if (!tenant) break;
      for (const Tenant& other : config.tenants) {
        if (other.did() == tenant->did()) fields.complain("tenants", "the same DID twice");
      }
      config.tenants.push_back(*std::move(tenant));
    }
  }
  fields.complain_of_others();
  return config;
}

}  // namespace

bool parse_address(std::string_view text, std::string* host, std::uint16_t* port) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos || colon == 0) return false;
  const std::string_view digits = text.substr(colon + 1);
  std::string_view name = text.substr(0, colon);
  if (name.starts_with('[') && name.ends_with(']')) name = name.substr(1, name.size() - 2);
  const auto [end, code] = std::from_chars(digits.data(), digits.data() + digits.size(), *port);
  if (code != std::errc() || end != digits.data() + digits.size()) return false;
  *host = std::string(name);
  return !host->empty();
}

std::variant<Config, ConfigError> read_config(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in) return ConfigError{file.string() + ": cannot be read"};
  std::stringstream text;
  text << in.rdbuf();
  boost::system::error_code code;
  json::parse_options options;
  options.allow_comments = true;
  options.allow_trailing_commas = true;
  const json::value value = json::parse(text.str(), code, {}, options);
  if (code) return ConfigError{file.string() + ": not JSON: " + code.message()};
  std::string error;
  Config config = config_of(value, file.parent_path(), &error);
  if (!error.empty()) return ConfigError{file.string() + ": " + error};
  return config;
}

}  // namespace freehold::native

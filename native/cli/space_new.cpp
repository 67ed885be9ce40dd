// freehold space new, clone, share: how a replica comes to be, on this device and on others.
#include <cstdio>

#include "freehold/base/limits.hpp"
#include "native/cli/space.hpp"
#include "native/cli/space_report.hpp"
#include "native/config/key_file.hpp"
#include "native/replica/rights.hpp"

namespace freehold::native {

namespace {

namespace fs = std::filesystem;

/// The key of this device: the one said, which is kept in the folder from now on, or the folder's.
Ed25519Key agent_key(const Arguments& arguments, const fs::path& folder) {
  const auto file = arguments.option("--key");
  if (!file) return LocalReplica::key_in(folder);
  const Ed25519Key said = unwrap(read_key_file(*file), *file);
  std::error_code ignored;
  if (fs::exists(folder / "agent.key", ignored) &&
      !equal(LocalReplica::key_in(folder).public_key(), said.public_key())) {
    throw Failure("Exists", "--key: " + folder.string() + " has another key already");
  }
  return said;
}

Did did_of(const Ed25519Key& key) {
  return Did::of_ed25519(key.public_key());
}

void make(const fs::path& folder, const Ed25519Key& agent, ReplicaAbout about, const Did& space,
          const Proof& proof) {
  about.proof = proof.root;
  for (const Block& block : proof.blocks) about.proof_blocks.push_back(block.cid);
  Replica head = Replica::create(space);
  if (about.service) head.know_service(about.service->did, about.service->key);
  LocalReplica::create(folder, agent, about, &proof, head);
}

/// The last part of a space's DID, for want of a better name.
std::string short_name(const Did& space) {
  const std::string& text = space.text();
  return text.substr(text.size() - std::min<std::size_t>(8, text.size()));
}

void refuse_existing(const fs::path& folder) {
  if (LocalReplica::is_there(folder)) {
    throw Failure("Exists", folder.string() + ": has a replica already");
  }
}

int run_new(const Arguments& arguments, const Console& console) {
  const fs::path folder = arguments.rest()[0];
  refuse_existing(folder);
  ReplicaAbout about;
  if (const auto url = arguments.option("--remote")) about.service = identity_of(parse_url(*url));
  const Ed25519Key agent = agent_key(arguments, folder);
  const Ed25519Key owner = new_key();
  const Did space = did_of(owner);
  about.name = arguments.option("--name").value_or(short_name(space));
  const Grant grant{space, about.name, did_of(agent), {"*"}, std::nullopt};
  const std::string name = about.name;
  make(folder, agent, std::move(about), space, delegate(Signer(owner), grant, nullptr));
  const std::string recovery = text_of_key(owner);
  if (console.is_json()) {
    console.record(Map{{"space", space.text()},
                       {"name", name},
                       {"agent", did_of(agent).text()},
                       {"recoveryKey", recovery}});
  } else {
    console.line("space        " + space.text());
    console.line("agent        " + did_of(agent).text());
    console.line("recovery key " + recovery);
    std::fputs("Keep the recovery key in a safe place: it is shown once, and is the space.\n",
               stderr);
  }
  return status::ok;
}

// --- clone --------------------------------------------------------------------------------------

/// What gives the device its rights: a delegation to it, or one that the space's own key makes now.
Proof proof_for(const Arguments& arguments, const Ed25519Key& agent) {
  const auto file = arguments.option("--delegation");
  if (file) return parse_proof(read_input(*file, limits::delegation_file_bytes_max));
  const auto recovery = arguments.option("--recovery");
  if (!recovery) {
    throw Failure("NoDelegation", "this device is " + did_of(agent).text() +
                                      ": have the space shared with it, then say --delegation");
  }
  const Bytes text = read_input(*recovery, limits::delegation_file_bytes_max);
  std::string_view word = text_of(text);
  while (!word.empty() && word.back() <= ' ') word.remove_suffix(1);
  const Ed25519Key owner = unwrap(parse_key(word), "--recovery");
  const Grant grant{did_of(owner), "", did_of(agent), {"*"}, std::nullopt};
  return delegate(Signer(owner), grant, nullptr);
}

/// Who wants some of it, does not want the rest.
bool is_lazy(const Arguments& arguments) {
  return arguments.has_flag("--lazy") || !arguments.all("--scope").empty();
}

void begin_clone(const Arguments& arguments, const fs::path& folder) {
  const auto url = arguments.option("--remote");
  if (!url) throw Failure("Usage", "clone: say --remote URL");
  const Ed25519Key agent = agent_key(arguments, folder);
  const Proof proof = proof_for(arguments, agent);
  const Examined about = examine(proof, did_of(agent), now_seconds());
  ReplicaAbout known;
  known.is_imported = true;
  known.is_lazy = is_lazy(arguments);
  known.name = arguments.option("--name").value_or(about.name);
  if (known.name.empty()) known.name = short_name(about.space);
  known.service = identity_of(parse_url(*url));
  make(folder, agent, std::move(known), about.space, proof);
}

int run_clone(const Arguments& arguments, const Console& console) {
  const fs::path folder = arguments.rest()[0];
  const bool is_begun = LocalReplica::is_there(folder);
  if (!is_begun) begin_clone(arguments, folder);
  LocalReplica replica(folder);
  const auto url = arguments.option("--remote");
  if (is_begun && url) connect(replica, *url);
  if (is_begun && is_lazy(arguments)) replica.set_lazy(true);
  change_scopes(replica, arguments);
  return sync_and_report(replica, false, "clone", console);
}

// --- share --------------------------------------------------------------------------------------

int run_share(const Arguments& arguments, const Console& console) {
  const auto to = arguments.option("--to");
  if (!to) throw Failure("Usage", "share: say --to DID");
  Grant grant;
  grant.audience = did_of_word(*to, "--to");
  grant.can = arguments.all("--can");
  if (grant.can.empty()) grant.can = {"space/*", "assert/state"};
  for (const std::string& can : grant.can) {
    if (can != "*" && can.find('/') == std::string::npos) {
      throw Failure("Usage", "--can: an ability, as space/*: " + can);
    }
  }
  if (const auto seconds = number_option(arguments, "--expires-in", 1)) {
    if (*seconds > limits::integer_safe_max / 2) throw Failure("Usage", "--expires-in: too large");
    grant.expires = now_seconds() + static_cast<std::int64_t>(*seconds);
  }
  LocalReplica replica(arguments.rest()[0], LmdbMode::read_only);
  replica.read([&](const Snapshot& state) {
    grant.space = state.head.space();
    grant.name = state.about.name;
  });
  const Proof own = replica.proof();
  const std::string text = text_of_proof(delegate(Signer(replica.agent()), grant, &own));
  if (!console.is_json()) {
    console.line(text);
    return status::ok;
  }
  console.record(Map{{"space", grant.space.text()},
                     {"audience", grant.audience.text()},
                     {"can", List(grant.can.begin(), grant.can.end())},
                     {"expires", grant.expires ? Value(*grant.expires) : Value()},
                     {"delegation", text}});
  return status::ok;
}

}  // namespace

SpaceCommand space_new() {
  return {
      "new",
      "freehold space new DIR [--name NAME] [--remote URL] [--key FILE]\n"
      "\n"
      "Makes a space and a replica of it in DIR. Prints the space's DID, the DID of this device\n"
      "(agent), and the recovery key: the private key of the space, which is kept nowhere.\n"
      "\n"
      "  --name     what you call it\n"
      "  --remote   the service to sync with\n"
      "  --key      the device's private key; without it, a new one\n"
      "\n"
      "JSON: {\"space\", \"name\", \"agent\", \"recoveryKey\"}\n",
      {"--name", "--remote", "--key"},
      {},
      1,
      1,
      run_new};
}

SpaceCommand space_clone() {
  return {
      "clone",
      "freehold space clone DIR --remote URL (--delegation FILE | --recovery FILE) [--lazy]\n"
      "                     [--scope PREFIX]...\n"
      "\n"
      "Makes a replica of a space that is elsewhere, and syncs until all of it is here. What was\n"
      "received is kept: after an interruption the same command, or sync, goes on. Without a\n"
      "delegation it makes the device's key, and says to whom the space is to be shared.\n"
      "\n"
      "  --delegation  what `share` printed, or a UCAN archive; - is standard input\n"
      "  --recovery    the recovery key of the space instead\n"
      "  --lazy        stops before the entries: each is read from the service when it is asked "
      "for\n"
      "  --scope       lazy, but for the keys that begin so: these are always here, also offline\n"
      "  --key         the device's private key; without it, the folder's, or a new one\n"
      "  --name        what you call the space; without it, what the giver does\n"
      "\n"
      "Prints what sync prints, and ends as sync does.\n",
      {"--remote", "--delegation", "--recovery", "--key", "--name", "--scope"},
      {"--lazy"},
      1,
      1,
      run_clone};
}

SpaceCommand space_share() {
  return {
      "share",
      "freehold space share DIR --to DID [--can ABILITY]... [--expires-in SECONDS]\n"
      "\n"
      "Prints a delegation of the space to another device or person, as one line of text, which\n"
      "`clone` and the JavaScript package's importDelegation take.\n"
      "\n"
      "  --can          an ability; without it, space/* and assert/state\n"
      "  --expires-in   how long it counts; without it, for ever\n"
      "\n"
      "JSON: {\"space\", \"audience\", \"can\", \"expires\", \"delegation\"}\n",
      {"--to", "--can", "--expires-in"},
      {},
      1,
      1,
      run_share};
}

}  // namespace freehold::native

#include "freehold/ucan/validator.hpp"

#include <map>
#include <memory>

#include "freehold/base/limits.hpp"
#include "freehold/ucan/denial.hpp"
#include "freehold/ucan/match.hpp"

namespace freehold {

namespace {

/// What is asked for: a capability by its definition; in a session check one with this link too.
struct Claim {
  const CapabilityDefinition* definition;
  const Cid* attested = nullptr;  // nb.proof must be this, and `with` one of our names
};

using Tokens = std::vector<const Token*>;
using Path = std::vector<const Match*>;

enum class Outcome {
  authorized,
  none,    // nothing that fits was claimed, or it was revoked
  failed,  // it was, but its chain failed
};

constexpr std::string_view attest_ability = "ucan/attest";

// How `ucan/attest` is read within a session check: the link is compared with the attested one, and
// a delegation that spells out a link never matches (protocol.md section 9.2).
constexpr Shape attested_link{.kind = Shape::Kind::link};
constexpr CaveatField session_caveats[] = {{"proof", &attested_link, Rule::loose, true}};
constexpr CapabilityDefinition session_definition{
    .can = attest_ability, .with_prefix = resource::did, .nb = session_caveats};

bool is_self_issued(const Match& match) noexcept {
  return match.value.with == match.token->ucan.issuer.text();
}

void append_all(std::vector<std::string>& to, const std::vector<std::string>& more) {
  to.insert(to.end(), more.begin(), more.end());
}

/// The search for one claim. Depth first, in the order of proofs and capabilities; the first path
/// that ends with the owner of the resource, and is not revoked, wins.
class Search {
 public:
  explicit Search(const ValidationContext& context) noexcept : context_(context) {}

  tl::expected<Authorization, Denial> run(const Ucan& invocation,
                                          const CapabilityDefinition& definition) {
    auto& token = tokens_[invocation.cid()];
    token = std::make_unique<Token>(Token{invocation, {}, {}});
    Authorization found;
    std::vector<std::string> errors;
    if (claim({&definition}, {token.get()}, &found, &errors) == Outcome::authorized) return found;

    Denial denial;
    denial.message = "Claim {\"can\":\"" + std::string(definition.can) + "\"} is not authorized";
    if (errors.empty()) errors.push_back("No matching delegated capability found");
    denial::append_items(denial.message, errors);
    denial.reasons = std::move(reasons_).take();
    return tl::unexpected<Denial>(std::move(denial));
  }

 private:
  // --- one claim --------------------------------------------------------------------------------

  /// Tries what `tokens` claim. On failure `errors` has the reasons.
  Outcome claim(const Claim& claim, const Tokens& tokens, Authorization* found,
                std::vector<std::string>* errors) {
    std::vector<std::string> invalid;
    Selection selection;
    for (const Token* token : tokens) {
      if (std::string error = validate(*token, tokens); !error.empty()) {
        invalid.push_back(std::move(error));
        continue;
      }
      for (const Capability& capability : token->ucan.capabilities) {
        if (is_exhausted()) break;
        match_claim(*claim.definition, {&capability, token}, &selection, &reasons_);
      }
    }
    drop_other_attestations(claim, &selection);

    Outcome outcome = Outcome::none;
    for (const Match& match : selection.matches) {
      Path path{&match};
      std::string error;
      switch (climb(claim, path, found, &error)) {
        case Climb::reached: return Outcome::authorized;
        case Climb::revoked: invalid.push_back(std::move(error)); break;
        case Climb::failed:
          outcome = Outcome::failed;
          errors->push_back(std::move(error));
          break;
      }
    }
    append_all(*errors, selection.errors);
    append_all(*errors, invalid);
    append_unknown(*errors, selection.unknown);
    return outcome;
  }

  enum class Climb { reached, revoked, failed };

  /// From the end of `path` up to a capability that its owner issued.
  Climb climb(const Claim& claim, Path& path, Authorization* found, std::string* error) {
    const Match& match = *path.back();
    if (is_self_issued(match)) {
      if (is_revoked(path, error)) return Climb::revoked;
      *found = {path.front()->value, {}};
      for (const Match* link : path) found->chain.push_back(link->token->ucan.cid());
      return Climb::reached;
    }
    if (path.size() == limits::proof_chain_max) {
      reasons_.note("LimitExceeded");
      *error = "proof_chain_max";
      return Climb::failed;
    }
    const Sources& sources = sources_of(*match.token);
    const Selection selection = select_delegated(claim, match, sources.valid);
    std::vector<std::string> failed;
    std::string revoked;
    for (const Match& next : selection.matches) {
      path.push_back(&next);
      std::string why;
      const Climb climbed = climb(claim, path, found, &why);
      path.pop_back();
      if (climbed == Climb::reached) return climbed;
      if (climbed == Climb::revoked) {
        revoked = std::move(why);
      } else {
        failed.push_back(std::move(why));
      }
    }
    if (!revoked.empty()) {  // a whole chain, were it not for that: nothing else is to be said
      *error = std::move(revoked);
      return Climb::revoked;
    }
    *error = explain(match, failed, selection, sources.errors);
    return Climb::failed;
  }

  Selection select_delegated(const Claim& claim, const Match& claimed,
                             const std::vector<Source>& sources) {
    Selection selection;
    for (const Source& source : sources) {
      if (is_exhausted()) break;
      match_delegated(claimed, source, &selection, &reasons_);
    }
    drop_other_attestations(claim, &selection);
    // The ability itself goes before others that it can be derived from.
    for (Match& match : selection.derived) selection.matches.push_back(std::move(match));
    selection.derived.clear();
    return selection;
  }

  std::string explain(const Match& match, const std::vector<std::string>& failed,
                      const Selection& selection, const std::vector<std::string>& invalid) {
    std::vector<std::string> lines{"Capability can not be (self) issued by '" +
                                   match.token->ucan.issuer.text() + "'"};
    if (failed.empty() && selection.errors.empty() && invalid.empty()) {
      lines.push_back("Delegated capability not found");
      if (selection.unknown.empty()) reasons_.note("InvalidClaim");
    }
    append_all(lines, failed);
    append_all(lines, selection.errors);
    append_all(lines, invalid);
    append_unknown(lines, selection.unknown);
    std::string text = "Capability " +
                       denial::text_of(match.value.can, match.value.with, match.value.nb) +
                       " is not authorized because:";
    denial::append_items(text, lines);
    return text;
  }

  void append_unknown(std::vector<std::string>& to, const std::vector<std::string>& unknown) {
    if (unknown.empty()) return;
    reasons_.note("UnknownCapability");
    std::string text = "Encountered unknown capabilities";
    denial::append_items(text, unknown);
    to.push_back(std::move(text));
  }

  /// Whether somebody who may revoke a UCAN of the path has done so: its issuer, its audience, or
  /// those of the UCANs above it.
  bool is_revoked(const Path& path, std::string* error) {
    if (context_.revocations == nullptr) return false;
    for (auto link = path.begin(); link != path.end(); ++link) {
      const Cid& cid = (*link)->token->ucan.cid();
      for (const Did& revoker : context_.revocations->revokers_of(cid)) {
        const bool may_revoke = std::any_of(link, path.end(), [&revoker](const Match* above) {
          const Ucan& ucan = above->token->ucan;
          return ucan.issuer == revoker || ucan.audience == revoker;
        });
        if (!may_revoke) continue;
        reasons_.note("Revoked");
        *error = denial::revoked(cid);
        return true;
      }
    }
    return false;
  }

  /// In a session check: leaves what says, for us or one of our aliases, that this very UCAN was
  /// authorized.
  void drop_other_attestations(const Claim& claim, Selection* selection) const {
    if (claim.attested == nullptr) return;
    std::erase_if(selection->matches, [&](const Match& match) {
      const Value* proof = match.value.nb.find("proof");
      const bool is_ours =
          match.value.with == context_.authority.text() ||
          std::any_of(context_.aliases.begin(), context_.aliases.end(),
                      [&match](const Did& alias) { return match.value.with == alias.text(); });
      return !is_ours || proof == nullptr || *proof != Value(*claim.attested);
    });
  }

  // --- proofs -----------------------------------------------------------------------------------

  /// What the proofs of `token` offer. Looked at once.
  const Sources& sources_of(const Token& token) {
    if (token.sources) return *token.sources;
    Sources& sources = token.sources.emplace();
    Tokens aligned;
    for (const Cid& cid : token.ucan.proofs) {
      const Token* proof = token_of(cid);
      if (proof == nullptr) {
        reasons_.note("UnavailableProof");
        sources.errors.push_back(underivable(cid, denial::unavailable(cid)));
      } else if (proof->ucan.audience != token.ucan.issuer) {
        reasons_.note("InvalidAudience");
        sources.errors.push_back(
            underivable(cid, denial::misaligned(proof->ucan, token.ucan.issuer)));
      } else {
        aligned.push_back(proof);
      }
    }
    for (const Token* proof : aligned) {
      if (const std::string error = validate(*proof, aligned); !error.empty()) {
        sources.errors.push_back(underivable(proof->ucan.cid(), error));
        continue;
      }
      for (const Capability& capability : proof->ucan.capabilities) {
        sources.valid.push_back({&capability, proof});
      }
    }
    return sources;
  }

  static std::string underivable(const Cid& proof, const std::string& why) {
    return "Capability can not be derived from prf:" + proof.text() + " because:\n" +
           denial::item(why);
  }

  /// The UCAN under `cid`; null if it is not held, is none, or was one too many.
  const Token* token_of(const Cid& cid) {
    const auto known = tokens_.find(cid);
    if (known != tokens_.end()) return known->second.get();
    if (tokens_.size() == limits::validation_tokens_max || context_.proofs == nullptr) {
      return nullptr;
    }
    std::unique_ptr<Token> token;
    if (const auto bytes = find_inline(*context_.proofs, cid)) {
      auto ucan = Ucan::decode(Block(cid, copy_of(*bytes)));
      if (ucan) token = std::make_unique<Token>(Token{*std::move(ucan), {}, {}});
    }
    return (tokens_[cid] = std::move(token)).get();
  }

  // --- one UCAN ---------------------------------------------------------------------------------

  /// Why `token`, among its siblings, is not valid; empty if it is.
  std::string validate(const Token& token, const Tokens& siblings) {
    const Ucan& ucan = token.ucan;
    if (is_exhausted()) return "validation_steps_max";
    if (ucan.expires && *ucan.expires <= context_.now) {
      reasons_.note("Expired");
      return denial::expired(ucan);
    }
    if (ucan.not_before.value_or(0) != 0 && context_.now <= *ucan.not_before) {
      reasons_.note("NotValidBefore");
      return denial::too_early(ucan);
    }
    if (ucan.issuer.is_key()) return check_signature(token, {&ucan.issuer, 1});
    if (ucan.issuer == context_.authority)
      return check_signature(token, {&context_.authority_key, 1});
    return check_session(token, siblings);
  }

  /// By one of the keys. Verified once: the keys of an issuer are the same throughout a search.
  std::string check_signature(const Token& token, std::span<const Did> keys) {
    if (!token.signature_error) {
      const bool is_valid = std::any_of(keys.begin(), keys.end(), [&token](const Did& key) {
        return verify_signature(token.ucan, key);
      });
      token.signature_error = is_valid ? "" : denial::invalid_signature(token.ucan, keys.front());
    }
    if (!token.signature_error->empty()) reasons_.note("InvalidSignature");
    return *token.signature_error;
  }

  /// An issuer without a key of its own needs an attestation beside its UCAN, or a key that can be
  /// resolved.
  std::string check_session(const Token& token, const Tokens& siblings) {
    Tokens attestations;
    for (const Token* sibling : siblings) {
      const auto& capabilities = sibling->ucan.capabilities;
      const bool is_attestation =
          !capabilities.empty() && capabilities.front().can == attest_ability;
      if (is_attestation && sibling != &token) attestations.push_back(sibling);
    }
    // An attestation may need one itself, and so on: bounded in depth here, in number by the steps.
    Outcome outcome = Outcome::none;
    std::vector<std::string> errors;
    if (session_depth_ < limits::proof_chain_max) {
      ++session_depth_;
      Authorization found;
      const Claim attestation{&session_definition, &token.ucan.cid()};
      outcome = claim(attestation, attestations, &found, &errors);
      --session_depth_;
    }
    if (outcome == Outcome::authorized) return {};
    if (outcome == Outcome::failed) {
      reasons_.note("SessionEscalation");
      std::string text = "Delegation " + token.ucan.cid().text() + " issued by " +
                         token.ucan.issuer.text() + " has an invalid session";
      denial::append_items(text, errors);
      return text;
    }
    std::vector<Did> keys;
    if (context_.resolver != nullptr) keys = context_.resolver->keys_of(token.ucan.issuer);
    if (!keys.empty()) return check_signature(token, keys);
    reasons_.note("DIDKeyResolutionError");
    return denial::unresolved(token.ucan.issuer);
  }

  /// Counts a step: paths through shared proofs are as many as one likes to make them.
  bool is_exhausted() {
    if (steps_ < limits::validation_steps_max) {
      ++steps_;
      return false;
    }
    reasons_.note("LimitExceeded");
    return true;
  }

  const ValidationContext& context_;
  std::map<Cid, std::unique_ptr<Token>> tokens_;  // null: looked for in vain
  Reasons reasons_;
  std::size_t steps_ = 0;
  std::size_t session_depth_ = 0;
};

}  // namespace

tl::expected<Authorization, Denial> authorize(const Ucan& invocation,
                                              const CapabilityDefinition& definition,
                                              const ValidationContext& context) {
  return Search(context).run(invocation, definition);
}

tl::expected<Authorization, Denial> authorize(const Ucan& invocation,
                                              const ValidationContext& context) {
  CapabilityDefinition open{.can = "", .with_prefix = resource::any};
  open.is_resource_pattern = true;
  open.is_open = true;
  const CapabilityDefinition* definition = nullptr;
  if (!invocation.capabilities.empty()) {
    open.can = invocation.capabilities.front().can;
    definition = find_capability(open.can);
  }
  return authorize(invocation, definition != nullptr ? *definition : open, context);
}

}  // namespace freehold

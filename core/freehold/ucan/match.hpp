/// Which capabilities of which UCANs fit a claim, and why the others do not: one step of the
/// validator's search. Source: protocol.md section 8, steps 3 and 5.
#pragma once

#include <algorithm>

#include "freehold/ucan/capability.hpp"
#include "freehold/ucan/ucan.hpp"

namespace freehold {

struct Token;

/// One capability of a UCAN that was found valid.
struct Source {
  const Capability* capability;
  const Token* token;
};

/// What the proofs of a UCAN offer, and what is wrong with the others.
struct Sources {
  std::vector<Source> valid;
  std::vector<std::string> errors;
};

/// A UCAN that the search has come across. Kept until the search ends.
struct Token {
  Ucan ucan;
  mutable std::optional<Sources> sources;              // of its proofs, once they were looked at
  mutable std::optional<std::string> signature_error;  // once it was verified; empty if valid
};

/// A capability that fits the definition, and the UCAN that says it.
struct Match {
  const CapabilityDefinition* definition;
  ParsedCapability value;
  const Token* token;
};

/// The matches among some sources, and what is wrong with the rest.
struct Selection {
  std::vector<Match> matches;
  std::vector<Match> derived;  // of other abilities, from which the claimed one can be derived
  std::vector<std::string> errors;
  std::vector<std::string> unknown;
};

/// Names of innermost causes, each once.
class Reasons {
 public:
  void note(std::string_view reason) {
    if (std::find(names_.begin(), names_.end(), reason) == names_.end()) {
      names_.emplace_back(reason);
    }
  }
  std::vector<std::string> take() && { return std::move(names_); }

 private:
  std::vector<std::string> names_;
};

/// Adds `source` to the matches if it is a claim by the definition: its very ability, everything
/// complete. Else to what is wrong.
void match_claim(const CapabilityDefinition& definition, const Source& source, Selection* selection,
                 Reasons* reasons);

/// Adds `source` to the matches if it is a pattern from which `claimed` may have been delegated.
void match_delegated(const Match& claimed, const Source& source, Selection* selection,
                     Reasons* reasons);

}  // namespace freehold

#include "native/cli/evidence_report.hpp"

#include <cstdio>

#include "native/cli/shown.hpp"

namespace freehold::native {

namespace {

bool is_fork(const EvidenceVerdict& verdict) {
  return verdict.kind == EvidenceKind::fork;
}

void print_finding(const EvidenceVerdict& verdict) {
  const std::string authority = shown(verdict.authority.text());
  if (!is_fork(verdict)) {
    std::printf(
        "rollback: %s was shown the first of these checkpoints, and answered with the other\n",
        authority.c_str());
  } else if (verdict.receipt) {
    std::printf("fork: %s answered from another checkpoint than it was shown\n", authority.c_str());
  } else {
    std::printf("fork: %s signed two different histories, with another checkpoint %llu in each\n",
                authority.c_str(), static_cast<unsigned long long>(verdict.number));
  }
}

}  // namespace

void print_evidence(const EvidenceVerdict& verdict) {
  std::printf("space %s\n", shown(verdict.space.text()).c_str());
  print_finding(verdict);
  for (const Checkpoint& checkpoint : verdict.checkpoints) {
    std::printf("  checkpoint %llu of %s: %s\n", static_cast<unsigned long long>(checkpoint.seq),
                shown_time(checkpoint.time).c_str(), checkpoint.cid().text().c_str());
  }
  if (verdict.receipt) {
    std::printf("  receipt %s\n  of %s\n", verdict.receipt->cid().text().c_str(),
                verdict.invocation.cid().text().c_str());
  }
  std::puts(verdict.proven == Proven::yes
                ? "  proven: the space had given it the right to sign"
                : "  unproven: not by a delegation of the space; you named it yourself");
  std::puts("proved");
}

Value report_of_evidence(const EvidenceVerdict& verdict) {
  List checkpoints;
  for (const Checkpoint& checkpoint : verdict.checkpoints) {
    checkpoints.push_back(Value(Map{{"cid", Value(checkpoint.cid())},
                                    {"seq", Value(checkpoint.seq)},
                                    {"time", Value(checkpoint.time)}}));
  }
  Map report{{"proved", Value(true)},
             {"evidence", Value(is_fork(verdict) ? "fork" : "rollback")},
             {"space", Value(verdict.space.text())},
             {"authority", Value(verdict.authority.text())},
             {"proven", Value(verdict.proven == Proven::yes)},
             {"checkpoints", Value(std::move(checkpoints))}};
  if (verdict.receipt) {
    report.set("receipt", Value(verdict.receipt->cid()));
    report.set("invocation", Value(verdict.invocation.cid()));
  } else {
    report.set("number", Value(verdict.number));
  }
  return Value(std::move(report));
}

}  // namespace freehold::native

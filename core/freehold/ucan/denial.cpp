#include "freehold/ucan/denial.hpp"

#include "freehold/base/limits.hpp"
#include "freehold/codec/dag_json.hpp"

namespace freehold::denial {

namespace {

std::string two_digits(std::int64_t n) {
  return (n < 10 ? "0" : "") + std::to_string(n);
}

std::string quoted(std::string_view text) {
  return encode_dag_json(Value(text));
}

}  // namespace

std::string item(std::string_view text) {
  std::string indented = "  - ";
  for (const char c : text) {
    indented += c;
    if (c == '\n') indented += "  ";
  }
  return indented;
}

void append_items(std::string& to, const std::vector<std::string>& texts) {
  for (const std::string& text : texts) {
    if (to.size() + text.size() > limits::denial_bytes_max) {
      to += "\n  - ...";
      return;
    }
    (to += '\n') += item(text);
  }
}

std::string date(std::int64_t seconds) {
  static constexpr const char* week_days[] = {"Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"};
  static constexpr const char* months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                           "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  constexpr std::int64_t day_seconds = 86400;
  constexpr std::int64_t seconds_max = 8'640'000'000'000;  // the end of JavaScript's time
  if (seconds > seconds_max || seconds < -seconds_max) return "Invalid Date";
  std::int64_t day = seconds / day_seconds;
  std::int64_t rest = seconds % day_seconds;
  if (rest < 0) {
    rest += day_seconds;
    --day;
  }
  // Days to a date of the proleptic Gregorian calendar, by eras of 400 years that begin in March
  // (Howard Hinnant, "chrono-compatible low-level date algorithms").
  const std::int64_t shifted = day + 719468;
  const std::int64_t era = (shifted >= 0 ? shifted : shifted - 146096) / 146097;
  const std::int64_t day_of_era = shifted - era * 146097;
  const std::int64_t year_of_era =
      (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
  const std::int64_t day_of_year =
      day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const std::int64_t month = (5 * day_of_year + 2) / 153;  // from March
  const std::int64_t date = day_of_year - (153 * month + 2) / 5 + 1;
  const std::int64_t year = era * 400 + year_of_era + (month >= 10 ? 1 : 0);
  return std::string(week_days[((day % 7) + 7) % 7]) + " " + months[(month + 2) % 12] + " " +
         two_digits(date) + " " + std::to_string(year) + " " + two_digits(rest / 3600) + ":" +
         two_digits(rest / 60 % 60) + ":" + two_digits(rest % 60) +
         " GMT+0000 (Coordinated Universal Time)";
}

std::string expired(const Ucan& ucan) {
  return "Proof " + ucan.cid().text() + " has expired on " + date(ucan.expires.value_or(0));
}

std::string too_early(const Ucan& ucan) {
  return "Proof " + ucan.cid().text() + " is not valid before " + date(ucan.not_before.value_or(0));
}

std::string invalid_signature(const Ucan& ucan, const Did& key) {
  const std::string proof = "Proof " + ucan.cid().text();
  if (ucan.issuer.is_key()) return proof + " does not has a valid signature from " + key.text();
  return proof + " issued by " + ucan.issuer.text() + " does not has a valid signature from " +
         key.text();
}

std::string unavailable(const Cid& proof) {
  return "Linked proof '" + proof.text() + "' is not included and could not be resolved";
}

std::string misaligned(const Ucan& proof, const Did& wanted) {
  return "Delegation audience is '" + proof.audience.text() + "' instead of '" + wanted.text() +
         "'";
}

std::string unresolved(const Did& did) {
  return "Unable to resolve '" + did.text() + "' key";
}

std::string revoked(const Cid& ucan) {
  return "Proof " + ucan.text() + " has been revoked";
}

std::string malformed(const Capability& capability, std::string_view misfit) {
  return "Encountered malformed '" + capability.can + "' capability: " + text_of(capability) +
         "\n" + item(misfit);
}

std::string text_of(std::string_view can, std::string_view with, const Map& nb) {
  std::string text = "{\"can\":" + quoted(can) + ",\"with\":" + quoted(with);
  if (!nb.empty()) text += ",\"nb\":" + encode_dag_json(nb, KeyOrder::kept);
  return text + "}";
}

std::string text_of(const Capability& capability) {
  return encode_dag_json(value_of(capability), KeyOrder::kept);
}

}  // namespace freehold::denial

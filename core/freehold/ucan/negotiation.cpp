// Content negotiation, as the reference does it: a content type must match to the letter; `accept`
// is a list with `q`, of which an item without `q` counts as zero.
#include <algorithm>

#include "freehold/ucan/dispatch.hpp"
#include "freehold/ucan/legacy.hpp"

namespace freehold {

namespace {

struct Media {
  std::string_view category;
  std::string_view type;
  double preference = 0;
};

std::string_view trimmed(std::string_view text) noexcept {
  const std::string_view space = " \t\r\n";
  const std::size_t from = text.find_first_not_of(space);
  if (from == text.npos) return {};
  return text.substr(from, text.find_last_not_of(space) + 1 - from);
}

/// "0.5", at most three digits behind the point: all that a `q` may have. Anything else is zero.
double preference_of(std::string_view text) noexcept {
  double number = 0;
  double place = 0;  // of the next digit behind the point; 0 while there was none
  for (const char c : text) {
    if (c == '.' && place == 0) {
      place = 0.1;
    } else if (c < '0' || c > '9') {
      break;
    } else if (place == 0) {
      number = number * 10 + (c - '0');
    } else {
      number += (c - '0') * place;
      place /= 10;
    }
  }
  return number;
}

Media parse_media(std::string_view text) noexcept {
  text = trimmed(text);
  const std::string_view range = text.substr(0, text.find(';'));
  const std::size_t slash = range.find('/');
  Media media{range.substr(0, slash), "*"};
  if (media.category.empty()) media.category = "*";
  if (slash != range.npos) media.type = range.substr(slash + 1);
  if (range.size() < text.size()) {
    std::string_view parameter = text.substr(range.size() + 1);
    parameter = trimmed(parameter.substr(0, parameter.find(';')));
    if (parameter.starts_with("q=")) media.preference = preference_of(parameter.substr(2));
  }
  return media;
}

/// The most preferred first, equals in the order in which they stand.
std::vector<Media> parse_accept(std::string_view text) {
  std::vector<Media> accepted;
  for (;;) {
    const std::size_t comma = text.find(',');
    const Media media = parse_media(text.substr(0, comma));
    const auto place = std::find_if(accepted.begin(), accepted.end(), [&media](const Media& other) {
      return other.preference < media.preference;
    });
    accepted.insert(place, media);
    if (comma == text.npos) return accepted;
    text.remove_prefix(comma + 1);
  }
}

bool equal_names(std::string_view left, std::string_view right) noexcept {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return std::equal(left.begin(), left.end(), right.begin(), right.end(),
                    [&lower](char a, char b) { return lower(a) == lower(b); });
}

std::string_view header_of(std::span<const Header> headers, std::string_view name) noexcept {
  for (const Header& header : headers) {
    if (equal_names(header.name, name) && !header.value.empty()) return header.value;
  }
  return {};
}

HttpReply refusal(int status, std::string accept, std::string_view why) {
  return {status, {{"accept", std::move(accept)}}, copy_of(view_of(why))};
}

bool matches(const Media& wanted, const Media& offered) noexcept {
  return (wanted.category == "*" || wanted.category == offered.category) &&
         (wanted.type == "*" || wanted.type == offered.type);
}

}  // namespace

tl::expected<Formats, HttpReply> negotiate(std::span<const Header> headers, Dialect dialect) {
  const bool has_legacy = dialect == Dialect::with_legacy;
  const std::string current(car_media_type);
  const std::string_view content_type = header_of(headers, "content-type");
  Formats formats;
  formats.is_legacy_request = has_legacy && content_type == legacy_request_media_type;
  if (!formats.is_legacy_request && content_type != car_media_type) {
    const std::string legacy = std::string(legacy_request_media_type) + ", ";
    return tl::unexpected<HttpReply>(
        refusal(415, (has_legacy ? legacy : std::string()) + current,
                "The server cannot process the request because the payload format is not "
                "supported. Please check the content-type header and try again with a supported "
                "media type."));
  }
  const Media car = parse_media(car_media_type);
  const std::string_view accept = header_of(headers, "accept");
  for (const Media& wanted : parse_accept(accept.empty() ? "*/*" : accept)) {
    // The legacy response is offered as `*/*`, before the current one: clients that say nothing
    // are old.
    formats.is_legacy_response = has_legacy && matches(wanted, {"*", "*"});
    if (formats.is_legacy_response || matches(wanted, car)) return formats;
  }
  return tl::unexpected<HttpReply>(
      refusal(406, (has_legacy ? "*/*;q=0.1, " : "") + current,
              "The requested resource cannot be served in the requested content type. Please "
              "specify a supported content type using the Accept header."));
}

}  // namespace freehold

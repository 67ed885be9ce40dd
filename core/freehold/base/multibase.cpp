#include "freehold/base/multibase.hpp"

#include <array>

#include "freehold/base/limits.hpp"

namespace freehold {

namespace {

// Two families. In one a character stands for a fixed number of bits (RFC 4648); in the other the
// bytes are one big number, written in base 36 or 58, with a zero digit for each leading zero byte.
struct Alphabet {
  Base base;
  int bits;  // a character; 0: a big number
  bool padded;
  std::string_view digits;
};

constexpr std::string_view base64_digits =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view base64url_digits =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

constexpr Alphabet alphabets[] = {
    {Base::base16, 4, false, "0123456789abcdef"},
    {Base::base32, 5, false, "abcdefghijklmnopqrstuvwxyz234567"},
    {Base::base32upper, 5, false, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"},
    {Base::base36, 0, false, "0123456789abcdefghijklmnopqrstuvwxyz"},
    {Base::base58btc, 0, false, "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"},
    {Base::base64, 6, false, base64_digits},
    {Base::base64pad, 6, true, base64_digits},
    {Base::base64url, 6, false, base64url_digits},
    {Base::base64urlpad, 6, true, base64url_digits},
};

const Alphabet* alphabet_of(Base base) noexcept {
  for (const Alphabet& alphabet : alphabets) {
    if (alphabet.base == base) return &alphabet;
  }
  return nullptr;
}

using DigitValues = std::array<std::int8_t, 256>;

DigitValues values_of(std::string_view digits) noexcept {
  DigitValues values;
  values.fill(-1);
  for (std::size_t i = 0; i < digits.size(); ++i) {
    values[static_cast<std::uint8_t>(digits[i])] = static_cast<std::int8_t>(i);
  }
  return values;
}

std::string encode_bits(const Alphabet& alphabet, ByteView bytes) {
  std::string text;
  text.reserve((bytes.size() * 8 + 7) / static_cast<std::size_t>(alphabet.bits) + 4);
  const std::uint32_t mask = (1u << alphabet.bits) - 1;
  std::uint32_t buffer = 0;
  int held = 0;  // bits in `buffer`
  for (const std::uint8_t byte : bytes) {
    buffer = buffer << 8 | byte;
    for (held += 8; held >= alphabet.bits;) {
      held -= alphabet.bits;
      text += alphabet.digits[buffer >> held & mask];
    }
  }
  if (held > 0) text += alphabet.digits[buffer << (alphabet.bits - held) & mask];
  while (alphabet.padded && text.size() % 4 != 0) text += '=';
  return text;
}

Result<Bytes> decode_bits(const Alphabet& alphabet, std::string_view text) {
  const std::size_t full = text.size();
  if (alphabet.padded) {
    while (!text.empty() && text.back() == '=') text.remove_suffix(1);
    if (full != text.size() && (full % 4 != 0 || full - text.size() > 2)) {
      return fail(Errc::malformed, "padding that does not fit");
    }
  }
  const DigitValues values = values_of(alphabet.digits);
  Bytes bytes;
  bytes.reserve(text.size() * static_cast<std::size_t>(alphabet.bits) / 8);
  std::uint32_t buffer = 0;
  int held = 0;
  for (const char c : text) {
    const int value = values[static_cast<std::uint8_t>(c)];
    if (value < 0) return fail(Errc::malformed, "a character outside the alphabet");
    buffer = buffer << alphabet.bits | static_cast<std::uint32_t>(value);
    held += alphabet.bits;
    if (held >= 8) {
      held -= 8;
      bytes.push_back(static_cast<std::uint8_t>(buffer >> held));
    }
  }
  if (held >= alphabet.bits || (buffer & ((1u << held) - 1)) != 0) {
    return fail(Errc::malformed, "leftover bits");
  }
  return bytes;
}

/// limbs = limbs * factor + digit, least significant limb first, in base `radix` (at most 2^32).
/// Factors and digits are below 2^32, so that nothing overflows 64 bits.
void multiply_add(std::vector<std::uint32_t>& limbs, std::uint64_t radix, std::uint64_t factor,
                  std::uint64_t digit) {
  for (std::uint32_t& limb : limbs) {
    digit += limb * factor;
    limb = static_cast<std::uint32_t>(digit % radix);
    digit /= radix;
  }
  if (digit != 0) limbs.push_back(static_cast<std::uint32_t>(digit));
}

/// As many digits as fit 32 bits are worked on at once: 5 of base 58, 6 of base 36.
struct Chunk {
  std::size_t digits = 0;
  std::uint64_t power = 1;
  explicit Chunk(std::uint64_t base) noexcept {
    while (power * base < (std::uint64_t{1} << 32)) {
      power *= base;
      ++digits;
    }
  }
};

std::string encode_number(const Alphabet& alphabet, ByteView bytes) {
  std::size_t zeros = 0;
  while (zeros < bytes.size() && bytes[zeros] == 0) ++zeros;

  const std::size_t base = alphabet.digits.size();
  const Chunk chunk(base);
  std::vector<std::uint32_t> limbs;
  for (std::size_t i = zeros; i < bytes.size();) {
    std::uint64_t digit = 0;
    std::uint64_t factor = 1;
    for (; i < bytes.size() && factor < (1u << 24); ++i, factor <<= 8)
      digit = digit << 8 | bytes[i];
    multiply_add(limbs, chunk.power, factor, digit);
  }
  std::string text;
  for (std::size_t limb : limbs) {
    for (std::size_t i = 0; i < chunk.digits; ++i, limb /= base) {
      text += alphabet.digits[limb % base];
    }
  }
  while (!text.empty() && text.back() == alphabet.digits[0]) text.pop_back();
  text.append(zeros, alphabet.digits[0]);
  std::reverse(text.begin(), text.end());
  return text;
}

Result<Bytes> decode_number(const Alphabet& alphabet, std::string_view text) {
  if (text.size() > limits::radix_bytes_max * 2) return fail(Errc::limit, "radix_bytes_max");
  const DigitValues values = values_of(alphabet.digits);
  std::size_t zeros = 0;
  while (zeros < text.size() && text[zeros] == alphabet.digits[0]) ++zeros;

  const std::uint64_t base = alphabet.digits.size();
  const Chunk chunk(base);
  std::vector<std::uint32_t> limbs;
  for (std::size_t i = zeros; i < text.size();) {
    std::uint64_t digit = 0;
    std::uint64_t factor = 1;
    for (; i < text.size() && factor < chunk.power; ++i, factor *= base) {
      const int value = values[static_cast<std::uint8_t>(text[i])];
      if (value < 0) return fail(Errc::malformed, "a character outside the alphabet");
      digit = digit * base + static_cast<std::uint64_t>(value);
    }
    multiply_add(limbs, std::uint64_t{1} << 32, factor, digit);
  }
  Bytes bytes;
  for (std::uint32_t limb : limbs) {
    for (int i = 0; i < 4; ++i, limb >>= 8) bytes.push_back(static_cast<std::uint8_t>(limb));
  }
  while (!bytes.empty() && bytes.back() == 0) bytes.pop_back();
  bytes.insert(bytes.end(), zeros, 0);
  std::reverse(bytes.begin(), bytes.end());
  return bytes;
}

}  // namespace

std::string encode_base(Base base, ByteView bytes) {
  const Alphabet& alphabet = *alphabet_of(base);
  return alphabet.bits != 0 ? encode_bits(alphabet, bytes) : encode_number(alphabet, bytes);
}

Result<Bytes> decode_base(Base base, std::string_view text) {
  const Alphabet* alphabet = alphabet_of(base);
  if (alphabet == nullptr) return fail(Errc::malformed, "an unknown base");
  return alphabet->bits != 0 ? decode_bits(*alphabet, text) : decode_number(*alphabet, text);
}

std::string encode_multibase(Base base, ByteView bytes) {
  return static_cast<char>(base) + encode_base(base, bytes);
}

Result<Bytes> decode_multibase(std::string_view text) {
  if (text.empty()) return fail(Errc::malformed, "an empty multibase text");
  return decode_base(static_cast<Base>(text[0]), text.substr(1));
}

}  // namespace freehold

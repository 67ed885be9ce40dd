#include "freehold/codec/dag_json.hpp"

#include <catch2/catch.hpp>

#include "freehold/base/limits.hpp"
#include "freehold/codec/number.hpp"

namespace freehold {

TEST_CASE("DAG-JSON: keys go by UTF-16 code units: astral characters before U+E000 and up") {
  const Map map{{"10", 1}, {"2", 2}, {"\xf0\x9f\x98\x80", 3}, {"\xef\xbf\xbd", 4}, {"Z", 5},
                {"a", 6},  {"", 7},  {"\xed\x9f\xbf", 8}};
  CHECK(encode_dag_json(map) ==
        "{\"\":7,\"10\":1,\"2\":2,\"Z\":5,\"a\":6,\"\xed\x9f\xbf\":8,\"\xf0\x9f\x98\x80\":3,"
        "\"\xef\xbf\xbd\":4}");
}

TEST_CASE("DAG-JSON: floats are written as JavaScript writes them") {
  const std::pair<double, std::string_view> cases[] = {
      {1.5, "1.5"},         {-4.1, "-4.1"},
      {1e-6, "0.000001"},   {1e-7, "1e-7"},
      {1.25e-7, "1.25e-7"}, {123456.789, "123456.789"},
      {5e-324, "5e-324"},   {1.7976931348623157e308, "1.7976931348623157e+308"},
      {1e21, "1e+21"},      {1.2e21, "1.2e+21"},
      {0.1, "0.1"},         {0.5, "0.5"},
      {100.25, "100.25"},
  };
  for (const auto& [number, text] : cases) CHECK(encode_dag_json(number) == text);
  CHECK(encode_dag_json(9007199254740992.0) == "9007199254740992.0");
  CHECK(encode_dag_json(-123456789012345680000.0) == "-123456789012345680000.0");
  CHECK(encode_dag_json(3.0) == "3");
  CHECK(encode_dag_json(-0.0) == "0");
}

TEST_CASE("DAG-JSON: numbers are read to the nearest double") {
  CHECK(*double_of_text("0.1") == 0.1);
  CHECK(*double_of_text("1e-400") == 0.0);
  CHECK(*double_of_text("2.2250738585072014e-308") == 2.2250738585072014e-308);
  CHECK(*double_of_text("5e-324") == 5e-324);
  CHECK_FALSE(double_of_text("1e400"));
  CHECK_FALSE(double_of_text("0.1e400"));
}

TEST_CASE("DAG-JSON: integers of CBOR's range keep all their digits") {
  for (const std::string_view text :
       {"0", "-1", "9007199254740993", "18446744073709551615", "-18446744073709551616"}) {
    CHECK(encode_dag_json(*decode_dag_json(text)) == text);
  }
  CHECK(decode_dag_json("18446744073709551616")->as_double() != nullptr);
  CHECK(decode_dag_json("-18446744073709551617")->as_double() != nullptr);
}

TEST_CASE("DAG-JSON: links, bytes and escapes are read") {
  const Cid cid = Cid::of_cbor({});
  const Value value = Map{{"l", cid}, {"b", Bytes{1, 2}}, {"t", "\"\\\b\f\n\r\t\x01\x1f/\x7f"}};
  const std::string text = encode_dag_json(value);
  CHECK(*decode_dag_json(text) == value);
  CHECK(*decode_dag_json(" [ \"\\u00fc\\ud83d\\ude00\\/\" ] ") ==
        Value(List{"\xc3\xbc\xf0\x9f\x98\x80/"}));
  CHECK(*decode_dag_json("\"\\ud83dx\"") == Value("\xef\xbf\xbdx"));
  CHECK(*decode_dag_json("{\"/\":{\"x\":1}}") == Value(Map{{"/", Map{{"x", 1}}}}));
}

TEST_CASE("X4: DAG-JSON: what is not JSON is refused") {
  for (const std::string_view text : {"",
                                      " ",
                                      "{",
                                      "[",
                                      "[1",
                                      "[1,",
                                      "[1,]",
                                      "{\"a\"}",
                                      "{\"a\":}",
                                      "{\"a\":1,}",
                                      "{a:1}",
                                      "01",
                                      "-",
                                      "1.",
                                      ".5",
                                      "1e",
                                      "+1",
                                      "nul",
                                      "truex",
                                      "\"",
                                      "\"\\x\"",
                                      "\"\\u12\"",
                                      "\"\x01\"",
                                      "\"\xff\"",
                                      "[1]]",
                                      "{\"a\":1,\"a\":2}",
                                      "{\"/\":\"no cid\"}",
                                      "{\"/\":{\"bytes\":\"=\"}}",
                                      "1e400"}) {
    INFO(text);
    CHECK_FALSE(decode_dag_json(text));
  }
}

TEST_CASE("X4: DAG-JSON: nesting and the number of values are bounded") {
  CHECK(decode_dag_json(std::string(1'000'000, '[')).error().code == Errc::limit);
  CHECK(decode_dag_json(std::string(limits::cbor_depth_max, '[') +
                        std::string(limits::cbor_depth_max, ']')));
  std::string many = "[0";
  for (std::size_t i = 0; i < limits::decoded_values_max; ++i) many += ",0";
  CHECK(decode_dag_json(many + "]").error().code == Errc::limit);
}

}  // namespace freehold

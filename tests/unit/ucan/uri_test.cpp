#include "freehold/ucan/uri.hpp"

#include <catch2/catch.hpp>

namespace freehold {

TEST_CASE("URI: what has a scheme is one; http needs a host") {
  for (const char* uri :
       {"did:key:z6Mk", "ucan:*", "urn:x", "a:", "mailto:a@b", "http://x", "https://a.b:80/c?d#e",
        "http://[::1]:3000/", "file:///x", "did:key:z6MkhCFsJojB*", "x+y.z-1:anything goes here"}) {
    CHECK(is_uri(uri));
  }
  for (const char* uri : {"", "nope", ":", "1a:b", "/a", "http:", "http://", "http://a b",
                          "http://a:99999", "http://a:b", "a b:c", "http://[::1", "://x"}) {
    CHECK_FALSE(is_uri(uri));
  }
}

TEST_CASE("URI: the normal form is JavaScript's href") {
  CHECK(*href_of("HTTP://Example.COM") == "http://example.com/");
  CHECK(*href_of("https://a:443/B?c") == "https://a/B?c");
  CHECK(*href_of("http://a:8080?x") == "http://a:8080/?x");
  CHECK(*href_of("did:web:A") == "did:web:A");
  CHECK(*href_of(" http://127.0.0.1:9000/blob ") == "http://127.0.0.1:9000/blob");
}

}  // namespace freehold

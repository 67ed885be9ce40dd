#include "native/server/static_files.hpp"

#include <array>
#include <fstream>

namespace freehold::native {

namespace fs = std::filesystem;

namespace {

constexpr std::uintmax_t file_bytes_max = 64 << 20;

/// Nothing if it is badly encoded, or has what no honest path has.
std::optional<std::string> decode_path(std::string_view encoded) {
  std::string path;
  for (std::size_t i = 0; i < encoded.size(); ++i) {
    if (encoded[i] != '%') {
      path.push_back(encoded[i]);
      continue;
    }
    const auto byte =
        i + 3 <= encoded.size() ? bytes_of_hex(encoded.substr(i + 1, 2)) : std::nullopt;
    if (!byte) return std::nullopt;
    path.push_back(static_cast<char>(byte->front()));
    i += 2;
  }
  if (path.find('\0') != std::string::npos || path.find('\\') != std::string::npos) {
    return std::nullopt;
  }
  return path;
}

const char* content_type_of(const fs::path& file) {
  static constexpr std::array<std::pair<std::string_view, const char*>, 18> types{{
      {".html", "text/html; charset=utf-8"},
      {".js", "text/javascript; charset=utf-8"},
      {".mjs", "text/javascript; charset=utf-8"},
      {".wasm", "application/wasm"},
      {".css", "text/css; charset=utf-8"},
      {".json", "application/json"},
      {".map", "application/json"},
      {".webmanifest", "application/manifest+json"},
      {".svg", "image/svg+xml"},
      {".png", "image/png"},
      {".jpg", "image/jpeg"},
      {".jpeg", "image/jpeg"},
      {".webp", "image/webp"},
      {".ico", "image/x-icon"},
      {".woff2", "font/woff2"},
      {".ts", "text/plain; charset=utf-8"},
      {".md", "text/plain; charset=utf-8"},
      {".txt", "text/plain; charset=utf-8"},
  }};
  const std::string extension = file.extension().string();
  for (const auto& [name, type] : types) {
    if (name == extension) return type;
  }
  return "application/octet-stream";
}

/// The file behind `rest` of a mount's path, links followed; nothing outside of the folder, and
/// nothing hidden.
std::optional<fs::path> locate(const fs::path& folder, std::string_view rest) {
  for (const fs::path& part : fs::path(rest)) {
    if (part.string().starts_with('.')) return std::nullopt;
  }
  std::error_code error;
  const fs::path base = fs::canonical(folder, error);
  if (error) return std::nullopt;
  const fs::path file = fs::canonical(base / fs::path(rest), error);
  if (error) return std::nullopt;
  const auto [end, ignored] = std::mismatch(base.begin(), base.end(), file.begin(), file.end());
  if (end != base.end()) return std::nullopt;
  return file;
}

HttpReply redirect_to(std::string target) {
  HttpReply reply;
  reply.status = 308;
  reply.headers.push_back({"location", std::move(target)});
  return reply;
}

/// Whether `path` is the mount's, but for the slash at its end.
bool is_bare(std::string_view path, std::string_view mount) {
  return mount.size() == path.size() + 1 && mount.starts_with(path);
}

std::optional<HttpReply> reply_with(const fs::path& file, std::string_view if_none_match) {
  std::error_code error;
  const auto size = fs::file_size(file, error);
  if (error || size > file_bytes_max || !fs::is_regular_file(file)) return std::nullopt;
  const auto time = fs::last_write_time(file, error).time_since_epoch().count();
  const std::string tag =
      std::string("\"").append(std::to_string(size)).append("-").append(std::to_string(time)) +
      "\"";
  HttpReply reply;
  reply.headers.push_back({"etag", tag});
  reply.headers.push_back({"cache-control", "no-cache"});
  if (if_none_match.find(tag) != std::string_view::npos) {
    reply.status = 304;
    return reply;
  }
  reply.headers.push_back({"content-type", content_type_of(file)});
  std::ifstream in(file, std::ios::binary);
  reply.body.resize(size);
  in.read(reinterpret_cast<char*>(reply.body.data()), static_cast<std::streamsize>(size));
  if (!in) return std::nullopt;
  return reply;
}

}  // namespace

std::optional<Mount> parse_mount(std::string_view text) {
  Mount mount;
  const std::size_t equals = text.rfind("=/");
  mount.folder = std::string(text.substr(0, equals));
  if (equals != std::string_view::npos) mount.path = std::string(text.substr(equals + 1));
  if (!mount.path.ends_with('/')) mount.path.push_back('/');
  if (!fs::is_directory(mount.folder)) return std::nullopt;
  return mount;
}

std::optional<HttpReply> static_reply(const std::vector<Mount>& mounts, std::string_view path,
                                      std::string_view if_none_match) {
  const auto decoded = decode_path(path);
  if (!decoded) return std::nullopt;
  for (const Mount& mount : mounts) {
    if (is_bare(*decoded, mount.path)) return redirect_to(mount.path);
    if (!decoded->starts_with(mount.path)) continue;
    auto file = locate(mount.folder, std::string_view(*decoded).substr(mount.path.size()));
    if (!file) continue;
    if (fs::is_directory(*file)) {
      if (!decoded->ends_with('/')) return redirect_to(std::string(path).append("/"));
      *file /= "index.html";
    }
    if (auto reply = reply_with(*file, if_none_match)) return reply;
  }
  return std::nullopt;
}

}  // namespace freehold::native

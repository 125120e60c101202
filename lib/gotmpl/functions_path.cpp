// SPDX-License-Identifier: Apache-2.0
// Paths (Go's path package; filepath is the same on Linux) and URLs (sprig 3.3.0 url.go over Go 1.26
// net/url).
#include <algorithm>

#include "base/ascii.h"
#include "gotmpl/execution.h"
#include "gotmpl/go_text.h"

namespace holdfast::gotmpl {
namespace {

std::string clean_path(std::string_view path) {
  if (path.empty()) return ".";
  bool rooted = path[0] == '/';
  std::vector<std::string_view> parts;
  while (!path.empty()) {
    std::size_t end = path.find('/');
    std::string_view part = path.substr(0, end);
    path.remove_prefix(end == std::string_view::npos ? path.size() : end + 1);
    if (part.empty() || part == ".") continue;
    if (part == ".." && !parts.empty() && parts.back() != "..") {
      parts.pop_back();
    } else if (part != ".." || !rooted) {
      parts.push_back(part);
    }
  }
  std::string out = rooted ? "/" : "";
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (i > 0) out += '/';
    out += parts[i];
  }
  return out.empty() ? "." : out;
}

Result<Datum> clean(Call& call) { return Datum(clean_path(call.text(0))); }

Result<Datum> base(Call& call) {
  std::string_view path = call.text(0);
  if (path.empty()) return Datum(".");
  while (path.ends_with('/')) path.remove_suffix(1);
  if (path.empty()) return Datum("/");
  return Datum(path.substr(path.rfind('/') + 1));
}

Result<Datum> dir(Call& call) {
  std::string_view path = call.text(0);
  std::size_t slash = path.rfind('/');
  return Datum(clean_path(slash == std::string_view::npos ? "" : path.substr(0, slash + 1)));
}

Result<Datum> ext(Call& call) {
  std::string_view path = call.text(0);
  std::size_t at = path.find_last_of("/.");
  if (at == std::string_view::npos || path[at] == '/') return Datum("");
  return Datum(path.substr(at));
}

Result<Datum> is_abs(Call& call) { return Datum(call.text(0).starts_with('/')); }

enum class Escaping { path, user, host, fragment };

bool hex_digit(char c) {
  return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f');
}

bool kept(char c, Escaping where) {
  bool word = (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
  if (word || std::string_view("-_.~").find(c) != std::string_view::npos) return true;
  switch (where) {
    case Escaping::path: return std::string_view("$&+,/:;=@").find(c) != std::string_view::npos;
    case Escaping::user: return std::string_view("$&+,;=").find(c) != std::string_view::npos;
    case Escaping::host: return std::string_view("!$&'()*+,;=:[]<>\"").find(c) != std::string_view::npos;
    case Escaping::fragment: return std::string_view("$&+,/:;=?@!()*").find(c) != std::string_view::npos;
  }
  std::unreachable();
}

std::string escaped(std::string_view text, Escaping where) {
  std::string out;
  for (char c : text) {
    if (kept(c, where)) {
      out += c;
    } else {
      out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return out;
}

Result<std::string> unescaped(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    if (i + 2 >= text.size() || !hex_digit(text[i + 1]) || !hex_digit(text[i + 2])) {
      return call_failure(fmt::format("invalid URL escape {}", quote(text.substr(i, 3))));
    }
    out += static_cast<char>(parse_unsigned(text.substr(i + 1, 2), 16).value);
    i += 2;
  }
  return out;
}

struct Url {
  std::string scheme, opaque, userinfo, host, path, raw_path, query, fragment;
};

// "scheme:" at the front; "" when there is none.
Result<std::string> take_scheme(std::string_view& rest) {
  for (std::size_t i = 0; i < rest.size(); ++i) {
    char c = rest[i];
    if ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') continue;
    bool later = (c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.';
    if (later && i > 0) continue;
    if (c == ':' && i == 0) return call_failure("missing protocol scheme");
    if (c != ':') return std::string();
    const auto scheme = ascii_lower(rest.substr(0, i));
    rest.remove_prefix(i + 1);
    return scheme;
  }
  return std::string();
}

Result<> check_port(std::string_view host) {
  std::size_t colon = host.rfind(':');
  std::size_t bracket = host.rfind(']');
  if (host.starts_with('[') && bracket == std::string_view::npos) {
    return call_failure("missing ']' in host");
  }
  if (colon == std::string_view::npos || (bracket != std::string_view::npos && colon < bracket)) {
    return {};
  }
  std::string_view port = host.substr(colon + 1);
  bool digits = std::all_of(port.begin(), port.end(), [](char c) { return c >= '0' && c <= '9'; });
  if (digits) return {};
  return call_failure(fmt::format("invalid port {} after host", quote(host.substr(colon))));
}

std::string canonical_userinfo(std::string_view text) {
  std::size_t colon = text.find(':');
  std::string name = unescaped(text.substr(0, colon)).value_or(std::string(text.substr(0, colon)));
  std::string out = escaped(name, Escaping::user);
  if (colon != std::string_view::npos) {
    std::string_view given = text.substr(colon + 1);
    out += ":" + escaped(unescaped(given).value_or(std::string(given)), Escaping::user);
  }
  return out;
}

Result<> read_authority(Url& url, std::string_view authority) {
  std::size_t at = authority.rfind('@');
  std::string_view host = at == std::string_view::npos ? authority : authority.substr(at + 1);
  TRY(check_port(host));
  if (host.find(' ') != std::string_view::npos) {
    return call_failure("invalid character \" \" in host name");
  }
  if (const std::size_t bad = host.find_first_of("\\^`{|}"); bad != std::string_view::npos) {
    return call_failure(fmt::format("invalid character {} in host name", quote(host.substr(bad, 1))));
  }
  url.host = TRY(unescaped(host));
  if (at == std::string_view::npos) return {};
  std::string_view user = authority.substr(0, at);
  bool good = std::all_of(user.begin(), user.end(), [](char c) {
    return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') ||
           std::string_view("-._:~!$&'()*+,;=%@").find(c) != std::string_view::npos;
  });
  if (!good) return call_failure("net/url: invalid userinfo");
  url.userinfo = canonical_userinfo(user);
  return {};
}

Result<Url> parse_url(std::string_view text) {
  Url url;
  std::string_view rest = text;
  if (std::size_t hash = rest.find('#'); hash != std::string_view::npos) {
    url.fragment = TRY(unescaped(rest.substr(hash + 1)));
    rest = rest.substr(0, hash);
  }
  for (char c : rest) {
    if (static_cast<unsigned char>(c) < ' ' || c == 0x7F) {
      return call_failure("net/url: invalid control character in URL");
    }
  }
  if (rest == "*") {
    url.path = "*";
    return url;
  }
  url.scheme = TRY(take_scheme(rest));
  if (std::size_t mark = rest.find('?'); mark != std::string_view::npos) {
    url.query = rest.substr(mark + 1);
    rest = rest.substr(0, mark);
  }
  if (!rest.starts_with('/')) {
    if (!url.scheme.empty()) {
      url.opaque = rest;
      return url;
    }
    std::string_view first = rest.substr(0, rest.find('/'));
    if (first.find(':') != std::string_view::npos) {
      return call_failure("first path segment in URL cannot contain colon");
    }
  }
  bool authority = rest.starts_with("//") && (!url.scheme.empty() || !rest.starts_with("///"));
  if (authority) {
    rest.remove_prefix(2);
    std::size_t slash = std::min(rest.find('/'), rest.size());
    TRY(read_authority(url, rest.substr(0, slash)));
    rest.remove_prefix(slash);
  }
  url.path = TRY(unescaped(rest));
  return url;
}

std::string hostname_of(std::string_view host) {
  std::size_t colon = host.rfind(':');
  std::size_t bracket = host.rfind(']');
  if (colon != std::string_view::npos && (bracket == std::string_view::npos || colon > bracket)) {
    host = host.substr(0, colon);
  }
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  return std::string(host);
}

std::string print_url(const Url& url) {
  std::string out;
  if (!url.scheme.empty()) out += url.scheme + ":";
  if (!url.opaque.empty()) {
    out += url.opaque;
  } else {
    if (!url.scheme.empty() || !url.host.empty() || !url.userinfo.empty()) {
      if (!url.host.empty() || !url.path.empty() || !url.userinfo.empty()) out += "//";
      if (!url.userinfo.empty()) out += url.userinfo + "@";
      out += escaped(url.host, Escaping::host);
    }
    std::string path = escaped(url.path, Escaping::path);
    if (!path.empty() && path[0] != '/' && !url.host.empty()) out += '/';
    if (out.empty()) {
      std::string_view first = std::string_view(path).substr(0, path.find('/'));
      if (first.find(':') != std::string_view::npos) out += "./";
    }
    out += path;
  }
  if (!url.query.empty()) out += "?" + url.query;
  if (!url.fragment.empty()) out += "#" + escaped(url.fragment, Escaping::fragment);
  return out;
}

Result<Datum> url_parse(Call& call) {
  Result<Url> url = parse_url(call.text(0));
  if (!url) {
    return call_failure(
        fmt::format("unable to parse url: parse {}: {}", quote(call.text(0)), url.error().what()));
  }
  Datum result = Datum::new_dict();
  result.dict()->set("scheme", Datum(url->scheme));
  result.dict()->set("host", Datum(url->host));
  result.dict()->set("hostname", Datum(hostname_of(url->host)));
  result.dict()->set("path", Datum(url->path));
  result.dict()->set("query", Datum(url->query));
  result.dict()->set("opaque", Datum(url->opaque));
  result.dict()->set("fragment", Datum(url->fragment));
  result.dict()->set("userinfo", Datum(url->userinfo));
  return result;
}

Result<std::string> part_of(const Datum& parts, std::string_view key) {
  const Datum* value = parts.find(key);
  if (value == nullptr) return std::string();
  if (value->is_string()) return value->text();
  if (value->is_nil()) {
    return call_failure("runtime error: invalid memory address or nil pointer dereference");
  }
  return call_failure(fmt::format("unable to parse {} key, must be of type string, but {} found", key,
                                  value->kind_name()));
}

Result<Datum> url_join(Call& call) {
  Url url;
  url.scheme = TRY(part_of(call[0], "scheme"));
  url.host = TRY(part_of(call[0], "host"));
  url.path = TRY(part_of(call[0], "path"));
  url.query = TRY(part_of(call[0], "query"));
  url.opaque = TRY(part_of(call[0], "opaque"));
  url.fragment = TRY(part_of(call[0], "fragment"));
  std::string userinfo = TRY(part_of(call[0], "userinfo"));
  if (!userinfo.empty()) url.userinfo = canonical_userinfo(userinfo);
  return Datum(print_url(url));
}

constexpr Function rows[] = {
    {"base", "s", base},      {"osBase", "s", base},   {"dir", "s", dir},
    {"osDir", "s", dir},      {"clean", "s", clean},   {"osClean", "s", clean},
    {"ext", "s", ext},        {"osExt", "s", ext},     {"isAbs", "s", is_abs},
    {"osIsAbs", "s", is_abs}, {"urlParse", "s", url_parse}, {"urlJoin", "m", url_join},
};

}  // namespace

std::span<const Function> path_functions() { return rows; }

}  // namespace holdfast::gotmpl

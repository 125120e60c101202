// SPDX-License-Identifier: Apache-2.0
#include "node/components.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>
#include <optional>

#include "base/text.h"
#include "crypto/digest.h"
#include "node/files.h"
#include "value/json.h"

namespace holdfast::node {
namespace {

namespace fs = std::filesystem;

// A node has some thirty files; more is a wrong folder.
constexpr std::size_t files_max = 200;

Result<crypto::Sha256> digest_of(const std::string& path) {
  const FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) return failure(system_failure(Code::file_unreadable, fmt::format("cannot read \"{}\"", path)));
  crypto::Sha256Stream stream;
  std::string buffer(std::size_t{1} << 20, '\0');
  while (true) {
    const auto count = ::read(file.get(), buffer.data(), buffer.size());
    if (count < 0) return failure(system_failure(Code::file_unreadable, fmt::format("cannot read \"{}\"", path)));
    if (count == 0) return stream.finish();
    stream.add(std::string_view(buffer).substr(0, static_cast<std::size_t>(count)));
  }
}

class FolderComponents final : public Components {
 public:
  FolderComponents(std::string path, std::vector<ComponentFile> files)
      : path_(std::move(path)), files_(std::move(files)) {}

  [[nodiscard]] const std::vector<ComponentFile>& files() const override { return files_; }

  Result<> copy(const ComponentFile& file, int fd) const override {
    const std::string path = fmt::format("{}/{}", path_, file.name);
    const FileDescriptor source(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!source) return failure(system_failure(Code::file_unreadable, fmt::format("cannot read \"{}\"", path)));
    while (true) {
      const auto count = ::sendfile(fd, source.get(), nullptr, std::size_t{16} << 20);
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) return failure(system_failure(Code::file_unwritable, fmt::format("cannot copy \"{}\"", path)));
      if (count == 0) return {};
    }
  }

 private:
  std::string path_;
  std::vector<ComponentFile> files_;
};

// Where a file of the component goes; empty for those that are not unpacked (images are streamed into
// containerd) or not known.
std::string place_of(std::string_view name) {
  if (!join_inside("", name)) return "";
  if (name.starts_with("cni/") || name.starts_with("lib/")) return std::string(name);
  constexpr std::array<std::string_view, 7> programs{
      "kube", "containerd", "containerd-shim-runc-v2", "ctr", "runc", "nft", "supervisor"};
  return std::ranges::find(programs, name) == programs.end() ? "" : fmt::format("bin/{}", name);
}

Object load_record(const std::string& path) {
  const auto text = read_file(path);
  if (!text) return {};
  auto value = json::parse(*text, path);
  if (!value || value->as_object() == nullptr) return {};
  return *value->as_object();
}

bool is_in_place(const Object& record, const ComponentFile& file, const std::string& path) {
  struct stat state {};
  const auto* digest = record.find(file.name);
  return digest != nullptr && digest->as_string() != nullptr && *digest->as_string() == file.digest &&
         ::stat(path.c_str(), &state) == 0 && static_cast<std::uint64_t>(state.st_size) == file.size;
}

Result<> place(const Components& components, const ComponentFile& file, const std::string& path) {
  TRY(make_folder(fs::path(path).parent_path().string(), 0755));
  const std::string beside = path + ".new";
  {
    const FileDescriptor target(
        ::open(beside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0755));
    if (!target) return failure(system_failure(Code::file_unwritable, fmt::format("cannot write \"{}\"", beside)));
    TRY(components.copy(file, target.get()), "unpacking \"{}\"", file.name);
    if (::fchmod(target.get(), 0755) != 0 || ::fdatasync(target.get()) != 0) {
      return failure(system_failure(Code::file_unwritable, fmt::format("cannot write \"{}\"", beside)));
    }
  }
  const auto digest = TRY(digest_of(beside));
  if (digest.hex() != file.digest) {
    return failure(Error(Code::node_component, "the file is not what its list says")
                       .at(file.name)
                       .because(fmt::format("listed {}, unpacked {}", file.digest, digest.hex())));
  }
  if (::rename(beside.c_str(), path.c_str()) != 0) {
    return failure(system_failure(Code::file_unwritable, fmt::format("cannot write \"{}\"", path)));
  }
  return {};
}

// The architecture that an ELF file is for (e_machine); nothing when it is none.
std::optional<unsigned> machine_of(const std::string& path) {
  constexpr std::size_t header_bytes = 20;
  std::array<unsigned char, header_bytes> header{};
  const FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file || ::read(file.get(), header.data(), header.size()) != static_cast<ssize_t>(header.size())) return std::nullopt;
  if (header[0] != 0x7f || header[1] != 'E' || header[2] != 'L' || header[3] != 'F') return std::nullopt;
  return header[18] | static_cast<unsigned>(header[19]) << 8U;
}

Result<> check_architecture(const std::string& program) {
  const auto machine = machine_of(program), own = machine_of("/proc/self/exe");
  if (!machine || !own || *machine == *own) return {};
  return failure(Error(Code::wrong_architecture, "the node's programs are for another machine")
                     .at(program)
                     .because(fmt::format("its ELF machine is {}, this one's {}", *machine, *own))
                     .fix("build them on this machine: bundles/node/build"));
}

}  // namespace

Result<std::unique_ptr<Components>> open_folder(const std::string& path) {
  std::vector<ComponentFile> files;
  std::error_code problem;
  fs::recursive_directory_iterator each(path, problem);
  if (problem) {
    return failure(Error(Code::file_missing, fmt::format("there is no folder of node programs at \"{}\"", path))
                       .because(problem.message())
                       .fix(fmt::format("bundles/node/build {}", path)));
  }
  for (; each != fs::recursive_directory_iterator(); each.increment(problem)) {
    if (problem) break;
    const auto name = fs::relative(each->path(), path).string();
    if (!each->is_regular_file() || name.starts_with('.')) continue;
    if (files.size() == files_max) return failure(Code::limit, "\"{}\" has more than {} files", path, files_max);
    const auto digest = TRY(digest_of(each->path().string()));
    files.push_back({name, digest.hex(), each->file_size()});
  }
  std::ranges::sort(files, {}, &ComponentFile::name);
  if (std::ranges::find(files, "kube", &ComponentFile::name) == files.end()) {
    return failure(Error(Code::file_missing, fmt::format("\"{}\" holds no node programs", path))
                       .because("the program kube is missing")
                       .fix(fmt::format("bundles/node/build {}", path)));
  }
  TRY(check_architecture(path + "/kube"));
  return std::unique_ptr<Components>(std::make_unique<FolderComponents>(path, std::move(files)));
}

Result<int> unpack(const Components& components, const std::string& into) {
  const std::string record_path = into + "/components.json";
  Object record = load_record(record_path);
  int written = 0;
  for (const auto& file : components.files()) {
    const auto relative = place_of(file.name);
    if (relative.empty()) continue;
    const std::string path = fmt::format("{}/{}", into, relative);
    if (is_in_place(record, file, path)) continue;
    TRY(place(components, file, path));
    record.set(file.name, file.digest);
    TRY(write_file(record_path, json::write_indented(record), 0644));
    ++written;
  }
  return written;
}

}  // namespace holdfast::node

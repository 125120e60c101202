// SPDX-License-Identifier: Apache-2.0
#include "bundle/elf.h"

#include "base/handle.h"
#include "base/text.h"
#include "bundle/inputs.h"
#include "crypto/digest.h"

#include <elf.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <filesystem>
#include <fstream>
#include <map>
#include <optional>

namespace holdfast::bundle {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t table_limit = std::uint64_t{16} << 20;
constexpr std::size_t libraries_limit = 512;

std::unexpected<Error> no_elf(const std::string& path, std::string reason) {
  return failure(Error(Code::bundle_definition, "this is no program or library for Linux")
                     .at(path)
                     .because(std::move(reason)));
}

class ElfFile {
 public:
  static Result<ElfFile> open(const std::string& path) {
    ElfFile elf;
    elf.path_ = path;
    InputFile input = TRY(open_input(path));
    elf.file_ = std::move(input.file);
    const std::string bytes = TRY(elf.bytes(0, sizeof(elf.header_)));
    ::memcpy(&elf.header_, bytes.data(), sizeof(elf.header_));
    if (::memcmp(elf.header_.e_ident, ELFMAG, SELFMAG) != 0 ||
        elf.header_.e_ident[EI_CLASS] != ELFCLASS64 ||
        elf.header_.e_ident[EI_DATA] != ELFDATA2LSB ||
        elf.header_.e_phentsize != sizeof(Elf64_Phdr)) {
      return no_elf(path, "it is no 64-bit little-endian ELF file");
    }
    elf.segments_ = TRY(elf.table<Elf64_Phdr>(
        elf.header_.e_phoff, std::uint64_t{elf.header_.e_phnum} * sizeof(Elf64_Phdr)));
    return elf;
  }

  Result<ElfInfo> info() const {
    ElfInfo info;
    info.architecture = TRY(architecture());
    for (const auto& segment : segments_) {
      if (segment.p_type == PT_INTERP) {
        const std::string text = TRY(bytes(segment.p_offset, segment.p_filesz));
        info.interpreter = text.c_str();
      }
    }
    const Elf64_Phdr* dynamic = find(PT_DYNAMIC);
    if (dynamic == nullptr) return info;
    const auto entries = TRY(table<Elf64_Dyn>(dynamic->p_offset, dynamic->p_filesz));
    const std::string strings = TRY(string_table(entries));
    for (const auto& entry : entries) {
      if (entry.d_tag == DT_NULL) break;
      if (entry.d_tag != DT_NEEDED && entry.d_tag != DT_RPATH && entry.d_tag != DT_RUNPATH)
        continue;
      if (entry.d_un.d_val >= strings.size()) return no_elf(path_, "a name lies outside its table");
      const std::string text = strings.c_str() + entry.d_un.d_val;
      if (entry.d_tag == DT_NEEDED) info.needed.push_back(text);
      if (entry.d_tag == DT_RPATH) info.rpath = folders_of(text);
      if (entry.d_tag == DT_RUNPATH) info.runpath = folders_of(text);
    }
    // The loader passes over DT_RPATH where DT_RUNPATH is present.
    if (!info.runpath.empty()) info.rpath.clear();
    return info;
  }

 private:
  Result<std::string> bytes(std::uint64_t at, std::uint64_t size) const {
    if (size > table_limit) return no_elf(path_, "one of its tables is too large");
    std::string out(static_cast<std::size_t>(size), '\0');
    if (!crypto::read_exactly(file_.get(), at, out)) return no_elf(path_, "it is cut short");
    return out;
  }

  template <class T>
  Result<std::vector<T>> table(std::uint64_t at, std::uint64_t size) const {
    const std::string raw = TRY(bytes(at, size));
    std::vector<T> entries(raw.size() / sizeof(T));
    if (!entries.empty()) ::memcpy(entries.data(), raw.data(), entries.size() * sizeof(T));
    return entries;
  }

  Result<std::string> architecture() const {
    if (header_.e_machine == EM_X86_64) return std::string("amd64");
    if (header_.e_machine == EM_AARCH64) return std::string("arm64");
    return no_elf(path_, fmt::format("its machine number is {}", header_.e_machine));
  }

  const Elf64_Phdr* find(Elf64_Word type) const {
    const auto found = std::ranges::find(segments_, type, &Elf64_Phdr::p_type);
    return found == segments_.end() ? nullptr : &*found;
  }

  Result<std::string> string_table(const std::vector<Elf64_Dyn>& entries) const {
    std::uint64_t address = 0;
    std::uint64_t size = 0;
    for (const auto& entry : entries) {
      if (entry.d_tag == DT_STRTAB) address = entry.d_un.d_ptr;
      if (entry.d_tag == DT_STRSZ) size = entry.d_un.d_val;
    }
    for (const auto& segment : segments_) {
      if (segment.p_type != PT_LOAD || address < segment.p_vaddr ||
          address - segment.p_vaddr >= segment.p_filesz) {
        continue;
      }
      return bytes(segment.p_offset + (address - segment.p_vaddr), size);
    }
    return no_elf(path_, "its names are nowhere");
  }

  std::vector<std::string> folders_of(const std::string& text) const {
    std::vector<std::string> folders;
    const std::string origin = fs::path(path_).parent_path();
    for (const auto part : split(text, ':')) {
      if (part.empty()) continue;
      folders.push_back(
          replace_all(replace_all(std::string(part), "${ORIGIN}", origin), "$ORIGIN", origin));
    }
    return folders;
  }

  std::string path_;
  FileDescriptor file_;
  Elf64_Ehdr header_{};
  std::vector<Elf64_Phdr> segments_;
};

// The folders of /etc/ld.so.conf in its order, then those built into the loader.
void read_loader_configuration(const fs::path& path, int depth, std::vector<std::string>& folders) {
  std::ifstream file(path);
  std::string line;
  while (std::getline(file, line)) {
    const std::string_view text = trim(std::string_view(line).substr(0, line.find('#')));
    if (!text.starts_with("include ")) {
      if (text.starts_with('/')) folders.emplace_back(text);
      continue;
    }
    // "include /etc/ld.so.conf.d/*.conf" is the only form that distributions write.
    const fs::path pattern(trim(text.substr(8)));
    if (depth == 0 || pattern.filename() != "*.conf") continue;
    std::vector<fs::path> files;
    std::error_code status;
    for (const auto& entry : fs::directory_iterator(pattern.parent_path(), status)) {
      if (entry.path().extension() == ".conf") files.push_back(entry.path());
    }
    std::ranges::sort(files);
    for (const auto& each : files)
      read_loader_configuration(each, depth - 1, folders);
  }
}

std::vector<std::string> system_folders() {
  std::vector<std::string> folders;
  read_loader_configuration("/etc/ld.so.conf", 2, folders);
  for (const auto* folder : {"/lib64", "/usr/lib64", "/lib", "/usr/lib"})
    folders.emplace_back(folder);
  return folders;
}

class Search {
 public:
  explicit Search(const ElfInfo& program) : program_(program) {}

  Result<> add_needs(const std::string& owner, const ElfInfo& info) {
    for (const auto& name : info.needed) {
      if (found_.contains(name) || name == fs::path(program_.interpreter).filename()) continue;
      if (found_.size() == libraries_limit) {
        return failure(Code::limit, "the program needs more than {} libraries", libraries_limit);
      }
      Library library = TRY(locate(name, owner, info));
      found_[name] = library.path;
      waiting_.push_back(std::move(library));
    }
    return {};
  }

  Result<std::vector<Library>> run() {
    while (!waiting_.empty()) {
      const Library library = std::move(waiting_.back());
      waiting_.pop_back();
      const ElfInfo info = TRY(read_elf(library.path));
      TRY(add_needs(library.path, info));
    }
    std::vector<Library> libraries;
    for (const auto& [name, path] : found_)
      libraries.push_back({name, path});
    return libraries;
  }

 private:
  Result<Library> locate(const std::string& name, const std::string& owner,
                         const ElfInfo& info) const {
    std::vector<std::string> folders = info.runpath;
    if (folders.empty()) {
      folders = info.rpath;
      folders.insert(folders.end(), program_.rpath.begin(), program_.rpath.end());
    }
    folders.insert(folders.end(), system_.begin(), system_.end());
    if (name.find('/') != std::string::npos) folders = {""};
    for (const auto& folder : folders) {
      const std::string path = folder.empty() ? name : folder + "/" + name;
      std::error_code status;
      if (!fs::is_regular_file(path, status)) continue;
      const auto candidate = read_elf(path);
      if (candidate && candidate->architecture == program_.architecture) {
        return Library{std::string(base_name(name)), path};
      }
    }
    return failure(Error(Code::bundle_definition, fmt::format("library '{}' was not found", name))
                       .at(owner)
                       .fix("install the package that holds it, then run the same command again"));
  }

  const ElfInfo& program_;
  std::vector<std::string> system_ = system_folders();
  std::map<std::string, std::string> found_;
  std::vector<Library> waiting_;
};

}  // namespace

Result<ElfInfo> read_elf(const std::string& path) {
  const ElfFile elf = TRY(ElfFile::open(path));
  return elf.info();
}

Result<ProgramClosure> find_program_closure(const std::string& program) {
  const ElfInfo info = TRY(read_elf(program));
  ProgramClosure closure;
  closure.architecture = info.architecture;
  closure.interpreter = info.interpreter;
  if (info.interpreter.empty()) return closure;
  Search search(info);
  TRY(search.add_needs(program, info));
  closure.libraries = TRY(search.run());
  return closure;
}

}  // namespace holdfast::bundle

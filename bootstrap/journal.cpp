// SPDX-License-Identifier: Apache-2.0
#include "journal.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <system_error>

#include "base/text.h"
#include "value/json.h"

namespace holdfast::bootstrap {
namespace {

std::unexpected<Error> io_failure(const std::string& path, int error) {
  const auto code = error == ENOSPC || error == EDQUOT ? Code::disk_full : Code::file_unwritable;
  return failure(Error(code, "the journal cannot be written").at(path).because(std::generic_category().message(error)));
}

std::string read_whole(const std::string& path) {
  const std::ifstream file(path, std::ios::binary);
  std::ostringstream content;
  content << file.rdbuf();
  return std::move(content).str();
}

// The step of the last "begin" without an "end". A last line that a crash cut short counts as absent.
std::string interrupted_step(std::string_view journal) {
  std::string step;
  for (const auto line : split(journal, '\n')) {
    const auto record = json::parse(line, "journal");
    if (!record) continue;
    const auto event = record->text({"event"});
    if (event == "begin") step = record->text({"step"});
    if (event == "end") step.clear();
  }
  return step;
}

}  // namespace

Result<Journal> Journal::open(const std::string& path, const Clock& clock) {
  std::error_code error;
  const auto folder = std::filesystem::path(path).parent_path();
  std::filesystem::create_directories(folder, error);
  if (error) return io_failure(folder, error.value());
  ::chmod(folder.c_str(), S_IRWXU);
  FileDescriptor file(::open(path.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, S_IRUSR | S_IWUSR));
  if (!file) return io_failure(path, errno);
  if (::flock(file.get(), LOCK_EX | LOCK_NB) != 0) {
    return failure(Error(Code::another_run, "someone else is installing with this state folder").at(path));
  }
  auto interrupted = interrupted_step(read_whole(path));
  return Journal(path, std::move(file), std::move(interrupted), clock);
}

Result<> Journal::begin(std::string_view step, std::string_view input) { return append(step, "begin", input); }

Result<> Journal::end(std::string_view step, std::string_view result) { return append(step, "end", result); }

Result<> Journal::append(std::string_view step, std::string_view event, std::string_view text) {
  // The leading newline closes a line that a crash cut short.
  const std::string line = "\n" + json::write(Object{{"event", event},
                                                     {"step", step},
                                                     {"text", text},
                                                     {"time", format_rfc3339(clock_->wall())},
                                                     {"pid", static_cast<std::int64_t>(::getpid())}});
  const auto written = ::write(file_.get(), line.data(), line.size());
  if (written < 0) return io_failure(path_, errno);
  if (static_cast<std::size_t>(written) != line.size()) return io_failure(path_, ENOSPC);
  if (::fdatasync(file_.get()) != 0) return io_failure(path_, errno);
  return {};
}

}  // namespace holdfast::bootstrap

// SPDX-License-Identifier: Apache-2.0
#include "bundle/sandbox.h"

#include "base/handle.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <thread>

namespace holdfast::bundle {
namespace {

FileDescriptor file_with(std::string_view text) {
  FileDescriptor file(::memfd_create("kept", MFD_CLOEXEC));
  EXPECT_EQ(::write(file.get(), text.data(), text.size()), static_cast<ssize_t>(text.size()));
  return file;
}

Result<std::string> confined(int keep, const std::function<std::string(const Tell&)>& body) {
  return run_confined(keep, body, [](std::string_view) {});
}

TEST(Sandbox, ReadsTheKeptFileComputesAndAnswers) {
  const FileDescriptor file = file_with("hello");
  std::string heard;
  const auto body = [&](const Tell& tell) {
    std::string read(5, '\0');
    EXPECT_EQ(::pread(file.get(), read.data(), 5, 0), 5);
    std::string big(1 << 20, 'x');
    std::jthread([&] { big += read; }).join();
    tell("half");
    return big;
  };
  const auto answer = run_confined(file.get(), body, [&](std::string_view told) { heard += told; });
  ASSERT_TRUE(answer.has_value()) << answer.error().message();
  EXPECT_EQ(*answer, std::string(1 << 20, 'x') + "hello");
  EXPECT_EQ(heard, "half");
}

TEST(Sandbox, EndsWhoeverWantsMore) {
  const FileDescriptor file = file_with("hello");
  const FileDescriptor other = file_with("secret");
  const struct {
    const char* name;
    std::function<void()> act;
  } cases[] = {
      {"opening a file", [] { ::open("/etc/passwd", O_RDONLY | O_CLOEXEC); }},
      {"making a file", [] { ::memfd_create("x", MFD_CLOEXEC); }},
      {"a socket", [] { ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0); }},
      {"a local socket", [] { ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0); }},
      {"another program", [] { ::execl("/bin/true", "true", nullptr); }},
      {"another process", [] { ::fork(); }},
      {"a signal to its parent", [] { ::kill(::getppid(), SIGTERM); }},
      {"memory that is code", [] { ::mmap(nullptr, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0); }},
      {"removing a file", [] { ::unlink("/tmp/holdfast-none"); }},
  };
  for (const auto& test : cases) {
    const auto answer = confined(file.get(), [&](const Tell&) {
      test.act();
      return std::string("still here");
    });
    ASSERT_FALSE(answer.has_value()) << test.name << ": " << *answer;
    EXPECT_EQ(answer.error().code(), Code::bundle_format) << test.name;
    EXPECT_NE(answer.error().message().find("signal 31"), std::string::npos) << answer.error().message();
  }
  // Descriptors other than the kept one are not there.
  const auto answer = confined(file.get(), [&](const Tell&) {
    char byte = 0;
    return std::to_string(::pread(other.get(), &byte, 1, 0));
  });
  EXPECT_EQ(answer.value(), "-1");
}

TEST(Sandbox, SaysWhenItsChildIsGone) {
  const FileDescriptor file = file_with("hello");
  const auto answer = confined(file.get(), [](const Tell&) -> std::string { ::_exit(0); });
  ASSERT_FALSE(answer.has_value());
  EXPECT_EQ(answer.error().message(), "the bundle's reader gave no answer");
  EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1) << "no child is left";
}

}  // namespace
}  // namespace holdfast::bundle

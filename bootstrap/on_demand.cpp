// SPDX-License-Identifier: Apache-2.0
#include "on_demand.h"

#include "base/result.h"

#include <dlfcn.h>

#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace holdfast::bootstrap {
namespace {

// The caller is in the middle of a call that cannot fail: there is nothing to return to.
[[noreturn]] void leave(const char* library) {
  const char* because = ::dlerror();
  const auto error = Error(Code::file_missing, fmt::format("the shared library {} could not be opened", library))
                         .because(because != nullptr ? because : "the loader does not say why")
                         .fix("install the package that holds it");
  const auto text = render_error(error, "the command stopped where it needed the library");
  std::fputs(text.c_str(), stderr);
  std::_Exit(static_cast<int>(row_of(error.code()).exit));
}

// Fills every slot of the library, so that it is looked up once.
void open_library(std::string_view library) {
  void* handle = nullptr;
  std::size_t index = 0;
  for (const auto& function : on_demand_functions()) {
    auto& slot = holdfast_on_demand_slots[index++];
    if (function.library != library) continue;
    if (handle == nullptr) handle = ::dlopen(function.library, RTLD_NOW | RTLD_LOCAL);
    void* found = handle != nullptr ? ::dlsym(handle, function.name) : nullptr;
    if (found == nullptr) leave(function.library);
    slot.store(found, std::memory_order_release);
  }
}

}  // namespace
}  // namespace holdfast::bootstrap

extern "C" void* holdfast_on_demand_open(std::size_t index) {
  namespace bootstrap = holdfast::bootstrap;
  bootstrap::open_library(bootstrap::on_demand_functions()[index].library);
  return holdfast_on_demand_slots[index].load(std::memory_order_acquire);
}

// Keeps all that a call can carry in registers (System V ABI, x86-64), opens the library of the
// index on the stack, and goes on as if the caller had called the library.
asm(R"(
.text
.type holdfast_on_demand_enter, @function
.globl holdfast_on_demand_enter
.hidden holdfast_on_demand_enter
holdfast_on_demand_enter:
  pushq %rdi
  pushq %rsi
  pushq %rdx
  pushq %rcx
  pushq %r8
  pushq %r9
  pushq %rax
  subq $136, %rsp
  movups %xmm0, (%rsp)
  movups %xmm1, 16(%rsp)
  movups %xmm2, 32(%rsp)
  movups %xmm3, 48(%rsp)
  movups %xmm4, 64(%rsp)
  movups %xmm5, 80(%rsp)
  movups %xmm6, 96(%rsp)
  movups %xmm7, 112(%rsp)
  movq 192(%rsp), %rdi
  call holdfast_on_demand_open
  movq %rax, %r11
  movups (%rsp), %xmm0
  movups 16(%rsp), %xmm1
  movups 32(%rsp), %xmm2
  movups 48(%rsp), %xmm3
  movups 64(%rsp), %xmm4
  movups 80(%rsp), %xmm5
  movups 96(%rsp), %xmm6
  movups 112(%rsp), %xmm7
  addq $136, %rsp
  popq %rax
  popq %r9
  popq %r8
  popq %rcx
  popq %rdx
  popq %rsi
  popq %rdi
  addq $8, %rsp
  jmp *%r11
.size holdfast_on_demand_enter, .-holdfast_on_demand_enter
)");

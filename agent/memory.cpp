// SPDX-License-Identifier: Apache-2.0
#include "agent/memory.h"

namespace holdfast::agent {

void Memory::wake() {
  if (packed_ == nullptr || !rendered) return;
  unpacked_ = std::make_shared<const sync::Targets>(packed_->unpack());
  rendered->targets = unpacked_;
}

void Memory::rest() {
  if (!rendered) {
    packed_ = nullptr;
  } else if (rendered->targets != unpacked_) {
    packed_ = std::make_shared<const sync::PackedTargets>(*rendered->targets);
  }
  if (rendered) rendered->targets = nullptr;
  unpacked_ = nullptr;
}

}  // namespace holdfast::agent

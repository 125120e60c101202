// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <memory>

#include "cluster.h"

namespace {

// After the last test: whatever the tests did, nothing left the namespace; then the cluster goes.
class LastLook : public testing::Environment {
 public:
  void TearDown() override {
    holdfast::e2e::Cluster::end();
  }
};

}  // namespace

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  testing::AddGlobalTestEnvironment(std::make_unique<LastLook>().release());  // GoogleTest owns it
  return RUN_ALL_TESTS();
}

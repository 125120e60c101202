// SPDX-License-Identifier: Apache-2.0
#include "kube/identity.h"

#include <gtest/gtest.h>

namespace holdfast::kube {
namespace {

TEST(Identity, IsPrintedAsPeopleNameObjects) {
  EXPECT_EQ(to_string(Identity{"apps", "v1", "Deployment", "shop", "web"}),
            "apps/Deployment shop/web");
  EXPECT_EQ(to_string(Identity{"", "v1", "ConfigMap", "shop", "web"}), "ConfigMap shop/web");
  EXPECT_EQ(to_string(Identity{"", "v1", "Namespace", "", "shop"}), "Namespace shop");
}

TEST(Identity, IsReadFromAManifest) {
  Value object(Object{{"apiVersion", "apps/v1"}, {"kind", "Deployment"}});
  object["metadata"] = Object{{"name", "web"}, {"namespace", "shop"}};
  const auto identity = identity_of(object);
  ASSERT_TRUE(identity.has_value());
  EXPECT_EQ(*identity, (Identity{"apps", "v1", "Deployment", "shop", "web"}));
  EXPECT_EQ(identity->api_version(), "apps/v1");
}

TEST(Identity, RefusesWhatHasNoName) {
  Value object(Object{{"apiVersion", "v1"}, {"kind", "ConfigMap"}});
  const auto identity = identity_of(object);
  ASSERT_FALSE(identity.has_value());
  EXPECT_EQ(identity.error().message(), "an object has no metadata.name (v1 ConfigMap )");
  EXPECT_FALSE(identity_of(Value(Array{})).has_value());
}

}  // namespace
}  // namespace holdfast::kube

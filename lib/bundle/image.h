// SPDX-License-Identifier: Apache-2.0
// Images of a bundle: made from one program of ours on an empty base, or taken as they are from an
// OCI layout, an OCI archive or a `docker save` archive. Same inputs, same bytes. It does not know
// definitions.
#pragma once

#include "base/result.h"
#include "bundle/draft.h"

#include <string>
#include <vector>

namespace holdfast::bundle {

struct ProgramImage {
  std::string component;
  std::string name;      // "holdfast.local/agent:1.2.3"
  std::string platform;  // "linux/amd64"; a program for another one is refused
  std::string program;   // on this machine; its shared libraries come along
  std::vector<std::string> arguments;
  std::string user = "65532:65532";
  std::string
      certificates;  // a PEM file that becomes /etc/ssl/certs/ca-certificates.crt, "" = none
  std::string zones;  // a folder of time zones that becomes /usr/share/zoneinfo, "" = none
};

// Two layers: the libraries with loader, /etc/passwd and /tmp; the program. A new program leaves
// the first as it is. No shell, no package manager, nothing writable but /tmp.
Result<> add_program_image(Draft& draft, const ProgramImage& image);

struct ArchiveImage {
  std::string component;
  std::string name;      // "" = as the archive names it
  std::string path;      // a folder (OCI layout) or an archive, plain or compressed
  std::string platform;  // "linux/amd64"
};

// Manifests, configs and layers keep their bytes and digests; of an index, other platforms are left
// out. Refuses with Code::bundle_definition.
Result<> add_archive_image(Draft& draft, const ArchiveImage& image);

// The line of the bundle's index for an image whose manifest is in use.
Value image_item(Value descriptor, const std::string& component, const std::string& name,
                 const std::string& platform);

}  // namespace holdfast::bundle

// SPDX-License-Identifier: Apache-2.0
#include "gotmpl/signature.h"

namespace holdfast::gotmpl {

const Type nil_dict_type{.name = "map[string]interface {}", .kind = "map", .is_nil = true};

std::string_view parameter_name(char letter) {
  switch (letter) {
    case 's': return "string";
    case 'i': return "int";
    case 'l': return "int64";
    case 'b': return "bool";
    case 'u': return "uint32";
    case 'f': return "float64";
    case 'm': return "map[string]interface {}";
    case 'L': return "[]interface {}";
    case 'S': return "[]string";
    case 'B': return "[]uint8";
    case 'T': return "time.Time";
    case 'D': return "time.Duration";
    case 'V': return "*semver.Version";
    case 'C': return "sprig.certificate";
    case 'v': return "reflect.Value";
    default: return "interface {}";
  }
}

bool takes_nil(char letter) { return std::string_view("avmLSBV").find(letter) != std::string_view::npos; }

bool fits(const Datum& value, char letter) {
  switch (letter) {
    case 's': return value.kind() == Kind::string;
    case 'i': return value.kind() == Kind::integer;
    case 'l': return value.kind() == Kind::int64;
    case 'u': return false;
    case 'b': return value.kind() == Kind::boolean;
    case 'f': return value.kind() == Kind::float64;
    case 'm': return value.kind() == Kind::dict && value.dict()->type->element == Kind::nil;
    case 'L': return value.kind() == Kind::list && value.type()->name == any_list_type.name;
    case 'S': return value.kind() == Kind::list && value.type()->name == string_list_type.name;
    case 'B': return value.kind() == Kind::bytes;
    case 'T':
    case 'D':
    case 'V':
    case 'C': return value.type() != nullptr && value.type()->name == parameter_name(letter);
    default: return true;
  }
}

Datum nil_of(char letter) {
  switch (letter) {
    case 'v': return Datum();
    case 'm': return Datum::new_dict(nil_dict_type);
    case 'L': return Datum::of_list({}, nil_list_type);
    case 'S': return Datum::of_strings({});
    case 'B': return Datum::of_bytes({});
    default: return Datum::nil();
  }
}

}  // namespace holdfast::gotmpl

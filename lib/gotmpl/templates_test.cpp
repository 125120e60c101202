// SPDX-License-Identifier: Apache-2.0
#include "gotmpl/templates.h"

#include <gtest/gtest.h>

namespace holdfast::gotmpl {
namespace {

const Value data = Object{
    {"n", 5}, {"s", "abc"}, {"t", true}, {"l", Array{1, 2, 3}}, {"m", Object{{"b", 2}, {"a", 1}}}};

Result<std::string> run(std::string_view text, Environment environment = {}) {
  Templates templates(std::move(environment));
  Result<> parsed = templates.parse("t.yaml", text);
  if (!parsed) return failure(std::move(parsed).error());
  return templates.execute("t.yaml", Datum::from_value(data, Datum::Numbers::as_float64));
}

struct Row {
  std::string_view text;
  std::string_view want;
};

void expect_outputs(std::span<const Row> rows) {
  for (const Row& row : rows) {
    Result<std::string> got = run(row.text);
    EXPECT_TRUE(got.has_value()) << row.text << ": " << (got ? "" : got.error().message());
    if (got) {
      EXPECT_EQ(*got, row.want) << row.text;
    }
  }
}

TEST(Templates, WhiteSpaceIsTrimmedWhereAMarkerAsks) {
  const Row rows[] = {
      {"a {{- 1 -}} b", "a1b"},
      {"a\n {{- /* c */ -}} \n b", "ab"},
      {"{{-3}}", "-3"},
      {"{{ 3 -}}\n\t{{ 4 }}", "34"},
  };
  expect_outputs(rows);
}

TEST(Templates, VariablesFollowTheirScope) {
  const Row rows[] = {
      {"{{ $x := 1 }}{{ if true }}{{ $x := 2 }}{{ end }}{{ $x }}", "1"},
      {"{{ $x := 1 }}{{ if true }}{{ $x = 2 }}{{ end }}{{ $x }}", "2"},
      {"{{ range $i, $e := .l }}{{ $i }}{{ $e }} {{ end }}", "01 12 23 "},
      {"{{ range $k, $v := .m }}{{ $k }}{{ $v }}{{ end }}", "a1b2"},
      {"{{ define \"x\" }}{{ $.k }}{{ end }}{{ template \"x\" dict \"k\" 7 }}", "7"},
  };
  expect_outputs(rows);
}

TEST(Templates, ControlFlowIsGos) {
  const Row rows[] = {
      {"{{ if false }}1{{ else if .t }}2{{ else }}3{{ end }}", "2"},
      {"{{ with .none }}1{{ else with .s }}{{ . }}{{ end }}", "abc"},
      {"{{ range 3 }}{{ . }}{{ end }}", "012"},
      {"{{ range .none }}{{ else }}e{{ end }}", "e"},
      {"{{ range .l }}{{ if eq . 2.0 }}{{ continue }}{{ end }}{{ . }}{{ end }}", "13"},
      {"{{ range .l }}{{ if eq . 2.0 }}{{ break }}{{ end }}{{ . }}{{ end }}", "1"},
      {"{{ block \"b\" .s }}<{{ . }}>{{ end }}", "<abc>"},
      {"{{ and .none .none.x }}{{ or 0 \"x\" }}", "x"},
  };
  expect_outputs(rows);
}

TEST(Templates, ValuesArePrintedAsGoPrintsThem) {
  const Row rows[] = {
      {"{{ .n }} {{ 1e6 }} {{ 1000000 }} {{ 1.5 }} {{ 123456.0 }}", "5 1e+06 1000000 1.5 123456"},
      {"{{ .m }} {{ .l }} {{ dict \"a\" nil }}", "map[a:1 b:2] [1 2 3] map[a:<nil>]"},
      {"[{{ .none }}]", "[]"},
      {"{{ printf \"%d %s %v %q %05.1f|%-4s|%x\" 5 .n .none .s 2.5 \"ab\" \"hi\" }}",
       "5 %!s(float64=5) <nil> \"abc\" 002.5|ab  |6869"},
      {"{{ print 1 2 \"a\" \"b\" 3 }}", "1 2ab3"},
      {"{{ toJson .m }}{{ toPrettyJson .l }}{{ toRawJson \"<\" }}{{ toJson \"<\" }}",
       "{\"a\":1,\"b\":2}[\n  1,\n  2,\n  3\n]\"<\"\"\\u003c\""},
      {"{{ 'a' }} {{ 0x1F }} {{ 0b11 }} {{ 1_000 }}", "97 31 3 1000"},
  };
  expect_outputs(rows);
}

// What random calls of every function found to differ from helm 4.3.1.
TEST(Templates, TheEdgesOfFunctionsAreGos) {
  const Row rows[] = {
      {"{{ regexSplit \"b\" \"abc\" 0 | toJson }}", "null"},
      {"{{ $d := mustToDuration \"-95m\" }}{{ $d.Truncate (mustToDuration \"1h\") }} {{ $d.Round 3600000000000 }} {{ $d.Abs }}",
       "-1h0m0s -2h0m0s 1h35m0s"},
      {"{{ printf \"%08v|%5v\" (list 1 nil) nil }}|{{ printf \"%b %#x\" 1.5 1.5 }}", "[00000001 <nil>]|<nil>|6755399441055744p-52 0x1.8000p+00"},
      {"{{ regexFindAll \"x\" \"abc\" -1 | toJson }} {{ concat | toJson }} {{ list | toJson }}", "null null []"},
      {"{{ fromJson \"null\" | toJson }} {{ fromJsonArray \"null\" | toJson }}", "null null"},
      {"{{ regexFind \"(?<n>b)c\" \"abc\" }}", "bc"},
      {"{{ regexReplaceAll \"[(?<]+(?<n>b)\" \"a?<b\" \"${n}${n}\" }}", "abb"},
      {"{{ regexMatch \"\\\\C\" \"a\" }}", "false"},
      {"{{ (fromJson \"tru\").Error }}", "invalid character ' ' in literal true (expecting 'e')"},
      {"{{ (fromJson \"1.\").Error }}", "invalid character ' ' after decimal point in numeric literal"},
      {"{{ mustFromJson \"[\\\"\\\\ud83d\\\\ude00\\\\ud800x\\\"]\" | first }}", "\U0001F600\uFFFDx"},
      {"{{ (fromYaml \"a: .nan\").Error }}", "error converting YAML to JSON: json: unsupported value: NaN"},
      {"{{ (fromYaml \"a: 'x\").Error }}", "error converting YAML to JSON: yaml: found unexpected end of stream"},
      {"{{ kindOf (semver \"1.2.3\").IncPatch }} {{ kindOf (semver \"1.2.3\") }}", "struct ptr"},
      {"{{ printf \"%d %s\" (mustToDuration \"90m\") (mustToDuration \"90m\") }}", "5400000000000 1h30m0s"},
      {"{{ toYamlPretty (toDate \"2006-01-02\" \"2024-02-29\") }}", "2024-02-29T00:00:00Z"},
      {"{{ dict \"a\" (list (dict \"x\" (list (dict \"q\" 1)) \"y\" 2 \"z\" nil) 5) | toToml }}",
       "a = [{y = 2, x = [{q = 1}]}, 5]\n"},
      {"[{{ toJson 1i }}] {{ chunk -1 (list 1 2) }} {{ chunk -3 (list 1) }}", "[] [] [[1]]"},
  };
  expect_outputs(rows);
  const Row refusals[] = {
      {"{{ mustDateModify \"5\" now }}", "time: missing unit in duration \"5\""},
      {"{{ mustDateModify \"1d\" now }}", "time: unknown unit \"d\" in duration \"1d\""},
      {"{{ mustDateModify \"x\" now }}", "time: invalid duration \"x\""},
      {"{{ chunk -1 (list) }}", "runtime error: makeslice: len out of range"},
      {"{{ toRawJson 1i }}", "json: unsupported type: complex128"},
      {"{{ mustRegexFind \"\\\\\" \"a\" }}", "error parsing regexp: trailing backslash at end of expression: ``"},
      {"{{ regexFind \"\\\\C\" \"a\" }}", "regexp: Compile(`\\C`): error parsing regexp: invalid escape sequence: `\\C`"},
      {"{{ urlParse \"http://h\\\\x/\" }}",
       "unable to parse url: parse \"http://h\\\\x/\": invalid character \"\\\\\" in host name"},
      {"{{ ne .t .m }}", "incompatible types for comparison: bool and map[string]interface {}"},
      {"{{ ne .m .l }}", "non-comparable types map[a:%!s(float64=1) b:%!s(float64=2)]: map[string]interface {}, []interface {}: [1 2 3]"},
  };
  for (const Row& row : refusals) {
    const Result<std::string> got = run(row.text);
    ASSERT_FALSE(got.has_value()) << row.text;
    EXPECT_EQ(got.error().what(), row.want) << row.text;
  }
}

TEST(Templates, IncludeAndTplSeeTheDefinitionsTheyShould) {
  const Row rows[] = {
      {"{{ define \"x\" }}a\n{{ . }}{{ end }}{{ include \"x\" 1 | nindent 2 }}", "\n  a\n  1"},
      {"{{ tpl \"{{ .n }}-{{ define \\\"z\\\" }}q{{ end }}{{ include \\\"z\\\" . }}\" . }}", "5-q"},
      {"{{ range 3 }}{{ tpl \"{{ . }}\" . }}{{ end }}", "012"},
  };
  expect_outputs(rows);
}

TEST(Templates, MutationIsSeenThroughEveryName) {
  const Row rows[] = {
      {"{{ $_ := set .m \"c\" 3 }}{{ .m.c }}", "3"},
      {"{{ $d := dict }}{{ $_ := set $d \"self\" $d }}{{ len $d.self.self }}", "1"},
      {"{{ $l := append .l 4 }}{{ len .l }}{{ len $l }}", "34"},
  };
  expect_outputs(rows);
}

// The last line of an error, where it can say more than its code's own.
TEST(Templates, MistakesComeWithWhatToDo) {
  const Row rows[] = {
      {"{{ .m.a.x }}", "make \".m.a\" a map that has \"x\": it is a number"},
      {"{{ with dict \"name\" 1 }}{{ .nmae.x }}{{ end }}", "did you mean \".name\"?"},
      {"{{ .m.other.x }}", "set \".m.other\", or write \"(.m.other).x\" where it may be absent"},
      {"{{ $d := dict \"name\" 1 }}{{ $d.nmae.x }}", "did you mean \"$d.name\"?"},
      {"{{ (dict).a.x }}", "set \"(dict).a\", or write \"((dict).a).x\" where it may be absent"},
      {"{{ range .l }}{{ .Values.x }}{{ end }}",
       "write \"$.Values\": inside range, with and define \".\" is what they were given"},
      {"{{ trunc .n \"x\" }}", "make a whole number of it with \"int\": numbers of YAML are float64"},
      {"{{ trunc \"5\" \"x\" }}", "write the number without quotes"},
      {"{{ upper 5 }}", "put it in quotes: \"5\""},
      {"{{ upper .m }}", "make a text of it with \"toYaml\": it is a map"},
      {"{{ ternary 1 2 .s }}", "make true or false of it: (eq (toString …) \"true\")"},
      {"{{ hasKey .s \"a\" }}", "give it a map: this is a text"},
      {"{{ eq .s 5 }}", "one is a text and one a number: make them alike with \"toString\" or \"int\""},
      {"{{ eq .t \"true\" }}", "one is a text and one true or false: write true without quotes"},
      {"{{ index .l 3 }}", "ask for one of 0 to 2: it has 3"},
      {"{{ index (list) 0 }}", "look first whether it has any: it is empty"},
      {"{{ range .n }}{{ end }}", "make a whole number of it: until (int …)"},
      {"{{ replace \"a\" }}", "give \"replace\" what it takes: a text, a text, a text"},
      {"{{ printf }}", "give \"printf\" what it takes: a text, anything, as often as you like"},
      {"{{ .none | required \"say it\" }}", "give the chart the values that it asks for"},
      {"{{ $name := 1 }}{{ $nmae }}", "did you mean \"$name\"?"},
      {"{{ if .t }}{{ $x := 1 }}{{ end }}{{ $x }}",
       "declare \"$x\" before the block that knows it, and set it there with \"=\""},
      {"{{ if .t }}\n{{ range .l }}", "end the range of line 2 with {{ end }}"},
      {"{{ block \"b\" . }}\n", "end the block of line 1 with {{ end }}"},
      {"{{ .a.my-key }}", "write \"index\" for a key with a dash: (index .Values \"my-key\")"},
      {"{{ (.a }}", "close the bracket before \"}}\""},
      {"{{ \"a }}", "close the text with a quote in its line"},
  };
  for (const Row& row : rows) {
    Result<std::string> got = run(row.text);
    ASSERT_FALSE(got) << row.text;
    EXPECT_EQ(got.error().fix_line(), row.want) << row.text << ": " << got.error().message();
  }
}

TEST(Templates, ErrorsSayTheCauseAndThePlaceAsGoDoes) {
  struct ErrorRow {
    std::string_view text;
    std::string_view cause;
    std::string_view place;
  };
  const ErrorRow rows[] = {
      {"a\n{{ .none.x }}", "nil pointer evaluating interface {}.x", "t.yaml:2:8 at <.none.x>"},
      {"{{ eq .n 5 }}", "incompatible types for comparison: float64 and int",
       "t.yaml:1:3 at <eq .n 5>"},
      {"{{ trunc .n \"x\" }}", "wrong type for value; expected int; got float64",
       "t.yaml:1:9 at <.n>"},
      {"{{ .s.x }}", "can't evaluate field x in type interface {}", "t.yaml:1:5 at <.s.x>"},
      {"{{ range list \"a\" }}{{ .x }}{{ end }}", "can't evaluate field x in type interface {}",
       "t.yaml:1:23 at <.x>"},
      {"{{ range $i, $e := list \"a\" }}{{ with $e }}{{ .x }}{{ end }}{{ end }}",
       "can't evaluate field x in type string", "t.yaml:1:46 at <.x>"},
      {"{{ range splitList \",\" \"a\" }}{{ .x }}{{ end }}", "can't evaluate field x in type string",
       "t.yaml:1:32 at <.x>"},
      {"{{ range $k, $v := .m }}{{ $v.x }}{{ end }}", "can't evaluate field x in type interface {}",
       "t.yaml:1:29 at <$v.x>"},
      {"{{ required \"say it\" .none }}", "say it", "t.yaml:1:3 at <required \"say it\" .none>"},
      {"{{ trnc 3 \"x\" }}", "function \"trnc\" not defined", "t.yaml:1:3"},
      {"x\n{{ if }}{{ end }}", "missing value for if", "t.yaml:2:6"},
      {"{{ $x }}", "undefined variable \"$x\"", "t.yaml:1:6"},
      {"{{ if true }}", "unexpected EOF", "t.yaml:1:13"},
      {"{{ range .s }}{{ end }}", "range can't iterate over abc", "t.yaml:1:9 at <.s>"},
  };
  for (const ErrorRow& row : rows) {
    Result<std::string> got = run(row.text);
    ASSERT_FALSE(got.has_value()) << row.text;
    EXPECT_EQ(got.error().what(), row.cause) << row.text;
    ASSERT_FALSE(got.error().where().empty()) << row.text;
    EXPECT_EQ(got.error().where().back(), row.place) << row.text;
  }
}

TEST(Templates, AnUnknownFunctionOrTemplateNamesTheNearest) {
  EXPECT_EQ(run("{{ toYml 2 }}").error().fix_line(), "did you mean \"toYaml\"?");
  EXPECT_EQ(run("{{ define \"chart.labels\" }}{{ end }}{{ include \"chart.label\" . }}")
                .error()
                .fix_line(),
            "did you mean \"chart.labels\"?");
}

TEST(Templates, AnErrorInsideAnIncludeKeepsEveryPlace) {
  Templates templates{Environment{}};
  ASSERT_TRUE(templates.parse("_h.tpl", "{{ define \"h\" }}\n{{ .a.b }}{{ end }}").has_value());
  ASSERT_TRUE(templates.parse("t.yaml", "x: {{ include \"h\" . }}").has_value());
  Result<std::string> got = templates.execute("t.yaml", Datum::new_dict());
  ASSERT_FALSE(got.has_value());
  EXPECT_EQ(got.error().message(),
            "nil pointer evaluating interface {}.b (_h.tpl:2:5 at <.a.b>; "
            "t.yaml:1:6 at <include \"h\" .>)");
}

TEST(Templates, ALaterDefinitionReplacesAnEarlierOneUnlessItIsBlank) {
  Templates templates{Environment{}};
  ASSERT_TRUE(templates.parse("a", "{{ define \"x\" }}1{{ end }}").has_value());
  ASSERT_TRUE(templates.parse("b", "{{ define \"x\" }} {{ end }}").has_value());
  ASSERT_TRUE(templates.parse("t", "{{ template \"x\" }}").has_value());
  EXPECT_EQ(*templates.execute("t", Datum()), "1");
  ASSERT_TRUE(templates.parse("c", "{{ define \"x\" }}2{{ end }}").has_value());
  EXPECT_EQ(*templates.execute("t", Datum()), "2");
}

TEST(Templates, LimitsEndWhatRunsAwayAtItsLine) {
  struct LimitRow {
    std::string_view text;
    std::string_view cause;
    std::string_view place = "t.yaml:1:";
  };
  const LimitRow rows[] = {
      {"{{ define \"r\" }}{{ include \"r\" . }}{{ end }}{{ include \"r\" . }}",
       "the template 'r' includes itself more than 100 times"},
      {"{{ define \"r\" }}{{ template \"r\" . }}{{ end }}\n{{ template \"r\" . }}",
       "templates are nested deeper than"},
      {"{{ define \"r\" }}{{ tpl \"{{ include `r` . }}\" . }}{{ end }}\n{{ include \"r\" . }}",
       "itself more than 100 times", "t.yaml:2:"},
      {"\n{{ repeat 2000000000 \"xxxxxxxx\" }}", "the text grows to", "t.yaml:2:"},
      {"\n\n{{ until 2000000000 }}", "the list grows to", "t.yaml:3:"},
      {"{{ range 2000000000 }}{{ end }}", "the list grows to"},
      {"{{ indent 2000000000 \"x\" }}", "the text grows to"},
      {"{{ seq 1 100000000 }}", "the list grows to"},
      {"{{ $s := repeat 900000 \"x\" }}{{ range 9 }}{{ $s }}{{ end }}", "the text grows to"},
      {"{{ range 900 }}{{ range 900 }}{{ end }}{{ end }}", "the templates take more than 100000 steps"},
      {"{{ $d := dict }}{{ range 300 }}{{ $d = dict \"a\" $d }}{{ end }}\n{{ toYaml $d }}",
       "value is nested deeper than", "t.yaml:2:"},
      {"{{ $d := dict }}{{ range 300 }}{{ $d = dict \"a\" $d }}{{ end }}\n{{ toJson $d }}",
       "value is nested deeper than", "t.yaml:2:"},
      {"{{ $s := \"xxxxxxxxxx\" }}{{ range 40 }}{{ $s = print $s $s }}{{ end }}", "the text grows to"},
      {"{{ $d := dict }}{{ range $i := until 900 }}{{ $_ := set $d (print $i) (repeat 900000 \"x\") }}{{ end }}",
       "the templates make more than"},
      {"{{ regexReplaceAll \"x\" (repeat 1000000 \"x\") (repeat 1000 \"y\") }}", "the text grows to"},
      {"{{ regexFind \"((a{100}){100}){100}\" \"a\" }}",
       "regexp: Compile("},
  };
  for (const LimitRow& row : rows) {
    Environment environment;
    environment.limits.steps = 100'000;
    environment.limits.include_depth = 100;
    environment.limits.output_bytes = std::size_t{1} << 20;
    environment.limits.made_bytes = std::size_t{100} << 20;
    Result<std::string> got = run(row.text, environment);
    ASSERT_FALSE(got.has_value()) << row.text;
    EXPECT_TRUE(got.error().message().contains(row.cause)) << got.error().message().substr(0, 300);
    ASSERT_FALSE(got.error().where().empty()) << row.text;
    EXPECT_TRUE(got.error().where().back().starts_with(row.place)) << got.error().where().back();
  }
}

// Each look at it takes a second.
class HurryingClock : public Clock {
 public:
  [[nodiscard]] WallTime wall() const override { return {}; }
  [[nodiscard]] SteadyTime steady() const override { return SteadyTime(std::chrono::seconds(++looks_)); }

 private:
  mutable int looks_ = 0;
};

TEST(Templates, TimeEndsWhatRunsTooLongAtItsLine) {
  const HurryingClock clock;
  Environment environment;
  environment.clock = &clock;
  for (std::string_view text : {"\n{{ range 9000000 }}{{ end }}",
                                "\n{{ range 90000 }}{{ sha256sum (repeat 20000 \"x\") }}{{ end }}"}) {
    Result<std::string> got = run(text, environment);
    ASSERT_FALSE(got.has_value()) << text;
    EXPECT_EQ(got.error().code(), Code::limit) << text;
    EXPECT_TRUE(got.error().what().starts_with("the templates run longer than")) << got.error().message();
    EXPECT_TRUE(got.error().where().back().starts_with("t.yaml:2:")) << got.error().message();
  }
}

TEST(Templates, LimitsHoldForAllExecutesOfASetTogether) {
  Environment environment;
  environment.limits.steps = 10'000;
  Templates templates(environment);
  ASSERT_TRUE(templates.parse("t", "{{ range 1000 }}{{ end }}").has_value());
  int executes = 0;
  while (executes < 100 && templates.execute("t", Datum())) ++executes;
  EXPECT_LT(executes, 11);
}

TEST(Templates, ATraceLeadsFromTheOutputBackToTheTemplate) {
  Templates templates{Environment{}};
  constexpr std::string_view text = "a: 1\n{{ range 2 }}b: {{ . }}\n{{ end }}{{ .none }}c: {{ \"x\" }}\n";
  ASSERT_TRUE(templates.parse("t", text).has_value());
  Templates::Trace trace;
  const auto out = *templates.execute("t", Datum::new_dict(), &trace);
  ASSERT_EQ(out, "a: 1\nb: 0\nb: 1\nc: x\n");
  const auto from = [&](std::string_view piece) {
    return text.substr(trace.position_of(out.rfind(piece)));
  };
  EXPECT_TRUE(from("a: 1").starts_with("a: 1"));
  EXPECT_TRUE(from("b: 1").starts_with("b: {{"));
  EXPECT_TRUE(from("c: ").starts_with("c: {{"));
  EXPECT_TRUE(from("x\n").starts_with("\"x\""));
}

TEST(Templates, OutputInPiecesIsTheSameInWholeLines) {
  // Lines of 100 bytes, one that is longer than a piece, and what is erased in both.
  constexpr std::string_view text =
      "{{ range 3000 }}{{ $.none }}{{ repeat 99 \"x\" }}\n{{ end }}"
      "{{ repeat 100000 \"y\" }}<no value>\nlast {{ .none }}line\nend{{ $.none }}";
  Templates templates{Environment{}};
  ASSERT_TRUE(templates.parse("t", text).has_value());
  const Datum scope = Datum::new_dict();
  const std::string whole = *templates.execute("t", scope);
  EXPECT_TRUE(whole.ends_with("y\nlast line\nend"));
  std::string joined;
  std::vector<std::string> pieces;
  Templates::Trace trace;
  const auto take = [&](std::string piece) {
    trace.forget_before(joined.size());
    joined += piece;
    pieces.push_back(std::move(piece));
  };
  ASSERT_TRUE(templates.execute("t", scope, trace, take));
  EXPECT_EQ(joined, whole);
  EXPECT_GT(pieces.size(), 4U);
  for (std::size_t i = 0; i + 1 < pieces.size(); ++i) EXPECT_TRUE(pieces[i].ends_with('\n')) << i;
  EXPECT_TRUE(text.substr(trace.position_of(whole.find("line"))).starts_with("line\nend"));
  EXPECT_LT(trace.marks.size(), 2000U);
}

TEST(Templates, WhatIsRememberedIsBounded) {
  EXPECT_EQ(run("{{ range 200 }}{{ if not (regexMatch (printf \"a%d\" .) \"a199\") }}{{ end }}{{ end }}x")
                .value_or("refused"),
            "x");
  EXPECT_EQ(run("{{ $s := repeat 300000 \"y\" }}{{ range 40 }}"
                "{{ if tpl (printf \"%s{{ . }}%d\" $s .) . }}{{ end }}{{ end }}x")
                .value_or("refused"),
            "x");
}

TEST(Templates, TimeAndRandomnessComeFromTheEnvironment) {
  ManualClock clock;
  clock.advance(std::chrono::hours(24 * 366));
  Environment environment;
  environment.clock = &clock;
  environment.random = [](std::span<unsigned char> bytes) {
    for (unsigned char& byte : bytes) byte = 7;
  };
  EXPECT_EQ(*run("{{ now | date \"2006-01-02\" }}", environment), "1971-01-02");
  EXPECT_EQ(*run("{{ randAlphaNum 4 }}", environment), *run("{{ randAlphaNum 4 }}", environment));
  EXPECT_EQ(*run("{{ uuidv4 }}", environment), "07070707-0707-4707-8707-070707070707");
}

TEST(Templates, Helm3LacksWhatHelm4Added) {
  Environment environment;
  environment.flavor = Flavor::helm3;
  EXPECT_TRUE(run("{{ mustToYaml 1 }}").has_value());
  EXPECT_FALSE(run("{{ mustToYaml 1 }}", environment).has_value());
  EXPECT_EQ(function_names(Flavor::helm4).size() - function_names(Flavor::helm3).size(), 13U);
}

// A text that waits for its turn gives what one gives that is parsed at once.
TEST(Late, ATextIsReadWhenItIsExecutedOrIncludedAndForgottenWhenAsked) {
  Templates templates({});
  int reads = 0;
  const auto give = [&](std::string text) {
    return [&reads, text]() -> Result<std::string> { return ++reads, text; };
  };
  ASSERT_TRUE(templates.add_late("a", give("a{{ .x }}")));
  ASSERT_TRUE(templates.parse("b", "b{{ include \"a\" . }}{{ template \"a\" . }}"));
  EXPECT_EQ(reads, 0);
  Datum given = Datum::new_dict();
  given.dict()->set("x", Datum(1));
  EXPECT_EQ(templates.execute("b", given).value(), "ba1a1");
  EXPECT_EQ(templates.execute("a", given).value(), "a1");
  EXPECT_EQ(templates.text_of("a"), "a{{ .x }}");
  EXPECT_EQ(reads, 1);
  templates.forget("a");
  EXPECT_EQ(templates.text_of("a"), "");
  EXPECT_EQ(templates.execute("b", given).value(), "ba1a1");
  EXPECT_EQ(reads, 2);
}

TEST(Late, TheLaterDefinitionOfANameCountsAsIfAllWereParsedInTurn) {
  const auto give = [](std::string text) { return [text]() -> Result<std::string> { return text; }; };
  Templates after({});
  ASSERT_TRUE(after.add_late("a", give("late")));
  ASSERT_TRUE(after.parse("b", "{{ define \"a\" }}defined{{ end }}"));
  after.forget("a");
  EXPECT_EQ(after.execute("a", Datum()).value(), "defined");
  Templates before({});
  ASSERT_TRUE(before.parse("b", "{{ define \"a\" }}defined{{ end }}"));
  ASSERT_TRUE(before.add_late("a", give("late")));
  before.forget("a");
  EXPECT_EQ(before.execute("a", Datum()).value(), "late");
}

TEST(Late, WhatIsWrongIsToldInTheOrderOfAdding) {
  const auto give = [](std::string text) { return [text]() -> Result<std::string> { return text; }; };
  Templates templates({});
  ASSERT_TRUE(templates.add_late("a", give("{{ fail \"x\" }}")));
  ASSERT_TRUE(templates.add_late("b", give("{{ if }}")));
  ASSERT_TRUE(templates.add_late("c", give("{{ wrong }}")));
  EXPECT_FALSE(templates.execute("a", Datum()));
  const auto checked = templates.check_late();
  ASSERT_FALSE(checked);
  EXPECT_EQ(checked.error().what(), "missing value for if");
}

TEST(Late, ATextThatDefinesMoreCannotWait) {
  for (const std::string_view text : {"{{define \"x\"}}{{end}}", "{{- define", "{{-\n\tblock", "a{{{{ block"})
    EXPECT_FALSE(Templates::can_wait(text)) << text;
  for (const std::string_view text : {"", "{{", "{{-", "define {{ if .x }} block {{ end }}"})
    EXPECT_TRUE(Templates::can_wait(text)) << text;
}

}  // namespace
}  // namespace holdfast::gotmpl

// SPDX-License-Identifier: Apache-2.0
// codec/regex: what matches (Python's answers), what is refused with which words, texts fed in
// pieces, bytes that are no UTF-8, bounds, and time linear in the text.
// tests/interop/regex_oracle.py compares with Python itself.
#include "test.h"

#include "codec/regex.h"

static struct regex_inst code[REGEX_PROGRAM_MAX];
static struct regex_range ranges[512];
static struct regex_scratch scratch;

static err compile(str pattern, struct regex *re, struct buf *detail)
{
    struct regex_memory m = {code, ranges, REGEX_PROGRAM_MAX, COUNT(ranges)};
    err e = regex_compile(re, pattern, &m, detail);
    CHECK(err_ok(e) || (m.code == code && m.ranges == ranges));
    return e;
}

static void test_regex_match_table(void)
{
    static const struct {
        const char *pattern, *text;
        bool want;
    } cases[] = {
        {"", "", true},
        {"", "x", true},
        {"b", "abc", false},
        {".*b", "abc", true},
        {"a", "abc", true},
        {"a$", "a\n", true},
        {"a$", "a\n\n", false},
        {"a$", "ab", false},
        {"(?m)a$", "a\nb", true},
        {"a\\Z", "a\n", false},
        {"a.b", "a\nb", false},
        {"(?s)a.b", "a\nb", true},
        {"(?i)ABC", "aBc", true},
        {"(?i)\xc3\x89", "\xc3\xa9", true},
        {"(?i)k", "\xe2\x84\xaa", true}, // the Kelvin sign
        {"(?i)[^k]", "\xe2\x84\xaa", false},
        {"(?i:a)b", "AB", false},
        {"(?i)(?-i:a)b", "aB", true},
        {"[Cc]onf", "conf", true},
        {"[^a-c]", "d", true},
        {"[^a-c]", "b", false},
        {"[]a]+x", "]a]x", true},
        {"[a-]x", "-x", true},
        {"[\\d-]+x", "1-2x", true},
        {"\\d+", "\xd9\xa3", true}, // ARABIC-INDIC DIGIT THREE
        {"\\w\\W\\s\\S", "\xc3\xa9- x", true},
        {"a{2,3}b", "aaab", true},
        {"a{2,3}b", "aaaab", false},
        {"a{,2}b", "aab", true},
        {"a{0}b", "b", true},
        {"a{,}b", "aaaab", true},
        {"a{x", "a{x", true},
        {"a{}", "a{}", true},
        {"(?:ab|a)(?:c|bcd)d", "abcdd", true},
        {"(a|ab)(c|bcd)$", "abcd", true},
        {"(?P<x>a)+?b", "aab", true},
        {"(?#note)a", "a", true},
        {"\\ba\\b", "a", true},
        {"a\\b.b", "a b", true},
        {"a\\Bb", "ab", true},
        {"\\B", "", false},
        {"\\b", "", false},
        {"(a*)*b", "aaab", true},
        {"(|a)+b", "aab", true},
        {"(^)*a", "a", true},
        {"\\x41\\u00e9\\U0001F600\\101\\0",
         "A\xc3\xa9\xf0\x9f\x98\x80"
         "A",
         false},
        {"\\x41\\u00e9\\U0001F600\\101",
         "A\xc3\xa9\xf0\x9f\x98\x80"
         "A",
         true},
        {"\\t\\n\\r\\f\\v\\a", "\t\n\r\f\v\a", true},
        {"[\\b]", "\b", true},
        {"x|", "y", true},
        {"(?m)(.*\n)*^c", "a\nb\nc", true},
        {"a(?#x\\)y)b", "ab", true},
        {"(?im-s:A.)b", "axb", true},
        {"(?m-i:a$)\\nb",
         "a\x0a"
         "b",
         true},
        {"(?u)a", "a", true},
        {"(?s-m:a.b)",
         "a\x0a"
         "b",
         true},
        {"(?-ms:a.)b",
         "a\x0a"
         "b",
         false},
        {"(?-m:^a)\\n^b",
         "a\x0a"
         "b",
         false},
        {"[\\101-\\103]+x", "ABx", true},
        {"[\\x41-\\x43]x", "Bx", true},
        {"\\07", "\x07", true},
        {"\\018",
         "\x01"
         "8",
         true},
        {"()*a", "a", true},
        {"(){2,3}a", "a", true},
        {"(?:){0,}a", "a", true},
        {"(?m)^b",
         "a\x0a"
         "b",
         false},
        {"(?m)a\x0a^b",
         "a\x0a"
         "b",
         true},
        {"a\\B", "a", false},
        {"a\\B", "ab", true},
        {"\xc3\xa9\\B-", "\xc3\xa9-", false},
        {"\\B-", "--", true},
        {"-\\B", "-", true},
        {"-\\B-", "--", true},
        {"\\ba", "a", true},
        {"-\\b", "-", false},
        {"(?m)a$", "a", true},
        {"(?i)[^\xc3\xa9]", "\xc3\x89", false},
        {"\\d", "x", false},
        {"\\D", "\xd9\xa3", false},
        {"\\w", "\xc2\xaa", true},
        {"\\s", "\x1c", true},
        {"\\s", "\x1f", true},
        {"\\s", " ", true},
        {"\\s", "\x08", false},
        {"\\s", "\xe2\x80\x83", true},
        {"(?i)\xc3\x9f", "\xe1\xba\x9e", true},
        {"(?i)\xc5\xbf", "S", true},
        {"(?i)[a-z]", "\xe2\x84\xaa", true},
        {"(?i)[0-9]", "K", false},
        {"(?i)_", "_", true},
        {"(?i)\xc4\xb0", "i", true},
        {"(?i)\\u01c5", "\xc7\x86", true},
        {"(?i)\xcf\x83", "\xcf\x82", true},
        {"\\\xc3\xa9", "\xc3\xa9", true},
        {"(?s).", "\xc3\xa9", true},
        {"[^a]*\\Z", "\xf0\x9f\x98\x80", true},
        {"(?s)a.*b$", "axxb\x0a", true},
    };
    for (isize i = 0; i < COUNT(cases); i++) {
        u8 memory[128];
        struct buf detail = buf_over(memory, sizeof memory);
        struct regex re;
        CHECK_OK(compile(test_guarded(str_from(cases[i].pattern)), &re, &detail));
        str text = test_guarded(str_from(cases[i].text));
        bool got = regex_match(&re, text, &scratch);
        if (got != cases[i].want) {
            fprintf(stderr, "%s on %s\n", cases[i].pattern, cases[i].text);
        }
        CHECK(got == cases[i].want);
        for (isize cut = 0; cut <= text.n; cut++) {
            struct regex_run run;
            regex_begin(&run, &re, &scratch);
            (void)regex_feed(&run, str_slice(text, 0, cut));
            (void)regex_feed(&run, str_from_index(text, cut));
            CHECK(regex_end(&run) == got);
        }
    }
}

static void test_regex_compile_refused(void)
{
    static const struct {
        const char *pattern;
        enum err_code want;
        const char *detail;
    } cases[] = {
        {"[", ERR_REGEX_SYNTAX, "unterminated character set at position 0"},
        {"ab[c-", ERR_REGEX_SYNTAX, "unterminated character set at position 2"},
        {"(a", ERR_REGEX_SYNTAX, "missing ), unterminated subpattern at position 0"},
        {"\xc3\xa9(a", ERR_REGEX_SYNTAX, "missing ), unterminated subpattern at position 1"},
        {"a)", ERR_REGEX_SYNTAX, "unbalanced parenthesis at position 1"},
        {"*a", ERR_REGEX_SYNTAX, "nothing to repeat at position 0"},
        {"a|*", ERR_REGEX_SYNTAX, "nothing to repeat at position 2"},
        {"^*", ERR_REGEX_SYNTAX, "nothing to repeat at position 1"},
        {"a**", ERR_REGEX_SYNTAX, "multiple repeat at position 2"},
        {"a{3,2}", ERR_REGEX_SYNTAX, "min repeat greater than max repeat at position 2"},
        {"a{99999999999}", ERR_REGEX_SYNTAX, "the repetition number is too large at position 1"},
        {"[b-a]", ERR_REGEX_SYNTAX, "bad character range at position 1"},
        {"[\\d-z]", ERR_REGEX_SYNTAX, "bad character range at position 1"},
        {"\\q", ERR_REGEX_SYNTAX, "bad escape at position 0"},
        {"a\\", ERR_REGEX_SYNTAX, "bad escape (end of pattern) at position 1"},
        {"\\x4", ERR_REGEX_SYNTAX, "incomplete escape at position 0"},
        {"\\U00110000", ERR_REGEX_SYNTAX, "bad escape at position 0"},
        {"\\777", ERR_REGEX_SYNTAX, "octal escape value outside of range 0-0o377 at position 0"},
        {"a(?i)", ERR_REGEX_SYNTAX,
         "global flags not at the start of the expression at position 1"},
        {"(?z)", ERR_REGEX_SYNTAX, "unknown flag or extension at position 0"},
        {"(?P<1>a)", ERR_REGEX_SYNTAX, "bad character in group name at position 4"},
        {"(?P<x>a)(?P<x>b)", ERR_REGEX_SYNTAX, "redefinition of group name at position 12"},
        {"(?", ERR_REGEX_SYNTAX, "unexpected end of pattern at position 0"},
        {"(?i-i:a)", ERR_REGEX_SYNTAX, "bad inline flags: flag turned on and off at position 0"},
        {"\xff", ERR_REGEX_SYNTAX, "the pattern is not UTF-8 at position 0"},
        {"[a\\", ERR_REGEX_SYNTAX, "bad escape (end of pattern) at position 2"},
        {"(?P<", ERR_REGEX_SYNTAX, "missing group name at position 4"},
        {"(?P<>a)", ERR_REGEX_SYNTAX, "missing group name at position 4"},
        {"(?P<x", ERR_REGEX_SYNTAX, "missing group name at position 4"},
        {"(?P<a b>x)", ERR_REGEX_SYNTAX, "bad character in group name at position 4"},
        {"(?Px)", ERR_REGEX_SYNTAX, "unknown extension at position 0"},
        {"(?P", ERR_REGEX_SYNTAX, "unexpected end of pattern at position 0"},
        {"(?#a", ERR_REGEX_SYNTAX, "missing ), unterminated comment at position 0"},
        {"(?#a\\", ERR_REGEX_SYNTAX, "bad escape (end of pattern) at position 4"},
        {"(?i", ERR_REGEX_SYNTAX, "missing flag, : or ) at position 0"},
        {"(?i-", ERR_REGEX_SYNTAX, "missing flag, : or ) at position 0"},
        {"(?i-)a", ERR_REGEX_SYNTAX, "missing flag, : or ) at position 0"},
        {"(?i-:a)", ERR_REGEX_SYNTAX, "missing flag, : or ) at position 0"},
        {"(?-i)a", ERR_REGEX_SYNTAX, "missing flag, : or ) at position 0"},
        {"(?-u:a)", ERR_REGEX_SYNTAX, "bad inline flags at position 0"},
        {"(?m-m:a)", ERR_REGEX_SYNTAX, "bad inline flags: flag turned on and off at position 0"},
        {"(?s-s:a)", ERR_REGEX_SYNTAX, "bad inline flags: flag turned on and off at position 0"},
        {"(?1)", ERR_REGEX_SYNTAX, "unknown extension at position 0"},
        {"[a-\\d]", ERR_REGEX_SYNTAX, "bad character range at position 1"},
        {"[\\8]", ERR_REGEX_SYNTAX, "bad escape at position 1"},
        {"\\18", ERR_REGEX_UNSUPPORTED, "back-references are not supported: found at position 0"},
        {"\\cA", ERR_REGEX_SYNTAX, "bad escape at position 0"},
        {"[a-\\", ERR_REGEX_SYNTAX, "bad escape (end of pattern) at position 3"},
        {"|(?i)a", ERR_REGEX_SYNTAX,
         "global flags not at the start of the expression at position 1"},
        {"(a(?m))", ERR_REGEX_SYNTAX,
         "global flags not at the start of the expression at position 2"},
        {"a{4294967295}", ERR_REGEX_SYNTAX, "the repetition number is too large at position 1"},
        {"(?P<\xc3\xa9-", ERR_REGEX_SYNTAX, "bad character in group name at position 4"},
        {"a{1,4294967295}", ERR_REGEX_SYNTAX, "the repetition number is too large at position 1"},
        {"a(?=b)", ERR_REGEX_UNSUPPORTED, "look-ahead is not supported: found at position 1"},
        {"(?!b)", ERR_REGEX_UNSUPPORTED, "look-ahead is not supported: found at position 0"},
        {"(?<=b)", ERR_REGEX_UNSUPPORTED, "look-behind is not supported: found at position 0"},
        {"(?<!b)", ERR_REGEX_UNSUPPORTED, "look-behind is not supported: found at position 0"},
        {"(a)\\1", ERR_REGEX_UNSUPPORTED, "back-references are not supported: found at position 3"},
        {"(?P<x>a)(?P=x)", ERR_REGEX_UNSUPPORTED,
         "back-references are not supported: found at position 8"},
        {"(a)?(?(1)b)", ERR_REGEX_UNSUPPORTED,
         "conditionals are not supported: found at position 4"},
        {"(?>a)", ERR_REGEX_UNSUPPORTED, "atomic groups are not supported: found at position 0"},
        {"a*+", ERR_REGEX_UNSUPPORTED, "possessive repeats are not supported: found at position 1"},
        {"(?x) a", ERR_REGEX_UNSUPPORTED,
         "flags other than i, m, s and u are not supported: found at position 0"},
        {"\\N{DASH}", ERR_REGEX_UNSUPPORTED,
         "named characters (\\N{...}) are not supported: found at position 0"},
        {"(a{100}){100}", ERR_REGEX_TOO_LARGE,
         "the pattern, its repeats written out, has more than 4096 steps at position 13"},
        {"a{4294967294}", ERR_REGEX_TOO_LARGE,
         "the pattern, its repeats written out, has more than 4096 steps at position 13"},
    };
    for (isize i = 0; i < COUNT(cases); i++) {
        u8 memory[128];
        struct buf detail = buf_over(memory, sizeof memory);
        struct regex re;
        err e = compile(test_guarded(str_from(cases[i].pattern)), &re, &detail);
        if (e.code != cases[i].want) {
            fprintf(stderr, "%s: %s\n", cases[i].pattern, err_name(e));
        }
        CHECK(e.code == cases[i].want);
        CHECK_STR(buf_str(&detail), str_from(cases[i].detail));
    }
}

static void test_regex_compile_bounds(void)
{
    u8 memory[256];
    char pattern[400];
    struct buf detail = buf_over(memory, sizeof memory);
    struct regex re;
    CHECK_OK(compile(S(".{1000}"), &re, &detail));
    CHECK(re.code_count == 1001);
    CHECK_OK(compile(S("(ab|c){0,500}"), &re, &detail));
    memset(pattern, '(', REGEX_DEPTH_MAX - 1);
    memset(pattern + REGEX_DEPTH_MAX - 1, ')', REGEX_DEPTH_MAX - 1);
    CHECK_OK(compile((str){(u8 *)pattern, 2 * REGEX_DEPTH_MAX - 2}, &re, &detail));
    memset(pattern, '(', REGEX_DEPTH_MAX);
    memset(pattern + REGEX_DEPTH_MAX, ')', REGEX_DEPTH_MAX);
    CHECK_ERR(compile((str){(u8 *)pattern, 2 * REGEX_DEPTH_MAX}, &re, &detail), REGEX_TOO_LARGE);
    // Every smaller memory is refused, and nothing is written behind it.
    static const str whole = S("(?i)(a|[b-d\\d]x?){2,3}(e+|f*)$");
    CHECK_OK(compile(whole, &re, &detail));
    int needs = re.code_count, needs_ranges = re.range_count;
    for (int n = 0; n <= needs; n++) {
        code[n] = (struct regex_inst){.op = 77};
        struct regex_memory m = {code, ranges, n, needs_ranges};
        err e = regex_compile(&re, whole, &m, &detail);
        CHECK(err_is(e, n < needs ? ERR_REGEX_TOO_LARGE : ERR_NONE) && code[n].op == 77);
        CHECK(n < needs || (m.code == code + needs && m.code_cap == 0));
    }
    for (int n = 0; n < needs_ranges; n++) {
        struct regex_memory m = {code, ranges, needs, n};
        CHECK_ERR(regex_compile(&re, whole, &m, &detail), REGEX_TOO_LARGE);
    }
}

static void test_regex_match_no_utf8(void)
{
    static const struct {
        str text;
        const char *pattern;
    } cases[] = {
        {S("\xff\xfe"), "\xef\xbf\xbd\xef\xbf\xbd\\Z"},
        {S("\xe2\x82"), "\xef\xbf\xbd\\Z"},   // cut off: one
        {S("\xe2\x82x"), "\xef\xbf\xbdx\\Z"}, // and what follows is itself
        {S("\xe2\xe2\x82\xac"), "\xef\xbf\xbd\xe2\x82\xac\\Z"},
        {S("\xed\xa0\x80"), "\xef\xbf\xbd{3}\\Z"},     // a surrogate
        {S("\xc0\x80"), "\xef\xbf\xbd{2}\\Z"},         // overlong
        {S("\xf4\x90\x80\x80"), "\xef\xbf\xbd{4}\\Z"}, // above U+10FFFF
        {S("a\0b"), "a\\0b\\Z"},
    };
    for (isize i = 0; i < COUNT(cases); i++) {
        u8 memory[128];
        struct buf detail = buf_over(memory, sizeof memory);
        struct regex re;
        CHECK_OK(compile(str_from(cases[i].pattern), &re, &detail));
        CHECK(regex_match(&re, test_guarded(cases[i].text), &scratch));
        struct regex_run run;
        regex_begin(&run, &re, &scratch);
        for (isize k = 0; k < cases[i].text.n; k++) {
            (void)regex_feed(&run, str_slice(cases[i].text, k, k + 1));
        }
        CHECK(regex_end(&run));
    }
}

// Steps for `n` characters `a` and then one that spoils the match.
static i64 steps(const char *pattern, isize n)
{
    static u8 text[400001];
    struct regex re;
    struct regex_run run;
    struct buf detail = buf_over(NULL, 0);
    CHECK_OK(compile(str_from(pattern), &re, &detail));
    memset(text, 'a', (size_t)n);
    text[n] = 'c';
    regex_begin(&run, &re, &scratch);
    (void)regex_feed(&run, (str){text, n + 1});
    CHECK(!regex_end(&run));
    CHECK(run.steps <= (i64)(n + 2) * re.code_count);
    return run.steps;
}

static void test_regex_match_linear(void)
{
    static const char *const patterns[] = {"(a*)*b",       "(a|a)*b",       "(a|aa)+$",
                                           "(a+)+b",       "(.*)(.*)(.*)b", "(?:a?){50}a{50}b",
                                           "([a-z]+)*\\d", "(?i)(A|[^b])*b"};
    for (isize i = 0; i < COUNT(patterns); i++) {
        i64 small = steps(patterns[i], 100000), large = steps(patterns[i], 400000);
        CHECK(large <= small * 4 + 4);
    }
}

static const struct test_case cases[] = {
    CASE(test_regex_match_table),    CASE(test_regex_compile_refused),
    CASE(test_regex_compile_bounds), CASE(test_regex_match_no_utf8),
    CASE(test_regex_match_linear),
};

TEST_MAIN(cases)

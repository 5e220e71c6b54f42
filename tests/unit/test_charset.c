// SPDX-License-Identifier: Apache-2.0
// charset: names, vectors of every kind of charset, what becomes of bad bytes, and encoding.
#include "test.h"

#include "codec/charset.h"

#define NONE (-1)

static struct charset named(const char *name)
{
    struct charset cs = {.kind = 255};
    CHECK(charset_find(str_from(name), &cs));
    return cs;
}

static void test_find_spellings(void)
{
    static const struct {
        const char *name;
        int kind;
    } names[] = {
        {"utf-8", CHARSET_UTF8},
        {"UTF8", CHARSET_UTF8},
        {" utf--8 ", CHARSET_UTF8},
        {"us-ascii", CHARSET_ASCII},
        {"ANSI_X3.4-1968", CHARSET_ASCII},
        {"ISO-8859-1", CHARSET_SINGLE},
        {"latin1", CHARSET_SINGLE},
        {"iso-8859-8-i", NONE}, // as in CPython 3.11
        {"windows-1252", CHARSET_SINGLE},
        {"KOI8-R", CHARSET_SINGLE},
        {"ks_c_5601-1987", CHARSET_EUC_KR},
        {"x-foo", NONE},
        {"", NONE},
        {"utf-8-with-a-name-that-never-ends", NONE},
        {"binary", NONE},
        {"csHPRoman8", NONE}, // CPython lowers a name, and then does not find this alias
    };
    for (isize i = 0; i < COUNT(names); i++) {
        struct charset cs = {0};
        bool found = charset_find(str_from(names[i].name), &cs);
        if (found != (names[i].kind != NONE) || (found && cs.kind != names[i].kind)) {
            fprintf(stderr, "%s: %d\n", names[i].name, found ? cs.kind : NONE);
            CHECK(false);
        }
    }
    struct charset cs;
    CHECK(!charset_find(str_make("utf-8\0x", 7), &cs));
}

static void test_find_every_name(void)
{
    for (isize i = 0; i < charset_names_count; i++) {
        struct charset cs;
        CHECK(charset_find(str_from(charset_names[i].name), &cs));
        CHECK(cs.kind == charset_names[i].kind && cs.single == charset_names[i].single);
    }
}

struct vector {
    const char *charset;
    str bytes, text;
};

static const struct vector vectors[] = {
    {"utf-8", S("a\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80"), S("aé€😀")},
    {"latin-1", S("caf\xE9\x80"), S("café\xC2\x80")},
    {"iso-8859-15", S("\xA4"), S("€")},
    {"windows-1252", S("\x93q\x94 \x80"), S("“q” €")},
    {"windows-1251", S("\xCF\xF0\xE8"), S("При")},
    {"koi8-r", S("\xCD\xC9\xD2"), S("мир")},
    {"cp437", S("\x81\xB0"), S("ü░")},
    {"gb2312", S("\xBA\xBA\xD7\xD6\xA1\xA4"), S("汉字・")},
    {"gbk", S("\xBA\xBA\x81\x40\xA1\xA4"), S("汉丂·")},
    {"gbk", S("\x81\x7E\x81\x80\x81\xFE"), S("亊亐侢")},
    {"shift_jis", S("\x81\x7E\x81\x80\x81\x9F\x9F\xFC"), S("×÷◆滌")},
    {"gb18030", S("\xBA\xBA\x81\x30\x81\x30\x94\x39\xFC\x36\x84\x31\xA4\x37"), S("汉\xC2\x80😀�")},
    {"big5", S("\xBA\x7E\xA6\x72"), S("漢字")},
    {"cp950", S("\xF9\xD6\xA3\xE1"), S("碁€")},
    {"euc-kr", S("\xC7\xD1\xB1\xDB"), S("한글")},
    {"euc-kr", S("\xA4\xD4\xA4\xA8\xA4\xC7\xA4\xB1"), S("똠")},
    {"cp949", S("\x8C\x63\xB9\xE6\xA4\xD4"), S("똠방ㅤ")},
    {"euc-jp", S("\xC6\xFC\x8E\xB1\x8F\xB0\xA1"), S("日ｱ丂")},
    {"shift_jis", S("\x93\xFA\xB1\\"), S("日ｱ\\")},
    {"cp932", S("\x87\x40\xFB\xFC"), S("①髙")},
    {"iso-2022-jp", S("a\x1B$BF|K\\\x1B(Bb\x1B(J\\~\x1B(B"), S("a日本b¥‾")},
    {"iso-2022-jp", S("\x1B&@\x1B$BF|\x1B(Bb"), S("日b")},
    {"iso-2022-jp", S("\x1B$(@F|\x1B)B\x1B$)BK\\"), S("日本")},
    {"utf-16", S("\xFF\xFE\x41\0\x3D\xD8\0\xDE"), S("A😀")},
    {"utf-16", S("\xFE\xFF\0\x41"), S("A")},
    {"utf-16", S("A\0"), S("A")},
    {"utf-16be", S("\0A\x20\xAC"), S("A€")},
    {"utf-16le", S("\xFF\xFE"), S("\xEF\xBB\xBF")},
    {"utf-32", S("\xFF\xFE\0\0A\0\0\0"), S("A")},
    {"utf-32be", S("\0\1\xF6\0"), S("😀")},
};

static void test_decode_vectors(void)
{
    u8 room[64];
    for (isize i = 0; i < COUNT(vectors); i++) {
        struct charset cs = named(vectors[i].charset);
        str bytes = test_guarded(vectors[i].bytes);
        struct buf out = buf_over(room, bytes.n * 3);
        CHECK_OK(charset_decode(cs, bytes, CHARSET_STRICT, &out));
        CHECK_STR(buf_str(&out), vectors[i].text);
        CHECK(charset_is_valid(cs, bytes));
    }
}

// Cut anywhere, a text gives an error or the beginning of its meaning, and never reads on.
static void test_decode_cut(void)
{
    u8 room[64];
    for (isize i = 0; i < COUNT(vectors); i++) {
        struct charset cs = named(vectors[i].charset);
        for (isize n = 0; n < vectors[i].bytes.n; n++) {
            str bytes = test_guarded(str_slice(vectors[i].bytes, 0, n));
            struct buf out = buf_over(room, n * 3);
            err e = charset_decode(cs, bytes, CHARSET_STRICT, &out);
            CHECK(err_ok(e) == charset_is_valid(cs, bytes));
            CHECK(!err_ok(e) || str_starts(vectors[i].text, buf_str(&out)) || n < 4);
            CHECK(err_ok(e) || out.n == 0);
            buf_reset(&out);
            CHECK_OK(charset_decode(cs, bytes, CHARSET_REPLACE, &out));
        }
    }
}

static void check_bad(const char *name, str bytes, str replaced)
{
    u8 room[64];
    struct buf out = buf_over(room, bytes.n * 3);
    struct charset cs = named(name);
    CHECK_ERR(charset_decode(cs, bytes, CHARSET_STRICT, &out), MIME_CHARSET);
    CHECK(out.n == 0);
    CHECK_OK(charset_decode(cs, bytes, CHARSET_REPLACE, &out));
    CHECK_STR(buf_str(&out), replaced);
}

static void test_decode_bad(void)
{
    check_bad("utf-8", S("a\xE9z"), S("a�z"));
    check_bad("utf-8", S("\xE2\x82z\xF0\x9F\x98"), S("�z�"));
    check_bad("utf-8", S("\xC0\x80\xED\xA0\x80"), S("�����"));
    check_bad("us-ascii", S("\xC3\xA9"), S("��"));
    check_bad("windows-1252", S("\x81z"), S("�z"));
    check_bad("big5", S("\xA1\x20\xA1"), S("� �"));
    check_bad("gb2312", S("\x81\x40"), S("�@"));
    check_bad("euc-jp", S("\x8F\xB0"), S("�"));
    check_bad("shift_jis", S("\x87\x40"), S("�@"));
    check_bad("iso-2022-jp", S("\xC6\xFC"), S("��"));
    check_bad("iso-2022-jp", S("\x1B$(DF|\x1B(Bx"), S("�F|x"));
    check_bad("iso-2022-jp", S("\x1B(01234567890123456789Ax"), S("�(01234567890123456789Ax"));
    check_bad("iso-2022-jp", S("\x1B.Aa\x1BNa"), S("�a\x1BNa"));
    check_bad("iso-2022-jp", S("a\x1B&@\x1B$A!!"), S("a�!!"));
    check_bad("iso-2022-jp", S("a\x1B&@"), S("a�"));
    check_bad("utf-16le", S("\x00\xD8\x41\x00z"), S("�A�"));
    check_bad("utf-32le", S("\x00\xD8\0\0\1"), S("��"));
}

// FNV-1a over what sequences become, each followed by a line feed: tables and errors of a whole
// charset in one number. The numbers are those of CPython 3.11, bytes.decode(name, 'replace').
static u64 hash_add(u64 hash, const char *name, const u8 *bytes, isize n)
{
    u8 room[64];
    struct buf out = buf_over(room, sizeof room);
    CHECK_OK(charset_decode(named(name), str_make(bytes, n), CHARSET_REPLACE, &out));
    buf_put_byte(&out, '\n');
    for (isize i = 0; i < out.n; i++) {
        hash = (hash ^ out.p[i]) * 0x100000001b3U;
    }
    return hash;
}

#define HASH_BEGIN 0xcbf29ce484222325U

static void test_decode_every_pair(void)
{
    static const struct {
        const char *name;
        u64 hash;
    } all[] = {
        {"gb2312", 0x520b4ecc45038e8e},    {"gbk", 0xd091dabd6a6daea5},
        {"gb18030", 0xa436d3764a960d1c},   {"big5", 0x889692082b2a1dc5},
        {"cp950", 0xe1a8463db3abc610},     {"euc-kr", 0x62fb72ad5cf2ba76},
        {"cp949", 0x92a7155502458ffa},     {"euc-jp", 0x7fc11967aeec1921},
        {"shift_jis", 0x00217d0cdf2c57ae}, {"cp932", 0x8226e6f55d29b5a5},
    };
    for (isize i = 0; i < COUNT(all); i++) {
        u64 hash = HASH_BEGIN;
        for (int a = 128; a < 256; a++) {
            for (int b = 0; b < 256; b++) {
                hash = hash_add(hash, all[i].name, (u8[]){(u8)a, (u8)b, 'z'}, 3);
            }
        }
        if (hash != all[i].hash) {
            fprintf(stderr, "%s: %016llx\n", all[i].name, (unsigned long long)hash);
            CHECK(false);
        }
    }
}

static void test_decode_gb18030_four(void)
{
    static const u8 second[] = {0x30, 0x31, 0x39}, third[] = {0x80, 0x81, 0x82, 0xA5, 0xFE, 0xFF};
    static const u8 fourth[] = {0x2F, 0x30, 0x35, 0x39, 0x3A};
    u64 hash = HASH_BEGIN;
    for (int a = 128; a < 256; a++) {
        for (int i = 0; i < 3 * 6 * 5; i++) {
            u8 bytes[] = {(u8)a, second[i / 30], third[i / 5 % 6], fourth[i % 5]};
            hash = hash_add(hash, "gb18030", bytes, 4);
        }
    }
    CHECK(hash == 0x931cda361b52b6ea);
}

static void test_decode_euc_kr_spelt(void)
{
    static const u8 vowels[] = {0xBE, 0xBF, 0xC8, 0xD3, 0xD4};
    u64 hash = HASH_BEGIN;
    for (int first = 0xA0; first < 0xD6; first++) {
        for (isize i = 0; i < COUNT(vowels); i++) {
            for (int last = 0xA0; last < 0xD6; last++) {
                u8 bytes[] = {0xA4, 0xD4, 0xA4, (u8)first, 0xA4, vowels[i], 0xA4, (u8)last};
                hash = hash_add(hash, "euc-kr", bytes, 8);
            }
        }
    }
    CHECK(hash == 0xe95a337d9ba57585);
    check_bad("euc-kr", S("\xA4\xD4\xA5\xA1\xA4\xBF\xA4\xA1"), S("�滔·엘�"));
    check_bad("euc-kr", S("\xA4\xD4\xA4\xA1\xA5\xBF\xA4\xA1"), S("�渡‥엘�"));
    check_bad("euc-kr", S("\xA4\xD4\xA4\xA1\xA4\xBF\xA5\xA1"), S("�渡·엠�"));
}

static void test_decode_iso2022_jp_escapes(void)
{
    u64 hash = HASH_BEGIN;
    for (int a = 32; a < 128; a++) {
        for (int b = 32; b < 128; b++) {
            u8 bytes[] = {0x1B, (u8)a, (u8)b, '!', '\\', 0x1B, '(', 'B', 'z'};
            hash = hash_add(hash, "iso-2022-jp", bytes, 9);
        }
    }
    CHECK(hash == 0x70524decf404e634);
}

static void test_decode_escapes(void)
{
    u8 room[32];
    struct buf out = buf_over(room, sizeof room);
    CHECK_OK(charset_decode(named("utf-8"), S("\xC3\xA9\xE9z"), CHARSET_ESCAPE, &out));
    CHECK_STR(buf_str(&out), S("é\xED\xB3\xA9z"));
    CHECK(charset_escape_at(str_from_index(buf_str(&out), 2)) == 0xE9);
    CHECK(charset_escape_at(buf_str(&out)) == -1);
    CHECK(charset_escape_at(S("\xED\xB3")) == -1);
    for (int raw = 128; raw < 256; raw++) {
        buf_reset(&out);
        charset_put_escape(&out, (u8)raw);
        CHECK(charset_escape_at(buf_str(&out)) == raw && out.n == CHARSET_ESCAPE_BYTES);
    }
    buf_reset(&out); // a bad byte below 128 cannot be escaped
    CHECK_ERR(charset_decode(named("iso-2022-jp"), S("\x1B$B!\x1B(B"), CHARSET_ESCAPE, &out),
              MIME_CHARSET);
}

static void test_decode_full(void)
{
    u8 room[8];
    struct buf out = buf_over(room, 5);
    CHECK_ERR(charset_decode(named("latin-1"), S("abc\xE9\xE9"), CHARSET_STRICT, &out), BUF_FULL);
    CHECK(out.n == 0 && !out.full);
}

static void test_valid_run(void)
{
    isize bad;
    CHECK(charset_valid_run(named("gb18030"), S("ab\xBA\xBA\xFFz"), &bad) == 4 && bad == 1);
    CHECK(charset_valid_run(named("utf-8"), S("\xC3\xA9\xE2\x82z"), &bad) == 2 && bad == 2);
    CHECK(charset_valid_run(named("utf-8"), S("\xC3\xA9\xE2\x82\xAC"), &bad) == 5 && bad == 0);
    CHECK(!charset_is_ascii_based(named("utf-16")) && charset_is_ascii_based(named("big5")));
}

static void test_ascii_run_every_length(void)
{
    u8 text[100];
    memset(text, 'a', sizeof text);
    for (isize n = 0; n <= COUNT(text); n++) {
        CHECK(charset_ascii_run(test_guarded(str_make(text, n))) == n);
        for (isize at = 0; at < n; at++) {
            text[at] = 0x80;
            CHECK(charset_ascii_run(str_make(text, n)) == at);
            text[at] = 'a';
        }
    }
}

static void test_encode(void)
{
    u8 room[64];
    struct buf out = buf_over(room, sizeof room);
    CHECK_OK(charset_encode(named("utf-16"), S("A😀"), &out));
    CHECK_STR(buf_str(&out), S("\xFF\xFE\x41\0\x3D\xD8\0\xDE"));
    buf_reset(&out);
    CHECK_OK(charset_encode(named("utf-32be"), S("é"), &out));
    CHECK_STR(buf_str(&out), S("\0\0\0\xE9"));
    buf_reset(&out);
    CHECK_OK(charset_encode(named("windows-1252"), S("€uro"), &out));
    CHECK_STR(buf_str(&out), S("\x80uro"));
    CHECK_ERR(charset_encode(named("latin-1"), S("€"), &out), MIME_CHARSET);
    CHECK_ERR(charset_encode(named("utf-8"), S("\xFF"), &out), MIME_CHARSET);
    out.cap = out.n + 1;
    CHECK_ERR(charset_encode(named("utf-8"), S("abc"), &out), BUF_FULL);
    CHECK_STR(buf_str(&out), S("\x80uro"));
}

static const struct test_case cases[] = {
    CASE(test_find_spellings),
    CASE(test_find_every_name),
    CASE(test_decode_vectors),
    CASE(test_decode_cut),
    CASE(test_decode_bad),
    CASE(test_decode_every_pair),
    CASE(test_decode_gb18030_four),
    CASE(test_decode_euc_kr_spelt),
    CASE(test_decode_iso2022_jp_escapes),
    CASE(test_decode_escapes),
    CASE(test_decode_full),
    CASE(test_valid_run),
    CASE(test_ascii_run_every_length),
    CASE(test_encode),
};

TEST_MAIN(cases)

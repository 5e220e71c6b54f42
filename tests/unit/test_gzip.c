// SPDX-License-Identifier: Apache-2.0
// codec/gzip: members of other makers, every cut, every damaged byte, bombs, and there and back.
#include "test.h"

#include "base/arena.h"
#include "codec/gzip.h"
#include "limits.h"

#define MEMORY_BYTES KIB(300)

static _Alignas(16) u8 reader_memory[KIB(64)], writer_memory[MEMORY_BYTES];
static u8 packed[MIB(2)], unpacked[MIB(8)];

// Made by CPython's gzip: 8 times the sentence below.
static const str member = S(
    "\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\x0b\xc9\x48\x55\x28\x2c\xcd\x4c\xce\x56\x48\x2a\xca"
    "\x2f\xcf\x53\x48\xcb\xaf\x50\xc8\x2a\xcd\x2d\x28\x56\xc8\x2f\x4b\x2d\x52\x28\x01\x4a\xe7\x24"
    "\x56\x55\x2a\xa4\xe4\xa7\xeb\x29\x84\x8c\x2a\x26\x57\x31\x00\xbb\x16\x0f\xe3\x68\x01\x00\x00");
static const str sentence = S("The quick brown fox jumps over the lazy dog. ");

// "hello" with every optional field of the header: extra, name, comment, header checksum.
static const str adorned = S("\x1f\x8b\x08\x1e\x00\x00\x00\x00\x00\xff\x03\x00"
                             "abcname\0comment\0"
                             "\x78\x18\xcb\x48\xcd\xc9"
                             "\xc9\x07\x00\x86\xa6\x10\x36\x05\x00\x00\x00");

// Reads `in` in chunks of `in_step` into pieces of `out_step`.
static err read_all(str in, isize in_step, isize out_step, struct buf *all, bool *done)
{
    struct gzip_reader *r = gzip_reader_start(reader_memory);
    *done = false;
    for (isize at = 0; at < in.n; at += in_step) {
        str chunk = str_slice(in, at, in.n - at < in_step ? in.n : at + in_step);
        isize made;
        do {
            struct buf piece = buf_over(all->p + all->n, out_step);
            CHECK(all->cap - all->n >= out_step);
            err e = gzip_read(r, &chunk, &piece, done);
            made = piece.n;
            all->n += made;
            TRY(e);
        } while (!*done && (chunk.n || made == out_step));
        CHECK(chunk.n == 0);
    }
    return OK;
}

static void test_gzip_read_members(void)
{
    bool done;
    u8 want[400];
    struct buf w = buf_over(want, sizeof want);
    for (int i = 0; i < 8; i++) {
        buf_put(&w, sentence);
    }
    static const isize steps[] = {1, 2, 7, 16, 1000};
    for (isize i = 0; i < COUNT(steps); i++) {
        for (isize k = 0; k < COUNT(steps); k++) {
            struct buf all = buf_over(unpacked, sizeof unpacked);
            CHECK_OK(read_all(test_guarded(member), steps[i], steps[k], &all, &done));
            CHECK(done);
            CHECK_STR(buf_str(&all), buf_str(&w));
            all = buf_over(unpacked, sizeof unpacked);
            CHECK_OK(read_all(test_guarded(adorned), steps[i], steps[k], &all, &done));
            CHECK(done);
            CHECK_STR(buf_str(&all), S("hello"));
        }
    }
}

static void test_gzip_read_damaged(void)
{
    u8 text[128];
    bool done;
    int harmless = 0;
    for (isize at = 0; at < member.n; at++) {
        if (at >= 4 && at <= 9) {
            continue; // time, flags of the maker, system: free to be anything
        }
        for (int bit = 0; bit < 8; bit++) {
            memcpy(text, member.p, (size_t)member.n);
            text[at] ^= (u8)(1 << bit);
            struct buf all = buf_over(unpacked, sizeof unpacked);
            err e = read_all(test_guarded((str){text, member.n}), 1000, 1000, &all, &done);
            CHECK(err_ok(e) || err_is(e, ERR_GZIP_CORRUPT));
            if (err_ok(e) && done) { // a bit that means nothing: the content is whole
                CHECK(all.n == 8 * sentence.n && str_starts(buf_str(&all), sentence));
                harmless++;
            }
        }
    }
    CHECK(harmless < 8); // the "text" flag, padding before the checksum
    for (isize n = 0; n < member.n; n++) {
        struct buf all = buf_over(unpacked, sizeof unpacked);
        CHECK_OK(read_all(str_slice(member, 0, n), 1000, 1000, &all, &done));
        CHECK(!done);
    }
    static const str wrong[] = {S("not gzip at all"), S("\x78\x9c\x03\x00\x00\x00\x00\x01"),
                                S("{\"a\":1}")};
    for (isize i = 0; i < COUNT(wrong); i++) {
        struct buf all = buf_over(unpacked, sizeof unpacked);
        CHECK_ERR(read_all(wrong[i], 1000, 1000, &all, &done), GZIP_CORRUPT);
        all = buf_over(unpacked, sizeof unpacked);
        CHECK_ERR(read_all(wrong[i], 1, 1, &all, &done), GZIP_CORRUPT);
    }
}

// A second member, or anything, behind the end; at once or later.
static void test_gzip_read_behind_the_end(void)
{
    u8 text[256];
    struct buf two = buf_over(text, sizeof text);
    buf_put(&two, member);
    buf_put(&two, member);
    bool done;
    struct buf all = buf_over(unpacked, sizeof unpacked);
    CHECK_ERR(read_all(buf_str(&two), 1000, 1000, &all, &done), GZIP_CORRUPT);
    struct gzip_reader *r = gzip_reader_start(reader_memory);
    str in = member;
    all = buf_over(unpacked, sizeof unpacked);
    CHECK_OK(gzip_read(r, &in, &all, &done));
    CHECK(done && in.n == 0);
    CHECK_OK(gzip_read(r, &in, &all, &done));
    CHECK(done);
    in = S("\0");
    CHECK_ERR(gzip_read(r, &in, &all, &done), GZIP_CORRUPT);
    in = S("");
    CHECK_ERR(gzip_read(r, &in, &all, &done), GZIP_CORRUPT); // it sticks
}

static void test_gzip_read_bomb(void)
{
    // The beginning of what zlib makes of zeros: from there on each zero byte means 1,032 of them.
    struct buf bomb = buf_over(packed, sizeof packed);
    buf_put(&bomb, S("\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\xec\xc1\x01\x01\x00\x00\x00\x80"
                     "\x90\xfe\xaf\xee\x08\x0a"));
    buf_put_fill(&bomb, 0, 20000);
    struct gzip_reader *r = gzip_reader_start(reader_memory);
    str in = buf_str(&bomb);
    i64 total = 0;
    bool done = false;
    err e = OK;
    while (err_ok(e) && !done) {
        struct buf piece = buf_over(unpacked, 10000);
        e = gzip_read(r, &in, &piece, &done);
        total += piece.n;
    }
    CHECK_ERR(e, GZIP_BOMB);
    CHECK(total >= GZIP_FREE_BYTES && total < MIB(6));
    struct gzip_writer *w = gzip_writer_start(writer_memory); // within the allowance anything goes
    struct buf out = buf_over(packed, sizeof packed);
    memset(unpacked, 0, sizeof unpacked);
    CHECK_OK(gzip_write(w, (str){unpacked, GZIP_FREE_BYTES}, &out));
    struct buf all = buf_over(unpacked, sizeof unpacked);
    CHECK_OK(read_all(buf_str(&out), 1000, 10000, &all, &done));
    CHECK(done && all.n == GZIP_FREE_BYTES);
}

// One writer and one reader place used again and again, with nothing taken from elsewhere.
static void test_gzip_write_round_trip(void)
{
    static u8 text[200000], back[200100];
    struct gzip_writer *w = gzip_writer_start(writer_memory);
    memset(writer_memory + gzip_writer_bytes, 0xee, 16);
    memset(reader_memory + gzip_reader_bytes, 0xee, 16);
    u32 seed = 1;
    for (isize n = 0; n <= (isize)sizeof text; n = n * 3 + 1) {
        for (isize i = 0; i < n; i++) {
            seed = seed * 1664525U + 1013904223U;
            text[i] = (u8)(seed >> 24);
            if (n % 2 == 0) {
                text[i] = (u8) "etaoin shrdlu\n"[text[i] % 14];
            }
        }
        struct buf out = buf_over(packed, sizeof packed), all = buf_over(back, sizeof back);
        CHECK_OK(gzip_write(w, test_guarded((str){text, n}), &out));
        bool done;
        CHECK_OK(read_all(test_guarded(buf_str(&out)), 999, 77, &all, &done));
        CHECK(done && str_eq(buf_str(&all), (str){text, n}));
        for (isize cap = 0; cap < out.n && n < 2000; cap++) {
            u8 small[3000];
            struct buf b = buf_over(small, cap);
            CHECK_ERR(gzip_write(w, (str){text, n}, &b), GZIP_FULL);
            CHECK(b.n == 0);
        }
    }
    CHECK(writer_memory[gzip_writer_bytes] == 0xee && reader_memory[gzip_reader_bytes] == 0xee);
    CHECK(gzip_reader_bytes <= KIB(41) && gzip_writer_bytes <= KIB(264));
}

static const struct test_case cases[] = {
    CASE(test_gzip_read_members),        CASE(test_gzip_read_damaged),
    CASE(test_gzip_read_behind_the_end), CASE(test_gzip_read_bomb),
    CASE(test_gzip_write_round_trip),
};

TEST_MAIN(cases)

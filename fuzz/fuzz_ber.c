// SPDX-License-Identifier: Apache-2.0
// Aimed at ber_element_bytes(), ber_take_any(), ber_take_int(), ber_take_bool(), ber_open(),
// ber_close(), ber_put(), ber_put_int(). What is read is written again and read back: the same
// tree, never longer; the length is told alike from every prefix that is long enough, and none that
// is shorter.
#include "codec/ber.h"

#define IN_MAX 4096
#define DEPTH_MAX 32

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static u8 once_memory[IN_MAX * 2], twice_memory[IN_MAX * 2];

struct level {
    str rest;
    isize place;
};

// Constructed elements go down a level, others are copied; false: malformed somewhere.
static bool rewrite(str in, struct buf *out)
{
    struct level levels[DEPTH_MAX] = {{in, 0}};
    int depth = 0;
    for (;;) {
        struct level *l = &levels[depth];
        if (l->rest.n == 0) {
            if (depth == 0) {
                return true;
            }
            ber_close(out, l->place);
            depth--;
            continue;
        }
        u8 tag;
        str content, before = l->rest;
        if (!ber_take_any(&l->rest, &tag, &content)) {
            ASSERT(l->rest.p == before.p && l->rest.n == before.n);
            return false;
        }
        ASSERT(content.p >= before.p + 2 &&
               content.p + content.n == before.p + before.n - l->rest.n);
        i64 value, again;
        str number = before;
        if (tag & 0x20 && depth + 1 < DEPTH_MAX) {
            levels[++depth] = (struct level){content, ber_open(out, tag)};
        } else if (tag == BER_INTEGER && ber_take_int(&number, BER_INTEGER, &value)) {
            str written = {out->p + out->n, 0};
            isize start = out->n;
            ber_put_int(out, tag, value);
            written.n = out->n - start;
            ASSERT(number.n == l->rest.n && written.n <= 10);
            ASSERT(ber_take_int(&written, BER_INTEGER, &again) && again == value);
        } else {
            ber_put(out, tag, content);
        }
    }
}

static void check_prefixes(str in)
{
    isize whole = 0;
    enum ber_verdict verdict = ber_element_bytes(in, &whole);
    for (isize i = 0; i <= in.n && i <= 8; i++) {
        isize bytes = -1;
        enum ber_verdict early = ber_element_bytes(str_slice(in, 0, i), &bytes);
        ASSERT(early == BER_MORE || early == verdict);
        ASSERT(early == BER_WHOLE ? bytes == whole : bytes == -1);
        ASSERT(i < 6 || early != BER_MORE);
    }
    u8 tag;
    str rest = in, content;
    bool taken = ber_take_any(&rest, &tag, &content);
    ASSERT(taken == (verdict == BER_WHOLE && whole <= in.n));
    ASSERT(!taken || in.n - rest.n == whole);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    if (n > IN_MAX) {
        return 0;
    }
    str in = {p, (isize)n};
    struct buf once = buf_over(once_memory, sizeof once_memory),
               twice = buf_over(twice_memory, sizeof twice_memory);
    check_prefixes(in);
    if (rewrite(in, &once)) {
        ASSERT(!once.full && once.n <= in.n);
        ASSERT(rewrite(buf_str(&once), &twice));
        ASSERT(str_eq(buf_str(&once), buf_str(&twice)));
    }
    return 0;
}

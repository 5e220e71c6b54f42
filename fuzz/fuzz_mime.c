// SPDX-License-Identifier: Apache-2.0
// Aimed at mime_trim() and all below it: mime_tree_read(), mime_head_read(), mime_param_get(),
// mime_words_*(), mime_date_put(), mime_cte_decode(), mime_text_put(). The same mail gives the same
// answer twice, within the scratch that the header promises; a trimmed mail has the fields that it
// should have, each at the start of a line, and ends with a line break; an output too small changes
// nothing but the error.
#include "codec/mime.h"

#include <string.h>

#include "limits.h"

#define IN_MAX 16384
#define OUT_MAX (IN_MAX * 8 + 1024)

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static u8 first[OUT_MAX], second[OUT_MAX], scratch_bytes[IN_MAX * 3 + MIME_SCRATCH_BYTES];

static err trim(str mail, struct buf *out)
{
    memset(scratch_bytes, 0xA5, sizeof scratch_bytes);
    struct arena scratch = arena_over(scratch_bytes, mail.n * 3 + MIME_SCRATCH_BYTES);
    err e = mime_trim(mail, out, &scratch);
    ASSERT(scratch.n == 0);
    return e;
}

// Every line of the head is a kept field, one of ours, or a continuation.
static void check_head(str mail)
{
    static const str names[] = {
        S("subject:"),      S("from:"),
        S("reply-to:"),     S("to:"),
        S("cc:"),           S("bcc:"),
        S("date:"),         S("message-id:"),
        S("content-type:"), S("content-transfer-"),
        S("mime-version:"),
    };
    str rest = mail;
    for (bool found = true; found;) {
        str line;
        rest = str_cut(rest, '\n', &line, &found);
        ASSERT(found);
        if (!line.n) {
            return;
        }
        bool known = line.p[0] == ' ' || line.p[0] == '\t';
        for (isize i = 0; i < COUNT(names); i++) {
            known = known || str_starts_nocase(line, names[i]);
        }
        ASSERT(known);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    if (n < 2 || n > IN_MAX) {
        return 0;
    }
    str mail = {p + 2, (isize)n - 2};
    struct buf a = buf_over(first, OUT_MAX);
    err e = trim(mail, &a);
    ASSERT(!err_is(e, ERR_BUF_FULL));
    struct buf b = buf_over(second, OUT_MAX);
    err again = trim(mail, &b);
    ASSERT(e.code == again.code && str_eq(buf_str(&a), buf_str(&b)));
    isize cap = (p[0] << 8 | p[1]) % (a.n + 1);
    struct buf small = buf_over(second, cap);
    err tight = trim(mail, &small);
    if (err_ok(e)) {
        check_head(buf_str(&a));
        ASSERT(a.p[a.n - 1] == '\n' || a.n > 0);
        ASSERT(cap >= a.n || !err_ok(tight));
    }
    ASSERT(err_ok(tight) || (small.n == 0 && !small.full));
    return 0;
}

// SPDX-License-Identifier: Apache-2.0
// Aimed at ews_answer_start(), ews_answer_next(), ews_answer_put_words(), ews_error_from_code(),
// ews_tag_of(). However the answer is cut, the events are the same; elements of the content begin
// and end in pairs; codes and words stay within their bounds.
#include "cuts.h"
#include "source/outlook/ews_answer.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void mix(u64 *hash, u64 value)
{
    *hash = (*hash ^ value) * 0x100000001b3U;
}

static void mix_str(u64 *hash, str s)
{
    for (isize i = 0; i < s.n; i++) {
        mix(hash, s.p[i]);
    }
}

static void take(const struct ews_answer *a, enum ews_event event, u64 *hash, int *open)
{
    mix(hash, event == EWS_TEXT ? 0 : (u64)event);
    switch (event) {
    case EWS_START:
        (*open)++;
        ASSERT(a->level > 0 && a->index >= 0 && a->tag < EWS_TAG_COUNT && !a->fault);
        mix(hash, (u64)a->tag << 16 | (u64)a->level);
        mix_str(hash, xml_attribute(&a->xml, S("Id"), NULL));
        break;
    case EWS_TEXT:
        ASSERT(a->xml.text.n > 0 && !a->fault);
        mix_str(hash, a->xml.text);
        break;
    case EWS_END:
        (*open)--;
        ASSERT(*open >= 0);
        break;
    case EWS_MESSAGE_END:
        ASSERT(*open == 0);
        mix(hash, (u64)a->error.code << 8 | (u64)a->index);
        break;
    case EWS_MORE:
    case EWS_DONE:
    case EWS_BAD:
        break;
    }
}

// Pieces of text follow each other without a mark: text counts byte by byte.
static u64 run(str in, struct cuts *cuts)
{
    static struct ews_answer a;
    u64 hash = 1;
    int open = 0;
    bool text = false;
    enum ews_event event = EWS_MORE;
    ews_answer_start(&a);
    while (in.n && event != EWS_BAD) {
        isize piece = cuts ? cuts_next(cuts, in.n) : in.n;
        str chunk = str_slice(in, 0, piece);
        in = str_from_index(in, piece);
        while ((event = ews_answer_next(&a, &chunk)) != EWS_MORE && event != EWS_BAD) {
            if (event == EWS_TEXT && text) {
                mix_str(&hash, a.xml.text);
                continue;
            }
            text = event == EWS_TEXT;
            take(&a, event, &hash, &open);
        }
    }
    u8 bytes[512];
    struct buf words = buf_over(bytes, COUNT(bytes));
    ews_answer_put_words(&a, &words);
    ASSERT(!words.full && words.n <= EWS_CODE_BYTES + EWS_TEXT_BYTES + 2);
    ASSERT(a.pause_ms >= 0 && a.pause_ms <= RETRY_AFTER_MAX_MS);
    ASSERT(event != EWS_DONE || a.envelope);
    mix(&hash, (u64)event << 32 | (u64)a.pause_ms);
    mix(&hash, (u64)a.error.code << 1 | (u64)a.fault);
    mix_str(&hash, event == EWS_BAD ? (str){0} : buf_str(&words));
    return hash;
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    if (n > 32768) {
        return 0;
    }
    str in = str_make(p, (isize)n);
    struct cuts cuts = cuts_from(in);
    u64 whole = run(in, NULL);
    for (int i = 0; i < 2; i++) {
        ASSERT(run(in, &cuts) == whole);
    }
    return 0;
}

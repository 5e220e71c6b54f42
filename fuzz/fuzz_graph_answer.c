// SPDX-License-Identifier: Apache-2.0
// Aimed at graph_answer_page(), graph_answer_words(), graph_answer_error(), graph_error_from(),
// graph_error_reach(). The first byte chooses the status. What an answer says is the same when its
// elements were taken out of it as it came; no refusal is a success; words fit their bytes and a
// line of a log.
#include "cuts.h"

#include "codec/json.h"
#include "source/outlook/graph_answer.h"
#include "source/outlook/graph_error.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

enum { IN_MAX = 8192, NODES = 4096, LINK_BYTES = 512 };

struct answer {
    err error;
    enum graph_link kind;
    struct buf link;
    struct graph_words words;
    u8 bytes[LINK_BYTES];
};

static struct json_node nodes[NODES];
static struct answer whole, streamed;
static u8 rest_bytes[IN_MAX], element_bytes[64];

static void check_words(str words, isize cap)
{
    ASSERT(words.n <= cap);
    for (isize i = 0; i < words.n; i++) {
        ASSERT(words.p[i] >= ' ' && words.p[i] != 0x7f);
    }
}

// false: it is no JSON, or has too many parts.
static bool read_answer(struct answer *a, str in)
{
    struct json j;
    if (!err_ok(json_parse(&j, in, nodes, NODES))) {
        return false;
    }
    a->link = buf_over(a->bytes, LINK_BYTES);
    a->error = graph_answer_page(&j, &a->kind, &a->link);
    ASSERT(!a->link.full);
    ASSERT(err_ok(a->error) ? (a->kind == GRAPH_LINK_NONE) == (a->link.n == 0) : a->link.n == 0);
    graph_answer_words(&j, &a->words);
    check_words(a->words.code, GRAPH_CODE_BYTES);
    check_words(a->words.inner, GRAPH_CODE_BYTES);
    check_words(a->words.message, GRAPH_MESSAGE_BYTES);
    return true;
}

// What is left of the answer without its elements; empty: it is none.
static str stream(str in)
{
    struct json_stream s;
    struct buf rest = buf_over(rest_bytes, IN_MAX);
    struct buf element = buf_over(element_bytes, COUNT(element_bytes));
    struct cuts cuts = cuts_from(in);
    json_stream_init(&s, (struct json_stream_target){.elements_of = S("value")}, &rest, &element);
    while (in.n) {
        isize piece = cuts_next(&cuts, in.n);
        str chunk = str_slice(in, 0, piece);
        in = str_from_index(in, piece);
        enum json_event event;
        while ((event = json_stream_next(&s, &chunk)) != JSON_EVENT_MORE) {
            if (event == JSON_EVENT_BAD) {
                return (str){0};
            }
        }
    }
    return s.ended ? buf_str(&rest) : (str){0};
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    static const int statuses[] = {200, 204, 301, 400, 401, 403, 404, 405,
                                   410, 423, 429, 500, 501, 503, 504, 999};
    if (n < 1 || n > IN_MAX) {
        return 0;
    }
    str in = str_make(p + 1, (isize)n - 1);
    if (!read_answer(&whole, in)) {
        return 0;
    }
    err e = graph_answer_error(statuses[p[0] % COUNT(statuses)], &whole.words);
    ASSERT(!err_ok(e));
    enum graph_reach reach = graph_error_reach(e);
    ASSERT((reach == GRAPH_REACH_PASSING) == (err_class(e) == ERR_CLASS_RETRY));
    ASSERT(!graph_error_is_gone(e) || reach == GRAPH_REACH_ITEM);
    ASSERT(!graph_error_is_corrupt(e) || reach == GRAPH_REACH_ITEM);
    str rest = stream(in);
    if (rest.n && read_answer(&streamed, rest)) {
        ASSERT(whole.error.code == streamed.error.code && whole.kind == streamed.kind);
        ASSERT(str_eq(buf_str(&whole.link), buf_str(&streamed.link)));
        ASSERT(str_eq(whole.words.code, streamed.words.code));
    }
    return 0;
}

// SPDX-License-Identifier: Apache-2.0
// The rest of a page, and refusals (see graph_answer.h).
#include "source/outlook/graph_answer.h"

#include "source/outlook/graph_error.h"
#include "source/outlook/graph_text.h"

// A service that fails in the middle of a page can only say so at its end.
enum { ANSWER_STATUS_WITHIN = 500 };

static err answer_put_link(const struct json *j, int node, struct buf *link)
{
    struct buf before = *link;
    if (!json_put_string(j, node, link) || (!link->full && link->n == before.n)) {
        return FAIL(GRAPH_ANSWER);
    }
    if (link->full) {
        *link = before;
        return FAIL(GRAPH_LINK);
    }
    return OK;
}

static bool answer_has(const struct json *j, int node)
{
    return json_type(j, node) != JSON_NONE && json_type(j, node) != JSON_NULL;
}

err graph_answer_page(const struct json *j, enum graph_link *kind, struct buf *link)
{
    int next = json_get(j, 0, S("@odata.nextLink"));
    int delta = json_get(j, 0, S("@odata.deltaLink"));
    *kind = GRAPH_LINK_NONE;
    if (answer_has(j, json_get(j, 0, S("error")))) {
        struct graph_words words;
        graph_answer_words(j, &words);
        return graph_answer_error(ANSWER_STATUS_WITHIN, &words);
    }
    if (json_type(j, json_get(j, 0, S("value"))) != JSON_ARRAY) {
        return FAIL(GRAPH_ANSWER);
    }
    if (answer_has(j, next)) {
        TRY(answer_put_link(j, next, link));
        *kind = GRAPH_LINK_NEXT;
    } else if (answer_has(j, delta)) {
        TRY(answer_put_link(j, delta, link));
        *kind = GRAPH_LINK_DELTA;
    }
    return OK;
}

static str answer_read_words(const struct json *j, int node, u8 *bytes, isize cap)
{
    struct buf text = buf_over(bytes, cap);
    graph_copy_text(&text, j, node);
    for (isize i = 0; i < text.n; i++) {
        text.p[i] = text.p[i] < ' ' || text.p[i] == 0x7f ? ' ' : text.p[i];
    }
    return str_trim(buf_str(&text));
}

static int answer_inner(const struct json *j, int node)
{
    int inner = json_get(j, node, S("innerError"));
    return inner >= 0 ? inner : json_get(j, node, S("innererror"));
}

void graph_answer_words(const struct json *j, struct graph_words *out)
{
    int error = json_get(j, 0, S("error"));
    bool plain = json_type(j, error) == JSON_STRING; // as the token endpoint says it
    int code = plain ? error : json_get(j, error, S("code"));
    int message = plain ? json_get(j, 0, S("error_description")) : json_get(j, error, S("message"));
    int innermost = -1;
    for (int n = answer_inner(j, error); n >= 0; n = answer_inner(j, n)) {
        int named = json_get(j, n, S("code"));
        innermost = json_raw(j, named).n && json_type(j, named) == JSON_STRING ? named : innermost;
    }
    out->code = answer_read_words(j, code, out->code_bytes, COUNT(out->code_bytes));
    out->inner = answer_read_words(j, innermost, out->inner_bytes, COUNT(out->inner_bytes));
    out->message = answer_read_words(j, message, out->message_bytes, COUNT(out->message_bytes));
}

err graph_answer_error(int status, const struct graph_words *w)
{
    return graph_error_from(status, w->code, w->inner, w->message);
}

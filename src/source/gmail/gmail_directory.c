// SPDX-License-Identifier: Apache-2.0
// Reading the directory (see gmail_directory.h; spec/wire-gmail.md 3). A user without an address
// has no mailbox and is passed over; one that cannot be read at all fails the page, because a
// directory with a hole would let documents be deleted. What is suspended or archived is handed
// over like any other, with the words that explain a refusal. A page that is read again names the
// same users again.
#include "source/gmail/gmail_directory.h"

#include <string.h>

enum { DIRECTORY_NODES = 32 };

static enum step directory_ask_page(struct gmail *g, struct gmail_directory *d, struct exchange *x)
{
    d->asking = GMAIL_ASKING_PAGE;
    d->generation = d->token.generation;
    d->page_read = false;
    d->elements = 0;
    d->pending = false;
    gmail_answer_start(&d->answer, d->answer_bytes, GMAIL_ANSWER_BYTES);
    d->element = buf_over(d->element_bytes, GMAIL_USER_ELEMENT_BYTES);
    json_stream_init(&d->stream, (struct json_stream_target){.elements_of = S("users")},
                     &d->answer.text, &d->element);

    x->dest = g->settings.directory;
    x->method = S("GET");
    x->flags = EXCHANGE_GZIP;
    x->answer_bytes = EXCHANGE_PAGE_BYTES;
    buf_put(&x->target, S("/admin/directory/v1/users?customer="));
    url_put_encoded(&x->target, g->run.customer_id);
    buf_put(&x->target, S("&maxResults="));
    buf_put_i64(&x->target, GMAIL_PAGE_UNITS);
    buf_put(&x->target,
            S("&fields=nextPageToken,users(primaryEmail,suspended,archived,isMailboxSetup"));
    buf_put(&x->target, g->run.document_level_security ? S(",creationTime") : S("")); // identities
    buf_put(&x->target, S(")&prettyPrint=false"));
    if (d->page_token_bytes) {
        buf_put(&x->target, S("&pageToken="));
        url_put_encoded(&x->target, str_make(d->page_token, d->page_token_bytes));
    }
    exchange_header(x, S("Accept"), S("application/json"));
    gmail_token_header(&d->token, x);
    return STEP_REQUEST;
}

enum step gmail_directory_next(void *src, void *st, i64 now_ms, struct exchange *x)
{
    struct gmail *g = src;
    struct gmail_directory *d = st;
    d->asking = GMAIL_ASKING_NOTHING;
    if (d->failed) {
        return STEP_FAILED;
    }
    if (d->is_complete) {
        gmail_token_wipe(&d->token);
        crypto_wipe(d->answer_bytes, GMAIL_ANSWER_BYTES); // the answer that the token came in
        return STEP_DONE;
    }
    if (!gmail_token_is_due(&d->token, now_ms)) {
        return directory_ask_page(g, d, x);
    }
    d->token.asked_ms = now_ms;
    err e = gmail_token_ask(g, &d->token, GMAIL_CALL_TOKEN_DIRECTORY, g->run.subject, x);
    if (!err_ok(e)) {
        return STEP_FAILED;
    }
    d->asking = GMAIL_ASKING_TOKEN;
    gmail_answer_start(&d->answer, d->answer_bytes, GMAIL_ANSWER_BYTES);
    return STEP_REQUEST;
}

// ---- reading a page

static bool directory_says(const struct json *j, str key, bool wanted)
{
    bool value;
    return json_bool(j, json_get(j, 0, key), &value) && value == wanted;
}

static void directory_put_flag(struct buf *flags, bool set, str word)
{
    if (set) {
        buf_put(flags, flags->n ? S(", ") : S(""));
        buf_put(flags, word);
    }
}

// Reads a user into d->address and d->flags; *pending: there is one.
static err directory_read_user(struct gmail_directory *d)
{
    struct json_node nodes[DIRECTORY_NODES];
    struct json j;
    if (d->stream.cut || !err_ok(json_parse(&j, d->stream.element, nodes, DIRECTORY_NODES)) ||
        json_type(&j, 0) != JSON_OBJECT) {
        return FAIL(GMAIL_ANSWER);
    }
    int node = json_get(&j, 0, S("primaryEmail"));
    if (json_type(&j, node) == JSON_NONE || json_type(&j, node) == JSON_NULL) {
        return OK;
    }
    struct buf address = buf_over(d->address, COUNT(d->address));
    if (!json_put_string(&j, node, &address) || address.full) {
        return FAIL(GMAIL_ANSWER);
    }
    struct buf flags = buf_over(d->flags, COUNT(d->flags));
    directory_put_flag(&flags, directory_says(&j, S("suspended"), true), S("suspended"));
    directory_put_flag(&flags, directory_says(&j, S("archived"), true), S("archived"));
    directory_put_flag(&flags, directory_says(&j, S("isMailboxSetup"), false), S("no mailbox"));
    struct buf created = buf_over(d->created, COUNT(d->created));
    if (!json_put_string(&j, json_get(&j, 0, S("creationTime")), &created) || created.full) {
        buf_reset(&created);
    }
    d->address_bytes = address.n;
    d->flags_bytes = flags.n;
    d->created_bytes = created.n;
    d->pending = address.n > 0;
    return OK;
}

static bool directory_offer(struct gmail_directory *d, const struct account_sink *to)
{
    struct account account = {
        .address = str_make(d->address, d->address_bytes),
        .flags = str_make(d->flags, d->flags_bytes),
        .created = str_make(d->created, d->created_bytes),
    };
    return to->take(to->st, &account);
}

static err directory_take_page(struct gmail_directory *d)
{
    struct json_node nodes[DIRECTORY_NODES];
    struct json j;
    u8 bytes[GMAIL_PAGE_TOKEN_BYTES];
    struct buf next = buf_over(bytes, COUNT(bytes));
    if (d->answer.text.full ||
        !err_ok(json_parse(&j, buf_str(&d->answer.text), nodes, DIRECTORY_NODES)) ||
        json_type(&j, 0) != JSON_OBJECT) {
        return FAIL(GMAIL_ANSWER);
    }
    enum json_type users = json_type(&j, json_get(&j, 0, S("users")));
    int node = json_get(&j, 0, S("nextPageToken"));
    bool last = json_type(&j, node) == JSON_NONE || json_type(&j, node) == JSON_NULL;
    bool listed = users == JSON_NONE || users == JSON_NULL || users == JSON_ARRAY;
    if (!listed || (!last && (!json_put_string(&j, node, &next) || next.full))) {
        return FAIL(GMAIL_ANSWER);
    }
    if (next.n && str_eq(buf_str(&next), str_make(d->page_token, d->page_token_bytes))) {
        return FAIL(GMAIL_ANSWER); // it would never end
    }
    if (next.n && ++d->pages == GMAIL_PAGES_MAX) {
        return FAIL(GMAIL_ENDLESS); // nor would a circle of several
    }
    memcpy(d->page_token, bytes, (size_t)next.n);
    d->page_token_bytes = next.n;
    d->is_complete = next.n == 0;
    d->page_read = true;
    gmail_token_accept(&d->token, d->generation);
    return OK;
}

static err directory_read_page(struct gmail_directory *d, str *in, const struct account_sink *to)
{
    if (d->pending) {
        if (!directory_offer(d, to)) {
            return OK;
        }
        d->pending = false;
        *in = str_from_index(*in, 1); // the byte that was given back
    }
    while (!d->page_read) {
        switch (json_stream_next(&d->stream, in)) {
        case JSON_EVENT_ELEMENT:
            if (++d->elements > GMAIL_PAGE_UNITS) {
                return FAIL(GMAIL_ANSWER); // more than were asked for
            }
            TRY(directory_read_user(d));
            if (d->pending && !directory_offer(d, to)) {
                // One byte back, so that there is something to call again with.
                *in = str_make(in->p - 1, in->n + 1);
                return OK;
            }
            d->pending = false;
            break;
        case JSON_EVENT_END:
            TRY(directory_take_page(d));
            break;
        case JSON_EVENT_MORE:
            return OK;
        case JSON_EVENT_BAD:
            return FAIL(GMAIL_ANSWER);
        case JSON_EVENT_PIECE:
        case JSON_EVENT_STRING_END:
            break;
        }
    }
    *in = str_from_index(*in, in->n);
    return OK;
}

// ---- one exchange

err gmail_directory_head(void *src, void *st, struct exchange *x, const struct http_head *head)
{
    (void)src;
    (void)x;
    struct gmail_directory *d = st;
    gmail_answer_head(&d->answer, head);
    return OK;
}

err gmail_directory_body(void *src, void *st, struct exchange *x, str *in,
                         const struct account_sink *to)
{
    (void)src;
    (void)x;
    struct gmail_directory *d = st;
    if (d->asking == GMAIL_ASKING_PAGE && d->answer.status == 200) {
        return directory_read_page(d, in, to);
    }
    gmail_answer_take(&d->answer, in);
    return OK;
}

static err directory_end_page(struct gmail *g, struct gmail_directory *d, struct exchange *x)
{
    if (d->page_read) {
        return OK;
    }
    err e = gmail_error_judge(g, GMAIL_CALL_USERS, &d->answer, x);
    if (err_is(e, ERR_HTTP_UNAUTHORIZED)) {
        return gmail_token_refuse(&d->token, d->generation); // OK: with a new token, once more
    }
    if (err_is(e, ERR_GMAIL_PAGE_TOKEN) && d->page_token_bytes &&
        d->restarts < GMAIL_RESTARTS_MAX) {
        d->restarts++;
        d->page_token_bytes = 0;
        return OK;
    }
    return e;
}

err gmail_directory_end(void *src, void *st, struct exchange *x)
{
    struct gmail_directory *d = st;
    switch (d->asking) {
    case GMAIL_ASKING_TOKEN:
        return d->answer.status == 200
                   ? gmail_token_read(&d->token, &d->answer)
                   : gmail_error_judge(src, GMAIL_CALL_TOKEN_DIRECTORY, &d->answer, x);
    case GMAIL_ASKING_PAGE:
        return directory_end_page(src, d, x);
    case GMAIL_ASKING_NOTHING:
        break;
    }
    return OK;
}

bool gmail_directory_fail(void *src, void *st, struct exchange *x, err e)
{
    (void)src;
    (void)x;
    (void)e; // sync keeps it
    struct gmail_directory *d = st;
    d->failed = true;
    gmail_token_wipe(&d->token);
    return false;
}

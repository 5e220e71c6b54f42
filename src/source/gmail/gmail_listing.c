// SPDX-License-Identifier: Apache-2.0
// Listing a mailbox (see gmail_listing.h; spec/wire-gmail.md 4, list). A page is asked for when the
// queue has room for all of it. Its ids are staged behind the queue's end and join the queue when
// the page is whole, so that a page that broke off and is read again yields nothing twice. With
// advanced rules there is one listing for each query, one after another: what several find comes
// several times. An expired page token begins the listing again, GMAIL_RESTARTS_MAX times: nothing
// is skipped, some ids come twice. An id that cannot be used is counted, and its mailbox does not
// count as finished.
#include "source/gmail/gmail_listing.h"

#include <string.h>

#include "codec/json.h"

enum { LISTING_NODES = 16 }; // of one element, or of a page without its elements

// ---- asking

enum { LISTING_UNIT_BYTES = UNIT_HEAD_BYTES + GMAIL_ID_BYTES };

_Static_assert(GMAIL_PAGE_UNITS *LISTING_UNIT_BYTES <= UNIT_QUEUE_BYTES, "a page fits");

static bool listing_has_room(const struct gmail *g, const struct mailbox *m)
{
    int wanted = g->settings.estimate ? 0 : GMAIL_PAGE_UNITS; // an estimate keeps a sample only
    return unit_queue_has_room(&m->queue, wanted, LISTING_UNIT_BYTES);
}

static enum step listing_ask_token(struct gmail *g, struct mailbox *m, i64 now_ms,
                                   struct exchange *x)
{
    struct gmail_mailbox *gm = m->state;
    struct gmail_listing *l = &gm->listing;
    str user = str_make(m->address, m->address_bytes);
    gm->token.asked_ms = now_ms;
    err e = gmail_token_ask(g, &gm->token, GMAIL_CALL_TOKEN_MAILBOX, user, x);
    if (!err_ok(e)) {
        gmail_mailbox_refuse(g, m, e, &x->detail);
        return STEP_FAILED;
    }
    l->asking = GMAIL_ASKING_TOKEN;
    gmail_answer_start(&l->answer, l->answer_bytes, GMAIL_ANSWER_BYTES);
    return STEP_REQUEST;
}

static void listing_ask_page(struct gmail *g, struct mailbox *m, struct exchange *x)
{
    struct gmail_mailbox *gm = m->state;
    struct gmail_listing *l = &gm->listing;
    l->asking = GMAIL_ASKING_PAGE;
    l->generation = gm->token.generation;
    l->page_read = false;
    l->elements = 0;
    unit_queue_unstage(&m->queue);
    l->counted = 0;
    gmail_answer_start(&l->answer, l->answer_bytes, GMAIL_ANSWER_BYTES);
    l->element = buf_over(l->element_bytes, GMAIL_ID_ELEMENT_BYTES);
    json_stream_init(&l->stream, (struct json_stream_target){.elements_of = S("messages")},
                     &l->answer.text, &l->element);

    x->dest = g->settings.gmail;
    x->method = S("GET");
    x->flags = EXCHANGE_GZIP;
    x->answer_bytes = EXCHANGE_PAGE_BYTES;
    gmail_mailbox_put_path(m, &x->target);
    buf_put(&x->target, S("?maxResults="));
    buf_put_i64(&x->target, GMAIL_PAGE_UNITS);
    buf_put(&x->target, S("&includeSpamTrash="));
    buf_put(&x->target, g->run.include_spam_and_trash ? S("true") : S("false"));
    buf_put(&x->target, S("&fields=nextPageToken,messages(id)&prettyPrint=false"));
    if (g->run.query_count) {
        buf_put(&x->target, S("&q="));
        url_put_encoded(&x->target, g->run.queries[l->query]);
    }
    if (l->page_token_bytes) {
        buf_put(&x->target, S("&pageToken="));
        url_put_encoded(&x->target, str_make(l->page_token, l->page_token_bytes));
    }
    exchange_header(x, S("Accept"), S("application/json"));
    gmail_token_header(&gm->token, x);
}

// Everything was listed. With unusable ids among it the mailbox is not finished; that is said when
// the others have been handed out.
static void listing_settle(struct mailbox *m)
{
    struct gmail_mailbox *gm = m->state;
    struct gmail_listing *l = &gm->listing;
    if (!l->is_complete || m->phase != MAILBOX_LISTING) {
        return;
    }
    if (!l->bad_ids) {
        m->phase = MAILBOX_LISTED;
    } else if (m->queue.count == 0) {
        m->phase = MAILBOX_FAILED;
        m->error = FAIL(GMAIL_UNIT_ID);
        buf_reset(&m->detail);
        buf_put_i64(&m->detail, l->bad_ids);
        buf_put(&m->detail, S(" ids"));
    }
}

enum step gmail_listing_next(void *src, struct mailbox *m, i64 now_ms, struct exchange *x)
{
    struct gmail *g = src;
    struct gmail_mailbox *gm = m->state;
    struct gmail_listing *l = &gm->listing;
    l->asking = GMAIL_ASKING_NOTHING;
    listing_settle(m);
    if (!gmail_mailbox_is_readable(m)) {
        return STEP_FAILED;
    }
    bool lists = m->phase == MAILBOX_LISTING && !l->is_complete && listing_has_room(g, m);
    if (gmail_token_is_due(&gm->token, now_ms) && (lists || gm->token.wanted)) {
        return listing_ask_token(g, m, now_ms, x);
    }
    if (lists && gmail_mailbox_take_quota(g, gm, GMAIL_UNITS_LIST, now_ms, x)) {
        listing_ask_page(g, m, x);
        return STEP_REQUEST;
    }
    return STEP_WAIT;
}

// ---- reading a page

static bool listing_is_id(str id)
{
    for (isize i = 0; i < id.n; i++) {
        u8 c = str_lower_byte(id.p[i]);
        if (!str_is_digit(c) && !(c >= 'a' && c <= 'z') && c != '-' && c != '_') {
            return false;
        }
    }
    return id.n > 0 && id.n <= GMAIL_ID_BYTES;
}

static void listing_commit(struct mailbox *m)
{
    struct gmail_mailbox *gm = m->state;
    struct gmail_listing *l = &gm->listing;
    unit_queue_commit(&m->queue);
    m->units_listed += l->counted;
    l->counted = 0;
}

static void listing_take_element(const struct gmail *g, struct mailbox *m)
{
    struct gmail_mailbox *gm = m->state;
    struct gmail_listing *l = &gm->listing;
    struct json_node nodes[LISTING_NODES];
    struct json j;
    struct unit unit = {0};
    struct buf id = buf_over(unit.id, GMAIL_ID_BYTES + 1);
    if (l->stream.cut || !err_ok(json_parse(&j, l->stream.element, nodes, LISTING_NODES)) ||
        !json_put_string(&j, json_get(&j, 0, S("id")), &id) || id.full ||
        !listing_is_id(buf_str(&id))) {
        l->bad_ids++;
        return;
    }
    l->counted++;
    if (g->settings.estimate && m->units_listed + l->counted > GMAIL_SAMPLE_UNITS) {
        return;
    }
    unit.id_bytes = (int)id.n;
    bool fits = unit_queue_stage(&m->queue, &unit);
    ASSERT(fits); // listing_has_room(), and no more elements than were asked for
}

// A page without messages is the end of a mailbox, and everything unseen in it may be deleted: the
// answer to some other request (a proxy can send one twice) must not look like it.
static bool listing_is_page(const struct json *j)
{
    static const str known[] = {S("messages"), S("nextPageToken"), S("resultSizeEstimate")};
    bool page = true;
    for (int key = json_first(j, 0); key >= 0 && page; key = json_next(j, key)) {
        page = false;
        for (isize i = 0; i < COUNT(known) && !page; i++) {
            page = json_equals(j, key, known[i]);
        }
    }
    return page;
}

// The page is whole: its ids count, and the next page's token takes the place of its own.
static err listing_take_page(struct gmail *g, struct mailbox *m)
{
    struct gmail_mailbox *gm = m->state;
    struct gmail_listing *l = &gm->listing;
    struct json_node nodes[LISTING_NODES];
    struct json j;
    u8 bytes[GMAIL_PAGE_TOKEN_BYTES];
    struct buf next = buf_over(bytes, COUNT(bytes));
    if (l->answer.text.full ||
        !err_ok(json_parse(&j, buf_str(&l->answer.text), nodes, LISTING_NODES)) ||
        json_type(&j, 0) != JSON_OBJECT || !listing_is_page(&j)) {
        return FAIL(GMAIL_ANSWER);
    }
    enum json_type messages = json_type(&j, json_get(&j, 0, S("messages")));
    int node = json_get(&j, 0, S("nextPageToken"));
    bool last = json_type(&j, node) == JSON_NONE || json_type(&j, node) == JSON_NULL;
    bool listed = messages == JSON_NONE || messages == JSON_NULL || messages == JSON_ARRAY;
    if (!listed || (!last && (!json_put_string(&j, node, &next) || next.full))) {
        return FAIL(GMAIL_ANSWER);
    }
    if (next.n && str_eq(buf_str(&next), str_make(l->page_token, l->page_token_bytes))) {
        return FAIL(GMAIL_ANSWER); // it would never end
    }
    if (next.n && ++l->pages == GMAIL_PAGES_MAX) {
        return FAIL(GMAIL_ENDLESS); // nor would a circle of several
    }
    memcpy(l->page_token, bytes, (size_t)next.n);
    l->page_token_bytes = next.n;
    if (next.n == 0) { // the end of this query's listing: the next one begins at its first page
        l->query++;
        l->is_complete = l->query >= g->run.query_count;
    }
    l->page_read = true;
    listing_commit(m);
    g->run.pages_read++;
    gmail_token_accept(&gm->token, l->generation);
    return OK;
}

static err listing_read_page(struct gmail *g, struct mailbox *m, str *in)
{
    struct gmail_mailbox *gm = m->state;
    struct gmail_listing *l = &gm->listing;
    while (!l->page_read) {
        switch (json_stream_next(&l->stream, in)) {
        case JSON_EVENT_ELEMENT:
            if (++l->elements > GMAIL_PAGE_UNITS) {
                return FAIL(GMAIL_ANSWER); // far more would hold a connection until all are read
            }
            listing_take_element(g, m);
            break;
        case JSON_EVENT_END:
            TRY(listing_take_page(g, m));
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
    *in = str_from_index(*in, in->n); // the end of its line
    return OK;
}

// ---- one exchange

err gmail_listing_head(void *src, struct mailbox *m, struct exchange *x,
                       const struct http_head *head)
{
    (void)src;
    (void)x;
    struct gmail_mailbox *gm = m->state;
    gmail_answer_head(&gm->listing.answer, head);
    return OK;
}

err gmail_listing_body(void *src, struct mailbox *m, struct exchange *x, str *in)
{
    (void)x;
    struct gmail_mailbox *gm = m->state;
    struct gmail_listing *l = &gm->listing;
    if (l->asking == GMAIL_ASKING_PAGE && l->answer.status == 200) {
        return listing_read_page(src, m, in);
    }
    gmail_answer_take(&l->answer, in);
    return OK;
}

static err listing_end_token(struct gmail *g, struct gmail_mailbox *gm, struct exchange *x)
{
    struct gmail_listing *l = &gm->listing;
    if (l->answer.status != 200) {
        return gmail_error_judge(g, GMAIL_CALL_TOKEN_MAILBOX, &l->answer, x);
    }
    TRY(gmail_token_read(&gm->token, &l->answer));
    g->run.tokens_granted++;
    return OK;
}

// Page tokens live for a short time only: a listing that waited for its lanes may have to begin
// again. Gmail says 400 to them, or 404 as if the mailbox were not there.
static err listing_restart(struct gmail_listing *l, err e)
{
    bool expired = err_is(e, ERR_GMAIL_PAGE_TOKEN) || l->answer.status == 404;
    if (!expired || !l->page_token_bytes) {
        return e;
    }
    if (l->restarts == GMAIL_RESTARTS_MAX) {
        return FAIL(GMAIL_PAGE_TOKEN);
    }
    l->restarts++;
    l->page_token_bytes = 0;
    return OK;
}

static err listing_end_page(struct gmail *g, struct mailbox *m, struct exchange *x)
{
    struct gmail_mailbox *gm = m->state;
    struct gmail_listing *l = &gm->listing;
    if (l->page_read) {
        listing_settle(m);
        return OK;
    }
    err e = gmail_error_judge(g, GMAIL_CALL_LIST, &l->answer, x);
    if (err_is(e, ERR_HTTP_UNAUTHORIZED)) {
        return gmail_token_refuse(&gm->token, l->generation); // OK: with a new token, once more
    }
    gmail_mailbox_pause(g, gm, e, x->retry_at_ms);
    return listing_restart(l, e);
}

err gmail_listing_end(void *src, struct mailbox *m, struct exchange *x)
{
    struct gmail_mailbox *gm = m->state;
    switch (gm->listing.asking) {
    case GMAIL_ASKING_TOKEN:
        return listing_end_token(src, gm, x);
    case GMAIL_ASKING_PAGE:
        return listing_end_page(src, m, x);
    case GMAIL_ASKING_NOTHING:
        break;
    }
    return OK;
}

void gmail_listing_fail(void *src, struct mailbox *m, struct exchange *x, err e)
{
    struct gmail_mailbox *gm = m->state;
    struct gmail_listing *l = &gm->listing;
    if (l->asking == GMAIL_ASKING_PAGE && l->page_read) {
        listing_settle(m); // what broke came after the page
        return;
    }
    gmail_mailbox_refuse(src, m, e, &x->detail);
}

void gmail_listing_close(void *src, struct mailbox *m)
{
    (void)src;
    struct gmail_mailbox *gm = m->state;
    gmail_token_wipe(&gm->token);
    crypto_wipe(gm->listing.answer_bytes, GMAIL_ANSWER_BYTES); // the answer that the token came in
}

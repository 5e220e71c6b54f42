// SPDX-License-Identifier: Apache-2.0
// The users of a tenant as the list of mailboxes (spec/wire-graph.md 3): the tokens, the decision
// how mailboxes will be read, then every user, page by page. Steps as source.h asks for them
// (accounts_*; the ping is the same walk, up to its first page). DONE only after the last page was
// read whole.
//
// Guests are passed over. A user without an address has an identity and no mailbox. A disabled
// account (shared mailboxes and rooms are such) comes with the words that explain why its mailbox
// is not read, unless outlook.mailboxes says otherwise; so does one that it excludes.
#ifndef SOURCE_OUTLOOK_GRAPH_USERS_H
#define SOURCE_OUTLOOK_GRAPH_USERS_H

#include "codec/json.h"
#include "source/outlook/graph_call.h"

// Zeroed is a valid beginning.
struct graph_users {
    bool probe; // the first page is enough, and nobody is handed over
    bool failed, is_complete, page_read;
    struct graph_call call;
    struct graph_pace pace;
    struct json_stream stream;
    struct buf element, rest;
    int pages;    // read
    int elements; // of the page in hand
    // A user that was read and not taken: offered again, before the byte that was given back for
    // him.
    bool pending, no_mailbox;
    str address, flags, name, id, title; // in the bytes below
    u8 text[ADDRESS_BYTES * 2 + GRAPH_USER_TEXT_BYTES];
    isize link_bytes; // of the page in hand; 0: the first
    u8 link[GRAPH_LINK_BYTES];
    u8 element_bytes[GRAPH_USER_BYTES], rest_bytes[GRAPH_REST_BYTES];
};

enum step graph_users_next(void *src, void *st, i64 now_ms, struct exchange *x);
err graph_users_head(void *src, void *st, struct exchange *x, const struct http_head *head);
err graph_users_body(void *src, void *st, struct exchange *x, str *in,
                     const struct account_sink *to);
err graph_users_end(void *src, void *st, struct exchange *x);
bool graph_users_fail(void *src, void *st, struct exchange *x, err e);

#endif

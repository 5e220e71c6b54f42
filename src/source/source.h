// SPDX-License-Identifier: Apache-2.0
// What a source is: the way from one service's accounts to documents. A source knows nothing of
// Elasticsearch, rules, purges or lanes; sync/ drives it through these functions.
//
// It keeps its state in memory that it carved at start (gmail_init), and is configured for one run
// after another. Kinds of machine steps that are asked of it, always for one exchange at a time;
// sync/ embeds them in its own machines:
//   accounts   one walk over the directory: yields mailboxes to list
//   mailbox    one per open mailbox: tokens, and the listing, page by page, of units of work
//   fetch      one per lane: some units to their documents in the lane's buffer, handed over one by
//              one
//   ping       whether the far side is there and takes the credentials
#ifndef SOURCE_SOURCE_H
#define SOURCE_SOURCE_H

#include "base/arena.h"
#include "base/buf.h"
#include "net/exchange.h"
#include "source/schema.h"
#include "source/work.h"

// What a job gives to its source (source_ops.configure).
struct source_setup {
    const struct field_value *values; // schema.count of them
    bool document_level_security;     // the connector's feature is on: the field decides then
    const str *queries;               // of advanced rules; each mailbox is listed once a query
    isize query_count;                // 0: one listing without
    bool probe;                       // only pinged: no mailbox will be opened
    bool content;                     // attachments are fetched, not only named
};

// Where states of folders outlive a run (sync/states.h). `folder`: of one way of listing, in the
// source's own words; not empty.
struct source_states {
    bool (*read)(void *st, str mailbox, str folder, struct buf *out); // false: there is none
    // It counts from the run's end on, if the mailbox is finished. What is kept later takes the
    // place of what was kept before; what is too long is not kept.
    void (*keep)(void *st, str mailbox, str folder, str state);
    void *st;
};

// A dry run asks for sizes instead of content.
struct source_estimate {
    i64 sampled, bytes; // messages looked at, sum of their sizes
};

struct source_ops {
    const char *service_type;                         // "gmail"
    const char *name;                                 // "GMail"
    isize mailbox_bytes, fetch_bytes, accounts_bytes; // private state of each

    // Steps as in net/exchange.h; `src` is struct source's state.
    enum step (*accounts_next)(void *src, void *st, i64 now_ms, struct exchange *x);
    err (*accounts_head)(void *src, void *st, struct exchange *x, const struct http_head *head);
    err (*accounts_body)(void *src, void *st, struct exchange *x, str *in,
                         const struct account_sink *to);
    err (*accounts_end)(void *src, void *st, struct exchange *x);
    // true: there is another way, next() goes on; false: next() says FAILED.
    bool (*accounts_fail)(void *src, void *st, struct exchange *x, err e);
    err (*accounts_send)(void *src, void *st, struct buf *room, bool *last); // EXCHANGE_STREAM

    enum step (*mailbox_next)(void *src, struct mailbox *m, i64 now_ms, struct exchange *x);
    err (*mailbox_head)(void *src, struct mailbox *m, struct exchange *x,
                        const struct http_head *head);
    err (*mailbox_body)(void *src, struct mailbox *m, struct exchange *x, str *in);
    err (*mailbox_end)(void *src, struct mailbox *m, struct exchange *x);
    void (*mailbox_fail)(void *src, struct mailbox *m, struct exchange *x, err e);
    void (*mailbox_close)(void *src, struct mailbox *m); // wipes secrets

    // fetch_next: REQUEST, WAIT (for a token or for quota), DONE with a verdict.
    enum step (*fetch_next)(void *src, struct fetch *f, i64 now_ms, struct exchange *x);
    err (*fetch_head)(void *src, struct fetch *f, struct exchange *x, const struct http_head *head);
    err (*fetch_body)(void *src, struct fetch *f, struct exchange *x, str *in);
    err (*fetch_end)(void *src, struct fetch *f, struct exchange *x);
    void (*fetch_fail)(void *src, struct fetch *f, struct exchange *x, err e);
    const str *document_fields; // members that its documents may have
    int document_field_count;
    bool units_immutable; // what has an id never changes: what is in the index needs no reading
    int units_together;   // read in one fetch: 1 to FETCH_UNITS_MAX

    // The service runs one source after another in the same memory. configure() checks all that
    // needs no network and may be called again and again; release() wipes keys and tokens.
    // Errors are friendly, `detail` names labels and values, never a secret.
    const struct schema *schema;
    err (*configure)(void *src, const struct source_setup *setup, struct buf *detail);
    void (*release)(void *src);

    // Is the far side there, and does it take these credentials: at most a few requests.
    isize ping_bytes;
    enum step (*ping_next)(void *src, void *st, i64 now_ms, struct exchange *x);
    err (*ping_head)(void *src, void *st, struct exchange *x, const struct http_head *head);
    err (*ping_body)(void *src, void *st, struct exchange *x, str *in);
    err (*ping_end)(void *src, void *st, struct exchange *x);
    bool (*ping_fail)(void *src, void *st, struct exchange *x, err e); // as accounts_fail
    err (*ping_send)(void *src, void *st, struct buf *room, bool *last);

    // Document level security: the members of the access control document of an account, without
    // braces and without "id" (spec/documents.md 9). false: this account has none.
    bool (*identity)(void *src, const struct account *a, struct buf *doc);
    // The id of that document; NULL: the account's address.
    str (*identity_id)(const struct account *a, u8 bytes[IDENTITY_ID_BYTES]);

    // Dry run: the quota units of one message, and how many a minute one user and the project have.
    i64 fetch_quota_units;

    bool keeps_states; // source.states is of use to it
};

// Room for the private state of whichever of several sources a job runs with.
struct source_bytes {
    isize mailbox, fetch, accounts;
};

struct source {
    const struct source_ops *ops;
    void *state;
    bool unverified;     // set by configure(): certificates of its destinations are not checked
    const char *warning; // set by configure(): what each job says once; NULL: nothing
    const char
        *waived; // key of a field that may be empty: config.yml has what it is for; NULL: none
    int in_flight_max; // requests of one mailbox at a time
    i64 quota_wait_ms; // time that exchanges waited for quota, summed
    i64 quota_units_user_minute, quota_units_project_minute;
    i64 quota_units_used;
    i64 known; // set at the start of a run: documents in the index that need not be read again; 0:
               // in full runs, and where rules have to see each of them
    u64 binding; // set by configure(): a hash of what decides how documents look
    const struct source_states *states; // set during a run; NULL: none are kept
    bool may_repeat; // a mailbox may list an id more than once in a run (several queries)
    // Documents of these types cannot be listed the way this run goes: they are never purged.
    const str *unlisted_types;
    int unlisted_type_count;
    struct buf notice;      // set during a run: what people should know of it; empty: nothing
    bool notice_warns;      // and should act on
    const char *purge_held; // set during a run: why it may not purge at all; NULL: it may
};

// The larger of each: `b` and what a source with these steps needs.
struct source_bytes source_bytes_max(struct source_bytes b, const struct source_ops *ops);

// The value of the field `key`, which the schema has.
const struct field_value *source_value(const struct schema *schema,
                                       const struct field_value *values, str key);

#endif

// SPDX-License-Identifier: Apache-2.0
// What the observer judges when a run has ended: the index against the messages, the summary
// against what was seen, the exit code, and secrets; see observer.h.
#define _GNU_SOURCE
#include <string.h>

#include "../tenant/es.h"
#include "../tenant/test_keys.h"
#include "clock.h"
#include "observer_book.h"
#include "observer_exchange.h"
#include "sim.h"

static struct es_index *find_index(void)
{
    int i = es_find_index(book.t->es, str_from(book.settings.index));
    return i < 0 ? NULL : &book.t->es->indices[i];
}

static void note_old(str id, str source)
{
    int mailbox;
    i64 number;
    if (book.settings.exchange && exchange_find(id, &mailbox, &number)) {
        exchange_was_there(mailbox, number, source);
    }
}

void observer_run_begin(const struct observer_run *run)
{
    for (int i = 0; i < book.note_count; i++) {
        t_free(book.notes[i].items);
    }
    book.note_count = 0;
    book.pause_count = 0;
    book.lost = 0;
    book.some_left_out = book.way_seen = book.ids_differ = false;
    book.busy_from_us = book.busy_until_us = 0;
    memset(book.asked, 0, sizeof(book.asked));
    book.run = *run;
    book.expected = run->way;
    book.run_number++;
    book.begun_us = clock_now_us();
    for (int i = 0; i < book.mailbox_count; i++) {
        book.mailboxes[i].restarts = 0;
        book.mailboxes[i].deletes = 0;
        book.mailboxes[i].left_out = false;
        book.mailboxes[i].busy_from_us = book.mailboxes[i].busy_until_us = 0;
    }
    struct es_index *x = find_index();
    book.t->now_ms = clock_true_unix_ms();
    for (isize i = 0; x && i < x->count; i++) {
        struct es_doc *doc = &x->docs[i];
        str id = str_make(doc->id, doc->id_bytes);
        struct message *m = book_find(id);
        if (m && es_is_visible(book.t, x, doc)) {
            m->now.was_there = true;
            note_old(id, str_make(doc->source, doc->source_bytes));
        }
    }
}

// ---- the index

// No document is wrong, whatever happened.
static void check_documents(void)
{
    struct es_index *x = find_index();
    for (isize i = 0; x && i < x->count; i++) {
        struct es_doc *doc = &x->docs[i];
        str id = str_make(doc->id, doc->id_bytes);
        if (doc->deleted_seq == 0 && !book_is_right(id, str_make(doc->source, doc->source_bytes))) {
            sim_violation("the index holds a wrong document %.*s", (int)id.n, id.p);
        }
    }
}

static bool is_in_index(struct es_index *x, int mailbox, i64 index)
{
    struct t_buf text = {0};
    book_put_id(mailbox, index, &text);
    const struct es_doc *doc = x ? es_find_doc(book.t->es, x, t_buf_str(&text)) : NULL;
    if (doc && book.settings.exchange && doc->deleted_seq == 0) {
        struct message *m = book_message(mailbox, index);
        bool sent_in_vain = m->now.last_status >= 400 || book.mailboxes[mailbox].left_out;
        if (!sent_in_vain && book_exists(mailbox, index) &&
            !exchange_is_current(mailbox, index, str_make(doc->source, doc->source_bytes))) {
            sim_violation("completed, and %.*s is in the index as it was before", (int)text.n,
                          (const char *)text.p);
        }
    }
    t_buf_free(&text);
    return doc != NULL;
}

static bool is_readable(int mailbox)
{
    enum t_state s = book.t->users[mailbox].state;
    if (book.settings.exchange) {
        return exchange_is_readable(mailbox);
    }
    return s == T_USER_OK || s == T_USER_ARCHIVED;
}

static bool is_rejected(const struct message *m)
{
    return m->now.last_status >= 400 && m->now.last_status < 500 &&
           (m->now.last_status != 429 || m->now.heavy);
}

static void check_message(int mailbox, i64 index, bool stale_may_stay)
{
    struct message *m = book_message(mailbox, index);
    bool there = is_in_index(find_index(), mailbox, index);
    struct t_buf id = {0};
    book_put_id(mailbox, index, &id);
    bool wanted = book_exists(mailbox, index);
    bool old = m->born_us <= book.begun_us;
    if (wanted && old && !there && !is_rejected(m) && !book.mailboxes[mailbox].left_out &&
        !book.run.only_some) {
        sim_violation("completed, and message %.*s of mailbox %d is not in the index", (int)id.n,
                      (const char *)id.p, mailbox + 1);
    }
    bool gone_before = !wanted && (m->died_us <= book.begun_us || m->died_us == INT64_MAX);
    bool refused = m->now.delete_status >= 400 && m->now.delete_status != 404;
    // What was attached goes with the next full run.
    stale_may_stay = stale_may_stay ||
                     (book.run.changes &&
                      (!book.run.settled || exchange_is_attachment(mailbox, index)));
    stale_may_stay = stale_may_stay || (book.settings.cloud && exchange_stays(mailbox, index));
    if (gone_before && there && m->now.was_there && !stale_may_stay && !refused &&
        !book.mailboxes[mailbox].left_out) {
        sim_violation("completed, and the document of message %.*s of mailbox %d, which is "
                      "gone, is still there",
                      (int)id.n, (const char *)id.p, mailbox + 1);
    }
    t_buf_free(&id);
}

static void check_completed(void)
{
    bool left_out = book.some_left_out;
    bool stale_may_stay = !book.run.purge || book.run.only_some || book.run.small_limits ||
                          book.held || (left_out && !book.settings.document_level_security);
    for (int i = 0; i < book.mailbox_count; i++) {
        for (i64 k = 0; k < book_count(i); k++) {
            check_message(i, k, stale_may_stay);
        }
    }
}

// ---- the summary

static i64 number(str summary, const char *key)
{
    i64 v = t_json_i64(summary, key, -1);
    if (v < 0) {
        sim_violation("the summary does not say %s", key);
    }
    return v;
}

static void must_be(str summary, const char *key, i64 want)
{
    if (number(summary, key) != want) {
        sim_violation("the summary says %s %lld, and %lld were seen", key,
                      (long long)number(summary, key), (long long)want);
    }
}

static void read_left_out(str summary)
{
    str list, item;
    isize at = 0;
    struct t_buf name = {0};
    while (t_json_get(summary, "left_out", &list) && t_json_element(list, &at, &item)) {
        book.some_left_out = true;
        int mailbox = t_json_get_text(item, "mailbox", &name)
                          ? content_mailbox(book.t, t_buf_str(&name))
                          : -1;
        if (mailbox >= 0) {
            book.mailboxes[mailbox].left_out = true;
            if (book.mailboxes[mailbox].deletes) {
                sim_violation("mailbox %d was left out, and documents of it were deleted",
                              mailbox + 1);
            }
        }
    }
    t_buf_free(&name);
}

struct tally {
    i64 applied, rejected, deleted, live, was_there, stale, readable, refused;
    i64 vague; // mailboxes whose refusal could be weather, or is not met when nothing is read
};

static struct tally count_all(void)
{
    struct tally c = {0};
    for (int i = 0; i < book.mailbox_count; i++) {
        bool readable = is_readable(i);
        c.readable += readable;
        c.refused += !readable && book.t->users[i].state != T_USER_DELETED;
        enum t_state state = book.t->users[i].state;
        c.vague += state == T_USER_SUSPENDED_GET || state == T_USER_PRECONDITION;
        for (i64 k = 0; k < book_count(i); k++) {
            struct message *m = book_message(i, k);
            bool live = book_is_selected(i, k) && readable;
            c.applied += m->now.last_status >= 200 && m->now.last_status < 300;
            c.rejected += is_rejected(m);
            c.deleted += m->now.delete_status == 200 || m->now.delete_status == 404;
            c.live += live;
            bool fresh = !book.settings.exchange || exchange_is_fresh(i, k);
            c.was_there += live && m->now.was_there && fresh;
            bool stays = book.settings.cloud && exchange_stays(i, k);
            c.stale += !book_exists(i, k) && m->now.was_there && !stays;
        }
    }
    return c;
}

static bool may_repeat(void)
{
    for (int i = 0; i < book.mailbox_count; i++) {
        if (book.mailboxes[i].restarts > 0) {
            return true;
        }
    }
    return false;
}

static void check_sums(str s)
{
    i64 decided = number(s, "documents_indexed") + number(s, "documents_unchanged") +
                  number(s, "skipped_gone") + number(s, "skipped_corrupt") +
                  number(s, "skipped_too_large") + number(s, "skipped_rejected") +
                  number(s, "skipped_undecided");
    i64 listed = decided + number(s, "messages_dropped");
    // What Exchange has listed again, after it had forgotten a state or when it was changed
    // meanwhile, is listed, and nothing more; by offsets, when anything came or went.
    i64 repeated = book.settings.exchange ? number(s, "messages_repeated") : 0;
    if (repeated > 0 && !book.settings.offsets && !may_repeat()) {
        sim_violation("%lld were listed again, for no reason", (long long)repeated);
    }
    must_be(s, "messages_listed", listed + repeated);
    struct tally c = count_all();
    must_be(s, "documents_deleted", c.deleted);
    if (!may_repeat()) { // else some messages came twice
        must_be(s, "documents_indexed", c.applied);
        must_be(s, "skipped_rejected", c.rejected);
    }
    must_be(s, "skipped_corrupt", 0);
    must_be(s, "skipped_too_large", 0);
    must_be(s, "skipped_bad_id", 0);
}

// Nothing went wrong: every number is known beforehand.
static void check_calm(str s)
{
    struct tally c = count_all();
    must_be(s, "mailboxes_failed", 0);
    must_be(s, "mailboxes_partial", 0);
    i64 ended = number(s, "mailboxes_done") + number(s, "mailboxes_refused");
    if (ended != c.readable + c.refused && !book.settings.strangers) {
        sim_violation("%lld mailboxes ended, of %lld", (long long)ended,
                      (long long)(c.readable + c.refused));
    }
    if (c.vague == 0) {
        must_be(s, "mailboxes_done", c.readable);
        must_be(s, "retries", 0);
    }
    if (!book.run.full && !book.run.small_limits && c.vague == 0 && !book.run.changes) {
        must_be(s, "documents_unchanged", c.was_there);
        must_be(s, "documents_indexed", c.live - c.was_there);
    }
    if (c.refused == 0 && !book.run.changes && !book.some_left_out && book.run.purge &&
        !book.run.small_limits) {
        must_be(s, "documents_deleted", c.stale);
    }
}

// ---- secrets

static struct {
    struct t_buf texts[16];
    str list[16];
    isize count;
} secret;

static void add_secret(const char *text, bool base64)
{
    struct t_buf *b = &secret.texts[secret.count];
    b->n = 0;
    if (base64) {
        t_base64_put(b, str_from(text), false);
    } else {
        t_buf_z(b, text);
    }
    secret.list[secret.count++] = t_buf_str(b);
}

isize observer_secrets(const str **list)
{
    *list = secret.list;
    if (secret.count) {
        return secret.count;
    }
    add_secret("tenant-password", false);
    add_secret("elastic:tenant-password", true);
    add_secret("dGVuYW50a2V5OnRlbmFudHNlY3JldA==", false);
    add_secret("ya29.c.c0AY", false);
    add_secret("proxy-password", false);
    add_secret("proxy-user:proxy-password", true);
    add_secret("Passw0rd", false);
    add_secret("EXAMPLE\\svc:Passw0rd", true);
    add_secret("svc@example.test:Passw0rd", true);
    add_secret("aB~3/x+y.tenant-Secret_9", false);
    add_secret("aB~3%2Fx%2By.tenant-Secret_9", false);
    add_secret("eyJ0eXAiOiJKV1QiLCJub25jZSI6I", false); // how tokens of Entra begin
    // A line in the middle of the private key, without its line end.
    struct t_buf *b = &secret.texts[secret.count];
    b->n = 0;
    t_buf_put(b, str_make(test_keys_account_key + 400, 40));
    for (isize i = 0; i < b->n; i++) {
        b->p[i] = b->p[i] == '\n' ? 0 : b->p[i];
    }
    isize cut = str_find_byte(t_buf_str(b), 0);
    secret.list[secret.count++] = cut < 0    ? t_buf_str(b)
                                  : cut > 18 ? str_make(b->p, cut)
                                             : str_make(b->p + cut + 1, b->n - cut - 1);
    return secret.count;
}

static void check_secrets(const char *where, str text)
{
    const str *list;
    isize n = observer_secrets(&list);
    for (isize i = 0; i < n; i++) {
        if (text.n > 0 && memmem(text.p, (size_t)text.n, list[i].p, (size_t)list[i].n)) {
            sim_violation("a secret in the %s: %.*s", where, (int)list[i].n, list[i].p);
        }
    }
}

// ---- all of it

static int exit_code_of(str end)
{
    return str_starts(end, S("completed")) ? 0 : str_starts(end, S("stopped")) ? 75 : 1;
}

void observer_run_end(const struct observer_end *end)
{
    check_secrets("log", end->log);
    check_secrets("summary", end->summary);
    check_documents();
    if (!end->finished) {
        return;
    }
    str s = {0};
    struct t_buf how = {0};
    if (!t_json_whole(str_trim(end->summary), &s) || !t_json_get_text(s, "end", &how)) {
        sim_violation("no summary: exit code %d, log %.*s", end->exit_code,
                      (int)(end->log.n < 400 ? end->log.n : 400), end->log.p);
    }
    read_left_out(s);
    book.held = str_find(end->summary, S("whether ids of Microsoft Graph are those of")) >= 0 ||
                str_find(end->summary, S("ids of Microsoft Graph are not those of")) >= 0;
    if (end->calm && book.settings.cloud && book.held) {
        sim_violation("nothing went wrong, and nothing may be deleted");
    }
    must_be(s, "bytes_in", end->bytes_in);
    must_be(s, "bytes_out", end->bytes_out);
    str ending = t_buf_str(&how);
    bool completed = str_starts(ending, S("completed"));
    if (end->exit_code != exit_code_of(ending)) {
        sim_violation("exit code %d, and the summary says %.*s", end->exit_code, (int)ending.n,
                      ending.p);
    }
    if (end->calm && !completed) {
        sim_violation("nothing went wrong, and the job did not complete: %.*s", (int)s.n, s.p);
    }
    // A mailbox that was out of reach and is not any more: the next run sees what is gone.
    book.run.settled &= str_find(end->log,
                                 S("some mailboxes had no state to go on from, or are gone")) < 0;
    if (completed) {
        check_completed();
        check_sums(s);
    }
    if (end->calm) {
        check_calm(s);
    }
    if (end->calm && book.way_seen && book.run.way != book.expected) {
        sim_violation("nothing went wrong, and mailboxes were read by %s",
                      book.run.way == WAY_GRAPH ? "Graph" : "EWS");
    }
    t_buf_free(&how);
}

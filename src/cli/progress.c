// SPDX-License-Identifier: Apache-2.0
// Progress on standard error (see progress.h). The terminal form keeps count of the lines it drew,
// and takes them off before anything else is written.
#include "cli/progress.h"

#include "base/date.h"
#include "base/hash.h"
#include "cli/output.h"
#include "codec/json_write.h"
#include "os/os.h"

#define PROGRESS_TEXT_BYTES KIB(8)
#define PROGRESS_SMOOTH_MS 5000 // a change of speed shows within a few times this
#define PROGRESS_ADDRESS_COLUMNS 32

// Messages a second: the mean of all until PROGRESS_SMOOTH_MS have passed, then a moving average.
// Weights grow with the time between two looks, so that drawing often or seldom gives the same
// figure.
struct progress_rate {
    i64 first_ms, last_ms, last_decided;
    double per_second;
    bool known;
};

// What is remembered of a mailbox that was drawn, while it is among those that are drawn.
struct progress_mailbox {
    u64 name; // hash of its address; 0: free
    struct progress_rate rate;
    bool drawn;
};

struct progress {
    enum output_form form;
    int columns;
    struct os_watch *watch;
    int lines; // drawn on the terminal now
    i64 next_ms;
    struct progress_rate rate;
    struct progress_mailbox mailboxes[PROGRESS_MAILBOXES];
    struct buf text;
};

struct progress *progress_init(struct plan *plan, enum output_form form, int columns,
                               struct os_watch *watch)
{
    struct progress *p = plan_take_n(plan, "progress", struct progress, 1, "the progress display");
    u8 *text = plan_take(plan, "progress text", PROGRESS_TEXT_BYTES, 1, "one drawing of it");
    p->form = form;
    p->watch = watch;
    p->columns = columns < 40 ? 40 : columns > 200 ? 200 : columns;
    p->text = buf_over(text, PROGRESS_TEXT_BYTES);
    return p;
}

// A display that cannot be written to is not an error of the sync.
static void progress_write(struct progress *p)
{
    err lost = os_write_all(2, buf_str(&p->text), p->watch, NULL);
    (void)lost;
}

static str progress_phase(enum sync_phase phase)
{
    switch (phase) {
    case SYNC_PREFLIGHT:
        return S("checking");
    case SYNC_SCAN:
        return S("listing the index");
    case SYNC_MAILBOXES:
        return S("reading mailboxes");
    case SYNC_PURGE:
        return S("removing what is gone");
    case SYNC_FINISH:
        return S("finishing");
    case SYNC_ENDED:
        return S("done");
    }
    return S("");
}

static void progress_measure(struct progress_rate *r, i64 decided, i64 now_ms)
{
    i64 elapsed_ms = now_ms - r->last_ms;
    if (r->last_ms && elapsed_ms > 0) {
        double now = (double)(decided - r->last_decided) * 1000 / (double)elapsed_ms;
        i64 window_ms = now_ms - r->first_ms;
        window_ms = window_ms > PROGRESS_SMOOTH_MS ? PROGRESS_SMOOTH_MS : window_ms;
        double weight = elapsed_ms < window_ms ? (double)elapsed_ms / (double)window_ms : 1;
        r->per_second += (now - r->per_second) * weight;
        r->known = true;
    }
    r->first_ms = r->last_ms ? r->first_ms : now_ms;
    r->last_ms = now_ms;
    r->last_decided = decided;
}

static i64 progress_mailboxes_ended(const struct sync_stats *s)
{
    return s->mailboxes_done + s->mailboxes_refused + s->mailboxes_failed;
}

// Seconds until the end at the present speed; -1: cannot be said. What is not listed yet is judged
// by the time that the mailboxes so far have taken.
static i64 progress_seconds_left(const struct progress *p, const struct sync_stats *s, i64 now_ms)
{
    i64 left = s->messages_listed - s->messages_decided;
    i64 ended = progress_mailboxes_ended(s);
    if (s->phase != SYNC_MAILBOXES || p->rate.per_second < 0.01 || ended > s->mailboxes_found) {
        return -1;
    }
    i64 by_messages = (i64)((double)left / p->rate.per_second);
    i64 by_mailboxes = ended
                           ? (now_ms - s->started_ms) * (s->mailboxes_found - ended) / ended / 1000
                           : 0;
    return by_messages > by_mailboxes ? by_messages : by_mailboxes;
}

// ---- terminal

// Ends the line that began at `start`, cut so that it does not reach the last column, where
// terminals wrap. Only the first byte of a character takes a column.
static void progress_end_line(struct progress *p, isize start)
{
    int columns = 0;
    isize at = start;
    for (; at < p->text.n; at++) {
        columns += (p->text.p[at] & 0xc0) != 0x80;
        if (columns >= p->columns) {
            break;
        }
    }
    p->text.n = at;
    buf_put(&p->text, S("\n"));
    p->lines++;
}

static u64 progress_name(str address)
{
    return hash_siphash((struct hash_key){0}, address) | 1; // never 0
}

// A mailbox that was drawn last time and is drawn again.
static void progress_keep(struct progress *p, str address)
{
    for (isize i = 0; i < PROGRESS_MAILBOXES; i++) {
        p->mailboxes[i].drawn |= p->mailboxes[i].name == progress_name(address);
    }
}

static struct progress_mailbox *progress_mailbox_of(struct progress *p, str address)
{
    u64 name = progress_name(address);
    struct progress_mailbox *free = NULL;
    for (isize i = 0; i < PROGRESS_MAILBOXES; i++) {
        if (p->mailboxes[i].name == name) {
            return &p->mailboxes[i];
        }
        free = p->mailboxes[i].name ? free : &p->mailboxes[i];
    }
    ASSERT(free); // those that were not drawn last time were freed
    *free = (struct progress_mailbox){.name = name};
    return free;
}

static void progress_put_address(struct buf *b, str address)
{
    u8 bytes[4 * PROGRESS_ADDRESS_COLUMNS];
    struct buf clean = buf_over(bytes, COUNT(bytes));
    bool whole = address.n <= PROGRESS_ADDRESS_COLUMNS;
    output_put_clean(&clean, address, whole ? address.n : PROGRESS_ADDRESS_COLUMNS - 3);
    output_put_left(b, buf_str(&clean), PROGRESS_ADDRESS_COLUMNS);
}

static void progress_put_rate(struct buf *b, const struct progress_rate *r)
{
    buf_put_i64(b, (i64)(r->per_second + 0.5));
    buf_put(b, S("/s"));
}

static void progress_put_mailbox(struct progress *p, const struct sync_mailbox_view *v, i64 now_ms)
{
    struct progress_mailbox *m = progress_mailbox_of(p, v->address);
    struct buf *b = &p->text;
    isize start = b->n;
    progress_measure(&m->rate, v->decided, now_ms);
    buf_put(b, S("  "));
    progress_put_address(b, v->address);
    buf_put(b, S("  "));
    buf_put_i64(b, v->decided);
    buf_put_byte(b, '/');
    buf_put_i64(b, v->listed);
    buf_put(b, v->listing ? S("+") : S(""));
    if (m->rate.known) {
        buf_put(b, S("  "));
        progress_put_rate(b, &m->rate);
    }
    if (!v->listing && m->rate.per_second > 0.01 && v->listed > v->decided) {
        buf_put(b, S("  about "));
        output_put_duration(b, (i64)((double)(v->listed - v->decided) * 1000 / m->rate.per_second));
    }
    progress_end_line(p, start);
}

static void progress_put_total(struct progress *p, const struct sync_stats *s, i64 now_ms)
{
    struct buf *b = &p->text;
    isize start = b->n;
    buf_put(b, progress_phase(s->phase));
    if (s->phase == SYNC_SCAN) {
        buf_put(b, S("  documents "));
        buf_put_i64(b, s->existing);
    } else {
        buf_put(b, S("  mailboxes "));
        buf_put_i64(b, progress_mailboxes_ended(s));
        buf_put_byte(b, '/');
        buf_put_i64(b, s->mailboxes_found);
        buf_put(b, S("  messages "));
        buf_put_i64(b, s->messages_decided);
        buf_put_byte(b, '/');
        buf_put_i64(b, s->messages_listed);
        buf_put(b, S("  "));
        progress_put_rate(b, &p->rate);
    }
    buf_put(b, S("  "));
    output_put_duration(b, now_ms - s->started_ms);
    i64 left_s = progress_seconds_left(p, s, now_ms);
    if (left_s > 0) {
        buf_put(b, S("  about "));
        output_put_duration(b, left_s * 1000);
        buf_put(b, S(" left"));
    }
    progress_end_line(p, start);
}

static void progress_put_erase(struct progress *p)
{
    if (p->lines) {
        buf_put(&p->text, S("\r\x1b["));
        buf_put_i64(&p->text, p->lines);
        buf_put(&p->text, S("A\x1b[J"));
    }
    p->lines = 0;
}

void progress_clear(void *st)
{
    struct progress *p = st;
    buf_reset(&p->text);
    progress_put_erase(p);
    if (p->text.n) {
        progress_write(p);
    }
}

static void progress_draw(struct progress *p, const struct job *job, i64 now_ms)
{
    struct sync_mailbox_view views[PROGRESS_MAILBOXES];
    isize count = 0;
    buf_reset(&p->text);
    progress_put_erase(p);
    while (count < PROGRESS_MAILBOXES && job_mailbox_view(job, count, &views[count])) {
        count++;
    }
    // Mailboxes that are no longer drawn give up their places first.
    for (isize k = 0; k < PROGRESS_MAILBOXES; k++) {
        p->mailboxes[k].drawn = false;
    }
    for (isize i = 0; i < count; i++) {
        progress_keep(p, views[i].address);
    }
    for (isize k = 0; k < PROGRESS_MAILBOXES; k++) {
        p->mailboxes[k].name = p->mailboxes[k].drawn ? p->mailboxes[k].name : 0;
    }
    for (isize i = 0; i < count; i++) {
        progress_put_mailbox(p, &views[i], now_ms);
    }
    progress_put_total(p, job_stats(job), now_ms);
    progress_write(p);
}

// ---- lines

struct progress_fact {
    const char *key;
    i64 value;
};

enum { PROGRESS_FACTS = 9 };

// The same figures for both forms; seconds_left, the last, is missing while it cannot be said.
static int progress_collect(const struct progress *p, const struct sync_stats *s, i64 now_ms,
                            struct progress_fact out[PROGRESS_FACTS])
{
    const struct progress_fact facts[PROGRESS_FACTS] = {
        {"mailboxes", progress_mailboxes_ended(s)},
        {"mailboxes_found", s->mailboxes_found},
        {"messages", s->messages_decided},
        {"messages_listed", s->messages_listed},
        {"indexed", s->documents_indexed},
        {"unchanged", s->documents_unchanged},
        {"deleted", s->documents_deleted},
        {"per_second", (i64)(p->rate.per_second + 0.5)},
        {"seconds_left", progress_seconds_left(p, s, now_ms)},
    };
    for (isize i = 0; i < PROGRESS_FACTS; i++) {
        out[i] = facts[i];
    }
    return facts[PROGRESS_FACTS - 1].value < 0 ? PROGRESS_FACTS - 1 : PROGRESS_FACTS;
}

static void progress_put_plain(struct buf *b, const struct sync_stats *s,
                               const struct progress_fact *facts, int count)
{
    date_put_iso_ms(b, os_unix_us());
    buf_put(b, S(" INFO progress phase=\""));
    buf_put(b, progress_phase(s->phase));
    buf_put(b, S("\""));
    for (isize i = 0; i < count; i++) {
        buf_put_byte(b, ' ');
        buf_put(b, str_from(facts[i].key));
        buf_put_byte(b, '=');
        buf_put_i64(b, facts[i].value);
    }
    buf_put(b, S("\n"));
}

static void progress_put_json(struct buf *b, const struct sync_stats *s,
                              const struct progress_fact *facts, int count)
{
    u8 time_bytes[40];
    struct buf time = buf_over(time_bytes, COUNT(time_bytes));
    date_put_iso_ms(&time, os_unix_us());
    struct json_write w = json_write_to(b);
    json_write_object(&w);
    json_write_member(&w, S("@timestamp"), buf_str(&time));
    json_write_member(&w, S("log.level"), S("info"));
    json_write_member(&w, S("message"), S("progress"));
    json_write_key(&w, S("mailferry"));
    json_write_object(&w);
    json_write_member(&w, S("phase"), progress_phase(s->phase));
    for (isize i = 0; i < count; i++) {
        json_write_key(&w, str_from(facts[i].key));
        json_write_i64(&w, facts[i].value);
    }
    json_write_object_end(&w);
    json_write_object_end(&w);
    buf_put(b, S("\n"));
}

void progress_step(struct progress *p, const struct job *job, i64 now_ms)
{
    const struct sync_stats *s = job_stats(job);
    struct progress_fact facts[PROGRESS_FACTS];
    if (now_ms < p->next_ms) {
        return;
    }
    bool first = p->next_ms == 0;
    bool terminal = p->form == OUTPUT_TERMINAL;
    p->next_ms = now_ms + (terminal ? 1000 / PROGRESS_PER_SECOND : PROGRESS_PLAIN_MS);
    progress_measure(&p->rate, s->messages_decided, now_ms);
    if (terminal) {
        progress_draw(p, job, now_ms);
        return;
    }
    buf_reset(&p->text);
    int count = progress_collect(p, s, now_ms, facts);
    if (p->form == OUTPUT_JSON) {
        progress_put_json(&p->text, s, facts, count);
    } else {
        progress_put_plain(&p->text, s, facts, count);
    }
    if (!first) { // nothing has happened yet
        progress_write(p);
    }
}

// SPDX-License-Identifier: Apache-2.0
// Progress on standard error (see progress.h). The terminal form keeps count of the lines it drew, and
// takes them off before anything else is written.
#include "cli/progress.h"

#include "codec/json_write.h"
#include "base/date.h"
#include "os/os.h"

#define PROGRESS_TEXT_BYTES KIB(8)

struct progress {
    enum output_form form;
    int columns;
    int lines; // drawn on the terminal now
    i64 next_ms;
    i64 last_ms, last_decided; // for the rate
    double rate;               // messages a second, smoothed
    struct buf text;
};

struct progress *progress_init(struct plan *plan, enum output_form form, int columns)
{
    struct progress *p = plan_take_n(plan, "progress", struct progress, 1, "the progress display");
    u8 *text = plan_take(plan, "progress text", PROGRESS_TEXT_BYTES, 1, "one drawing of it");
    p->form = form;
    p->columns = columns < 40 ? 40 : columns > 200 ? 200 : columns;
    p->text = buf_over(text, PROGRESS_TEXT_BYTES);
    return p;
}

// A display that cannot be written to is not an error of the sync.
static void progress_write(struct progress *p)
{
    err lost = os_write_all(2, buf_str(&p->text));
    (void)lost;
}

void progress_clear(void *st)
{
    struct progress *p = st;
    if (p->lines == 0) {
        return;
    }
    buf_reset(&p->text);
    buf_put(&p->text, S("\r\x1b["));
    buf_put_i64(&p->text, p->lines);
    buf_put(&p->text, S("A\x1b[J"));
    progress_write(p);
    p->lines = 0;
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

static void progress_measure(struct progress *p, const struct sync_stats *s, i64 now_ms)
{
    i64 elapsed_ms = now_ms - p->last_ms;
    if (p->last_ms && elapsed_ms > 0) {
        double rate = (double)(s->messages_decided - p->last_decided) * 1000 / (double)elapsed_ms;
        p->rate = p->rate > 0 ? p->rate * 0.7 + rate * 0.3 : rate;
    }
    p->last_ms = now_ms;
    p->last_decided = s->messages_decided;
}

static void progress_put_duration(struct buf *b, i64 seconds)
{
    if (seconds >= 3600) {
        buf_put_i64(b, seconds / 3600);
        buf_put_byte(b, 'h');
        buf_put_decimal(b, (u64)(seconds / 60 % 60), 2);
        buf_put_byte(b, 'm');
    } else {
        buf_put_i64(b, seconds / 60);
        buf_put_byte(b, 'm');
        buf_put_decimal(b, (u64)(seconds % 60), 2);
        buf_put_byte(b, 's');
    }
}

// How long what is listed and not yet read will take at the present rate.
static void progress_put_eta(struct buf *b, i64 left, double rate)
{
    if (left > 0 && rate > 0.01) {
        buf_put(b, S("  about "));
        progress_put_duration(b, (i64)((double)left / rate));
    }
}

// ---- terminal

// Cuts what was put since `start` to the width, counting bytes as columns from the UTF-8 lead bytes.
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

static void progress_put_clean(struct buf *b, str s, isize width)
{
    isize n = s.n < width ? s.n : width;
    for (isize i = 0; i < n; i++) {
        buf_put_byte(b, s.p[i] < ' ' || s.p[i] == 0x7f ? '?' : s.p[i]);
    }
    buf_put_fill(b, ' ', width - n);
}

static void progress_put_mailbox(struct progress *p, const struct sync_mailbox_view *v)
{
    struct buf *b = &p->text;
    isize start = b->n;
    buf_put(b, S("  "));
    progress_put_clean(b, v->address, 32);
    buf_put(b, S("  "));
    buf_put_i64(b, v->decided);
    buf_put_byte(b, '/');
    buf_put_i64(b, v->listed);
    if (v->listing) {
        buf_put(b, S("+"));
    }
    progress_end_line(p, start);
}

static void progress_put_total(struct progress *p, const struct sync_stats *s, i64 now_ms)
{
    struct buf *b = &p->text;
    isize start = b->n;
    buf_put(b, progress_phase(s->phase));
    buf_put(b, S("  mailboxes "));
    buf_put_i64(b, s->mailboxes_done + s->mailboxes_refused + s->mailboxes_failed);
    buf_put_byte(b, '/');
    buf_put_i64(b, s->mailboxes_found);
    buf_put(b, S("  messages "));
    buf_put_i64(b, s->messages_decided);
    buf_put_byte(b, '/');
    buf_put_i64(b, s->messages_listed);
    buf_put(b, S("  "));
    buf_put_i64(b, (i64)p->rate);
    buf_put(b, S("/s  "));
    progress_put_duration(b, (now_ms - s->started_ms) / 1000);
    progress_put_eta(b, s->messages_listed - s->messages_decided, p->rate);
    progress_end_line(p, start);
}

static void progress_draw(struct progress *p, const struct job *job, i64 now_ms)
{
    int before = p->lines;
    buf_reset(&p->text);
    if (before) {
        buf_put(&p->text, S("\r\x1b["));
        buf_put_i64(&p->text, before);
        buf_put(&p->text, S("A\x1b[J"));
    }
    p->lines = 0;
    struct sync_mailbox_view view;
    for (isize i = 0; i < PROGRESS_MAILBOXES && job_mailbox_view(job, i, &view); i++) {
        progress_put_mailbox(p, &view);
    }
    progress_put_total(p, job_stats(job), now_ms);
    progress_write(p);
}

// ---- lines

static void progress_put_plain(struct buf *b, const struct sync_stats *s, i64 rate)
{
    struct {
        const char *key;
        i64 value;
    } facts[] = {
        {"mailboxes", s->mailboxes_done + s->mailboxes_refused + s->mailboxes_failed},
        {"mailboxes_found", s->mailboxes_found},
        {"messages", s->messages_decided},
        {"messages_listed", s->messages_listed},
        {"indexed", s->documents_indexed},
        {"unchanged", s->documents_unchanged},
        {"deleted", s->documents_deleted},
        {"per_second", rate},
    };
    date_put_iso_ms(b, os_unix_us());
    buf_put(b, S(" INFO progress phase=\""));
    buf_put(b, progress_phase(s->phase));
    buf_put(b, S("\""));
    for (isize i = 0; i < COUNT(facts); i++) {
        buf_put_byte(b, ' ');
        buf_put(b, str_from(facts[i].key));
        buf_put_byte(b, '=');
        buf_put_i64(b, facts[i].value);
    }
    buf_put(b, S("\n"));
}

static void progress_json_count(struct json_write *w, str key, i64 value)
{
    json_write_key(w, key);
    json_write_i64(w, value);
}

static void progress_put_json(struct buf *b, const struct sync_stats *s, i64 rate)
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
    progress_json_count(&w, S("mailboxes"),
                        s->mailboxes_done + s->mailboxes_refused + s->mailboxes_failed);
    progress_json_count(&w, S("mailboxes_found"), s->mailboxes_found);
    progress_json_count(&w, S("messages"), s->messages_decided);
    progress_json_count(&w, S("messages_listed"), s->messages_listed);
    progress_json_count(&w, S("indexed"), s->documents_indexed);
    progress_json_count(&w, S("unchanged"), s->documents_unchanged);
    progress_json_count(&w, S("deleted"), s->documents_deleted);
    progress_json_count(&w, S("per_second"), rate);
    json_write_object_end(&w);
    json_write_object_end(&w);
    buf_put(b, S("\n"));
}

void progress_step(struct progress *p, const struct job *job, i64 now_ms)
{
    if (now_ms < p->next_ms) {
        return;
    }
    bool first = p->next_ms == 0;
    bool terminal = p->form == OUTPUT_TERMINAL;
    p->next_ms = now_ms + (terminal ? 1000 / PROGRESS_PER_SECOND : PROGRESS_PLAIN_MS);
    progress_measure(p, job_stats(job), now_ms);
    switch (p->form) {
    case OUTPUT_TERMINAL:
        progress_draw(p, job, now_ms);
        return;
    case OUTPUT_PLAIN:
        buf_reset(&p->text);
        progress_put_plain(&p->text, job_stats(job), (i64)p->rate);
        break;
    case OUTPUT_JSON:
        buf_reset(&p->text);
        progress_put_json(&p->text, job_stats(job), (i64)p->rate);
        break;
    }
    if (!first) { // nothing has happened yet
        progress_write(p);
    }
}

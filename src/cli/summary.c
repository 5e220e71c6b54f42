// SPDX-License-Identifier: Apache-2.0
// The summary (see summary.h): one table of numbers, printed in three forms, then the mailboxes that
// were left out, then what to do.
#include "cli/summary.h"

#include "codec/json_write.h"

struct summary_row {
    const char *key;   // of key=value and JSON
    const char *label; // for people
    i64 value;
    bool always; // printed for people even when it is 0
};

#define SUMMARY_ROWS_MAX 32

struct summary_rows {
    struct summary_row rows[SUMMARY_ROWS_MAX];
    isize count;
};

static void summary_add(struct summary_rows *r, const char *key, const char *label, i64 value,
                        bool always)
{
    ASSERT(r->count < SUMMARY_ROWS_MAX);
    r->rows[r->count++] = (struct summary_row){key, label, value, always};
}

static void summary_add_skips(struct summary_rows *r, const struct sync_stats *s)
{
    static const char *const keys[SKIP_REASONS] = {
        [SKIP_GONE] = "skipped_gone",         [SKIP_CORRUPT] = "skipped_corrupt",
        [SKIP_TOO_LARGE] = "skipped_too_large", [SKIP_REJECTED] = "skipped_rejected",
        [SKIP_UNDECIDED] = "skipped_undecided", [SKIP_BAD_ID] = "skipped_bad_id",
    };
    for (int i = 0; i < SKIP_REASONS; i++) {
        summary_add(r, keys[i], skip_reason_text((enum skip_reason)i), s->skipped[i], false);
    }
}

static void summary_collect(struct summary_rows *r, const struct job *job,
                            const struct summary_settings *settings)
{
    const struct sync_stats *s = job_stats(job);
    i64 ms = s->ended_ms - s->started_ms;
    summary_add(r, "mailboxes_done", "mailboxes read", s->mailboxes_done, true);
    summary_add(r, "mailboxes_refused", "mailboxes refused", s->mailboxes_refused, false);
    summary_add(r, "mailboxes_failed", "mailboxes failed", s->mailboxes_failed, false);
    summary_add(r, "mailboxes_partial", "mailboxes read in part", s->mailboxes_partial, false);
    summary_add(r, "messages_listed", "messages listed", s->messages_listed, true);
    if (!settings->dry_run) {
        summary_add(r, "documents_indexed", "documents indexed", s->documents_indexed, true);
        summary_add(r, "documents_updated", "  of them replaced", s->documents_updated, false);
        summary_add(r, "documents_unchanged", "documents unchanged", s->documents_unchanged, true);
        summary_add(r, "documents_deleted", "documents deleted", s->documents_deleted, true);
        summary_add(r, "kept_from_purge", "unseen, but kept", s->kept_from_purge, false);
        summary_add_skips(r, s);
        summary_add(r, "messages_dropped", "listed in mailboxes that failed", s->messages_dropped, false);
        summary_add(r, "raw_fallbacks", "indexed raw (not readable as mail)", s->raw_fallbacks, false);
        summary_add(r, "message_bytes", "bytes of messages", s->message_bytes, true);
        summary_add(r, "document_bytes", "bytes of documents", s->document_bytes, true);
    }
    summary_add(r, "duration_ms", "milliseconds", ms, true);
    summary_add(r, "messages_per_second", "messages a second",
                ms > 0 ? s->messages_decided * 1000 / ms : 0, true);
    summary_add(r, "quota_wait_ms", "milliseconds waited for quota", s->quota_wait_ms, false);
    summary_add(r, "cpu_ms", "CPU milliseconds", settings->cpu_us / 1000, true);
    summary_add(r, "peak_rss_bytes", "peak memory in bytes", settings->peak_rss_bytes, true);
    summary_add(r, "requests", "requests", settings->requests, true);
    summary_add(r, "retries", "of them retries", settings->retries, false);
    summary_add(r, "bytes_in", "bytes received", settings->bytes_in, false);
    summary_add(r, "bytes_out", "bytes sent", settings->bytes_out, false);
}

static void summary_collect_estimate(struct summary_rows *r, const struct job *job)
{
    struct job_estimate e;
    job_estimate(job, &e);
    summary_add(r, "estimated_bytes", "bytes of messages, an estimate", e.estimated_bytes, true);
    summary_add(r, "sampled", "  from the sizes of so many messages", e.sampled, true);
    summary_add(r, "quota_units", "Gmail quota units of a full sync", e.quota_units, true);
    summary_add(r, "minutes_by_quota", "minutes that the quota allows it in", e.minutes_by_quota, true);
}

static const char *summary_end(const struct job *job)
{
    switch (job_end(job)) {
    case JOB_COMPLETED:
        return "completed";
    case JOB_COMPLETED_WITH_REFUSALS:
        return "completed, some mailboxes were refused";
    case JOB_ERROR:
        return "failed";
    case JOB_STOPPED:
        return "stopped by a signal; the next run goes on";
    case JOB_AGAIN:
        return "stopped by its time budget; the next run goes on";
    }
    return "";
}

// ---- for people

static void summary_put_number(struct buf *b, i64 v)
{
    u8 digits[24];
    struct buf d = buf_over(digits, COUNT(digits));
    buf_put_i64(&d, v);
    isize gaps = (d.n - 1) / 3;
    buf_put_fill(b, ' ', 20 > d.n + gaps ? 20 - d.n - gaps : 0);
    for (isize i = 0; i < d.n; i++) {
        if (i && (d.n - i) % 3 == 0) {
            buf_put_byte(b, ',');
        }
        buf_put_byte(b, digits[i]);
    }
}

// What came from a far side: control bytes could move the cursor or fake a line.
static void summary_put_clean(struct buf *b, str s)
{
    for (isize i = 0; i < s.n; i++) {
        buf_put_byte(b, s.p[i] < ' ' || s.p[i] == 0x7f ? '?' : s.p[i]);
    }
}

static void summary_put_error(struct buf *b, err e, str detail)
{
    buf_put(b, str_from(err_what(e)));
    if (detail.n) {
        buf_put(b, S(": "));
        summary_put_clean(b, detail);
    }
    buf_put(b, S("\n    "));
    buf_put(b, str_from(err_todo(e)));
    buf_put(b, S("\n"));
}

static void summary_put_table(struct buf *b, const struct summary_rows *r, const struct job *job,
                              const struct summary_settings *settings)
{
    buf_put(b, settings->dry_run ? S("\nDry run ") : S("\nSync "));
    buf_put(b, str_from(summary_end(job)));
    buf_put(b, S("\n"));
    for (isize i = 0; i < r->count; i++) {
        if (r->rows[i].value || r->rows[i].always) {
            summary_put_number(b, r->rows[i].value);
            buf_put(b, S("  "));
            buf_put(b, str_from(r->rows[i].label));
            buf_put(b, S("\n"));
        }
    }
    if (!err_ok(job_error(job))) {
        buf_put(b, S("\nError: "));
        summary_put_error(b, job_error(job), job_detail(job));
    }
    const struct job_note *notes;
    isize count = job_notes(job, &notes);
    buf_put(b, count ? S("\nMailboxes left out (their documents were kept):\n") : S(""));
    for (isize i = 0; i < count; i++) {
        buf_put(b, S("  "));
        summary_put_clean(b, notes[i].address);
        buf_put(b, S(": "));
        summary_put_error(b, notes[i].error, notes[i].detail);
    }
    str advice[ADVICE_MAX];
    isize sentences = job_advice(job, advice, ADVICE_MAX);
    for (isize i = 0; i < sentences; i++) {
        buf_put(b, S("\nNote: "));
        summary_put_clean(b, advice[i]);
        buf_put(b, S("\n"));
    }
}

// ---- for programs

static void summary_put_quoted(struct buf *b, const char *key, str value)
{
    buf_put_byte(b, ' ');
    buf_put(b, str_from(key));
    buf_put(b, S("=\""));
    json_escape(b, value);
    buf_put_byte(b, '"');
}

static void summary_put_lines(struct buf *b, const struct summary_rows *r, const struct job *job,
                              const struct summary_settings *settings)
{
    buf_put(b, S("summary"));
    summary_put_quoted(b, "connector", settings->connector);
    summary_put_quoted(b, "index", settings->index);
    summary_put_quoted(b, "end", str_from(summary_end(job)));
    if (!err_ok(job_error(job))) {
        summary_put_quoted(b, "error", str_from(err_name(job_error(job))));
        summary_put_quoted(b, "detail", job_detail(job));
        summary_put_quoted(b, "todo", str_from(err_todo(job_error(job))));
    }
    for (isize i = 0; i < r->count; i++) {
        buf_put_byte(b, ' ');
        buf_put(b, str_from(r->rows[i].key));
        buf_put_byte(b, '=');
        buf_put_i64(b, r->rows[i].value);
    }
    buf_put(b, S("\n"));
    const struct job_note *notes;
    isize count = job_notes(job, &notes);
    for (isize i = 0; i < count; i++) {
        buf_put(b, S("left_out"));
        summary_put_quoted(b, "mailbox", notes[i].address);
        summary_put_quoted(b, "error", str_from(err_name(notes[i].error)));
        summary_put_quoted(b, "detail", notes[i].detail);
        summary_put_quoted(b, "todo", str_from(err_todo(notes[i].error)));
        buf_put(b, S("\n"));
    }
    str advice[ADVICE_MAX];
    isize sentences = job_advice(job, advice, ADVICE_MAX);
    for (isize i = 0; i < sentences; i++) {
        buf_put(b, S("note"));
        summary_put_quoted(b, "text", advice[i]);
        buf_put(b, S("\n"));
    }
}

static void summary_put_error_json(struct json_write *w, err e, str detail)
{
    json_write_member(w, S("code"), str_from(err_name(e)));
    json_write_member(w, S("message"), str_from(err_what(e)));
    json_write_member(w, S("detail"), detail);
    json_write_member(w, S("todo"), str_from(err_todo(e)));
}

static void summary_put_json(struct buf *b, const struct summary_rows *r, const struct job *job,
                             const struct summary_settings *settings)
{
    struct json_write w = json_write_to(b);
    json_write_object(&w);
    json_write_member(&w, S("connector"), settings->connector);
    json_write_member(&w, S("index"), settings->index);
    json_write_member(&w, S("end"), str_from(summary_end(job)));
    json_write_key(&w, S("dry_run"));
    json_write_bool(&w, settings->dry_run);
    for (isize i = 0; i < r->count; i++) {
        json_write_key(&w, str_from(r->rows[i].key));
        json_write_i64(&w, r->rows[i].value);
    }
    if (!err_ok(job_error(job))) {
        json_write_key(&w, S("error"));
        json_write_object(&w);
        summary_put_error_json(&w, job_error(job), job_detail(job));
        json_write_object_end(&w);
    }
    const struct job_note *notes;
    isize count = job_notes(job, &notes);
    json_write_key(&w, S("left_out"));
    json_write_array(&w);
    for (isize i = 0; i < count; i++) {
        json_write_object(&w);
        json_write_member(&w, S("mailbox"), notes[i].address);
        summary_put_error_json(&w, notes[i].error, notes[i].detail);
        json_write_object_end(&w);
    }
    json_write_array_end(&w);
    str advice[ADVICE_MAX];
    isize sentences = job_advice(job, advice, ADVICE_MAX);
    json_write_key(&w, S("notes"));
    json_write_array(&w);
    for (isize i = 0; i < sentences; i++) {
        json_write_string(&w, advice[i]);
    }
    json_write_array_end(&w);
    json_write_object_end(&w);
    buf_put(b, S("\n"));
}

void summary_put(struct buf *out, const struct job *job, const struct summary_settings *settings)
{
    struct summary_rows rows = {0};
    summary_collect(&rows, job, settings);
    if (settings->dry_run) {
        summary_collect_estimate(&rows, job);
    }
    switch (settings->form) {
    case OUTPUT_TERMINAL:
        summary_put_table(out, &rows, job, settings);
        break;
    case OUTPUT_PLAIN:
        summary_put_lines(out, &rows, job, settings);
        break;
    case OUTPUT_JSON:
        summary_put_json(out, &rows, job, settings);
        break;
    }
}

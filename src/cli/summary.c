// SPDX-License-Identifier: Apache-2.0
// The summary (see summary.h): one table of numbers, printed in three forms, then the mailboxes
// that were left out, then what to do.
#include "cli/summary.h"

#include "cli/output.h"
#include "codec/json_write.h"

enum summary_unit { SUMMARY_COUNT, SUMMARY_BYTES_OF, SUMMARY_MS };

struct summary_row {
    const char *key;   // of key=value and JSON
    const char *label; // for people
    i64 value;
    bool always; // printed for people even when it is 0
    enum summary_unit unit;
};

#define SUMMARY_ROWS_MAX 40
#define SUMMARY_TEXT_CHARACTERS KIB(1) // more than any detail, address or sentence has

struct summary_rows {
    struct summary_row rows[SUMMARY_ROWS_MAX];
    isize count;
};

static void summary_add(struct summary_rows *r, const char *key, const char *label, i64 value,
                        bool always)
{
    ASSERT(r->count < SUMMARY_ROWS_MAX);
    r->rows[r->count++] = (struct summary_row){key, label, value, always, SUMMARY_COUNT};
}

static void summary_add_as(struct summary_rows *r, enum summary_unit unit, const char *key,
                           const char *label, i64 value)
{
    summary_add(r, key, label, value, false);
    r->rows[r->count - 1].unit = unit;
}

static void summary_add_skips(struct summary_rows *r, const struct sync_stats *s)
{
    static const char *const keys[SKIP_REASONS] = {
        [SKIP_GONE] = "skipped_gone",           [SKIP_CORRUPT] = "skipped_corrupt",
        [SKIP_TOO_LARGE] = "skipped_too_large", [SKIP_REJECTED] = "skipped_rejected",
        [SKIP_UNDECIDED] = "skipped_undecided", [SKIP_BAD_ID] = "skipped_bad_id",
        [SKIP_TEXT_SIZE] = "skipped_text_size", [SKIP_FILTERED] = "skipped_filtered",
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
    summary_add(r, "messages_repeated", "  of them listed before", s->messages_repeated, false);
    if (!settings->dry_run) {
        summary_add(r, "documents_indexed", "documents indexed", s->documents_indexed, true);
        summary_add(r, "documents_updated", "  of them replaced", s->documents_updated, false);
        summary_add(r, "documents_unchanged", "documents unchanged", s->documents_unchanged, true);
        summary_add(r, "documents_deleted", "documents deleted", s->documents_deleted, true);
        summary_add(r, "kept_from_purge", "unseen, but kept", s->kept_from_purge, false);
        summary_add_skips(r, s);
        summary_add(r, "messages_dropped", "listed in mailboxes that failed", s->messages_dropped,
                    false);
        summary_add(r, "raw_fallbacks", "indexed raw (not readable as mail)", s->raw_fallbacks,
                    false);
        summary_add(r, "texts_missing", "files indexed without their text", s->texts_missing,
                    false);
        summary_add_as(r, SUMMARY_BYTES_OF, "message_bytes", "of messages", s->message_bytes);
        summary_add_as(r, SUMMARY_BYTES_OF, "document_bytes", "of documents", s->document_bytes);
        summary_add(r, "messages_per_second", "messages a second",
                    ms > 0 ? s->messages_decided * 1000 / ms : 0, true);
    }
    summary_add_as(r, SUMMARY_MS, "duration_ms", "in all", ms);
    summary_add_as(r, SUMMARY_MS, "quota_wait_ms", "waited for Google's quota, lanes added up",
                   s->quota_wait_ms);
    summary_add_as(r, SUMMARY_MS, "cpu_ms", "of CPU time", settings->cpu_us / 1000);
    summary_add_as(r, SUMMARY_BYTES_OF, "peak_rss_bytes", "of memory at most",
                   settings->peak_rss_bytes);
    summary_add(r, "requests", "requests", settings->requests, true);
    summary_add(r, "retries", "  of them retries", settings->retries, false);
    summary_add_as(r, SUMMARY_BYTES_OF, "bytes_in", "received", settings->bytes_in);
    summary_add_as(r, SUMMARY_BYTES_OF, "bytes_out", "sent", settings->bytes_out);
}

static void summary_collect_estimate(struct summary_rows *r, const struct job *job)
{
    struct job_estimate e;
    job_estimate(job, &e);
    summary_add_as(r, SUMMARY_BYTES_OF, "estimated_bytes", "of messages, an estimate",
                   e.estimated_bytes);
    summary_add(r, "sampled", "  from the sizes of so many messages", e.sampled, true);
    summary_add(r, "quota_units", "Gmail quota units of a full sync", e.quota_units,
                e.quota_units > 0);
    summary_add(r, "minutes_by_quota",
                e.minutes_by_quota == 1 ? "minute that the quota allows it in"
                                        : "minutes that the quota allows it in",
                e.minutes_by_quota, e.quota_units > 0);
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

static void summary_put_value(struct buf *b, const struct summary_row *row)
{
    u8 text[32];
    struct buf value = buf_over(text, COUNT(text));
    switch (row->unit) {
    case SUMMARY_COUNT:
        output_put_thousands(&value, row->value);
        break;
    case SUMMARY_BYTES_OF:
        output_put_bytes(&value, row->value);
        break;
    case SUMMARY_MS:
        output_put_duration(&value, row->value);
        break;
    }
    output_put_right(b, buf_str(&value), 16);
    buf_put(b, S("  "));
    buf_put(b, str_from(row->label));
    buf_put(b, S("\n"));
}

static void summary_put_error(struct buf *b, err e, str detail)
{
    buf_put(b, str_from(err_what(e)));
    if (detail.n) {
        buf_put(b, S(": "));
        output_put_clean(b, detail, SUMMARY_TEXT_CHARACTERS);
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
    buf_put(b, S(": "));
    output_put_clean(b, settings->connector, SUMMARY_TEXT_CHARACTERS);
    if (settings->to_elastic) {
        buf_put(b, S(" into index "));
        output_put_clean(b, settings->index, SUMMARY_TEXT_CHARACTERS);
    }
    buf_put(b, S("\n"));
    for (isize i = 0; i < r->count; i++) {
        if (r->rows[i].value || r->rows[i].always) {
            summary_put_value(b, &r->rows[i]);
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
        output_put_clean(b, notes[i].address, SUMMARY_TEXT_CHARACTERS);
        buf_put(b, S(": "));
        summary_put_error(b, notes[i].error, notes[i].detail);
    }
    str advice[ADVICE_MAX];
    isize sentences = job_advice(job, advice, ADVICE_MAX);
    for (isize i = 0; i < sentences; i++) {
        buf_put(b, S("\nNote: "));
        output_put_clean(b, advice[i], SUMMARY_TEXT_CHARACTERS);
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

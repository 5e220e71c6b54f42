// SPDX-License-Identifier: Apache-2.0
// Log lines (see log.h). A line is built in one buffer in which room for its closing bytes is kept
// back, so that a cut line is still a whole line, and in the JSON form a whole object.
//
// Escaped are control bytes (C0, DEL, and C1 as UTF-8: a terminal would obey them) and bytes that
// are no UTF-8. What standard error does not take is lost: there is nobody left to tell.
#include "os/log.h"

#include "base/date.h"
#include "base/plan.h"
#include "limits.h"
#include "os/os.h"

enum {
    LOG_FD = 2,
    LOG_CLOSING_BYTES = 48, // kept back for a mark, quotes, braces and the line's end
    LOG_REST_BYTES = 384,   // kept back from the message, so that code and facts have room
    LOG_WINDOW_MS = 60000,
};

struct log_limit {
    i64 since_ms; // when the minute of this code began
    int lines, left_out;
};

struct log {
    enum log_level level;
    enum log_form form;
    void (*clear)(void *st);
    void *clear_st;
    struct os_watch *watch; // while standard error takes nothing
    struct log_limit limits[ERR_CODE_COUNT];
    u8 line[LOG_LINE_BYTES];
};

// A line under construction. Once it is cut, nothing more is put until the limit is set anew.
struct log_out {
    struct buf buf;
    isize limit;
    bool cut;
    bool json;
};

struct log *log_init(struct plan *plan, enum log_level level, enum log_form form)
{
    struct log *log = plan_take_n(plan, "log", struct log, 1,
                                  "the line in work, and a counter a code");
    log->level = level;
    log->form = form;
    return log;
}

void log_level_set(struct log *log, enum log_level level)
{
    log->level = level;
}

void log_watch(struct log *log, struct os_watch *watch)
{
    log->watch = watch;
}

void log_on_line(struct log *log, void (*clear)(void *st), void *st)
{
    log->clear = clear;
    log->clear_st = st;
}

// ---- building a line

static void log_set_limit(struct log_out *out, isize kept_back)
{
    out->limit = out->buf.cap - kept_back;
    out->cut = false;
}

// Appends `s` whole, or cuts the line here.
static bool log_put(struct log_out *out, str s)
{
    out->cut = out->cut || s.n > out->limit - out->buf.n;
    if (!out->cut) {
        buf_put(&out->buf, s);
    }
    return !out->cut;
}

// Bytes of the character at s[i] that can be written as it is; 0: the byte must be escaped.
static isize log_plain_bytes(str s, isize i)
{
    u8 c = s.p[i];
    if (c < 0x80) {
        return c >= 0x20 && c != 0x7f;
    }
    isize n = c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : 2;
    bool c1 = c == 0xc2 && i + 1 < s.n && s.p[i + 1] < 0xa0;
    return !c1 && n <= s.n - i && str_is_utf8(str_slice(s, i, i + n)) ? n : 0;
}

static bool log_put_escaped(struct log_out *out, u8 c)
{
    u8 space[8];
    struct buf b = buf_over(space, (isize)sizeof space);
    buf_put(&b, c == '\n' ? S("\\n") : c == '\r' ? S("\\r") : c == '\t' ? S("\\t") : S(""));
    if (b.n == 0 && out->json && c >= 0x80) {
        buf_put(&b, S("\\ufffd")); // JSON has no bytes, only characters
    } else if (b.n == 0) {
        buf_put(&b, out->json ? S("\\u00") : S("\\x"));
        buf_put_hex(&b, str_make(&c, 1));
    }
    return log_put(out, buf_str(&b));
}

// The text, with '"' and '\' escaped where it stands in quotes, and a mark where it was cut.
static void log_put_text(struct log_out *out, str s, bool quoted)
{
    if (out->cut) {
        return;
    }
    for (isize i = 0; i < s.n && !out->cut;) {
        isize n = log_plain_bytes(s, i);
        if (quoted && (s.p[i] == '"' || s.p[i] == '\\')) {
            u8 pair[2] = {'\\', s.p[i]};
            log_put(out, str_make(pair, 2));
        } else if (n) {
            log_put(out, str_slice(s, i, i + n));
        } else {
            log_put_escaped(out, s.p[i]);
        }
        i += n ? n : 1;
    }
    if (out->cut) {
        buf_put(&out->buf, S("[cut]"));
    }
}

// A value of the plain form is quoted when it is empty or has bytes that would end it.
static bool log_needs_quotes(str s)
{
    for (isize i = 0; i < s.n; i++) {
        u8 c = s.p[i];
        if (c <= ' ' || c == '"' || c == '=' || c == '\\' || c == 0x7f) {
            return true;
        }
    }
    return s.n == 0;
}

static void log_put_fact(struct log_out *out, const char *key, str value, bool first)
{
    bool quoted = out->json || log_needs_quotes(value);
    u8 space[64];
    struct buf head = buf_over(space, (isize)sizeof space);
    buf_put(&head, !out->json ? S(" ") : first ? S("\"") : S(",\""));
    buf_put(&head, str_from(key));
    buf_put(&head, out->json ? S("\":\"") : quoted ? S("=\"") : S("="));
    ASSERT(!head.full);
    if (out->cut) {
        return;
    }
    if (!log_put(out, buf_str(&head))) { // in the JSON form the mark must be a label of its own
        buf_put(&out->buf, !out->json ? S(" [cut]")
                           : first    ? S("\"cut\":\"1\"")
                                      : S(",\"cut\":\"1\""));
        return;
    }
    log_put_text(out, value, quoted);
    if (quoted) {
        buf_put_byte(&out->buf, '"');
    }
}

// ---- the two forms

static void log_put_time(struct log_out *out)
{
    date_put_iso_ms(&out->buf, os_unix_us());
}

static str log_level_word(enum log_level level, bool json)
{
    switch (level) {
    case LOG_DEBUG:
        return json ? S("debug") : S("DEBUG");
    case LOG_INFO:
        return json ? S("info") : S("INFO");
    case LOG_WARN:
        return json ? S("warning") : S("WARN");
    case LOG_ERROR:
        return json ? S("error") : S("ERROR");
    }
    return S("");
}

// What a line says. `e` and `detail` only for errors.
struct log_entry {
    enum log_level level;
    str message, detail;
    const struct log_fact *facts;
    isize count;
    err e;
};

static void log_put_message(struct log_out *out, const struct log_entry *entry)
{
    log_set_limit(out, LOG_REST_BYTES);
    log_put_text(out, entry->message, out->json);
    if (entry->detail.n) {
        log_put_text(out, S(": "), out->json);
        log_put_text(out, entry->detail, out->json);
    }
    log_set_limit(out, LOG_CLOSING_BYTES);
}

static void log_put_facts(struct log_out *out, const struct log_entry *entry)
{
    for (isize i = 0; i < entry->count; i++) {
        log_put_fact(out, entry->facts[i].key, entry->facts[i].value, i == 0);
    }
    if (!err_ok(entry->e)) {
        if (!out->json) {
            log_put_fact(out, "code", str_from(err_name(entry->e)), false);
        }
        log_put_fact(out, "todo", str_from(err_todo(entry->e)), entry->count == 0);
    }
}

static void log_put_plain(struct log_out *out, const struct log_entry *entry)
{
    log_put_time(out);
    buf_put_byte(&out->buf, ' ');
    buf_put(&out->buf, log_level_word(entry->level, false));
    buf_put_byte(&out->buf, ' ');
    log_put_message(out, entry);
    log_put_facts(out, entry);
    buf_put_byte(&out->buf, '\n');
}

static void log_put_json(struct log_out *out, const struct log_entry *entry)
{
    struct buf *b = &out->buf;
    buf_put(b, S("{\"@timestamp\":\""));
    log_put_time(out);
    buf_put(b, S("\",\"log.level\":\""));
    buf_put(b, log_level_word(entry->level, true));
    buf_put(b, S("\",\"message\":\""));
    log_put_message(out, entry);
    buf_put(b, S("\",\"ecs\":{\"version\":\"1.6.0\"}"));
    if (!err_ok(entry->e)) {
        buf_put(b, S(",\"error\":{\"code\":\""));
        buf_put(b, str_from(err_name(entry->e)));
        buf_put(b, S("\"}"));
    }
    if (entry->count || !err_ok(entry->e)) {
        buf_put(b, S(",\"labels\":{"));
        log_put_facts(out, entry);
        buf_put(b, S("}"));
    }
    buf_put(b, S("}\n"));
}

static void log_write(struct log *log, const struct log_entry *entry)
{
    struct log_out out = {.buf = buf_over(log->line, (isize)sizeof log->line)};
    ASSERT(0 <= entry->count && entry->count <= LOG_FACTS_MAX);
    out.json = log->form == LOG_JSON;
    if (out.json) {
        log_put_json(&out, entry);
    } else {
        log_put_plain(&out, entry);
    }
    ASSERT(!out.buf.full); // what is kept back is enough
    if (log->clear) {
        log->clear(log->clear_st);
    }
    (void)os_write_all(LOG_FD, buf_str(&out.buf), log->watch, NULL);
    if (log->clear) {
        log->clear(log->clear_st);
    }
}

// ---- lines, and how many

static void log_say_limit(struct log *log, int code)
{
    struct log_limit *limit = &log->limits[code];
    u8 space[24];
    struct buf count = buf_over(space, (isize)sizeof space);
    buf_put_i64(&count, limit->left_out);
    struct log_fact facts[] = {
        {"left_out", buf_str(&count)},
        {"code", str_from(err_name((err){(u16)code}))},
    };
    limit->left_out = 0;
    log_write(log, &(struct log_entry){.level = LOG_WARN,
                                       .message = S("more lines of this code were left out"),
                                       .facts = facts,
                                       .count = COUNT(facts)});
}

static bool log_limit_is_over(const struct log_limit *limit, i64 now_ms)
{
    return now_ms - limit->since_ms >= LOG_WINDOW_MS;
}

static void log_say_over(struct log *log, i64 now_ms)
{
    for (int code = 0; code < ERR_CODE_COUNT; code++) {
        if (log->limits[code].left_out && log_limit_is_over(&log->limits[code], now_ms)) {
            log_say_limit(log, code);
        }
    }
}

void log_say_left_out(struct log *log)
{
    for (int code = 0; code < ERR_CODE_COUNT; code++) {
        if (log->limits[code].left_out) {
            log_say_limit(log, code);
        }
    }
}

void log_line(struct log *log, enum log_level level, str message, const struct log_fact *facts,
              isize count)
{
    if (level < log->level) {
        return;
    }
    log_say_over(log, os_mono_ms());
    log_write(log, &(struct log_entry){
                       .level = level, .message = message, .facts = facts, .count = count});
}

// NOLINTNEXTLINE(readability-function-size): the sixth parameter is the length of the fifth
void log_err(struct log *log, enum log_level level, err e, str detail, const struct log_fact *facts,
             isize count)
{
    struct log_limit *limit = &log->limits[e.code];
    i64 now_ms = os_mono_ms();
    if (level < log->level) {
        return;
    }
    log_say_over(log, now_ms);
    if (limit->lines == 0 || log_limit_is_over(limit, now_ms)) {
        *limit = (struct log_limit){.since_ms = now_ms};
    }
    if (limit->lines == LOG_PER_CODE) {
        limit->left_out++;
        return;
    }
    limit->lines++;
    log_write(log, &(struct log_entry){.level = level,
                                       .message = str_from(err_what(e)),
                                       .detail = detail,
                                       .facts = facts,
                                       .count = count,
                                       .e = e});
}

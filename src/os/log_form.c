// SPDX-License-Identifier: Apache-2.0
// Building a log line (see log_form.h) in one of five forms: key=value, JSON in ECS field names,
// and the three of the service that this program replaces (spec/configuration.md 8): bracketed, the
// same in colours, and JSON as its --filebeat writes it.
//
// Escaped are control bytes (C0, DEL, and C1 as UTF-8: a terminal would obey them) and bytes that
// are no UTF-8.
#include "os/log_form.h"

#include "base/date.h"
#include "limits.h"
#include "os/os.h"

enum {
    LOG_CLOSING_BYTES = 48, // kept back for a mark, quotes, braces and the line's end
    LOG_REST_BYTES = 512,   // kept back from the message, so that code and facts have room
};

// A line under construction. Once it is cut, nothing more is put until the limit is set anew.
struct log_out {
    struct buf buf;
    isize limit;
    bool cut;
    bool json;
};

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

// ---- what the forms share

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

static void log_put_todo(struct log_out *out, const struct log_entry *entry, bool first)
{
    if (!err_ok(entry->e)) {
        if (!out->json) {
            log_put_fact(out, "code", str_from(err_name(entry->e)), false);
        }
        log_put_fact(out, "todo", str_from(err_todo(entry->e)), first);
    }
}

// ---- key=value

static void log_put_plain(struct log_out *out, const struct log_entry *entry)
{
    date_put_iso_ms(&out->buf, os_unix_us());
    buf_put_byte(&out->buf, ' ');
    buf_put(&out->buf, log_level_word(entry->level, false));
    buf_put_byte(&out->buf, ' ');
    log_put_message(out, entry);
    for (isize i = 0; i < entry->count; i++) {
        log_put_fact(out, entry->facts[i].key, entry->facts[i].value, false);
    }
    log_put_todo(out, entry, false);
    buf_put_byte(&out->buf, '\n');
}

// ---- JSON

// The replaced service's own marks, which dashboards filter on.
#define LOG_FILEBEAT_MEMBERS                                                     \
    ",\"log\":{\"logger\":\"connectors\"},\"process\":{\"name\":\"mailferry\"}," \
    "\"service\":{\"type\":\"connectors-python\",\"version\":\"" MAILFERRY_VERSION "\"}"

static bool log_is_service_name(const struct log_fact *fact)
{
    return str_eq(str_from(fact->key), S("service_name"));
}

// Labels; --filebeat has service_name as a key of its own.
static void log_put_labels(struct log_out *out, const struct log_entry *entry, bool filebeat)
{
    bool first = true;
    if (!entry->count && err_ok(entry->e)) {
        return;
    }
    buf_put(&out->buf, S(",\"labels\":{"));
    for (isize i = 0; i < entry->count; i++) {
        if (!filebeat || !log_is_service_name(&entry->facts[i])) {
            log_put_fact(out, entry->facts[i].key, entry->facts[i].value, first);
            first = false;
        }
    }
    log_put_todo(out, entry, first);
    buf_put(&out->buf, S("}"));
}

static void log_put_json(struct log_out *out, const struct log_entry *entry, bool filebeat)
{
    struct buf *b = &out->buf;
    buf_put(b, S("{\"@timestamp\":\""));
    date_put_iso_ms(b, os_unix_us());
    buf_put(b, S("\",\"log.level\":\""));
    buf_put(b, log_level_word(entry->level, true));
    buf_put(b, S("\",\"message\":\""));
    log_put_message(out, entry);
    buf_put(b, S("\",\"ecs\":{\"version\":\"1.6.0\"}"));
    if (filebeat) {
        buf_put(b, S(LOG_FILEBEAT_MEMBERS));
    }
    if (!err_ok(entry->e)) {
        buf_put(b, filebeat ? S(",\"error\":{\"type\":\"") : S(",\"error\":{\"code\":\""));
        buf_put(b, str_from(err_name(entry->e)));
        buf_put(b, S("\"}"));
    }
    for (isize i = 0; filebeat && i < entry->count; i++) {
        if (log_is_service_name(&entry->facts[i])) {
            buf_put(b, S(",\"service_name\":\""));
            log_put_text(out, entry->facts[i].value, true);
            buf_put_byte(b, '"');
        }
    }
    log_put_labels(out, entry, filebeat);
    buf_put(b, S("}\n"));
}

// ---- in brackets

// Facts that stand in the bracket before the message, in this order, in the words of the replaced
// service.
static const struct {
    const char *key, *words;
} log_bracket[] = {
    {"connector_id", "Connector id: "},
    {"index_name", "index name: "},
    {"sync_job_id", "Sync job id: "},
};

static bool log_is_in_bracket(const char *key)
{
    for (isize i = 0; i < COUNT(log_bracket); i++) {
        if (str_eq(str_from(key), str_from(log_bracket[i].key))) {
            return true;
        }
    }
    return str_eq(str_from(key), S("service_name"));
}

static void log_put_bracket(struct log_out *out, const struct log_entry *entry)
{
    bool any = false;
    for (isize i = 0; i < entry->count; i++) {
        if (log_is_service_name(&entry->facts[i])) {
            log_put(out, S("["));
            log_put_text(out, entry->facts[i].value, false);
            log_put(out, S("] "));
        }
    }
    for (isize k = 0; k < COUNT(log_bracket); k++) {
        for (isize i = 0; i < entry->count; i++) {
            if (str_eq(str_from(entry->facts[i].key), str_from(log_bracket[k].key))) {
                log_put(out, any ? S(", ") : S("["));
                log_put(out, str_from(log_bracket[k].words));
                log_put_text(out, entry->facts[i].value, false);
                any = true;
            }
        }
    }
    log_put(out, any ? S("] ") : S(""));
}

static void log_put_clock(struct buf *b)
{
    struct date d = date_from_unix(os_unix_us() / 1000000);
    const int parts[] = {d.hour, d.minute, d.second};
    for (isize i = 0; i < COUNT(parts); i++) {
        buf_put(b, i ? S(":") : S(""));
        buf_put_byte(b, (u8)('0' + parts[i] / 10));
        buf_put_byte(b, (u8)('0' + parts[i] % 10));
    }
}

static str log_colour(enum log_level level)
{
    switch (level) {
    case LOG_DEBUG:
        return S("\033[38;20m");
    case LOG_INFO:
        return S("\033[32;20m");
    case LOG_WARN:
        return S("\033[33;20m");
    case LOG_ERROR:
        return S("\033[31;20m");
    }
    return S("");
}

static void log_put_bracketed(struct log_out *out, const struct log_entry *entry, bool colours)
{
    struct buf *b = &out->buf;
    buf_put(b, colours ? log_colour(entry->level) : S(""));
    buf_put(b, S("[FMWK]["));
    log_put_clock(b);
    buf_put(b, S("]["));
    buf_put(b, entry->level == LOG_WARN ? S("WARNING") : log_level_word(entry->level, false));
    buf_put(b, S("] "));
    log_set_limit(out, LOG_REST_BYTES);
    log_put_bracket(out, entry);
    log_put_message(out, entry);
    for (isize i = 0; i < entry->count; i++) {
        if (!log_is_in_bracket(entry->facts[i].key)) {
            log_put_fact(out, entry->facts[i].key, entry->facts[i].value, false);
        }
    }
    log_put_todo(out, entry, false);
    buf_put(b, colours ? S("\033[0m\n") : S("\n"));
}

void log_form_put(struct buf *line, enum log_form form, const struct log_entry *entry)
{
    struct log_out out = {.buf = *line, .json = form == LOG_JSON || form == LOG_FILEBEAT};
    switch (form) {
    case LOG_PLAIN:
        log_put_plain(&out, entry);
        break;
    case LOG_JSON:
    case LOG_FILEBEAT:
        log_put_json(&out, entry, form == LOG_FILEBEAT);
        break;
    case LOG_BRACKETS:
    case LOG_COLOURS:
        log_put_bracketed(&out, entry, form == LOG_COLOURS);
        break;
    }
    ASSERT(!out.buf.full); // what is kept back is enough
    *line = out.buf;
}

// SPDX-License-Identifier: Apache-2.0
// A little of Gmail's search syntax; see gmail_matches() in google_gmail.h. Terms are joined by
// blanks and all of them must hold; -term must not. Operators that are not known match everything.
#include "base/date.h"
#include "google_gmail.h"

#define PACIFIC_MS ((i64)8 * 3600 * 1000)

// Seconds, or YYYY/MM/DD at midnight PST; in milliseconds. -1: neither.
static i64 read_time(str s)
{
    u64 n = 0;
    str year, month;
    bool one = false, two = false;
    if (str_to_u64(s, &n)) {
        return (i64)n * 1000;
    }
    str day = str_cut(str_cut(s, '/', &year, &one), '/', &month, &two);
    u64 y = 0, m = 0, d = 0;
    if (!two || !str_to_u64(year, &y) || !str_to_u64(month, &m) || !str_to_u64(day, &d)) {
        return -1;
    }
    struct date date = {.year = (i64)y, .month = (int)m, .day = (int)d};
    return date_is_valid(date) ? date_to_unix(date) * 1000 + PACIFIC_MS : -1;
}

// The header of that name as it stands, folded and encoded.
static str header_value(str head, str name)
{
    str rest = head;
    while (rest.n > 0) {
        isize end = str_find_byte(rest, '\n');
        str line = str_slice(rest, 0, end < 0 ? rest.n : end);
        if (line.n > name.n && line.p[name.n] == ':' && str_starts_nocase(line, name)) {
            return str_from_index(line, name.n + 1);
        }
        rest = str_from_index(rest, end < 0 ? rest.n : end + 1);
    }
    return (str){0};
}

static bool term_holds(str term, const struct t_message *m, str head)
{
    str name;
    bool found = false;
    str value = str_cut(term, ':', &name, &found);
    if (!found) {
        return str_contains_nocase(head, term);
    }
    if (str_eq_nocase(name, S("after"))) {
        return m->internal_ms >= read_time(value);
    }
    if (str_eq_nocase(name, S("before"))) {
        return m->internal_ms < read_time(value);
    }
    if (str_eq_nocase(name, S("from")) || str_eq_nocase(name, S("to")) ||
        str_eq_nocase(name, S("subject"))) {
        return str_contains_nocase(header_value(head, name), value);
    }
    return true;
}

bool gmail_matches(const struct tenant *t, str query, const struct t_message *m)
{
    struct t_buf raw = {0};
    struct t_parts parts = {0};
    str head;
    if (m->stored) {
        content_put_raw(t, m, &raw);
        isize end = str_find(t_buf_str(&raw), S("\r\n\r\n"));
        head = str_slice(t_buf_str(&raw), 0, end < 0 ? raw.n : end);
    } else {
        synthetic_parts(t, m, &parts);
        head = t_buf_str(&parts.head);
    }
    bool holds = true;
    while (query.n > 0 && holds) {
        str term;
        bool found = false;
        query = str_cut(query, ' ', &term, &found);
        bool negated = term.n > 1 && term.p[0] == '-';
        if (term.n > 0) {
            holds = term_holds(negated ? str_from_index(term, 1) : term, m, head) != negated;
        }
    }
    t_buf_free(&raw);
    synthetic_free(&parts);
    return holds;
}

// SPDX-License-Identifier: Apache-2.0
// Header blocks and boundaries; mime_head.h has the contract. One pass over the lines; a run of
// broken lines is looked at once more, ahead, before it is decided what they are.
#include "codec/mime_head.h"

#include "codec/mime_scan.h"

static const str field_names[MIME_FIELDS] = {
    [MIME_SUBJECT] = S("subject"),
    [MIME_FROM] = S("from"),
    [MIME_REPLY_TO] = S("reply-to"),
    [MIME_TO] = S("to"),
    [MIME_CC] = S("cc"),
    [MIME_BCC] = S("bcc"),
    [MIME_DATE] = S("date"),
    [MIME_MESSAGE_ID] = S("message-id"),
    [MIME_CONTENT_TYPE] = S("content-type"),
    [MIME_CONTENT_ENCODING] = S("content-transfer-encoding"),
    [MIME_CONTENT_DISPOSITION] = S("content-disposition"),
    [MIME_CONTENT_ID] = S("content-id"),
};

// Names that tell a header block from text with colons in it. Those that end in '-' are beginnings.
static const str known_names[] = {
    S("received"),     S("return-path"),
    S("sender"),       S("mime-version"),
    S("references"),   S("in-reply-to"),
    S("delivered-to"), S("user-agent"),
    S("importance"),   S("priority"),
    S("errors-to"),    S("precedence"),
    S("organization"), S("status"),
    S("lines"),        S("authentication-results"),
    S("received-spf"), S("domainkey-signature"),
    S("keywords"),     S("comments"),
    S("encoding"),     S("x-"),
    S("content-"),     S("list-"),
    S("resent-"),      S("arc-"),
    S("thread-"),      S("dkim-"),
    S("auto-"),        S("disposition-"),
    S("feedback-"),    S("ironport-"),
    S("apparently-"),  S("mail-"),
};

isize mime_boundary_match(str s, isize at, const struct mime_boundaries *b, bool *close,
                          isize *after)
{
    str rest = str_from_index(s, at + 2);
    for (isize k = 0; k < b->count; k++) {
        isize i = b->boundary[k].n;
        if (!str_starts(rest, b->boundary[k])) {
            continue;
        }
        *close = str_starts(str_from_index(rest, i), S("--"));
        i += *close ? 2 : 0;
        while (i < rest.n && (rest.p[i] == ' ' || rest.p[i] == '\t')) {
            i++;
        }
        if (i == rest.n || rest.p[i] == '\n' || rest.p[i] == '\r') {
            *after = mime_scan_after_eol(s, at + 2 + i);
            return k;
        }
    }
    return -1;
}

enum line {
    LINE_END,          // end of the text, or a boundary
    LINE_BLANK,        // ends the block
    LINE_CONTINUATION, // starts with a blank
    LINE_ENVELOPE,     // "From " of an mbox
    LINE_ESCAPED,      // ">From "
    LINE_FIELD,        // name and colon
    LINE_BROKEN,
};

// What the line at `at` is; *colon for a field.
static enum line line_kind(str s, isize at, const struct mime_boundaries *b, isize *colon)
{
    bool close;
    isize after;
    str line = str_from_index(s, at);
    if (!line.n || (b->count && str_starts(line, S("--")) &&
                    mime_boundary_match(s, at, b, &close, &after) >= 0)) {
        return LINE_END;
    }
    if (line.p[0] == '\n' || line.p[0] == '\r') {
        return LINE_BLANK;
    }
    if (line.p[0] == ' ' || line.p[0] == '\t') {
        return LINE_CONTINUATION;
    }
    if (str_starts(line, S("From "))) {
        return LINE_ENVELOPE;
    }
    if (str_starts(line, S(">From "))) {
        return LINE_ESCAPED;
    }
    isize i = at;
    while (i < s.n && s.p[i] > 32 && s.p[i] < 127 && s.p[i] != ':') {
        i++;
    }
    *colon = i;
    return i < s.n && s.p[i] == ':' ? LINE_FIELD : LINE_BROKEN;
}

static isize line_after(str s, isize at)
{
    return mime_scan_after_eol(s, mime_scan_eol(s, at));
}

static int field_of(str name)
{
    for (int i = 0; i < MIME_FIELDS; i++) {
        if (name.n == field_names[i].n && str_eq_nocase(name, field_names[i])) {
            return i;
        }
    }
    return -1;
}

static bool is_known(str name)
{
    if (field_of(name) >= 0) {
        return true;
    }
    for (isize i = 0; i < COUNT(known_names); i++) {
        str known = known_names[i];
        bool whole = known.p[known.n - 1] != '-';
        if (str_starts_nocase(name, known) && (!whole || name.n == known.n)) {
            return true;
        }
    }
    return false;
}

// Where reading goes on after the broken line at `at`: at a later field, at the blank line behind
// it, or nowhere (-1: the body starts at `at`).
static isize after_broken(str s, isize at, const struct mime_boundaries *b, bool may_resume,
                          bool seen)
{
    isize lines = 0;
    for (isize i = at;; i = line_after(s, i)) {
        isize colon = 0;
        switch (line_kind(s, i, b, &colon)) {
        case LINE_END:
            return -1;
        case LINE_BLANK:
            return seen && lines <= 1 ? i : -1;
        case LINE_FIELD:
            if (may_resume && (!lines || is_known(str_slice(s, i, colon)))) {
                return i;
            }
            lines++;
            break;
        case LINE_ESCAPED:
            break;
        case LINE_CONTINUATION:
        case LINE_ENVELOPE:
        case LINE_BROKEN:
            lines++;
            break;
        }
    }
}

static void head_add(struct mime_head *head, int field, str name, str value)
{
    if (field >= 0 && !head->name[field].n) {
        isize i = 0;
        while (i < value.n && (value.p[i] == ' ' || value.p[i] == '\t')) {
            i++;
        }
        value = str_from_index(value, i);
        while (value.n && (value.p[value.n - 1] == '\n' || value.p[value.n - 1] == '\r')) {
            value.n--;
        }
        head->name[field] = name;
        head->value[field] = value;
    }
}

isize mime_head_read(str s, isize at, const struct mime_boundaries *b, bool top,
                     struct mime_head *out)
{
    *out = (struct mime_head){0};
    bool seen = false;
    isize i = at;
    isize envelope = -1; // an envelope line that nothing has followed yet
    for (;;) {
        isize colon = 0;
        enum line kind = line_kind(s, i, b, &colon);
        if (kind == LINE_END) {
            return i;
        }
        if (kind == LINE_BLANK) {
            // Such a line at the end of a block is the first of a text that lacks its blank line.
            return envelope >= 0 ? envelope : mime_scan_after_eol(s, i);
        }
        isize next = line_after(s, i);
        if (kind == LINE_FIELD) {
            seen = true;
            envelope = -1;
            isize end = next;
            while (end < s.n && (s.p[end] == ' ' || s.p[end] == '\t')) {
                end = line_after(s, end);
            }
            str name = str_slice(s, i, colon);
            head_add(out, field_of(name), name, str_slice(s, colon + 1, end));
            next = end;
        } else if (kind == LINE_ENVELOPE) {
            envelope = i == at ? -1 : i;
        } else if (kind == LINE_BROKEN || kind == LINE_ESCAPED) {
            next = after_broken(s, i, b, seen || top, seen);
            if (next < 0) {
                return i;
            }
        }
        i = next;
    }
}

// SPDX-License-Identifier: Apache-2.0
// Variables in the text of config.yml (see interpolate.h). One pass from left to right; what a
// variable holds is not searched for further ones.
#include "cli/interpolate.h"

#include "cli/output.h"

static bool interpolate_is_name(u8 c)
{
    u8 lower = str_lower_byte(c);
    return (lower >= 'a' && lower <= 'z') || str_is_digit(c) || c == '_' || c == '.' || c == '-';
}

// ---- .env

static str interpolate_unquote(str s)
{
    bool quoted = s.n >= 2 && s.p[0] == s.p[s.n - 1] && (s.p[0] == '"' || s.p[0] == '\'');
    return quoted ? str_slice(s, 1, s.n - 1) : s;
}

static bool interpolate_is_whole_name(str s)
{
    for (isize i = 0; i < s.n; i++) {
        if (!interpolate_is_name(s.p[i])) {
            return false;
        }
    }
    return s.n > 0 && !str_is_digit(s.p[0]);
}

// Cuts the next variable off *rest, and counts the lines that went; false: there is none.
static bool interpolate_next(str *rest, i64 *lines, str *name, str *value)
{
    while (rest->n) {
        str line;
        bool found;
        *rest = str_cut(*rest, '\n', &line, &found);
        ++*lines;
        line = str_trim(line);
        isize at = str_find_byte(line, '=');
        *name = str_trim_end(str_slice(line, 0, at < 0 ? 0 : at));
        if (interpolate_is_whole_name(*name)) {
            *value = interpolate_unquote(str_trim(str_from_index(line, at + 1)));
            return true;
        }
    }
    return false;
}

bool interpolate_dot_env_at(str dot_env, isize i, str *name, str *value)
{
    i64 lines = 0;
    while (interpolate_next(&dot_env, &lines, name, value)) {
        if (i-- == 0) {
            return true;
        }
    }
    return false;
}

err interpolate_check_dot_env(str dot_env, struct buf *detail)
{
    str name, value, other;
    i64 line = 0;
    for (str rest = dot_env; interpolate_next(&rest, &line, &name, &value);) {
        i64 other_line = 0;
        str again = dot_env;
        while (interpolate_next(&again, &other_line, &other, &value) && other_line < line) {
            if (str_eq(name, other)) {
                buf_put(detail, S(".env:"));
                buf_put_i64(detail, line);
                buf_put(detail, S(": "));
                buf_put(detail, name);
                buf_put(detail, S(" is already set in line "));
                buf_put_i64(detail, other_line);
                return FAIL(CONFIG_DOT_ENV);
            }
        }
    }
    return OK;
}

// ---- one reference: where it ends, its name and its default

struct reference {
    str name, fallback;
    bool has_fallback;
    isize bytes; // of the whole construct, from the `$`
};

// Whatever stands between braces in one line is a name: one that cannot be is missing, not text.
static bool interpolate_braces(str s, struct reference *r)
{
    isize end = str_find_byte(s, '}');
    isize line_end = str_find_byte(s, '\n');
    if (end < 0 || (line_end >= 0 && line_end < end)) {
        return false;
    }
    r->fallback = str_cut(str_slice(s, 2, end), '|', &r->name, &r->has_fallback);
    r->bytes = end + 1;
    return true;
}

static bool interpolate_bare(str s, struct reference *r)
{
    isize end = 1;
    while (end < s.n && interpolate_is_name(s.p[end])) {
        end++;
    }
    if (end == 1 || str_is_digit(s.p[1])) {
        return false;
    }
    r->name = str_slice(s, 1, end);
    r->bytes = end;
    r->has_fallback = end < s.n && s.p[end] == '|';
    if (r->has_fallback) {
        str rest = str_from_index(s, end + 1);
        isize stop = str_find_byte(rest, '\n');
        r->fallback = stop < 0 ? rest : str_slice(rest, 0, stop);
        r->bytes = end + 1 + r->fallback.n;
    }
    return true;
}

// `s` begins with a `$`. False: it stays as it is.
static bool interpolate_reference(str s, struct reference *r)
{
    *r = (struct reference){0};
    if (s.n < 2) {
        return false;
    }
    return s.p[1] == '{' ? interpolate_braces(s, r) : interpolate_bare(s, r);
}

// ---- values

// `s` begins with a `$`: the end of the variable after it, as the shell's rules have it (no `-` and
// no
// `.` in a bare name); 0: none.
static isize interpolate_shell_name(str s, str *name)
{
    bool braces = s.n > 1 && s.p[1] == '{';
    isize begin = braces ? 2 : 1;
    isize end = begin;
    while (end < s.n && s.p[end] != '.' && s.p[end] != '-' && interpolate_is_name(s.p[end])) {
        end++;
    }
    *name = str_slice(s, begin < end ? begin : end, end);
    if (name->n == 0 || !braces) {
        return name->n ? end : 0;
    }
    return end < s.n && s.p[end] == '}' ? end + 1 : 0;
}

// A value of .env may name variables of the environment; what is not set stays.
static void interpolate_put_expanded(const struct interpolate_env *env, str value, struct buf *out)
{
    while (value.n) {
        str name;
        str inner = {0};
        bool found = false;
        isize take = value.p[0] == '$' ? interpolate_shell_name(value, &name) : 0;
        if (take) {
            inner = env->get(env->st, name, &found);
        }
        buf_put(out, found ? inner : str_slice(value, 0, 1));
        value = str_from_index(value, found ? take : 1);
    }
}

static bool interpolate_put_value(const struct interpolate_env *env, const struct reference *r,
                                  struct buf *out)
{
    str name, candidate;
    str value = {0};
    bool found = false;
    i64 lines = 0;
    for (str rest = env->dot_env; interpolate_next(&rest, &lines, &name, &candidate);) {
        if (str_eq(name, r->name)) { // the last one counts, where two are allowed
            value = candidate;
            found = true;
        }
    }
    if (found) {
        interpolate_put_expanded(env, value, out);
        return true;
    }
    value = env->get(env->st, r->name, &found);
    if (found || r->has_fallback) {
        buf_put(out, found ? value : r->fallback);
        return true;
    }
    return false;
}

// Skips lines with a `#` in column 1; their line break stays, so that line numbers do.
static str interpolate_skip_comments(str s, struct buf *out, i64 *line)
{
    while (s.n && s.p[0] == '#') {
        isize end = str_find_byte(s, '\n');
        if (end < 0) {
            return str_from_index(s, s.n);
        }
        buf_put_byte(out, '\n');
        (*line)++;
        s = str_from_index(s, end + 1);
    }
    return s;
}

// The first half of the detail buffer names them; then it says that there are more.
static void interpolate_note_missing(struct buf *detail, str name, i64 line)
{
    static const str more = {(const u8 *)", ...", 5};
    if (str_ends(buf_str(detail), more)) {
        return;
    }
    if (detail->n > CONFIG_DETAIL_BYTES / 2) {
        buf_put(detail, more);
        return;
    }
    buf_put(detail, detail->n ? S(", ") : S(""));
    output_put_clean(detail, name.n ? name : S("${}"), 128);
    buf_put(detail, S(" (line "));
    buf_put_i64(detail, line);
    buf_put_byte(detail, ')');
}

err interpolate(str text, const struct interpolate_env *env, struct buf *out, struct buf *detail)
{
    i64 line = 1;
    bool missing = false;
    text = str_starts(text, S("\xef\xbb\xbf")) ? str_from_index(text, 3) : text; // a BOM
    for (str s = interpolate_skip_comments(text, out, &line); s.n;) {
        struct reference r;
        isize take = 1;
        if (s.p[0] == '$' && s.n > 1 && s.p[1] == '$') {
            buf_put_byte(out, '$');
            take = 2;
        } else if (s.p[0] == '$' && interpolate_reference(s, &r)) {
            take = r.bytes;
            if (!interpolate_put_value(env, &r, out)) {
                buf_put(out, str_slice(s, 0, take));
                if (!env->lenient) {
                    interpolate_note_missing(detail, r.name, line);
                    missing = true;
                }
            }
        } else {
            buf_put_byte(out, s.p[0]);
        }
        bool line_end = s.p[0] == '\n';
        s = str_from_index(s, take);
        if (line_end) {
            line++;
            s = interpolate_skip_comments(s, out, &line);
        }
    }
    if (!missing && out->full) {
        buf_put(detail, S("with the values of its variables in place"));
        return FAIL(CONFIG_TOO_LARGE);
    }
    return missing ? FAIL(CONFIG_UNSET) : OK;
}

// SPDX-License-Identifier: Apache-2.0
// Variables in the text of config.yml (see interpolate.h). One pass from left to right; what a
// variable holds is not searched for further ones.
#include "cli/interpolate.h"

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

bool interpolate_dot_env_at(str dot_env, isize i, str *name, str *value)
{
    while (dot_env.n) {
        str line;
        bool found;
        dot_env = str_cut(dot_env, '\n', &line, &found);
        line = str_trim(line);
        isize at = str_find_byte(line, '=');
        if (at <= 0 || line.p[0] == '#') {
            continue;
        }
        if (i-- == 0) {
            *name = str_trim(str_slice(line, 0, at));
            *value = interpolate_unquote(str_trim(str_from_index(line, at + 1)));
            return true;
        }
    }
    return false;
}

err interpolate_check_dot_env(str dot_env, struct buf *detail)
{
    str name, value, other;
    i64 line_number = 0;
    for (str rest = dot_env; rest.n;) {
        str line;
        bool found;
        rest = str_cut(rest, '\n', &line, &found);
        line = str_trim(line);
        line_number++;
        if (line.n && line.p[0] != '#' && str_find_byte(line, '=') <= 0) {
            buf_put(detail, S(".env line "));
            buf_put_i64(detail, line_number);
            return FAIL(CONFIG_DOT_ENV);
        }
    }
    for (isize i = 0; interpolate_dot_env_at(dot_env, i, &name, &value); i++) {
        for (isize k = 0; k < i && interpolate_dot_env_at(dot_env, k, &other, &value); k++) {
            if (str_eq(name, other)) {
                buf_put(detail, S(".env: "));
                buf_put(detail, name);
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

static bool interpolate_braces(str s, struct reference *r)
{
    isize end = str_find_byte(s, '}');
    if (end < 0) {
        return false;
    }
    str inside = str_slice(s, 2, end);
    r->fallback = str_cut(inside, '|', &r->name, &r->has_fallback);
    r->bytes = end + 1;
    for (isize i = 0; i < r->name.n; i++) {
        if (!interpolate_is_name(r->name.p[i])) {
            return false;
        }
    }
    return r->name.n > 0;
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

// A value of .env may name variables of the environment; what is not set stays.
static void interpolate_put_expanded(const struct interpolate_env *env, str value, struct buf *out)
{
    while (value.n) {
        struct reference r;
        bool found = false;
        str inner = {0};
        if (value.p[0] == '$' && interpolate_reference(value, &r)) {
            inner = env->get(env->st, r.name, &found);
        }
        if (found) {
            buf_put(out, inner);
            value = str_from_index(value, r.bytes);
        } else {
            buf_put_byte(out, value.p[0]);
            value = str_from_index(value, 1);
        }
    }
}

static bool interpolate_put_value(const struct interpolate_env *env, const struct reference *r,
                                  struct buf *out)
{
    str name, value;
    for (isize i = 0; interpolate_dot_env_at(env->dot_env, i, &name, &value); i++) {
        if (str_eq(name, r->name)) {
            interpolate_put_expanded(env, value, out);
            return true;
        }
    }
    bool found;
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

static void interpolate_note_missing(struct buf *detail, str name, i64 line)
{
    if (detail->n) {
        buf_put(detail, S(", "));
    }
    buf_put(detail, name);
    buf_put(detail, S(" (line "));
    buf_put_i64(detail, line);
    buf_put_byte(detail, ')');
}

err interpolate(str text, const struct interpolate_env *env, struct buf *out, struct buf *detail)
{
    i64 line = 1;
    bool missing = false;
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
    return missing ? FAIL(CONFIG_UNSET) : buf_check(out);
}

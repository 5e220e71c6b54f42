// SPDX-License-Identifier: Apache-2.0
// A request to the fake Graph, taken apart: the segments of its path, the parameters of its query,
// what it prefers (spec/wire-graph.md 2, 5 to 8). Everything decoded is in one buffer of the call
// that never grows: decoding makes nothing longer.
#include "graph_core.h"

#include <stdio.h>

// Decodes into the store. false: a bad escape.
static bool decode(struct graph_call *c, str text, bool plus_is_blank, str *out)
{
    isize at = c->store.n;
    ASSERT(text.n <= c->store.cap - at);
    bool ok = t_url_decode(text, plus_is_blank, &c->store);
    *out = str_slice(t_buf_str(&c->store), at, c->store.n);
    return ok;
}

// /v1.0/users/{user}/{segment}/...; `first` gets "users".
static bool read_path(struct graph_call *c, str *first)
{
    str rest = str_from_index(c->path, c->path.n > 0 ? 1 : 0), part;
    bool more = true, ok = true;
    int n = 0;
    while (more && ok) {
        rest = str_cut(rest, '/', &part, &more);
        str text;
        ok = decode(c, part, false, &text);
        if (part.n == 0) {
            ok = ok && !more; // one slash may end the address
        } else if (n == 0) {
            ok = ok && str_eq_nocase(text, S("v1.0"));
        } else if (n == 1) {
            *first = text;
        } else if (n == 2) {
            c->user = text;
        } else {
            ok = ok && c->segment_count < GRAPH_SEGMENTS_MAX;
            if (ok) {
                c->segments[c->segment_count++] = text;
            }
        }
        n++;
    }
    return ok && first->n > 0;
}

static bool read_query(struct graph_call *c)
{
    str rest = c->query, pair, name, value;
    bool more = rest.n > 0, ok = true;
    while (more && ok) {
        bool found = false;
        rest = str_cut(rest, '&', &pair, &more);
        value = str_cut(pair, '=', &name, &found);
        if (pair.n == 0) {
            continue;
        }
        ok = c->option_count < GRAPH_OPTIONS_MAX;
        if (ok) {
            struct graph_option *o = &c->options[c->option_count];
            ok = decode(c, name, true, &o->name) && decode(c, value, true, &o->value);
            // The same parameter twice is refused.
            for (int i = 0; i < c->option_count; i++) {
                ok = ok && !str_eq(c->options[i].name, o->name);
            }
            c->option_count++;
        }
    }
    return ok;
}

// One preference: `odata.maxpagesize=100`, `outlook.body-content-type="text"`.
static void read_preference(struct graph_call *c, str one)
{
    str name;
    bool found = false;
    str value = str_trim(str_cut(one, '=', &name, &found));
    name = str_trim(name);
    if (value.n >= 2 && value.p[0] == '"' && value.p[value.n - 1] == '"') {
        value = str_slice(value, 1, value.n - 1);
    }
    struct graph_prefer *p = &c->prefer;
    i64 n = 0;
    if (str_eq_nocase(name, S("outlook.body-content-type"))) {
        p->text = str_eq_nocase(value, S("text"));
        p->body_given = p->text || str_eq_nocase(value, S("html"));
    } else if (str_eq_nocase(name, S("outlook.allow-unsafe-html"))) {
        p->unsafe_html = true;
    } else if (str_eq_nocase(name, S("IdType"))) {
        p->immutable = str_eq_nocase(value, S("ImmutableId"));
    } else if (str_eq_nocase(name, S("odata.maxpagesize")) && str_to_i64(value, &n) && n > 0) {
        p->max_page_size = n;
    } else if (str_eq_nocase(name, S("outlook.timezone"))) {
        p->timezone = value;
    }
}

// Several Prefer headers are the same as one with commas.
static void read_preferences(struct graph_call *c)
{
    for (int i = 0; i < c->q->header_count; i++) {
        if (!str_eq_nocase(c->q->headers[i].name, S("prefer"))) {
            continue;
        }
        str rest = c->q->headers[i].value, one;
        bool more = rest.n > 0;
        while (more) {
            rest = str_cut(rest, ',', &one, &more);
            read_preference(c, one);
        }
    }
}

bool graph_call_read(struct graph_call *c, str *first)
{
    c->method = c->q->method;
    c->path = c->q->path;
    c->query = c->q->query;
    c->body = c->q->body;
    c->mailbox = -1;
    c->status = 200;
    *first = (str){0};
    t_buf_grab(&c->store, c->path.n + c->query.n + 1);
    c->store.n = 0;
    read_preferences(c);
    return read_path(c, first) && read_query(c);
}

void graph_call_free(struct graph_call *c)
{
    t_buf_free(&c->store);
    t_buf_free(&c->head);
    t_buf_free(&c->out);
}

bool graph_is(const struct graph_call *c, const char *method)
{
    return str_eq(c->method, str_from(method));
}

bool graph_segment_is(const struct graph_call *c, int n, const char *name)
{
    return n < c->segment_count && str_eq_nocase(c->segments[n], str_from(name));
}

bool graph_option(const struct graph_call *c, const char *name, str *value)
{
    for (int i = 0; i < c->option_count; i++) {
        if (str_eq_nocase(c->options[i].name, str_from(name))) {
            *value = c->options[i].value;
            return true;
        }
    }
    *value = (str){0};
    return false;
}

bool graph_number(struct graph_call *c, const char *name, i64 least, i64 most, i64 *n)
{
    str value;
    i64 v = 0;
    if (!graph_option(c, name, &value)) {
        return true;
    }
    if (str_to_i64(value, &v) && v >= least && v <= most) {
        *n = v;
        return true;
    }
    char text[256];
    snprintf(text, sizeof(text),
             "Invalid value '%.*s' for %s query option found. The %s query option requires a "
             "number between %lld and %lld.",
             (int)(value.n < 60 ? value.n : 60), (const char *)value.p, name, name,
             (long long)least, (long long)most);
    graph_error(c, 400, "ErrorInvalidUrlQuery", text);
    return false;
}

bool graph_options_allowed(struct graph_call *c, const char *const *names)
{
    for (int i = 0; i < c->option_count; i++) {
        str name = c->options[i].name;
        bool known = false;
        for (const char *const *k = names; *k && !known; k++) {
            known = str_eq_nocase(name, str_from(*k));
        }
        if (!known) {
            char text[200];
            snprintf(text, sizeof(text),
                     "The following parameters are not supported with change tracking over this "
                     "resource: '%.*s'.",
                     (int)(name.n < 60 ? name.n : 60), (const char *)name.p);
            graph_error(c, 400, "ErrorInvalidUrlQuery", text);
            return false;
        }
    }
    return true;
}

bool graph_selected(const struct graph_call *c, const char *property)
{
    str rest, one;
    if (!graph_option(c, "$select", &rest) || rest.n == 0) {
        return true;
    }
    bool more = true, wanted = str_eq(str_from(property), S("id"));
    while (more && !wanted) {
        rest = str_cut(rest, ',', &one, &more);
        wanted = str_eq_nocase(str_trim(one), str_from(property));
    }
    return wanted;
}

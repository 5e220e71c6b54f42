// SPDX-License-Identifier: Apache-2.0
// Answers of the fake Graph: errors, collections, links (spec/wire-graph.md 2 and 11).
#include "graph_core.h"

#include <stdarg.h>
#include <stdio.h>

#define JSON_TYPE                                                                               \
    "application/json; odata.metadata=minimal; odata.streaming=true; IEEE754Compatible=false; " \
    "charset=utf-8"

struct t_writer graph_writer(struct graph_call *c)
{
    return (struct t_writer){.b = &c->out};
}

void graph_header(struct graph_call *c, const char *format, ...)
{
    char line[1024];
    va_list args;
    va_start(args, format);
    int n = vsnprintf(line, sizeof(line), format, args);
    va_end(args);
    ASSERT(n >= 0 && n < (int)sizeof(line));
    t_buf_put(&c->head, str_make(line, n));
    t_buf_z(&c->head, "\r\n");
}

void graph_request_id_put(const struct graph_call *c, struct t_buf *out)
{
    u64 r = ews_mix((u64)c->g->turn * 7919 + c->t->o.seed), s = ews_mix(r);
    t_buf_printf(out, "%08x-%04x-4%03x-a%03x-%012llx", (unsigned)r, (unsigned)(r >> 32 & 0xFFFF),
                 (unsigned)(r >> 48 & 0xFFF), (unsigned)(s & 0xFFF), (unsigned long long)(s >> 16));
}

// What Graph sends back as client-request-id: the client's, or its own request-id.
static void put_client_id(const struct graph_call *c, struct t_buf *out)
{
    str own = t_request_header(c->q, "client-request-id");
    if (own.n > 0 && own.n <= 64) {
        t_buf_put(out, own);
    } else {
        graph_request_id_put(c, out);
    }
}

void graph_error(struct graph_call *c, int status, const char *code, const char *message)
{
    struct t_buf date = {0}, id = {0}, client = {0};
    c->status = status;
    c->content_type = NULL;
    c->out.n = 0;
    t_put_iso_date(&date, c->t->now_ms);
    date.n = date.n > 19 ? 19 : date.n; // seconds, without a zone
    graph_request_id_put(c, &id);
    put_client_id(c, &client);
    struct t_writer w = graph_writer(c);
    t_json_open(&w, '{');
    t_json_key(&w, "error");
    t_json_open(&w, '{');
    t_json_put_member(&w, "code", str_from(code));
    t_json_put_member(&w, "message", str_from(message));
    // Both spellings occur.
    t_json_key(&w, c->g->turn % 2 ? "innerError" : "innererror");
    t_json_open(&w, '{');
    t_json_put_member(&w, "date", t_buf_str(&date));
    t_json_put_member(&w, "request-id", t_buf_str(&id));
    t_json_put_member(&w, "client-request-id", t_buf_str(&client));
    t_json_close(&w, '}');
    t_json_close(&w, '}');
    t_json_close(&w, '}');
    t_buf_free(&date);
    t_buf_free(&id);
    t_buf_free(&client);
}

void graph_not_found(struct graph_call *c)
{
    graph_error(c, 404, "ErrorItemNotFound", "The specified object was not found in the store.");
}

void graph_bad_id(struct graph_call *c)
{
    graph_error(c, 400, "ErrorInvalidIdMalformed", "Id is malformed.");
}

void graph_put_context(struct graph_call *c, struct t_writer *w, const char *what)
{
    struct t_buf b = {0};
    t_buf_put(&b, c->base);
    t_buf_z(&b, "/$metadata#");
    t_buf_z(&b, what);
    t_json_put_member(w, "@odata.context", t_buf_str(&b));
    t_buf_free(&b);
}

// As a value of a query: everything but unreserved characters is escaped.
static void put_escaped(struct t_buf *b, str s)
{
    for (isize i = 0; i < s.n; i++) {
        u8 k = s.p[i];
        bool plain = (k >= 'a' && k <= 'z') || (k >= 'A' && k <= 'Z') || str_is_digit(k) ||
                     k == '-' || k == '_' || k == '.' || k == '~';
        if (plain) {
            t_buf_byte(b, k);
        } else {
            t_buf_printf(b, "%%%02X", k);
        }
    }
}

static bool is_place(str name)
{
    return str_eq_nocase(name, S("$skip")) || str_eq_nocase(name, S("$skiptoken")) ||
           str_eq_nocase(name, S("$deltatoken"));
}

void graph_put_link(struct graph_call *c, struct t_writer *w, const char *key, const char *name,
                    str value, bool keep)
{
    struct t_buf b = {0};
    t_buf_put(&b, c->base);
    t_buf_put(&b, str_from_index(c->path, 5)); // without /v1.0, which the base ends with
    t_buf_byte(&b, '?');
    for (int i = 0; keep && i < c->option_count; i++) {
        if (!is_place(c->options[i].name) && !str_eq_nocase(c->options[i].name, str_from(name))) {
            t_buf_put(&b, c->options[i].name);
            t_buf_byte(&b, '=');
            put_escaped(&b, c->options[i].value);
            t_buf_byte(&b, '&');
        }
    }
    t_buf_z(&b, name);
    t_buf_byte(&b, '=');
    put_escaped(&b, value);
    t_json_put_member(w, key, t_buf_str(&b));
    t_buf_free(&b);
}

void graph_applied(struct graph_call *c, const char *what)
{
    graph_header(c, "Preference-Applied: %s", what);
}

const char *graph_content_type(const struct graph_call *c)
{
    return c->content_type ? c->content_type : JSON_TYPE;
}

void graph_finish(struct graph_call *c, struct t_response *r)
{
    struct t_buf id = {0}, client = {0};
    graph_request_id_put(c, &id);
    put_client_id(c, &client);
    r->status = c->status;
    t_response_header(r, "Cache-Control: private");
    if (c->out.n > 0) {
        t_response_header(r, "Content-Type: %s", graph_content_type(c));
    }
    t_response_header(r, "request-id: %.*s", (int)id.n, (const char *)id.p);
    t_response_header(r, "client-request-id: %.*s", (int)client.n, (const char *)client.p);
    t_response_header(r, "x-ms-ags-diagnostic: {\"ServerInfo\":{\"DataCenter\":\"West Europe\","
                         "\"Slice\":\"E\",\"Ring\":\"5\",\"RoleInstance\":\"AM2PEPF\"}}");
    t_response_header(r, "OData-Version: 4.0");
    t_buf_put(&r->head, t_buf_str(&c->head));
    struct t_buf date = {0};
    t_put_mail_date(&date, c->t->now_ms);
    date.n -= 5; // +0000
    t_response_header(r, "Date: %.*sGMT", (int)date.n, (const char *)date.p);
    t_buf_free(&date);
    t_buf_free(&id);
    t_buf_free(&client);
    t_buf_free(&r->own);
    r->own = c->out;
    c->out = (struct t_buf){0};
    if (r->own.n > 1500 && c->g->turn % 2 &&
        str_contains_nocase(t_request_header(c->q, "accept-encoding"), S("gzip"))) {
        struct t_buf packed = {0};
        if (t_gzip(t_buf_str(&r->own), &packed)) {
            t_buf_free(&r->own);
            r->own = packed;
            t_response_header(r, "Content-Encoding: gzip");
        }
    }
}

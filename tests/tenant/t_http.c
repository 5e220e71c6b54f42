// SPDX-License-Identifier: Apache-2.0
// The tenant's HTTP: collecting a request, taking its target apart; see t_http.h. Responses are in
// t_response.c.
#include "t_http.h"

static bool is_token_byte(u8 c)
{
    return str_is_digit(c) || (str_lower_byte(c) >= 'a' && str_lower_byte(c) <= 'z') ||
           str_find_byte(S("!#$%&'*+-.^_`|~"), c) >= 0;
}

static bool is_token(str s)
{
    for (isize i = 0; i < s.n; i++) {
        if (!is_token_byte(s.p[i])) {
            return false;
        }
    }
    return s.n > 0;
}

static const char *parse_request_line(str line, struct t_request *q)
{
    str target;
    bool found = false;
    str rest = str_cut(line, ' ', &q->method, &found);
    if (!found || !is_token(q->method)) {
        return "request line";
    }
    str version = str_cut(rest, ' ', &target, &found);
    if (!found || !str_eq(version, S("HTTP/1.1")) || target.n == 0 || target.p[0] != '/') {
        return "target or version";
    }
    for (isize i = 0; i < target.n; i++) {
        if (target.p[i] <= ' ' || target.p[i] >= 127 || target.p[i] == '#') {
            return "byte in target";
        }
    }
    q->query = str_cut(target, '?', &q->path, &found);
    return NULL;
}

static const char *parse_header_line(str line, struct t_request *q)
{
    struct t_header h;
    bool found = false;
    h.value = str_trim(str_cut(line, ':', &h.name, &found));
    if (!found || !is_token(h.name)) {
        return "header name";
    }
    for (isize i = 0; i < h.value.n; i++) {
        if (h.value.p[i] < ' ' && h.value.p[i] != '\t') {
            return "control byte in header";
        }
    }
    if (q->header_count == T_HEADERS_MAX) {
        return "too many headers";
    }
    q->headers[q->header_count++] = h;
    return NULL;
}

static const char *parse_head(str head, struct t_request *q)
{
    q->header_count = 0;
    bool first = true;
    while (head.n > 0) {
        isize end = str_find(head, S("\r\n"));
        ASSERT(end >= 0);
        str line = str_slice(head, 0, end);
        head = str_from_index(head, end + 2);
        const char *error = first        ? parse_request_line(line, q)
                            : line.n > 0 ? parse_header_line(line, q)
                                         : NULL;
        if (error) {
            return error;
        }
        first = false;
    }
    if (t_request_header(q, "host").n == 0) {
        return "no Host";
    }
    q->close = str_contains_nocase(t_request_header(q, "connection"), S("close"));
    return NULL;
}

str t_request_header(const struct t_request *q, const char *name)
{
    for (int i = 0; i < q->header_count; i++) {
        if (str_eq_nocase(q->headers[i].name, str_from(name))) {
            return q->headers[i].value;
        }
    }
    return (str){0};
}

bool t_request_is(const struct t_request *q, const char *method)
{
    return str_eq(q->method, str_from(method));
}

static int count_header(const struct t_request *q, const char *name)
{
    int n = 0;
    for (int i = 0; i < q->header_count; i++) {
        n += str_eq_nocase(q->headers[i].name, str_from(name)) ? 1 : 0;
    }
    return n;
}

static const char *find_framing(struct t_reader *r, const struct t_request *q)
{
    str length = t_request_header(q, "content-length");
    str coding = t_request_header(q, "transfer-encoding");
    if (count_header(q, "content-length") > 1 || (length.n > 0 && coding.n > 0)) {
        return "two framings";
    }
    if (coding.n > 0) {
        r->length = -1;
        return str_eq_nocase(coding, S("chunked")) ? NULL : "transfer coding";
    }
    if (length.n == 0) {
        r->length = 0;
        return NULL;
    }
    u64 n = 0;
    if (!str_to_u64(length, &n) || n > (u64)1 << 40) {
        return "Content-Length";
    }
    r->length = (isize)n;
    return NULL;
}

// Finds the end of the head and what follows it. Leaves head_bytes 0 while it is incomplete.
static const char *read_head(struct t_reader *r, struct t_request *q)
{
    str in = t_buf_str(&r->in);
    isize from = r->scanned > 3 ? r->scanned - 3 : 0;
    isize end = str_find(str_from_index(in, from), S("\r\n\r\n"));
    if (end < 0) {
        r->scanned = in.n;
        return in.n > T_HEAD_BYTES_MAX ? "head too long" : NULL;
    }
    isize head_bytes = from + end + 4;
    str head = str_slice(in, 0, head_bytes);
    for (isize i = 0; i < head.n; i++) {
        if (head.p[i] == '\n' && (i == 0 || head.p[i - 1] != '\r')) {
            return "bare LF";
        }
    }
    const char *error = parse_head(head, q);
    error = error ? error : find_framing(r, q);
    if (error) {
        return error;
    }
    r->head_bytes = head_bytes;
    r->at = head_bytes;
    r->wants_continue = str_eq_nocase(t_request_header(q, "expect"), S("100-continue"));
    return NULL;
}

// One chunk, or the trailer. false: not all of it is here, or an error.
static bool read_chunk(struct t_reader *r)
{
    str in = str_from_index(t_buf_str(&r->in), r->at);
    isize end = str_find(in, S("\r\n"));
    if (end < 0) {
        r->error = in.n > 256 ? "chunk line too long" : NULL;
        return false;
    }
    u64 n = 0;
    if (!str_to_u64_hex(str_slice(in, 0, end), &n) || n > (u64)1 << 40) {
        r->error = "chunk size";
        return false;
    }
    isize data = end + 2;
    if (n == 0) {
        // No trailer fields are accepted: no client of ours has a reason to send any.
        if (in.n < data + 2) {
            return false;
        }
        r->chunks_done = true;
        r->error = in.p[data] == '\r' && in.p[data + 1] == '\n' ? NULL : "trailer";
        r->at += data + 2;
        return true;
    }
    if (in.n - data < (isize)n + 2) {
        return false;
    }
    if (in.p[data + (isize)n] != '\r' || in.p[data + (isize)n + 1] != '\n') {
        r->error = "chunk end";
        return false;
    }
    t_buf_put(&r->body, str_slice(in, data, data + (isize)n));
    r->at += data + (isize)n + 2;
    return true;
}

enum t_read t_reader_next(struct t_reader *r, isize body_limit, struct t_request *q)
{
    if (r->head_bytes == 0) {
        r->error = read_head(r, q);
        if (r->error || r->head_bytes == 0) {
            return r->error ? T_READ_BAD : T_READ_MORE;
        }
    }
    bool chunked = r->length < 0;
    while (chunked && !r->chunks_done && r->body.n <= body_limit && read_chunk(r)) {
    }
    if (r->error) {
        return T_READ_BAD;
    }
    q->too_large = chunked ? r->body.n > body_limit : r->length > body_limit;
    bool complete = chunked ? r->chunks_done : r->in.n - r->head_bytes >= r->length;
    if (!q->too_large && !complete) {
        return T_READ_MORE;
    }
    // The buffer may have moved since the head was parsed.
    r->error = parse_head(str_slice(t_buf_str(&r->in), 0, r->head_bytes), q);
    ASSERT(!r->error);
    q->body = (str){0};
    if (!q->too_large) {
        q->body = chunked ? t_buf_str(&r->body)
                          : str_slice(t_buf_str(&r->in), r->head_bytes, r->head_bytes + r->length);
    }
    return T_READ_DONE;
}

void t_reader_drop(struct t_reader *r)
{
    isize used = r->length < 0 ? r->at : r->head_bytes + r->length;
    t_buf_drop(&r->in, used < r->in.n ? used : r->in.n);
    struct t_buf in = r->in, body = r->body;
    body.n = 0;
    *r = (struct t_reader){.in = in, .body = body};
}

void t_link_free(struct t_link *l)
{
    t_buf_free(&l->negotiate);
    t_buf_free(&l->sent);
    *l = (struct t_link){0};
}

void t_reader_free(struct t_reader *r)
{
    t_buf_free(&r->in);
    t_buf_free(&r->body);
}

bool t_url_decode(str s, bool plus_is_blank, struct t_buf *out)
{
    for (isize i = 0; i < s.n; i++) {
        u8 c = s.p[i];
        if (c == '%') {
            u64 v = 0;
            if (i + 2 >= s.n || !str_to_u64_hex(str_slice(s, i + 1, i + 3), &v)) {
                return false;
            }
            c = (u8)v;
            i += 2;
        } else if (c == '+' && plus_is_blank) {
            c = ' ';
        }
        t_buf_byte(out, c);
    }
    return true;
}

bool t_query_get(str query, const char *name, int nth, struct t_buf *out)
{
    out->n = 0;
    while (query.n > 0) {
        str pair, key;
        bool found = false;
        query = str_cut(query, '&', &pair, &found);
        str value = str_cut(pair, '=', &key, &found);
        if (str_eq(key, str_from(name)) && nth-- == 0) {
            return t_url_decode(value, true, out);
        }
    }
    return false;
}

bool t_path_part(str path, int nth, struct t_buf *out)
{
    out->n = 0;
    if (path.n == 0 || path.p[0] != '/') {
        return false;
    }
    path = str_from_index(path, 1);
    bool found = true;
    str part = {0};
    for (int i = 0; i <= nth; i++) {
        if (!found) {
            return false;
        }
        path = str_cut(path, '/', &part, &found);
    }
    return part.n > 0 && t_url_decode(part, false, out);
}

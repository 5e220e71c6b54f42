// SPDX-License-Identifier: Apache-2.0
// HTTP/1.1 answers as bytes (see http1.h). RFC 9112 without its leniencies: whatever two readers
// could understand in two ways is refused, since one of them may be a proxy before us. One leniency
// stays, because servers need it and nobody can misread it: the blank before an empty reason may be
// missing.
#include "codec/http1.h"

// ---- what bytes may stand where

// RFC 9110, section 5.6.2.
static bool http1_is_token_byte(u8 c)
{
    u8 lower = str_lower_byte(c);
    return (lower >= 'a' && lower <= 'z') || str_is_digit(c) ||
           str_find_byte(S("!#$%&'*+-.^_`|~"), c) >= 0;
}

bool http1_is_token(str s)
{
    for (isize i = 0; i < s.n; i++) {
        if (!http1_is_token_byte(s.p[i])) {
            return false;
        }
    }
    return s.n > 0;
}

// Section 5.5: visible characters, blank, tab, and bytes from 0x80 on.
static bool http1_is_value_byte(u8 c)
{
    return (c >= 0x20 && c != 0x7f) || c == '\t';
}

bool http1_is_field_value(str s)
{
    for (isize i = 0; i < s.n; i++) {
        if (!http1_is_value_byte(s.p[i])) {
            return false;
        }
    }
    return true;
}

bool http1_is_target(str s)
{
    for (isize i = 0; i < s.n; i++) {
        if (s.p[i] <= ' ' || s.p[i] >= 0x7f) {
            return false;
        }
    }
    return s.n > 0;
}

// ---- the head

// Takes a line off the front of *in, without its CRLF.
static enum http_more http1_take_line(str *in, str *line, err bad, err *why)
{
    isize n = 0;
    while (n < in->n && http1_is_value_byte(in->p[n])) {
        n++;
    }
    if (n == in->n) {
        return HTTP_MORE;
    }
    u8 c = in->p[n];
    if (c == '\r' && n + 1 == in->n) {
        return HTTP_MORE;
    }
    if (c != '\r' || in->p[n + 1] != '\n') {
        *why = c == '\r' || c == '\n' ? FAIL(HTTP_LINE_END) : bad;
        return HTTP_BAD;
    }
    *line = str_slice(*in, 0, n);
    *in = str_from_index(*in, n + 2);
    return HTTP_DONE;
}

// "HTTP/1.1 200 OK". Digits: 7 is the minor version, 9 to 11 the status.
static bool http1_parse_status(str line, struct http_head *out)
{
    u64 status;
    if (line.n < 12 || (line.n > 12 && line.p[12] != ' ') || line.p[8] != ' ' ||
        (line.p[7] != '0' && line.p[7] != '1') || !str_to_u64(str_slice(line, 9, 12), &status) ||
        status < 100) {
        return false;
    }
    out->is_http10 = line.p[7] == '0';
    out->status = (int)status;
    out->reason = str_from_index(line, line.n > 12 ? 13 : 12);
    return true;
}

static str http1_trim_blanks(str s)
{
    while (s.n && (s.p[0] == ' ' || s.p[0] == '\t')) {
        s = str_from_index(s, 1);
    }
    while (s.n && (s.p[s.n - 1] == ' ' || s.p[s.n - 1] == '\t')) {
        s.n--;
    }
    return s;
}

// "Name: value". A line that begins with a blank (folding) has no name and is refused with the
// rest.
static bool http1_parse_header(str line, struct http_header *out)
{
    isize n = 0;
    while (n < line.n && http1_is_token_byte(line.p[n])) {
        n++;
    }
    if (n == 0 || n == line.n || line.p[n] != ':') {
        return false;
    }
    out->name = str_slice(line, 0, n);
    out->value = http1_trim_blanks(str_from_index(line, n + 1));
    return true;
}

static enum http_more http1_bad(err *why, err e)
{
    *why = e;
    return HTTP_BAD;
}

static enum http_more http1_read_lines(str *in, struct http_head *out, err *why)
{
    static const str prefix = S("HTTP/1.");
    str line;
    isize seen = in->n < prefix.n ? in->n : prefix.n;
    if (!str_eq(str_slice(*in, 0, seen), str_slice(prefix, 0, seen))) {
        return http1_bad(why, FAIL(HTTP_STATUS_LINE)); // at once: it may never send a line
    }
    enum http_more more = http1_take_line(in, &line, FAIL(HTTP_STATUS_LINE), why);
    if (more != HTTP_DONE) {
        return more;
    }
    if (!http1_parse_status(line, out)) {
        return http1_bad(why, FAIL(HTTP_STATUS_LINE));
    }
    for (;;) {
        more = http1_take_line(in, &line, FAIL(HTTP_HEADER), why);
        if (more != HTTP_DONE || line.n == 0) {
            return more;
        }
        if (out->header_count == HTTP_HEADERS_MAX) {
            return http1_bad(why, FAIL(HTTP_HEAD_SIZE));
        }
        if (!http1_parse_header(line, &out->headers[out->header_count])) {
            return http1_bad(why, FAIL(HTTP_HEADER));
        }
        out->header_count++;
    }
}

enum http_more http1_read_head(str in, struct http_head *out, isize *used, err *why)
{
    out->header_count = 0;
    *used = 0;
    *why = OK;
    isize n = in.n < HTTP_HEAD_BYTES ? in.n : HTTP_HEAD_BYTES;
    str rest = str_slice(in, 0, n);
    enum http_more more = http1_read_lines(&rest, out, why);
    if (more == HTTP_MORE && n == HTTP_HEAD_BYTES) {
        return http1_bad(why, FAIL(HTTP_HEAD_SIZE));
    }
    if (more == HTTP_DONE) {
        *used = n - rest.n;
    }
    return more;
}

str http1_header(const struct http_head *head, str name, bool *found)
{
    for (isize i = 0; i < head->header_count; i++) {
        if (str_eq_nocase(head->headers[i].name, name)) {
            *found = true;
            return head->headers[i].value;
        }
    }
    *found = false;
    return (str){0};
}

// ---- framing

static isize http1_count(const struct http_head *head, str name)
{
    isize count = 0;
    for (isize i = 0; i < head->header_count; i++) {
        count += str_eq_nocase(head->headers[i].name, name);
    }
    return count;
}

// Whether any Connection header lists the option (RFC 9110, section 7.6.1).
static bool http1_connection_says(const struct http_head *head, str option)
{
    for (isize i = 0; i < head->header_count; i++) {
        if (!str_eq_nocase(head->headers[i].name, S("connection"))) {
            continue;
        }
        str list = head->headers[i].value, item;
        bool more = true;
        while (more) {
            list = str_cut(list, ',', &item, &more);
            if (str_eq_nocase(http1_trim_blanks(item), option)) {
                return true;
            }
        }
    }
    return false;
}

enum http_body_state {
    HTTP_IN_DATA,   // LENGTH, UNTIL_CLOSE; CHUNKED: content, then the CRLF behind it
    HTTP_DATA_LF,   // the LF behind the content of a chunk
    HTTP_SIZE,      // digits of a chunk's size
    HTTP_SIZE_WS,   // blanks behind it: only an extension may follow
    HTTP_EXTENSION, // up to CRLF
    HTTP_SIZE_LF,
    HTTP_TRAILER, // the beginning of a trailer line
    HTTP_TRAILER_NAME,
    HTTP_TRAILER_VALUE,
    HTTP_TRAILER_LF,
    HTTP_LAST_LF,
};

err http1_body_start(struct http_body *b, const struct http_head *head, bool head_request)
{
    *b = (struct http_body){.framing = HTTP_NO_BODY};
    bool coded, sized;
    str coding = http1_header(head, S("transfer-encoding"), &coded);
    str length = http1_header(head, S("content-length"), &sized);
    b->keep_alive = head->is_http10 ? http1_connection_says(head, S("keep-alive"))
                                    : !http1_connection_says(head, S("close"));
    if ((coded && sized) || http1_count(head, S("transfer-encoding")) > 1 ||
        http1_count(head, S("content-length")) > 1 || (coded && head->is_http10) ||
        (coded && !str_eq_nocase(coding, S("chunked")))) {
        return FAIL(HTTP_FRAMING);
    }
    u64 bytes = 0;
    if (sized && (length.n > 18 || !str_to_u64(length, &bytes))) {
        return FAIL(HTTP_FRAMING);
    }
    bool bodiless = head->status < 200 || head->status == 204;
    if (bodiless || head->status == 304 || head_request) {
        // RFC 9110, 8.6 and RFC 9112, 6.1: no 1xx or 204 announces content. Whoever does may send
        // it.
        b->keep_alive &= !bodiless || (!coded && bytes == 0);
        b->done = true;
        return OK;
    }
    b->framing = coded ? HTTP_CHUNKED : sized ? HTTP_LENGTH : HTTP_UNTIL_CLOSE;
    b->keep_alive &= b->framing != HTTP_UNTIL_CLOSE;
    b->left = (i64)bytes;
    b->state = coded ? HTTP_SIZE : HTTP_IN_DATA;
    b->done = sized && bytes == 0;
    return OK;
}

// ---- chunks

static int http1_hex(u8 c)
{
    u8 lower = str_lower_byte(c);
    return str_is_digit(c) ? c - '0' : lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

// One byte of a chunk's size line. `left` collects the size; 15 digits are more than anybody has.
static err http1_size_byte(struct http_body *b, u8 c)
{
    int digit = http1_hex(c);
    if (b->state == HTTP_SIZE && digit >= 0) {
        if (b->line_bytes > 15) {
            return FAIL(HTTP_CHUNK_SIZE);
        }
        b->left = b->left * 16 + digit;
        return OK;
    }
    if (b->state == HTTP_SIZE && b->line_bytes == 1) {
        return FAIL(HTTP_CHUNK_SIZE); // no digit at all
    }
    if (b->state == HTTP_SIZE_LF) {
        b->state = b->left ? HTTP_IN_DATA : HTTP_TRAILER;
        return c == '\n' ? OK : FAIL(HTTP_LINE_END);
    }
    if (c == '\r' && b->state != HTTP_SIZE_WS) {
        b->state = HTTP_SIZE_LF;
        return OK;
    }
    if (c == '\n') {
        return FAIL(HTTP_LINE_END);
    }
    if (b->state == HTTP_EXTENSION) {
        return http1_is_value_byte(c) ? OK : FAIL(HTTP_CHUNK_SIZE);
    }
    if (c == ';') {
        b->state = HTTP_EXTENSION;
        return OK;
    }
    b->state = HTTP_SIZE_WS;
    return c == ' ' || c == '\t' ? OK : FAIL(HTTP_CHUNK_SIZE);
}

// One byte of the trailers, which nobody reads: checked like headers and dropped.
static err http1_trailer_byte(struct http_body *b, u8 c)
{
    if (++b->trailer_bytes > HTTP_TRAILER_BYTES) {
        return FAIL(HTTP_TRAILER_SIZE);
    }
    if (b->state == HTTP_TRAILER_LF || b->state == HTTP_LAST_LF) {
        b->done = b->state == HTTP_LAST_LF && c == '\n';
        b->state = HTTP_TRAILER;
        return c == '\n' ? OK : FAIL(HTTP_LINE_END);
    }
    if (c == '\n' || (c == '\r' && b->state == HTTP_TRAILER_NAME)) {
        return c == '\n' ? FAIL(HTTP_LINE_END) : FAIL(HTTP_HEADER);
    }
    if (c == '\r') {
        b->state = b->state == HTTP_TRAILER ? HTTP_LAST_LF : HTTP_TRAILER_LF;
        return OK;
    }
    if (b->state == HTTP_TRAILER_VALUE) {
        return http1_is_value_byte(c) ? OK : FAIL(HTTP_HEADER);
    }
    if (b->state == HTTP_TRAILER_NAME && c == ':') {
        b->state = HTTP_TRAILER_VALUE;
        return OK;
    }
    b->state = HTTP_TRAILER_NAME;
    return http1_is_token_byte(c) ? OK : FAIL(HTTP_HEADER);
}

// One byte that is no content.
static err http1_framing_byte(struct http_body *b, u8 c)
{
    if (++b->overhead_bytes > HTTP_OVERHEAD_FREE_BYTES + HTTP_OVERHEAD_RATIO_MAX * b->data_bytes) {
        return FAIL(HTTP_CHUNK_OVERHEAD);
    }
    if (b->state >= HTTP_TRAILER) {
        return http1_trailer_byte(b, c);
    }
    if (b->state == HTTP_IN_DATA) {
        b->state = HTTP_DATA_LF;
        return c == '\r' ? OK : FAIL(HTTP_CHUNK_END);
    }
    if (b->state == HTTP_DATA_LF) {
        b->state = HTTP_SIZE;
        b->line_bytes = 0;
        return c == '\n' ? OK : FAIL(HTTP_CHUNK_END);
    }
    return ++b->line_bytes > HTTP_CHUNK_LINE_BYTES ? FAIL(HTTP_CHUNK_SIZE) : http1_size_byte(b, c);
}

err http1_body_next(struct http_body *b, str *in, str *piece)
{
    *piece = str_slice(*in, 0, 0);
    while (in->n && !b->done) {
        bool content = b->framing == HTTP_UNTIL_CLOSE || (b->state == HTTP_IN_DATA && b->left > 0);
        if (!content) {
            TRY(http1_framing_byte(b, in->p[0]));
            *in = str_from_index(*in, 1);
            continue;
        }
        isize n = b->framing == HTTP_UNTIL_CLOSE || b->left > in->n ? in->n : (isize)b->left;
        *piece = str_slice(*in, 0, n);
        *in = str_from_index(*in, n);
        b->left -= b->framing == HTTP_UNTIL_CLOSE ? 0 : n;
        b->data_bytes += n;
        b->done = b->framing == HTTP_LENGTH && b->left == 0;
        break;
    }
    return OK;
}

void http1_body_unread(struct http_body *b, str *in, str piece, isize taken)
{
    isize back = piece.n - taken;
    ASSERT(0 <= taken && taken <= piece.n);
    if (back == 0) {
        return;
    }
    ASSERT(piece.p + piece.n == in->p);
    *in = (str){in->p - back, in->n + back};
    b->left += b->framing == HTTP_UNTIL_CLOSE ? 0 : back;
    b->data_bytes -= back;
    b->done = false;
}

err http1_body_eof(struct http_body *b)
{
    b->keep_alive = false;
    b->done |= b->framing == HTTP_UNTIL_CLOSE;
    return b->done ? OK : FAIL(HTTP_CUT);
}

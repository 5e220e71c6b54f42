// SPDX-License-Identifier: Apache-2.0
// HTTP/1.1 on the client's side (RFC 9112), as bytes: reading an answer's head and its framing, and
// checking what goes into a request's head. No I/O, no state beyond struct http_body.
//
// Strict, because the other side is hostile until parsed: lines end with CRLF, no folded headers,
// no blank before the colon, no control bytes, no Content-Length beside Transfer-Encoding, no
// repeated or signed Content-Length, only `chunked` as a transfer coding; bounds of limits.h for
// head, headers, chunk lines and trailers.
#ifndef CODEC_HTTP1_H
#define CODEC_HTTP1_H

#include "base/buf.h"
#include "limits.h"

struct http_header {
    str name, value;
};

// All str point into the head that was parsed.
struct http_head {
    int status; // 100..999
    bool is_http10;
    str reason;
    struct http_header headers[HTTP_HEADERS_MAX];
    isize header_count;
};

enum http_more {
    HTTP_DONE, // *used bytes were the head
    HTTP_MORE, // not there yet
    HTTP_BAD,  // *why says what is wrong
};

// Reads a status line and headers from the front of `in`. The whole head has to be in `in`; what is
// wrong is said as soon as it is there. HTTP_STATUS_LINE, HTTP_HEADER, HTTP_LINE_END,
// HTTP_HEAD_SIZE.
enum http_more http1_read_head(str in, struct http_head *out, isize *used, err *why);

// The value of the first such header, or an empty str with *found false. Names compare without
// case.
str http1_header(const struct http_head *head, str name, bool *found);

enum http_framing { HTTP_NO_BODY, HTTP_LENGTH, HTTP_CHUNKED, HTTP_UNTIL_CLOSE };

struct http_body {
    enum http_framing framing;
    i64 left;  // bytes of the body (LENGTH) or of the current chunk (CHUNKED)
    int state; // private
    isize line_bytes, trailer_bytes;
    i64 overhead_bytes, data_bytes;
    bool keep_alive; // the connection may be used again once the body is done
    bool done;
};

// Chooses the framing (RFC 9112, section 6.3). `head_request`: the answer to HEAD has no body.
// HTTP_FRAMING when the headers contradict each other.
err http1_body_start(struct http_body *b, const struct http_head *head, bool head_request);

// Takes framing bytes off the front of *in and yields the next piece of content as *piece (a part
// of *in, maybe empty). Call until b->done or *in is empty. The piece counts as taken. To give some
// of it back to a later call, use http1_body_unread() at once. HTTP_CHUNK_SIZE, HTTP_CHUNK_END,
// HTTP_CHUNK_OVERHEAD, HTTP_LINE_END, HTTP_HEADER, HTTP_TRAILER_SIZE; after an error the body is
// lost and the connection has to be closed.
err http1_body_next(struct http_body *b, str *in, str *piece);
void http1_body_unread(struct http_body *b, str *in, str piece, isize taken);

// The far side closed: done when that ends the body, else HTTP_CUT.
err http1_body_eof(struct http_body *b);

bool http1_is_token(str s); // RFC 9110, section 5.6.2: a method, the name of a header

// Whether `s` may stand in a header value or a request target: no CR, LF, NUL or other controls.
bool http1_is_field_value(str s);
bool http1_is_target(str s);

#endif

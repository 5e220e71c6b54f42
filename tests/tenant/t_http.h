// SPDX-License-Identifier: Apache-2.0
// HTTP/1.1 as the far side speaks it: a request is collected from bytes as they come, a response is
// read out as bytes to send. Independent of src/codec/http1.c on purpose.
//
// Strict where a client's mistake should show: bare LF, a blank before the colon, both framings, an
// unknown transfer coding, trailers are refused. A response is a list of pieces, some of them
// repeated (a body of 50 MB costs no memory), or a producer that is sent chunked.
#ifndef TENANT_HTTP_H
#define TENANT_HTTP_H

#include "t_mem.h"

#define T_HEADERS_MAX 64
#define T_HEAD_BYTES_MAX 65536
#define T_PIECES_MAX 16

#define T_GRAPH_PARTS_MAX 20 // of a batch

// LDAP is not HTTP: ldap.h.
enum t_service {
    T_GOOGLE,
    T_ELASTIC,
    T_CONTROL,
    T_EXCHANGE,
    T_LDAP,
    T_LDAPS,
    T_ENTRA,
    T_GRAPH,
    T_SERVICES
};

// What a connection knows besides its requests: NTLM authenticates the connection. Zeroed when it
// is opened, freed when it is closed; its owner points requests to it.
struct t_link {
    bool tls;
    bool directory; // LDAP: neither signs nor seals
    int ntlm;       // 0 nothing, 1 the challenge was sent, 2 authenticated
    u8 challenge[8];
    struct t_buf negotiate, sent; // both messages, which the MIC covers
};
void t_link_free(struct t_link *l);

struct t_header {
    str name, value;
};

struct t_request {
    enum t_service service;
    struct t_link *link;     // NULL: nobody keeps one, so that only Basic can be used
    str method, path, query; // percent-encoded, as they came
    struct t_header headers[T_HEADERS_MAX];
    int header_count;
    str body;       // without transfer coding; a content coding is still on it
    bool too_large; // the body was longer than the limit and is not here
    bool close;     // the client asked to
};

// The collector. `in` holds what was received; slices of the request point into it and into `body`.
struct t_reader {
    struct t_buf in, body;
    isize scanned;    // of in, without the end of the head
    isize head_bytes; // 0: not complete yet
    isize length;     // of the body; -1: chunked
    isize at;         // chunked: next undecoded byte of in
    bool chunks_done;
    bool wants_continue; // Expect: 100-continue and not answered yet; the server clears it
    const char *error;
};

enum t_read { T_READ_MORE, T_READ_DONE, T_READ_BAD };

enum t_read t_reader_next(struct t_reader *r, isize body_limit, struct t_request *q);
void t_reader_drop(struct t_reader *r); // the request was handled: forget it, keep what follows
void t_reader_free(struct t_reader *r);

str t_request_header(const struct t_request *q, const char *name); // trimmed; empty when absent
bool t_request_is(const struct t_request *q, const char *method);

// The n-th value of a parameter of a query or form, decoded into out (replacing it).
bool t_query_get(str query, const char *name, int nth, struct t_buf *out);
bool t_url_decode(str s, bool plus_is_blank, struct t_buf *out);
// The path is cut at slashes and decoded: false when there is no n-th part.
bool t_path_part(str path, int nth, struct t_buf *out);

struct t_piece {
    const u8 *p;  // NULL: bytes of `own` from offset
    isize offset; // in own
    isize n;
    i64 repeat; // how often
};

// For which mailboxes of Graph an answer is in flight.
struct graph_flight {
    int mailboxes[T_GRAPH_PARTS_MAX];
    int count;
    bool running;
};

struct t_response {
    int status;
    struct t_buf head; // header lines, each with CRLF; completed by the first read
    struct t_buf own;  // what was written for this answer
    isize own_placed;  // how much of own is in pieces
    struct t_piece pieces[T_PIECES_MAX];
    int piece_count;
    bool (*produce)(void *st, struct t_buf *out); // chunked; false: that was the last
    void *produce_st;
    void (*produce_free)(void *st);
    bool head_only; // HEAD: length without body
    bool no_length; // 204, 304
    bool close;
    // How it is to be sent.
    i64 delay_ms, rate_bytes_s; // 0: at once, unlimited
    i64 cut_after;              // bytes, then the connection closes; < 0: whole
    bool reset, hang;           // no answer at all: RST, or silence
    int user;                   // whose request is in flight; < 0: nobody's
    bool exchange;              // in flight for Exchange
    struct graph_flight graph;
    // Progress of reading.
    bool begun, ended;
    int piece;
    i64 round;
    isize sent;
};

void t_response_init(struct t_response *r);
void t_response_free(struct t_response *r);
__attribute__((format(printf, 2, 3))) void t_response_header(struct t_response *r,
                                                             const char *format, ...);
void t_response_place_own(struct t_response *r); // what was written to own so far becomes a piece
void t_response_place(struct t_response *r, str s, i64 repeat); // memory that outlives the response
i64 t_response_length(const struct t_response *r);
isize t_response_read(struct t_response *r, u8 *out, isize cap); // 0: that was all

#endif

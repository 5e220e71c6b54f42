// SPDX-License-Identifier: Apache-2.0
// The tenant's HTTP: reading a response out as bytes; see t_http.h.
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "t_http.h"

#define PRODUCE_BYTES 32768 // a chunk is sent when so much was produced

static const char *reason_phrase(int status)
{
    static const struct {
        int status;
        const char *text;
    } phrases[] = {
        {200, "OK"},
        {201, "Created"},
        {202, "Accepted"},
        {204, "No Content"},
        {400, "Bad Request"},
        {401, "Unauthorized"},
        {403, "Forbidden"},
        {404, "Not Found"},
        {405, "Method Not Allowed"},
        {406, "Not Acceptable"},
        {408, "Request Timeout"},
        {409, "Conflict"},
        {411, "Length Required"},
        {412, "Precondition Failed"},
        {413, "Request Entity Too Large"},
        {429, "Too Many Requests"},
        {500, "Internal Server Error"},
        {502, "Bad Gateway"},
        {503, "Service Unavailable"},
        {504, "Gateway Timeout"},
    };
    for (isize i = 0; i < COUNT(phrases); i++) {
        if (phrases[i].status == status) {
            return phrases[i].text;
        }
    }
    return "Unknown";
}

void t_response_init(struct t_response *r)
{
    *r = (struct t_response){.status = 200, .cut_after = -1, .user = -1};
}

void t_response_free(struct t_response *r)
{
    t_buf_free(&r->head);
    t_buf_free(&r->own);
    if (r->produce_free) {
        r->produce_free(r->produce_st);
    }
    t_response_init(r);
}

void t_response_header(struct t_response *r, const char *format, ...)
{
    char line[2048];
    va_list args;
    va_start(args, format);
    int n = vsnprintf(line, sizeof(line), format, args);
    va_end(args);
    ASSERT(n >= 0 && n < (int)sizeof(line));
    t_buf_put(&r->head, str_make(line, n));
    t_buf_z(&r->head, "\r\n");
}

void t_response_place_own(struct t_response *r)
{
    if (r->own.n > r->own_placed) {
        ASSERT(r->piece_count < T_PIECES_MAX);
        r->pieces[r->piece_count++] = (struct t_piece){
            .offset = r->own_placed, .n = r->own.n - r->own_placed, .repeat = 1};
        r->own_placed = r->own.n;
    }
}

void t_response_place(struct t_response *r, str s, i64 repeat)
{
    if (s.n > 0 && repeat > 0) {
        t_response_place_own(r);
        ASSERT(r->piece_count < T_PIECES_MAX);
        r->pieces[r->piece_count++] = (struct t_piece){.p = s.p, .n = s.n, .repeat = repeat};
    }
}

i64 t_response_length(const struct t_response *r)
{
    i64 n = r->own.n - r->own_placed;
    for (int i = 0; i < r->piece_count; i++) {
        n += r->pieces[i].n * r->pieces[i].repeat;
    }
    return n;
}

// The head goes before the pieces, as the first of them.
static void begin(struct t_response *r)
{
    t_response_place_own(r);
    struct t_buf head = {0};
    t_buf_printf(&head, "HTTP/1.1 %d %s\r\n", r->status, reason_phrase(r->status));
    t_buf_put(&head, t_buf_str(&r->head));
    if (r->produce) {
        t_buf_z(&head, "Transfer-Encoding: chunked\r\n");
    } else if (!r->no_length) {
        t_buf_printf(&head, "Content-Length: %lld\r\n", (long long)t_response_length(r));
    }
    t_buf_z(&head, r->close ? "Connection: close\r\n\r\n" : "\r\n");
    t_buf_free(&r->head);
    r->head = head;
    if (r->head_only || r->no_length) {
        r->piece_count = 0;
    }
    if (r->head_only) {
        r->produce = NULL;
    }
    ASSERT(r->piece_count < T_PIECES_MAX);
    memmove(&r->pieces[1], &r->pieces[0], (size_t)r->piece_count * sizeof(r->pieces[0]));
    r->pieces[0] = (struct t_piece){.p = head.p, .n = head.n, .repeat = 1};
    r->piece_count++;
    r->begun = true;
}

// The next chunk becomes the only piece; the last one carries the end.
static bool produce_chunk(struct t_response *r)
{
    if (!r->produce || r->ended) {
        return false;
    }
    struct t_buf data = {0};
    while (!r->ended && data.n < PRODUCE_BYTES) {
        r->ended = !r->produce(r->produce_st, &data);
    }
    r->own.n = 0;
    if (data.n > 0) {
        t_buf_printf(&r->own, "%llx\r\n", (unsigned long long)data.n);
        t_buf_put(&r->own, t_buf_str(&data));
        t_buf_z(&r->own, "\r\n");
    }
    t_buf_free(&data);
    if (r->ended) {
        t_buf_z(&r->own, "0\r\n\r\n");
    }
    r->pieces[0] = (struct t_piece){.n = r->own.n, .repeat = 1};
    r->piece_count = 1;
    r->piece = 0;
    return true;
}

isize t_response_read(struct t_response *r, u8 *out, isize cap)
{
    if (!r->begun) {
        begin(r);
    }
    isize n = 0;
    while (n < cap) {
        if (r->piece == r->piece_count) {
            if (!produce_chunk(r)) {
                break;
            }
            continue;
        }
        struct t_piece *piece = &r->pieces[r->piece];
        const u8 *p = piece->p ? piece->p : r->own.p + piece->offset;
        isize k = piece->n - r->sent < cap - n ? piece->n - r->sent : cap - n;
        if (k > 0) {
            memcpy(out + n, p + r->sent, (size_t)k);
        }
        n += k;
        r->sent += k;
        if (r->sent == piece->n) {
            r->sent = 0;
            r->round++;
            if (r->round >= piece->repeat) {
                r->round = 0;
                r->piece++;
            }
        }
    }
    return n;
}

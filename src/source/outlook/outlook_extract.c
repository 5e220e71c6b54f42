// SPDX-License-Identifier: Apache-2.0
// Asking the text extraction service (see outlook_extract.h). The length of the content is known,
// so the request says it. An answer that came is final, whatever it says; a connection that broke
// is tried again, a service that took too long is not: it would take as long the next time.
#include "source/outlook/outlook_extract.h"

#include <string.h>

#include "codec/json_write.h"
#include "codec/url.h"
#include "os/os.h"

enum {
    EXTRACT_NODES = 128,
    WINDOW_MIN = 256,
    ROOM = 32, // written for the text's beginning, its end and a character that was not whole
};

#define EXTRACT_BEGIN S(",\"body\":\"")

static const struct retry_policy extract_policy = {
    .attempts = EXTRACT_TRIES_MAX, .base_ms = 1000, .max_ms = 10000};

// While the service is away: thousands of files would wait for it in vain.
static const struct retry_policy extract_policy_away = {
    .attempts = 1, .base_ms = 1000, .max_ms = 1000};

// ---- content

// Without text.
static void extract_empty(struct outlook_extract *ex, struct buf *data)
{
    data->n = ex->from;
    buf_put(data, S(",\"body\":\"\""));
    ex->ready = false;
}

void outlook_extract_take(struct outlook_extract *ex, struct buf *data, str base64)
{
    base64_decode(&ex->decoder, data, base64);
}

void outlook_extract_content_end(struct outlook_extract *ex, struct buf *data)
{
    ex->bytes = data->n - ex->from;
    ex->ready = ex->bytes > 0;
    if (!ex->ready) {
        extract_empty(ex, data);
    }
}

// ---- the file

// Into one that is free; what is in memory is needed no longer.
static err extract_file(struct outlook *o, struct outlook_extract *ex, struct buf *data)
{
    const struct outlook_settings *s = &o->settings;
    int i = 0;
    while (i < s->file_count && o->file_used[i]) {
        i++;
    }
    if (i == s->file_count) {
        return FAIL(EXTRACT_FILE);
    }
    TRY(os_shared_write(&s->files->shared, s->files_from + i,
                        str_make(data->p + ex->from, ex->bytes)));
    o->file_used[i] = ex->filed = true;
    ex->file = i;
    ex->bytes = 0;
    return OK;
}

// What the system would not empty is emptied when the run ends, or at the next start.
static void extract_empty_file(struct outlook *o, int i)
{
    o->file_used[i] = !os_shared_clear(&o->settings.files->shared, o->settings.files_from + i);
}

void outlook_extract_release(struct outlook *o, struct outlook_extract *ex)
{
    if (ex->filed) {
        extract_empty_file(o, ex->file);
    }
    ex->filed = false;
}

void outlook_extract_clear(struct outlook *o)
{
    for (int i = 0; o->settings.files && i < o->settings.file_count; i++) {
        if (o->file_used[i]) {
            extract_empty_file(o, i);
            o->file_used[i] = false;
        }
    }
}

// The slashes stay: services that do not decode what they are given find the file too.
static void extract_put_path(struct buf *b, const struct outlook *o,
                             const struct outlook_extract *ex)
{
    const struct outlook_files *files = o->settings.files;
    for (str rest = files->folder, part; rest.n;) {
        bool slash;
        rest = str_cut(rest, '/', &part, &slash);
        url_put_encoded(b, part);
        buf_put(b, slash ? S("/") : S(""));
    }
    buf_put(b, str_ends(files->folder, S("/")) ? S("") : S("/"));
    os_shared_put_name(b, &files->shared, o->settings.files_from + ex->file);
}

// ---- the request

static err extract_prepare(struct outlook *o, struct outlook_extract *ex, struct buf *data,
                           i64 now_ms)
{
    if (ex->asked && now_ms - ex->asked_ms >= o->settings.extraction_timeout_ms) {
        return FAIL(EXTRACT_TIMEOUT);
    }
    return o->settings.files && !ex->filed ? extract_file(o, ex, data) : OK;
}

err outlook_extract_ask(struct outlook *o, struct outlook_extract *ex, struct buf *data, i64 now_ms,
                        struct exchange *x)
{
    i64 timeout_ms = o->settings.extraction_timeout_ms;
    err e = extract_prepare(o, ex, data, now_ms);
    if (!err_ok(e)) {
        outlook_extract_release(o, ex);
        extract_empty(ex, data);
        return e;
    }
    ex->asked = true;
    ex->asked_ms = now_ms;
    ex->status = 0;
    ex->answering = ex->broken = ex->too_large = false;
    data->n = ex->from + ex->bytes;
    x->dest = o->settings.extraction;
    x->method = S("PUT");
    x->retry = o->run.extract_away ? &extract_policy_away : &extract_policy;
    x->timeout_ms = x->first_byte_ms = timeout_ms;
    x->body = str_make(data->p + ex->from, ex->bytes);
    buf_put(&x->target, S("/extract_text/"));
    if (ex->filed) {
        buf_put(&x->target, S("?local_file_path="));
        extract_put_path(&x->target, o, ex);
        x->send_empty_body = true;
    } else {
        exchange_header(x, S("Content-Type"), S("application/octet-stream"));
    }
    exchange_header(x, S("Accept"), S("application/json"));
    return OK;
}

// ---- the answer

void outlook_extract_head(struct outlook *o, struct outlook_extract *ex,
                          const struct http_head *head)
{
    o->run.extract_away = false;
    ex->status = head->status;
}

// What cannot be told from its beginning is read to its end, and dropped.
static void extract_give_up(struct outlook_extract *ex, struct buf *data, bool too_large)
{
    data->n = ex->from + ex->bytes;
    ex->too_large = too_large;
    ex->broken = true;
}

static void extract_start(struct outlook_extract *ex, struct buf *data)
{
    data->n = ex->from + ex->bytes + EXTRACT_REST_BYTES;
    ex->text_from = data->n;
    ex->answering = true;
    ex->open = ex->seen = false;
    ex->rest = buf_over(data->p + ex->from + ex->bytes, EXTRACT_REST_BYTES);
    json_stream_init(&ex->stream, (struct json_stream_target){.string_at = S("extracted_text")},
                     &ex->rest, NULL);
}

// Of equal keys the last one counts, as everywhere.
static void extract_open(struct outlook_extract *ex, struct buf *data)
{
    if (!ex->open) {
        data->n = ex->text_from;
        buf_put(data, EXTRACT_BEGIN);
        ex->characters = 0;
        ex->open = true;
    }
}

static isize extract_character_bytes(u8 first)
{
    return first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : first >= 0xc0 ? 2 : 1;
}

static bool extract_continues(u8 c)
{
    return (c & 0xc0) == 0x80;
}

static void extract_put_character(struct outlook_extract *ex, struct buf *data)
{
    json_escape(data, str_make(ex->character, ex->characters));
    ex->characters = 0;
}

// Pieces are cut where the connection cut them: within a character of UTF-8 too.
static void extract_put_piece(struct outlook_extract *ex, struct buf *data, str piece)
{
    while (ex->characters && piece.n) {
        if (ex->characters < extract_character_bytes(ex->character[0]) &&
            extract_continues(piece.p[0])) {
            ex->character[ex->characters++] = piece.p[0];
            piece = str_from_index(piece, 1);
        } else {
            extract_put_character(ex, data);
        }
    }
    isize whole = piece.n;
    while (whole > 0 && piece.n - whole < 3 && extract_continues(piece.p[whole - 1])) {
        whole--;
    }
    bool cut = whole > 0 && piece.n - whole + 1 < extract_character_bytes(piece.p[whole - 1]);
    whole = cut ? whole - 1 : piece.n;
    json_escape(data, str_slice(piece, 0, whole));
    if (cut) {
        ex->characters = piece.n - whole;
        memcpy(ex->character, piece.p + whole, (size_t)ex->characters);
    }
}

static void extract_event(struct outlook_extract *ex, struct buf *data, enum json_event event)
{
    switch (event) {
    case JSON_EVENT_PIECE:
        extract_open(ex, data);
        extract_put_piece(ex, data, ex->stream.piece);
        break;
    case JSON_EVENT_STRING_END:
        extract_open(ex, data);
        extract_put_character(ex, data);
        ex->open = false;
        ex->seen = true;
        break;
    case JSON_EVENT_BAD:
        extract_give_up(ex, data, false);
        break;
    case JSON_EVENT_MORE:
    case JSON_EVENT_ELEMENT:
    case JSON_EVENT_END:
        break;
    }
}

// How many bytes may be taken: three times as many come out of them at worst, U+FFFD for each byte
// that is no UTF-8.
static isize extract_window(const struct outlook_extract *ex, const struct buf *data)
{
    isize begin = ex->answering ? data->n : ex->from + ex->bytes + EXTRACT_REST_BYTES;
    return (data->cap - begin - FETCH_DOC_TAIL - ROOM) / 3;
}

err outlook_extract_body(struct outlook_extract *ex, struct buf *data, str *in)
{
    while (in->n && ex->status == 200 && !ex->broken) {
        isize window = extract_window(ex, data);
        if (window < WINDOW_MIN && data->cap < LANE_LARGE_BYTES) {
            return FAIL(LANE_TOO_SMALL);
        }
        if (window < WINDOW_MIN) {
            extract_give_up(ex, data, true);
            break;
        }
        if (!ex->answering) {
            extract_start(ex, data);
        }
        str chunk = str_slice(*in, 0, in->n < window ? in->n : window);
        isize before = chunk.n;
        ex->rest.p = data->p + ex->from + ex->bytes; // the buffer may have moved
        extract_event(ex, data, json_stream_next(&ex->stream, &chunk));
        *in = str_from_index(*in, before - chunk.n);
    }
    if (ex->status != 200 || ex->broken) {
        *in = str_from_index(*in, in->n);
    }
    return OK;
}

// ---- its end

static err extract_judge(struct outlook_extract *ex, const struct buf *data)
{
    struct json_node nodes[EXTRACT_NODES];
    struct json j;
    if (ex->status != 200) {
        return FAIL(EXTRACT_STATUS);
    }
    if (ex->too_large) {
        return FAIL(EXTRACT_TOO_LARGE);
    }
    if (ex->broken || !ex->answering || !ex->stream.ended) {
        return FAIL(EXTRACT_ANSWER);
    }
    ex->rest.p = data->p + ex->from + ex->bytes;
    if (!err_ok(json_parse(&j, buf_str(&ex->rest), nodes, EXTRACT_NODES))) {
        return FAIL(EXTRACT_ANSWER);
    }
    if (json_get(&j, 0, S("error")) >= 0) {
        return FAIL(EXTRACT_REFUSED);
    }
    bool text = json_type(&j, json_get(&j, 0, S("extracted_text"))) == JSON_STRING;
    return text && ex->seen ? OK : FAIL(EXTRACT_ANSWER);
}

err outlook_extract_end(struct outlook *o, struct outlook_extract *ex, struct buf *data)
{
    outlook_extract_release(o, ex);
    err e = extract_judge(ex, data);
    if (!err_ok(e)) {
        extract_empty(ex, data);
        return e;
    }
    isize bytes = data->n - ex->text_from;
    memmove(data->p + ex->from, data->p + ex->text_from, (size_t)bytes);
    data->n = ex->from + bytes;
    buf_put_byte(data, '"');
    ex->ready = false;
    return OK;
}

void outlook_extract_fail(struct outlook *o, struct outlook_extract *ex, struct buf *data)
{
    o->run.extract_away = true;
    outlook_extract_release(o, ex);
    extract_empty(ex, data);
}

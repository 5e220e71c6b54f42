// SPDX-License-Identifier: Apache-2.0
// Aimed at gzip_read() and gzip_write(), against zlib itself, called here as its manual says, with
// libc's memory. An answer unpacks to what zlib makes of it, whole and in pieces into outputs of
// all lengths; what zlib packed, in any of its ways, unpacks to itself; what was packed here zlib
// can unpack; a second run over the same memory finds nothing of the first.
#include <stdlib.h>
#include <zlib.h>

#include "codec/gzip.h"
#include "cuts.h"
#include "limits.h"

#define IN_MAX 16384
#define OUT_MAX KIB(64)

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static _Alignas(16) u8 reader_memory[KIB(64)], writer_memory[KIB(300)];
static u8 memory[2][OUT_MAX], packed[OUT_MAX];

static void *give(void *st, unsigned items, unsigned bytes)
{
    (void)st;
    return calloc(items, bytes);
}

static void take(void *st, void *p)
{
    (void)st;
    free(p);
}

// ---- zlib's own word

struct verdict {
    bool done, corrupt, much; // much: more than is compared here
};

static struct verdict unpack(str in, struct buf *all)
{
    static u8 nothing;
    z_stream z = {.zalloc = give, .zfree = take};
    ASSERT(inflateInit2(&z, 15 + 16) == Z_OK);
    z.next_in = (u8 *)(uintptr_t)(in.n ? in.p : &nothing);
    z.avail_in = (unsigned)in.n;
    z.next_out = all->p;
    z.avail_out = (unsigned)all->cap;
    int result = inflate(&z, Z_SYNC_FLUSH);
    all->n = all->cap - (isize)z.avail_out;
    struct verdict v = {.done = result == Z_STREAM_END};
    v.corrupt = (v.done && z.avail_in) || (!v.done && result != Z_OK && result != Z_BUF_ERROR);
    v.much = z.avail_out == 0;
    ASSERT(inflateEnd(&z) == Z_OK);
    return v;
}

static void pack(str in, const u8 *how, struct buf *out)
{
    static u8 extra[] = "extra", name[] = "name", comment[] = "comment";
    z_stream z = {.zalloc = give, .zfree = take};
    gz_header header = {.extra = how[0] & 1 ? extra : NULL,
                        .extra_len = how[0] & 1 ? sizeof extra : 0,
                        .name = how[0] & 2 ? name : NULL,
                        .comment = how[0] & 4 ? comment : NULL,
                        .hcrc = how[0] & 8 ? 1 : 0};
    ASSERT(deflateInit2(&z, how[1] % 10, Z_DEFLATED, 16 + 9 + how[0] % 7, 1 + how[1] / 10 % 9,
                        how[0] / 7 % 5) == Z_OK);
    ASSERT(deflateSetHeader(&z, &header) == Z_OK);
    z.next_out = out->p;
    z.avail_out = (unsigned)out->cap;
    struct cuts cuts = cuts_from(in);
    int result = Z_OK;
    for (isize at = 0; result == Z_OK && at <= in.n;) {
        isize n = at == in.n ? 0 : cuts_next(&cuts, in.n - at);
        z.next_in = (u8 *)(uintptr_t)(in.p + at);
        z.avail_in = (unsigned)n;
        at += n ? n : 1;
        result = deflate(&z, n == 0 ? Z_FINISH : n % 5 == 0 ? Z_FULL_FLUSH : Z_NO_FLUSH);
    }
    ASSERT(result == Z_STREAM_END);
    out->n = out->cap - (isize)z.avail_out;
    ASSERT(deflateEnd(&z) == Z_OK);
}

// ---- ours

static err read_all(str in, struct cuts *cuts, isize piece_max, struct buf *all, bool *done)
{
    struct gzip_reader *r = gzip_reader_start(reader_memory);
    *done = false;
    for (isize at = 0; at < in.n;) {
        isize step = cuts ? cuts_next(cuts, in.n - at) : in.n;
        str chunk = str_slice(in, at, at + step);
        at += step;
        isize made;
        do {
            isize room = all->cap - all->n < piece_max ? all->cap - all->n : piece_max;
            struct buf piece = buf_over(all->p + all->n, room);
            if (room == 0) {
                return OK; // more than is compared here
            }
            err e = gzip_read(r, &chunk, &piece, done);
            made = piece.n;
            all->n += made;
            TRY(e);
        } while (!*done && (chunk.n || made == piece_max));
    }
    return OK;
}

static void check(str in, isize piece_max)
{
    struct buf want = buf_over(memory[0], OUT_MAX), got = buf_over(memory[1], OUT_MAX);
    struct verdict v = unpack(in, &want);
    if (v.much) {
        return;
    }
    struct cuts cuts = cuts_from(in);
    for (int way = 0; way < 2; way++) {
        bool done;
        buf_reset(&got);
        err e = read_all(in, way ? &cuts : NULL, way ? piece_max : OUT_MAX, &got, &done);
        ASSERT(v.corrupt ? err_is(e, ERR_GZIP_CORRUPT) : err_ok(e));
        ASSERT(done == v.done && str_eq(buf_str(&got), buf_str(&want)));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    if (n < 3 || n > IN_MAX) {
        return 0;
    }
    str in = {p + 2, (isize)n - 2};
    check(in, p[1] + 1);

    struct buf out = buf_over(packed, sizeof packed), back = buf_over(memory[0], OUT_MAX);
    pack(in, p, &out);
    struct cuts cuts = cuts_from(in);
    bool done;
    ASSERT(err_ok(read_all(buf_str(&out), &cuts, p[1] + 1, &back, &done)));
    ASSERT(done && str_eq(buf_str(&back), in));

    struct gzip_writer *w = gzip_writer_start(writer_memory);
    buf_reset(&out);
    ASSERT(err_ok(gzip_write(w, in, &out)));
    struct verdict v = unpack(buf_str(&out), &back);
    ASSERT(v.done && !v.corrupt && str_eq(buf_str(&back), in));
    struct buf small = buf_over(memory[1], out.n - 1);
    ASSERT(err_is(gzip_write(w, in, &small), ERR_GZIP_FULL));
    return 0;
}

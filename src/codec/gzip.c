// SPDX-License-Identifier: Apache-2.0
// gzip over zlib (see gzip.h). The only file that includes zlib. zlib takes its memory from an
// arena behind our own state; nothing is given back, because starting again takes the same memory
// anew.
#include "codec/gzip.h"

#include "base/arena.h"
#include "limits.h"

#ifndef Z_SOLO
#define Z_SOLO // as zlib itself is built: else it would bring malloc with it
#endif
#define ZLIB_CONST
#include <zlib.h>

#define GZIP_WINDOW_BITS (15 + 16) // 32 KiB, and the gzip wrapper instead of zlib's
#define GZIP_LEVEL 1     // on bulk bodies of mail, level 6 saves 12 % and takes twice as long
#define GZIP_MEM_LEVEL 8 // zlib's default

struct gzip_reader {
    z_stream z;
    struct arena arena;
    i64 in_bytes, out_bytes;
    err error; // sticks
    bool done;
};

struct gzip_writer {
    z_stream z;
    struct arena arena;
};

// zlib's state (7,160 bytes), its window.
const isize gzip_reader_bytes = ARENA_ROUND(sizeof(struct gzip_reader)) + ARENA_ROUND(7160) +
                                KIB(32) + 16;
// zlib's state (5,968 bytes), window, two tables of chains, pending output; 64 KiB each.
const isize gzip_writer_bytes = ARENA_ROUND(sizeof(struct gzip_writer)) + ARENA_ROUND(5968) +
                                4 * KIB(64) + 16;

static void *gzip_alloc(void *arena, unsigned items, unsigned bytes)
{
    return arena_try(arena, bytes, items);
}

static void gzip_free(void *arena, void *p)
{
    (void)arena;
    (void)p;
}

static z_stream gzip_stream(struct arena *arena)
{
    return (z_stream){.zalloc = gzip_alloc, .zfree = gzip_free, .opaque = arena};
}

struct gzip_reader *gzip_reader_start(void *mem)
{
    struct arena arena = arena_over(mem, gzip_reader_bytes);
    struct gzip_reader *r = arena_must_n(&arena, struct gzip_reader, 1);
    r->arena = arena;
    r->z = gzip_stream(&r->arena);
    ASSERT(inflateInit2(&r->z, GZIP_WINDOW_BITS) == Z_OK);
    return r;
}

static unsigned gzip_clamp(isize n)
{
    return n > INT32_MAX ? INT32_MAX : (unsigned)n;
}

err gzip_read(struct gzip_reader *r, str *in, struct buf *out, bool *done)
{
    static const u8 nothing; // zlib refuses null pointers
    *done = r->done;
    TRY(r->error);
    if (r->done) {
        r->error = in->n ? FAIL(GZIP_CORRUPT) : OK;
        return r->error;
    }
    unsigned in_max = gzip_clamp(in->n), out_max = gzip_clamp(buf_room(out));
    r->z.next_in = in->n ? in->p : &nothing;
    r->z.avail_in = in_max;
    r->z.next_out = out->p + out->n;
    r->z.avail_out = out_max;
    int result = inflate(&r->z, Z_NO_FLUSH);
    isize taken = (isize)(in_max - r->z.avail_in), made = (isize)(out_max - r->z.avail_out);
    *in = str_from_index(*in, taken);
    out->n += made;
    r->in_bytes += taken;
    r->out_bytes += made;
    if (r->out_bytes > GZIP_FREE_BYTES + GZIP_RATIO_MAX * r->in_bytes) {
        r->error = FAIL(GZIP_BOMB);
    } else if (result == Z_STREAM_END) {
        *done = r->done = true;
        r->error = in->n ? FAIL(GZIP_CORRUPT) : OK; // a second member, or garbage
    } else if (result != Z_OK && result != Z_BUF_ERROR) {
        r->error = FAIL(GZIP_CORRUPT);
    }
    return r->error;
}

struct gzip_writer *gzip_writer_start(void *mem)
{
    struct arena arena = arena_over(mem, gzip_writer_bytes);
    struct gzip_writer *w = arena_must_n(&arena, struct gzip_writer, 1);
    w->arena = arena;
    w->z = gzip_stream(&w->arena);
    ASSERT(deflateInit2(&w->z, GZIP_LEVEL, Z_DEFLATED, GZIP_WINDOW_BITS, GZIP_MEM_LEVEL,
                        Z_DEFAULT_STRATEGY) == Z_OK);
    return w;
}

err gzip_write(struct gzip_writer *w, str in, struct buf *out)
{
    ASSERT(in.n <= INT32_MAX);
    ASSERT(deflateReset(&w->z) == Z_OK);
    unsigned room = gzip_clamp(buf_room(out));
    w->z.next_in = in.p;
    w->z.avail_in = (unsigned)in.n;
    w->z.next_out = out->p + out->n;
    w->z.avail_out = room;
    if (room == 0 || deflate(&w->z, Z_FINISH) != Z_STREAM_END) {
        return FAIL(GZIP_FULL);
    }
    out->n += (isize)(room - w->z.avail_out);
    return OK;
}

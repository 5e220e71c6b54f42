// SPDX-License-Identifier: Apache-2.0
// gzip for the tenant: answers of Google, bodies of _bulk. zlib is built without its own allocator
// (Z_SOLO), so it gets ours.
#include <zlib.h>

#include "model.h"

static void *z_alloc(void *opaque, unsigned count, unsigned size)
{
    (void)opaque;
    return t_alloc((isize)count * size);
}

static void z_free(void *opaque, void *p)
{
    (void)opaque;
    t_free(p);
}

#define STEP 65536
#define GZIP_WINDOW (15 + 16)

bool t_gunzip(str in, isize limit, struct t_buf *out)
{
    z_stream z = {.zalloc = z_alloc, .zfree = z_free};
    if (inflateInit2(&z, GZIP_WINDOW) != Z_OK) {
        return false;
    }
    z.next_in = (z_const Bytef *)in.p;
    z.avail_in = (uInt)in.n;
    int rc = Z_OK;
    while (rc == Z_OK && out->n <= limit) {
        z.next_out = t_buf_grab(out, STEP);
        z.avail_out = STEP;
        rc = inflate(&z, Z_NO_FLUSH);
        out->n -= (isize)z.avail_out;
    }
    inflateEnd(&z);
    return rc == Z_STREAM_END && z.avail_in == 0 && out->n <= limit;
}

bool t_gzip(str in, struct t_buf *out)
{
    z_stream z = {.zalloc = z_alloc, .zfree = z_free};
    if (deflateInit2(&z, 1, Z_DEFLATED, GZIP_WINDOW, 8, Z_DEFAULT_STRATEGY) != Z_OK) {
        return false;
    }
    z.next_in = (z_const Bytef *)in.p;
    z.avail_in = (uInt)in.n;
    int rc = Z_OK;
    while (rc == Z_OK) {
        z.next_out = t_buf_grab(out, STEP);
        z.avail_out = STEP;
        rc = deflate(&z, Z_FINISH);
        out->n -= (isize)z.avail_out;
    }
    deflateEnd(&z);
    return rc == Z_STREAM_END;
}

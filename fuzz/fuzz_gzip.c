// SPDX-License-Identifier: Apache-2.0
// Aimed at gzip_read() and gzip_write(). An answer read whole and in pieces unpacks to the same;
// what was packed unpacks to itself; a second run over the same memory finds nothing of the first.
#include "codec/gzip.h"
#include "limits.h"

#define OUT_MAX KIB(64)

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static _Alignas(16) u8 reader_memory[KIB(64)], writer_memory[KIB(300)];
static u8 memory[2][OUT_MAX], packed[OUT_MAX];

static err read_all(str in, isize step, isize piece_max, struct buf *all, bool *done)
{
    struct gzip_reader *r = gzip_reader_start(reader_memory);
    *done = false;
    for (isize at = 0; at < in.n; at += step) {
        str chunk = str_slice(in, at, in.n - at < step ? in.n : at + step);
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

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    if (n < 2 || n > 16384) {
        return 0;
    }
    str in = {p + 2, (isize)n - 2};
    struct buf a = buf_over(memory[0], OUT_MAX), b = buf_over(memory[1], OUT_MAX);
    bool a_done, b_done;
    err ea = read_all(in, in.n + 1, OUT_MAX, &a, &a_done);
    err eb = read_all(in, p[0] + 1, p[1] + 1, &b, &b_done);
    if (a.n < OUT_MAX) {
        ASSERT(ea.code == eb.code && a_done == b_done && str_eq(buf_str(&a), buf_str(&b)));
    }
    struct gzip_writer *w = gzip_writer_start(writer_memory);
    struct buf out = buf_over(packed, sizeof packed);
    ASSERT(err_ok(gzip_write(w, in, &out)));
    buf_reset(&a);
    ASSERT(err_ok(read_all(buf_str(&out), p[0] + 1, OUT_MAX, &a, &a_done)));
    ASSERT(a_done && str_eq(buf_str(&a), in));
    return 0;
}

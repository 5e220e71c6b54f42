// SPDX-License-Identifier: Apache-2.0
// gzip (RFC 1952) over zlib, with memory of the caller's: a reader for answers that arrive in
// pieces, and a writer for request bodies. The reader refuses more than one member after another's
// end, and an output of more than GZIP_RATIO_MAX times the input beyond a free allowance (a bomb).
#ifndef CODEC_GZIP_H
#define CODEC_GZIP_H

#include "base/buf.h"

struct gzip_reader;
struct gzip_writer;

extern const isize gzip_reader_bytes; // memory that a reader needs, its own state included
extern const isize gzip_writer_bytes;

// Starts a reader in mem[0..gzip_reader_bytes), aligned to 16. Nothing has to be released.
struct gzip_reader *gzip_reader_start(void *mem);

// Inflates from the front of *in into `out` until one of them is used up.
// GZIP_CORRUPT, GZIP_BOMB. *done after the trailer was checked; later input is an error.
err gzip_read(struct gzip_reader *r, str *in, struct buf *out, bool *done);

struct gzip_writer *gzip_writer_start(void *mem);

// Deflates all of `in` into one gzip member. GZIP_FULL when out has no room.
err gzip_write(struct gzip_writer *w, str in, struct buf *out);

#endif

// SPDX-License-Identifier: Apache-2.0
// What every document that a source gives to its lane must be, for fuzz targets: the members of a
// JSON object, `_timestamp` among them, with the value of that where the lane looks for it.
#ifndef FUZZ_FETCHED_H
#define FUZZ_FETCHED_H

#include "codec/json.h"
#include "source/work.h"

enum { FETCHED_BYTES = MIB(1) + 2, FETCHED_NODES = 4096 }; // more than a lane has in the rigs

static inline void fetched_check(const struct fetch *f)
{
    static u8 text[FETCHED_BYTES];
    static struct json_node nodes[FETCHED_NODES];
    struct json j;
    struct buf b = buf_over(text, COUNT(text));
    ASSERT(f->timestamp.p >= f->doc.p && f->timestamp.p + f->timestamp.n <= f->doc.p + f->doc.n);
    buf_put_byte(&b, '{');
    buf_put(&b, buf_str(&f->doc));
    buf_put_byte(&b, '}');
    ASSERT(!b.full);
    err e = json_parse(&j, buf_str(&b), nodes, COUNT(nodes));
    ASSERT(err_ok(e) || err_is(e, ERR_JSON_TOO_MANY));
    ASSERT(!err_ok(e) || json_get(&j, 0, S("_timestamp")) >= 0);
}

#endif

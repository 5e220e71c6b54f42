// SPDX-License-Identifier: Apache-2.0
// Ids and common members of documents (see document.h). Pure.
#include "sync/document.h"

#include "codec/json_write.h"
#include "net/crypto.h"

str document_id(str id, u8 bytes[DOCUMENT_ID_BYTES])
{
    if (id.n <= ELASTIC_ID_BYTES) {
        return id;
    }
    u8 digest[DOCUMENT_ID_BYTES / 2];
    crypto_md5(id, digest);
    struct buf hex = buf_over(bytes, DOCUMENT_ID_BYTES);
    buf_put_hex(&hex, str_make(digest, COUNT(digest)));
    return buf_str(&hex);
}

void document_finish(struct buf *whole, isize members_from, str id,
                     const struct document_flags *flags)
{
    struct json_write w = json_write_to(whole);
    w.comma = whole->n > members_from;
    json_write_member(&w, S("id"), id);
    json_write_key(&w, S("_extract_binary_content"));
    json_write_bool(&w, flags->extract_binary_content);
    json_write_key(&w, S("_reduce_whitespace"));
    json_write_bool(&w, flags->reduce_whitespace);
    json_write_key(&w, S("_run_ml_inference"));
    json_write_bool(&w, flags->run_ml_inference);
}

// SPDX-License-Identifier: Apache-2.0
// Identities (see outlook_identity.h): of a user his id or its hash, his name and his address.
#include "source/outlook/outlook_identity.h"

#include "codec/json_write.h"
#include "net/crypto.h"
#include "source/access_query.h"

str outlook_identity_id(const struct account *a, u8 bytes[IDENTITY_ID_BYTES])
{
    if (a->id.n) {
        struct buf id = buf_over(bytes, IDENTITY_ID_BYTES);
        buf_put(&id,
                str_slice(a->id, 0, a->id.n < IDENTITY_ID_BYTES ? a->id.n : IDENTITY_ID_BYTES));
        return buf_str(&id);
    }
    u8 digest[OUTLOOK_IDENTITY_BYTES / 2];
    crypto_md5(a->address, digest);
    struct buf hex = buf_over(bytes, IDENTITY_ID_BYTES);
    buf_put_hex(&hex, str_make(digest, COUNT(digest)));
    return buf_str(&hex);
}

// "name:Ann"; nothing is put, and nothing returned, for a value that is not there.
static str identity_put(struct buf *b, str prefix, str value, bool lower)
{
    if (!value.p) {
        return (str){0};
    }
    buf_put(b, prefix);
    value = str_slice(value, 0, value.n < OUTLOOK_FIELD_BYTES ? value.n : OUTLOOK_FIELD_BYTES);
    if (lower) {
        buf_put_lower(b, value);
    } else {
        buf_put(b, value);
    }
    return buf_str(b);
}

static void identity_write(struct json_write *w, str key, str value)
{
    if (value.p) {
        json_write_member(w, key, value);
    } else {
        json_write_key(w, key);
        json_write_null(w);
    }
}

bool outlook_identity(void *src, const struct account *a, struct buf *doc)
{
    const struct outlook *o = src;
    bool cloud = a->id.n > 0;
    if (!o->run.document_level_security || (a->address.n == 0 && !cloud) ||
        (cloud && str_eq(a->flags, S("disabled")))) {
        return false;
    }
    enum { USER, NAME, EMAIL, TITLE, IDENTITIES };
    u8 id_bytes[IDENTITY_ID_BYTES], bytes[IDENTITIES][OUTLOOK_FIELD_BYTES + 16];
    struct buf b[IDENTITIES];
    for (int i = 0; i < IDENTITIES; i++) {
        b[i] = buf_over(bytes[i], COUNT(bytes[i]));
    }
    str texts[IDENTITIES] = {
        identity_put(&b[USER], S("user_id:"), outlook_identity_id(a, id_bytes), false),
        identity_put(&b[NAME], S("name:"), a->name, false),
        identity_put(&b[EMAIL], S("email:"), a->address, true),
        identity_put(&b[TITLE], S("job_title:"), a->title, false),
    };
    struct json_write w = json_write_to(doc);
    json_write_key(&w, S("identity"));
    json_write_object(&w);
    identity_write(&w, S("user_id"), texts[USER]);
    identity_write(&w, S("display_name"), texts[NAME]);
    identity_write(&w, S("email"), texts[EMAIL]);
    if (cloud) {
        identity_write(&w, S("job_title"), texts[TITLE]);
    }
    json_write_object_end(&w);
    // By these three a user is let in; what is not there lets nobody in.
    str identities[TITLE];
    isize count = 0;
    for (int i = USER; i < TITLE; i++) {
        if (texts[i].p) {
            identities[count++] = texts[i];
        }
    }
    access_query_put(&w, a->created, identities, count);
    return true;
}

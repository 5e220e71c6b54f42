// SPDX-License-Identifier: Apache-2.0
// Identities (see outlook_identity.h): of a user his hash, his name and his address.
#include "source/outlook/outlook_identity.h"

#include "codec/json_write.h"
#include "net/crypto.h"
#include "source/access_query.h"

str outlook_identity_id(const struct account *a, u8 bytes[IDENTITY_ID_BYTES])
{
    u8 digest[OUTLOOK_IDENTITY_BYTES / 2];
    crypto_md5(a->address, digest);
    struct buf hex = buf_over(bytes, IDENTITY_ID_BYTES);
    buf_put_hex(&hex, str_make(digest, COUNT(digest)));
    return buf_str(&hex);
}

bool outlook_identity(void *src, const struct account *a, struct buf *doc)
{
    const struct outlook *o = src;
    if (!o->run.document_level_security || a->address.n == 0) {
        return false;
    }
    u8 id_bytes[IDENTITY_ID_BYTES], user_bytes[48], name_bytes[OUTLOOK_FIELD_BYTES + 8],
        email_bytes[ADDRESS_BYTES + 8];
    struct buf user = buf_over(user_bytes, COUNT(user_bytes));
    struct buf name = buf_over(name_bytes, COUNT(name_bytes));
    struct buf email = buf_over(email_bytes, COUNT(email_bytes));
    buf_put(&user, S("user_id:"));
    buf_put(&user, outlook_identity_id(a, id_bytes));
    buf_put(&name, S("name:"));
    buf_put(&name, str_slice(a->name, 0,
                             a->name.n < OUTLOOK_FIELD_BYTES ? a->name.n : OUTLOOK_FIELD_BYTES));
    buf_put(&email, S("email:"));
    buf_put_lower(&email, a->address);
    if (email.full) {
        return false; // no mailbox has such an address
    }
    str identities[] = {buf_str(&user), buf_str(&name), buf_str(&email)};
    struct json_write w = json_write_to(doc);
    json_write_key(&w, S("identity"));
    json_write_object(&w);
    json_write_member(&w, S("user_id"), identities[0]);
    json_write_member(&w, S("display_name"), identities[1]);
    json_write_member(&w, S("email"), identities[2]);
    json_write_object_end(&w);
    access_query_put(&w, a->created, identities, COUNT(identities));
    return true;
}

// SPDX-License-Identifier: Apache-2.0
// Access control documents (see gmail_identity.h). The template is what a role or an API key of
// Elasticsearch takes as its query: it lets through what has no owners, and what names this one.
// Addresses keep their spelling: documents carry the same.
#include "source/gmail/gmail_identity.h"

#include "codec/json_write.h"
#include "source/access_query.h"

bool gmail_identity(void *src, const struct account *a, struct buf *doc)
{
    const struct gmail *g = src;
    if (!g->run.document_level_security || a->address.n == 0) {
        return false;
    }
    struct json_write w = json_write_to(doc);
    json_write_key(&w, S("identity"));
    json_write_object(&w);
    json_write_member(&w, S("email"), a->address);
    json_write_object_end(&w);

    access_query_put(&w, a->created, &a->address, 1);
    return true;
}

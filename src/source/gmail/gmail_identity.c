// SPDX-License-Identifier: Apache-2.0
// Access control documents (see gmail_identity.h). The template is what a role or an API key of
// Elasticsearch takes as its query: it lets through what has no owners, and what names this one.
// Addresses keep their spelling: documents carry the same. Pure, but for the time of day.
#include "source/gmail/gmail_identity.h"

#include "base/date.h"
#include "codec/json_write.h"
#include "os/os.h"

#define IDENTITY_TEMPLATE                                                            \
    S("{\"bool\":{\"should\":[{\"bool\":{\"must_not\":{\"exists\":{\"field\":"       \
      "\"_allow_access_control\"}}}},{\"terms\":{\"_allow_access_control.keyword\":" \
      "{{#toJson}}access_control{{/toJson}}}}]}}")

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

    u8 bytes[40];
    struct buf now = buf_over(bytes, COUNT(bytes));
    date_put_iso_us(&now, os_unix_us());
    json_write_member(&w, S("created_at"), a->created.n ? a->created : buf_str(&now));

    json_write_key(&w, S("query"));
    json_write_object(&w);
    json_write_key(&w, S("template"));
    json_write_object(&w);
    json_write_key(&w, S("params"));
    json_write_object(&w);
    json_write_key(&w, S("access_control"));
    json_write_array(&w);
    json_write_string(&w, a->address);
    json_write_array_end(&w);
    json_write_object_end(&w);
    json_write_member(&w, S("source"), IDENTITY_TEMPLATE);
    json_write_object_end(&w);
    json_write_object_end(&w);
    return true;
}

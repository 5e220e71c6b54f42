// SPDX-License-Identifier: Apache-2.0
// Writing the query (see access_query.h).
#include "source/access_query.h"

#include "base/date.h"
#include "os/os.h"

#define ACCESS_TEMPLATE                                                              \
    S("{\"bool\":{\"should\":[{\"bool\":{\"must_not\":{\"exists\":{\"field\":"       \
      "\"_allow_access_control\"}}}},{\"terms\":{\"_allow_access_control.keyword\":" \
      "{{#toJson}}access_control{{/toJson}}}}]}}")

void access_query_put(struct json_write *w, str created, const str *identities, isize count)
{
    u8 bytes[40];
    struct buf now = buf_over(bytes, COUNT(bytes));
    date_put_iso_us(&now, os_unix_us());
    json_write_member(w, S("created_at"), created.n ? created : buf_str(&now));
    json_write_key(w, S("query"));
    json_write_object(w);
    json_write_key(w, S("template"));
    json_write_object(w);
    json_write_key(w, S("params"));
    json_write_object(w);
    json_write_key(w, S("access_control"));
    json_write_array(w);
    for (isize i = 0; i < count; i++) {
        json_write_string(w, identities[i]);
    }
    json_write_array_end(w);
    json_write_object_end(w);
    json_write_member(w, S("source"), ACCESS_TEMPLATE);
    json_write_object_end(w);
    json_write_object_end(w);
}

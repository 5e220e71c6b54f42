// SPDX-License-Identifier: Apache-2.0
// Writing where an item is (see outlook_place.h).
#include "source/outlook/outlook_place.h"

#include "codec/json_write.h"

str outlook_whole_characters(struct buf *text)
{
    for (int i = 0; i < 4 && text->n && !str_is_utf8(buf_str(text)); i++) {
        text->n--;
    }
    return buf_str(text);
}

void outlook_put_place(struct buf *json, const struct outlook_place *place)
{
    buf_put(json, S(",\"mailbox\":\""));
    json_escape(json, place->mailbox);
    buf_put(json, S("\",\"folder\":"));
    if (place->folder.n == 0) {
        buf_put(json, S("null"));
        return;
    }
    buf_put_byte(json, '"');
    json_escape(json, place->above);
    buf_put(json, place->above.n ? S("/") : S(""));
    json_escape(json, place->folder);
    buf_put_byte(json, '"');
}

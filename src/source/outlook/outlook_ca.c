// SPDX-License-Identifier: Apache-2.0
// Putting a pasted certificate in order (see outlook_ca.h).
#include "source/outlook/outlook_ca.h"

static bool ca_has_end(str text)
{
    return str_find(text, S("-----END ")) >= 0;
}

// Blanks become line ends but for those within "-----BEGIN CERTIFICATE-----".
static void ca_split(struct buf *pem, str text)
{
    bool marker = false;
    bool gap = false;
    for (isize i = 0; i < text.n; i++) {
        str here = str_from_index(text, i);
        bool dashes = str_starts(here, S("-----"));
        if (!marker && dashes) {
            marker = true;
            gap = pem->n > 0;
        } else if (marker && dashes) {
            marker = false;
            buf_put(pem, S("-----"));
            i += 4;
            gap = true;
            continue;
        }
        bool blank = str_is_space(text.p[i]);
        if (blank && !marker) {
            gap = pem->n > 0;
            continue;
        }
        if (gap) {
            buf_put_byte(pem, '\n');
            gap = false;
        }
        if (marker && dashes) {
            buf_put(pem, S("-----"));
            i += 4;
        } else {
            buf_put_byte(pem, text.p[i]);
        }
    }
    buf_put_byte(pem, '\n');
}

void outlook_ca_normalise(struct buf *pem, str text)
{
    str s = str_trim(text);
    if (!ca_has_end(s)) {
        return;
    }
    if (str_find_byte(s, '\n') < 0) {
        ca_split(pem, s);
        return;
    }
    str rest = s, line;
    bool more = true;
    while (more) {
        rest = str_cut(rest, '\n', &line, &more);
        line = str_trim(line);
        if (line.n) {
            buf_put(pem, line);
            buf_put_byte(pem, '\n');
        }
    }
}

// SPDX-License-Identifier: Apache-2.0
// When mails are listed lightly (see graph_light.h).
#include "source/outlook/graph_light.h"

enum { LIGHT_SHARE = 4 }; // one unknown item of so many is too much

void graph_light_begin(const struct outlook *o, struct graph_box *box)
{
    for (int i = 0; i < OUTLOOK_FOLDERS; i++) {
        box->sets[i].light = o->source->known > 0 && graph_sets_kind((u8)i) == EWS_KIND_MAIL;
    }
}

str graph_light_select(void)
{
    return S("id,lastModifiedDateTime,hasAttachments");
}

bool graph_light_is_unchanged(const struct fetch *f, str id, str timestamp)
{
    return f->is_unchanged && f->is_unchanged(f->is_unchanged_st, id, timestamp);
}

bool graph_light_gives_up(struct graph_box *box, u8 folder, const struct graph_sum *sum,
                          int unknown)
{
    struct graph_set *s = &box->sets[folder];
    i64 all_unknown = (i64)s->unknown + unknown;
    if (!s->light || all_unknown <= FETCH_UNITS_MAX ||
        all_unknown * LIGHT_SHARE <= s->sum.count + sum->count) {
        return false;
    }
    int restarts = s->restarts;
    graph_sets_begin(s);
    s->restarts = restarts + 1; // a folder that is not there any more is no absent one
    return true;
}

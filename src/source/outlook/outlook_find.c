// SPDX-License-Identifier: Apache-2.0
// Pages that overlap by one (see outlook_find.h). Why that suffices: what is there all the time
// keeps its place among others that are. When a page begins with the one that the page before has
// ended with, then everything behind that one in the order is on this page or a later one, and
// everything before it was on an earlier page; what came or went meanwhile changes only how far
// the page reaches. Ids are compared by a hash, so that one which is too long for a unit is an
// anchor all the same.
#include "source/outlook/outlook_find.h"

#include "base/hash.h"
#include "source/outlook/ews_error.h"

bool outlook_find_serves(err e)
{
    return err_is(e, ERR_EWS_FOLDER_CLOSED) || err_is(e, ERR_EWS_REQUEST) ||
           err_is(e, ERR_EWS_SCHEMA);
}

i64 outlook_find_offset(const struct outlook_find *w)
{
    return w->at > 0 ? w->at - 1 : 0;
}

void outlook_find_page(struct outlook_find *w)
{
    w->has_root = w->has_last = w->last = w->overlaps = false;
    w->count = 0;
    w->total = -1;
    w->id = w->end = 0;
}

void outlook_find_again(struct outlook_find *w)
{
    w->restarts++;
    w->at = 0;
    w->anchor = 0;
}

void outlook_find_root(struct outlook_find *w, const struct ews_answer *a)
{
    bool found;
    i64 total;
    str last = xml_attribute(&a->xml, S("IncludesLastItemInRange"), &w->has_last);
    str number = xml_attribute(&a->xml, S("TotalItemsInView"), &found);
    w->has_root = true;
    w->last = str_eq(last, S("true")) || str_eq(last, S("1"));
    w->total = found && str_to_i64(number, &total) && total >= 0 ? total : -1;
}

void outlook_find_id(struct outlook_find *w, str id)
{
    w->id = id.n ? hash_siphash((struct hash_key){0}, id) : 0;
}

bool outlook_find_take(struct outlook_find *w)
{
    bool fresh = w->at == 0 || w->count > 0;
    w->overlaps = fresh ? w->overlaps : w->id && w->id == w->anchor;
    w->end = w->id;
    w->count++;
    w->id = 0;
    return fresh;
}

enum outlook_find_end outlook_find_end(struct outlook_find *w)
{
    i64 passed = w->at > 0 ? w->at - 1 + w->count : w->count;
    bool fresh = passed > w->at;
    bool last = w->has_last ? w->last : w->total >= 0 ? passed >= w->total : !fresh;
    if (!w->has_root || (w->count == 0 && !last)) {
        return OUTLOOK_FIND_NOTHING;
    }
    if (w->at > 0 && !w->overlaps) {
        return OUTLOOK_FIND_AGAIN;
    }
    if (w->total >= 0 && (last ? passed != w->total : passed > w->total)) {
        return OUTLOOK_FIND_AGAIN;
    }
    if (!last && !fresh) {
        return OUTLOOK_FIND_NOTHING;
    }
    w->at = passed;
    w->anchor = w->end;
    return last ? OUTLOOK_FIND_LAST : OUTLOOK_FIND_MORE;
}

// SPDX-License-Identifier: Apache-2.0
// Names to numbers (see ews_tags.h), by binary search.
#include "source/outlook/ews_tags.h"

static const str ews_names[] = {
#define T(name) [EWS_TAG_##name] = S(#name),
    EWS_TAGS(T)
#undef T
};

enum ews_tag ews_tag_of(str local)
{
    int low = 1;
    int high = EWS_TAG_COUNT;
    while (low < high) {
        int middle = low + (high - low) / 2;
        int order = str_compare(local, ews_names[middle]);
        if (order == 0) {
            return (enum ews_tag)middle;
        }
        if (order < 0) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return EWS_TAG_OTHER;
}

str ews_tag_name(enum ews_tag tag)
{
    return ews_names[tag];
}

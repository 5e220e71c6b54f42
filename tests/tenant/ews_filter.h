// SPDX-License-Identifier: Apache-2.0
// Restrictions of FindItem and FindFolder, evaluated on whatever names its properties; and the root
// of their answers.
#ifndef TENANT_EWS_FILTER_H
#define TENANT_EWS_FILTER_H

#include "ews.h"

// Appends the value of a property; nothing: it has none.
typedef void ews_property(void *st, str uri, struct t_buf *out);

bool ews_filter(const struct t_xml *x, int node, ews_property *property, void *st);
void ews_root_folder_open(struct ews *c, i64 next, i64 total, bool last);

#endif

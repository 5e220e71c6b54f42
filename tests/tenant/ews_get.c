// SPDX-License-Identifier: Apache-2.0
// GetItem of the fake Exchange: one answer an id, in the order of the ids.
#include "ews.h"

static u64 range(enum ews_field from, enum ews_field to)
{
    return (((u64)2 << to) - 1) & ~(((u64)1 << from) - 1);
}

// Only when a test wants a server that refuses what usually just yields nothing.
static bool asks_for_another_kind(const struct ews_item *i, const struct ews_shape *s)
{
    u64 message = range(EWS_F_MESSAGE_SENDER, EWS_F_MESSAGE_READ);
    u64 calendar = range(EWS_F_CALENDAR_UID, EWS_F_CALENDAR_END_ZONE);
    u64 task = range(EWS_F_TASK_COMPANIES, EWS_F_TASK_STATUS);
    u64 contact = range(EWS_F_CONTACT_COMPANY, EWS_F_CONTACT_PHONES);
    u64 list = range(EWS_F_LIST_MEMBERS, EWS_F_LIST_MEMBERS);
    bool is_list = str_eq(str_from(i->element), S("t:DistributionList"));
    u64 own = i->group == EWS_MAIL        ? message
              : i->group == EWS_CALENDARS ? calendar
              : i->group == EWS_TASKLIKE  ? task
              : is_list                   ? list
                                          : contact;
    bool indexed = s->indexed_count > 0 && (i->group != EWS_CONTACTLIKE || is_list);
    return (s->fields & (message | calendar | task | contact | list) & ~own) != 0 || indexed;
}

static const char *find(struct ews *c, int node, const struct ews_shape *s, struct ews_item *i)
{
    struct ews_id id;
    struct t_buf key = {0};
    if (!t_xml_is(&c->x, node, "t:ItemId")) {
        return "ErrorItemNotFound";
    }
    if (!ews_id_read(c->t, t_xml_attr(&c->x, node, "Id"), &id) || id.kind != EWS_ID_ITEM) {
        return "ErrorInvalidIdMalformed";
    }
    bool good = t_base64_decode(&key, t_xml_attr(&c->x, node, "ChangeKey"));
    t_buf_free(&key);
    if (!good) {
        return "ErrorInvalidChangeKey";
    }
    const char *error = ews_mailbox_error(c, id.mailbox);
    if (error) {
        return error;
    }
    if (!ews_item_find(c->t, id.mailbox, id.place, id.index, i)) {
        return "ErrorItemNotFound";
    }
    const struct ews_fault *f = ews_fault_due(c, 2, id.mailbox, (int)id.place, id.index);
    if (f) {
        return f->code;
    }
    bool refused = c->e->strict_properties && asks_for_another_kind(i, s);
    return refused ? "ErrorInvalidPropertyRequest" : NULL;
}

void ews_get_item(struct ews *c)
{
    struct ews_shape s;
    int given = 0;
    ews_shape_read(&c->x, t_xml_child(&c->x, c->operation, "m:ItemShape"), &s);
    int ids = t_xml_child(&c->x, c->operation, "m:ItemIds");
    struct ews_id first;
    if (ews_id_read(c->t, t_xml_attr(&c->x, c->x.nodes[ids].first, "Id"), &first)) {
        ews_scripts_run(c, first.mailbox, first.place); // one request, whatever it asks for
    }
    for (int n = c->x.nodes[ids].first; n >= 0; n = c->x.nodes[n].next) {
        struct ews_item item;
        bool stopped = c->e->batch_stop_after > 0 && given >= c->e->batch_stop_after;
        const char *error = stopped ? "ErrorBatchProcessingStopped" : find(c, n, &s, &item);
        given++;
        if (error) {
            x_error(&c->w, "GetItem", error, "m:Items");
            continue;
        }
        x_response(&c->w, "GetItem");
        x_open(&c->w, "m:Items");
        ews_item_put(c, &item, &s, false, false);
        x_close(&c->w, "m:Items");
        x_response_end(&c->w, "GetItem");
        c->e->items_got++;
    }
}

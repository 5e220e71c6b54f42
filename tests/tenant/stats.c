// SPDX-License-Identifier: Apache-2.0
// What the tenant counted, as JSON; see struct t_stats.
#include "model.h"

static const char *const names[T_ENDPOINTS] = {
    [T_EP_TOKEN] = "token",
    [T_EP_USERS] = "users_list",
    [T_EP_LIST] = "messages_list",
    [T_EP_GET] = "messages_get",
    [T_EP_PROFILE] = "profile",
    [T_EP_HISTORY] = "history",
    [T_EP_ROOT] = "es_root",
    [T_EP_INDEX] = "es_index",
    [T_EP_PIPELINE] = "es_pipeline",
    [T_EP_BULK] = "es_bulk",
    [T_EP_SEARCH] = "es_search",
    [T_EP_SCROLL] = "es_scroll",
    [T_EP_PIT] = "es_pit",
    [T_EP_REFRESH] = "es_refresh",
    [T_EP_COUNT] = "es_count",
    [T_EP_UPDATE] = "es_update",
    [T_EP_CONNECTOR] = "es_connector",
    [T_EP_JOB] = "es_job",
    [T_EP_LICENSE] = "es_license",
    [T_EP_SECURITY] = "es_security",
    [T_EP_DOC] = "es_doc",
    [T_EP_OTHER] = "other",
    [T_EP_EXCHANGE] = "ews",
    [T_EP_LDAP] = "ldap",
    [T_EP_ENTRA] = "entra_token",
    [T_EP_GRAPH_USERS] = "graph_users",
    [T_EP_GRAPH_MAIL] = "graph_mail",
    [T_EP_GRAPH_CALENDAR] = "graph_calendar",
    [T_EP_GRAPH_CONTACTS] = "graph_contacts",
    [T_EP_GRAPH_TASKS] = "graph_tasks",
    [T_EP_GRAPH_BATCH] = "graph_batch",
    [T_EP_GRAPH_OTHER] = "graph_other",
    [T_EP_CONTROL] = "control",
};

void stats_count(struct tenant *t, enum t_endpoint e, const struct t_response *r)
{
    t->stats.requests[e]++;
    t->stats.refused[e] += r->status >= 400 ? 1 : 0;
}

static void put_endpoints(const char *key, const i64 *counts, struct t_writer *w)
{
    t_json_key(w, key);
    t_json_open(w, '{');
    for (int i = 0; i < T_ENDPOINTS; i++) {
        if (counts[i] > 0) {
            t_json_put_number(w, names[i], counts[i]);
        }
    }
    t_json_close(w, '}');
}

void stats_put(struct tenant *t, struct t_writer *w)
{
    const struct t_stats *s = &t->stats;
    const struct t_net_stats *n = &t->net;
    const struct {
        const char *key;
        i64 v;
    } rows[] = {
        {"faults", s->faults},
        {"tokens_issued", s->tokens_issued},
        {"quota_units", s->quota_units},
        {"quota_refused", s->quota_refused},
        {"max_concurrent_user", s->max_concurrent},
        {"messages_served", s->messages_served},
        {"message_bytes", s->message_bytes},
        {"bulk_items", s->bulk_items},
        {"bulk_created", s->bulk_created},
        {"bulk_updated", s->bulk_updated},
        {"bulk_deleted", s->bulk_deleted},
        {"bulk_failed", s->bulk_failed},
        {"bulk_bytes", s->bulk_bytes},
        {"bulk_max_bytes", s->bulk_max_bytes},
        {"ldap_binds", s->ldap_binds},
        {"ldap_simple", s->ldap_simple},
        {"ldap_clear", s->ldap_clear},
        {"ldap_ntlm", s->ldap_ntlm},
        {"ldap_searches", s->ldap_searches},
        {"ldap_entries", s->ldap_entries},
        {"ldap_pages", s->ldap_pages},
        {"connections", n->connections},
        {"connections_open", n->open},
        {"handshakes", n->handshakes},
        {"handshakes_resumed", n->resumed},
        {"handshakes_failed", n->failed_handshakes},
        {"bytes_in", n->bytes_in},
        {"bytes_out", n->bytes_out},
        {"users", t->user_count},
    };
    i64 live = 0, window = 0;
    for (int i = 0; i < t->user_count; i++) {
        live += content_live(t, i);
        i64 units = t->users[i].max_window_units;
        window = units > window ? units : window;
    }
    t_json_open(w, '{');
    put_endpoints("requests", s->requests, w);
    put_endpoints("refused", s->refused, w);
    for (isize i = 0; i < COUNT(rows); i++) {
        t_json_put_number(w, rows[i].key, rows[i].v);
    }
    t_json_put_number(w, "messages", live);
    t_json_put_number(w, "max_units_user_window", window);
    elastic_put_stats(t, w);
    exchange_put_stats(t, w);
    entra_put_stats(t, w);
    graph_put_stats(t, w);
    t_json_close(w, '}');
}

// SPDX-License-Identifier: Apache-2.0
// The list of connectors of one round (see round.h).
#include "service/round.h"

#include "elastic/answers.h"
#include "limits.h"

enum round_state { ROUND_ASK, ROUND_PAGE, ROUND_OVER };

void round_init(struct round *r, struct plan *plan, struct worker *w)
{
    *r = (struct round){.w = w, .state = ROUND_OVER};
    r->connectors = plan_take_n(plan, "service connectors", struct round_connector,
                                SERVICE_CONNECTORS_MAX, "of one round, by their ids");
    r->ids = plan_take_n(plan, "service ids", str, SERVICE_CONNECTORS_MAX, "of one query");
    r->text = buf_over(plan_take(plan, "service id texts", SERVICE_ID_TEXT_BYTES, 1,
                                 "ids of the connectors of one round"),
                       SERVICE_ID_TEXT_BYTES);
}

void round_start(struct round *r, bool everything)
{
    r->everything = everything;
    r->count = 0;
    buf_reset(&r->text);
    r->cut = false;
    r->error = OK;
    r->from = 0;
    r->size = SERVICE_PAGE;
    r->state = ROUND_ASK;
}

void round_narrow(struct buf *body, str fields)
{
    if (body->full || body->n == 0) {
        return;
    }
    body->n--; // its closing brace
    buf_put(body, S(",\"_source\":["));
    buf_put(body, fields);
    buf_put(body, S("]}"));
}

const struct round_connector *round_find(const struct round *r, str id)
{
    for (int i = 0; i < r->count; i++) {
        if (str_eq(r->connectors[i].id, id)) {
            return &r->connectors[i];
        }
    }
    return NULL;
}

static bool round_put_query(struct round *r, struct buf *body)
{
    const struct service_settings *s = r->w->settings;
    for (int i = 0; i < s->connector_count; i++) {
        r->ids[i] = s->connectors[i].id;
    }
    struct connector_query q = {
        .ids = r->ids,
        .id_count = s->connector_count,
        .types = s->types,
        .type_count = s->worker_mode ? s->type_count : 0,
        .from = r->from,
        .size = r->size,
    };
    return connector_put_query(body, &q);
}

static enum work round_end(struct round *r, err e)
{
    r->error = e;
    r->state = ROUND_OVER;
    return WORK_DONE;
}

static enum work round_ask(struct round *r)
{
    struct worker *w = r->w;
    worker_ask(w, S("POST"));
    buf_put(&w->call.target, S("/.elastic-connectors/_search?expand_wildcards=hidden"));
    if (r->everything) {
        connector_put_ids_query(&w->call.body, r->from, r->size);
    } else if (round_put_query(r, &w->call.body)) {
        round_narrow(&w->call.body,
                     S("\"last_sync_status\",\"last_access_control_sync_status\",\"deleted\""));
    } else {
        return round_end(r, OK); // nothing is configured: nothing is asked
    }
    r->state = ROUND_PAGE;
    return WORK_CALL;
}

static void round_add(struct round *r, const struct json *j, int hit)
{
    struct round_connector *c = &r->connectors[r->count];
    int source = json_get(j, hit, S("_source"));
    bool deleted = false;
    isize before = r->text.n;
    // An id longer than Elasticsearch's own bound is none.
    bool named = json_put_string(j, json_get(j, hit, S("_id")), &r->text);
    str id = str_from_index(buf_str(&r->text), before);
    if (r->text.full || r->count == SERVICE_CONNECTORS_MAX) {
        r->text.n = before;
        r->text.full = false;
        r->cut = true;
        return;
    }
    (void)json_bool(j, json_get(j, source, S("deleted")), &deleted);
    if (!named || id.n == 0 || round_find(r, id) || (deleted && !r->everything)) {
        r->text.n = before;
        return;
    }
    *c = (struct round_connector){.id = id};
    int content = json_get(j, source, S("last_sync_status"));
    int access = json_get(j, source, S("last_access_control_sync_status"));
    c->content_busy = json_equals(j, content, S("in_progress"));
    c->access_busy = json_equals(j, access, S("in_progress"));
    r->count++;
}

static enum work round_take_page(struct round *r)
{
    struct worker *w = r->w;
    struct search_answer answer;
    str hit;
    search_answer_init(&answer, buf_str(&w->call.answer));
    while (search_answer_next(&answer, &hit)) {
        struct json j;
        if (err_ok(json_parse(&j, hit, w->nodes, w->node_cap))) {
            round_add(r, &j, 0);
        }
    }
    if (!err_ok(answer.error)) {
        buf_reset(&w->call.detail);
        buf_put(&w->call.detail, S("the search for connectors"));
        return round_end(r, answer.error);
    }
    r->from += answer.hits;
    if (answer.hits == 0 || r->from >= answer.total || r->cut) {
        return round_end(r, OK);
    }
    r->state = ROUND_ASK;
    return WORK_STEP;
}

static enum work round_end_page(struct round *r)
{
    struct worker *w = r->w;
    if (worker_went_well(w)) {
        return round_take_page(r);
    }
    err e = elastic_call_error(&w->call);
    if (err_is(e, ERR_CALL_TOO_LARGE) && r->size > 1) {
        r->size /= 4;
        r->size = r->size ? r->size : 1;
        r->state = ROUND_ASK;
        return WORK_STEP;
    }
    return round_end(r, e);
}

enum work round_step(void *st, struct moment now)
{
    struct round *r = st;
    (void)now;
    switch ((enum round_state)r->state) {
    case ROUND_ASK:
        return round_ask(r);
    case ROUND_PAGE:
        return round_end_page(r);
    case ROUND_OVER:
        break;
    }
    return WORK_DONE;
}

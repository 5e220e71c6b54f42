// SPDX-License-Identifier: Apache-2.0
// See operator.h. Writes go through what the double offers to tests (elastic_records), which does
// what Kibana's requests do, at once.
#include "operator.h"

#include <stdio.h>
#include <string.h>

#include "../tenant/es.h"
#include "../tenant/test_keys.h"
#include "clock.h"
#include "life_book.h"
#include "life_observer.h"
#include "sim.h"

static struct {
    struct tenant *t;
    struct life_settings s;
    int made; // connectors, deleted ones included
    bool over;
} op;

static void write_record(bool job, const struct t_buf *ask)
{
    struct t_response r = {0};
    t_response_init(&r);
    op.t->now_ms = clock_true_unix_ms();
    elastic_records(op.t, job, t_buf_str(ask), &r);
    if (r.status >= 400) {
        sim_violation("the operator is refused: %.*s", (int)r.own.n, (const char *)r.own.p);
    }
    t_response_free(&r);
}

// ---- schedules

static void put_interval(char *out, isize cap)
{
    static const char *const usual[] = {
        "0 0,15,30,45 * * * ?", "0 0/10 * * * ?", "0 0 * * * ?",        "0 30 * * * ?",
        "0 0 0 * * ?",          "0 0 0/6 * * ?",  "30 5/20 * * * ?",    "0 0 12 ? * MON-FRI",
        "0 0 22-2 * * ?",       "0 59 23 L * ?",  "15 0/30 8-18 * * ?", "0 0/45 * * * ?"};
    static const char *const leap[] = {"0 0 12 29 2 ?", "0 0 0 29 2 ?",     "0 0 0 L 2 ?",
                                       "0 0 0 1 3 ?",   "0 30 * 28-29 2 ?", "0 0 0/3 29 2 ? 2028"};
    const char *one = op.s.leap && sim_one_in(SIM_PLAN, 2)
                          ? leap[sim_between(SIM_PLAN, 0, COUNT(leap) - 1)]
                          : usual[sim_between(SIM_PLAN, 0, COUNT(usual) - 1)];
    if (op.s.idle) {
        one = "0 0 0 1 1 ? 2099";
    }
    snprintf(out, (size_t)cap, "%s", one);
}

static void put_scheduling(struct t_buf *b, bool off)
{
    static const char *const names[] = {"full", "incremental", "access_control"};
    t_buf_z(b, "\"scheduling\":{");
    for (int i = 0; i < 3; i++) {
        char interval[80];
        put_interval(interval, COUNT(interval));
        bool on = op.s.idle || !sim_one_in(SIM_PLAN, i == 0 ? 4 : 2);
        t_buf_printf(b, "%s\"%s\":{\"enabled\":%s", i ? "," : "", names[i],
                     on && !off ? "true" : "false");
        if (!off) {
            t_buf_printf(b, ",\"interval\":\"%s\"", interval);
        }
        t_buf_z(b, "}");
    }
    t_buf_z(b, "}");
}

static void put_account(struct t_buf *b)
{
    struct t_buf text = {0};
    struct t_writer w = {.b = &text};
    t_json_open(&w, '{');
    t_json_put_member(&w, "type", S("service_account"));
    t_json_put_member(&w, "private_key_id", op.t->o.key_id);
    t_json_put_member(&w, "private_key", str_from(test_keys_account_key));
    t_json_put_member(&w, "client_email", op.t->o.client_email);
    t_json_put_member(&w, "client_id", op.t->o.client_id);
    t_json_close(&w, '}');
    t_json_put_string(b, t_buf_str(&text));
    t_buf_free(&text);
}

// ---- connectors

static void name_of(int i, char *out)
{
    snprintf(out, 16, "c%d", i + 1);
}

// Of Exchange and its directory, or of Exchange Online.
static void put_outlook(i64 connector, struct t_buf *b)
{
    const struct t_options *o = &op.t->o;
    const char *security = sim_one_in(SIM_PLAN, 2) ? "true" : "false";
    if (connector % 2) {
        t_buf_printf(b, "\"data_source\":\"outlook_server\","
                        "\"exchange_server\":\"mail.tenant.test:444\","
                        "\"active_directory_server\":\"ldaps://dc.tenant.test\","
                        "\"username\":\"EXAMPLE\\\\svc\",\"password\":\"Passw0rd\","
                        "\"domain\":\"example.test\",\"ssl_enabled\":false,");
    } else {
        t_buf_printf(b,
                     "\"data_source\":\"outlook_cloud\",\"tenant_id\":\"%.*s\","
                     "\"client_id\":\"%.*s\",\"client_secret\":\"%.*s\",",
                     (int)o->tenant_id.n, (const char *)o->tenant_id.p, (int)o->app_id.n,
                     (const char *)o->app_id.p, (int)o->app_secret.n,
                     (const char *)o->app_secret.p);
    }
    t_buf_printf(b,
                 "\"use_text_extraction_service\":false,"
                 "\"use_document_level_security\":%s},\"doc\":{",
                 security);
}

// As soon as the form is there it is filled in, and schedules are turned on.
static void configure(i64 connector, i64 tries)
{
    char id[16];
    str fields;
    name_of((int)connector, id);
    if (op.over || life_connector_of(id)->deleted) {
        return;
    }
    if (!t_json_get(life_record(false, id), "configuration", &fields) || fields.n < 10) {
        clock_after(60 * SIM_S, configure, connector, tries + 1);
        return;
    }
    struct t_buf b = {0};
    t_buf_printf(&b, "{\"id\":\"%s\",\"values\":{", id);
    if (op.s.outlook) {
        put_outlook(connector, &b);
    } else {
        t_buf_z(&b, "\"service_account_credentials\":");
        put_account(&b);
        t_buf_printf(&b,
                     ",\"subject\":\"admin@example.test\",\"customer_id\":\"C01test00\","
                     "\"include_spam_and_trash\":false,\"include_full_raw_message\":false,"
                     "\"use_document_level_security\":%s},\"doc\":{",
                     sim_one_in(SIM_PLAN, 2) ? "true" : "false");
    }
    put_scheduling(&b, false);
    t_buf_z(&b, "}}");
    write_record(false, &b);
    t_buf_free(&b);
    life_edited(id);
}

static void make_connector(void)
{
    char id[16];
    struct t_buf b = {0};
    name_of(op.made, id);
    t_buf_printf(&b,
                 "{\"id\":\"%s\",\"doc\":{\"index_name\":\"search-%s\",\"name\":\"%s\","
                 "\"service_type\":%s}}",
                 id, id, id, op.s.connectors > 60 ? "\"gmail\"" : "null");
    write_record(false, &b);
    t_buf_free(&b);
    life_edited(id);
    clock_after(sim_between(SIM_PLAN, 1, 300) * SIM_S, configure, op.made++, 0);
}

// One of them that is there; NULL: none.
static struct life_connector *any_connector(void)
{
    int from = (int)sim_between(SIM_PLAN, 0, op.made - 1);
    for (int i = 0; i < op.made; i++) {
        struct life_connector *c = &life_book.connectors[(from + i) % op.made];
        str fields;
        if (!c->deleted && t_json_get(life_record(false, c->id), "configuration", &fields) &&
            fields.n > 10) {
            return c;
        }
    }
    return NULL;
}

// ---- what people do now and then

static void again(i64 mean_s, clock_event *what)
{
    if (mean_s > 0 && !op.over) {
        clock_after(sim_between(SIM_PLAN, 1, 2 * mean_s) * SIM_S, what, 0, 0);
    }
}

static void edit(i64 a, i64 b)
{
    struct life_connector *c = op.over ? NULL : any_connector();
    (void)a;
    (void)b;
    if (c) {
        struct t_buf text = {0};
        t_buf_printf(&text, "{\"id\":\"%s\",\"doc\":{", c->id);
        put_scheduling(&text, false);
        t_buf_z(&text, "}}");
        write_record(false, &text);
        t_buf_free(&text);
        life_edited(c->id);
    }
    again(op.s.edit_s, edit);
}

static void put_subject(const char *id, const char *subject)
{
    struct t_buf text = {0};
    t_buf_printf(&text, "{\"id\":\"%s\",\"values\":{\"subject\":\"%s\"}}", id, subject);
    write_record(false, &text);
    t_buf_free(&text);
    life_edited(id);
}

static void mend(i64 connector, i64 unused)
{
    char id[16];
    (void)unused;
    name_of((int)connector, id);
    if (!life_connector_of(id)->deleted) {
        life_connector_of(id)->spoiled = false;
        put_subject(id, "admin@example.test");
    }
}

// A wrong value, for a while.
static void spoil(i64 a, i64 b)
{
    struct life_connector *c = op.over ? NULL : any_connector();
    (void)a;
    (void)b;
    if (c) {
        c->spoiled = true;
        put_subject(c->id, "nobody");
        clock_after(sim_between(SIM_PLAN, 10, 7200) * SIM_S, mend, c - life_book.connectors, 0);
    }
    again(op.s.spoil_s, spoil);
}

static void demand(i64 a, i64 b)
{
    static const char *const types[] = {"full", "incremental", "access_control"};
    struct life_connector *c = op.over ? NULL : any_connector();
    (void)a;
    (void)b;
    char service[40];
    life_text(c ? life_record(false, c->id) : (str){0}, "service_type", service, COUNT(service));
    if (service[0]) {
        struct t_buf text = {0};
        t_buf_printf(&text,
                     "{\"make\":{\"id\":\"%s\",\"job_type\":\"%s\",\"trigger_method\":"
                     "\"on_demand\"}}",
                     c->id, types[sim_between(SIM_PLAN, 0, 2)]);
        write_record(true, &text);
        t_buf_free(&text);
        // The observer learns of it as soon as anybody touches it; cancel() below needs it now.
        life_demanded();
    }
    again(op.s.demand_s, demand);
}

// Somebody looks for a while for a job that can be cancelled.
static void cancel(i64 tries, i64 unused)
{
    (void)unused;
    bool done = false;
    for (int i = life_book.job_count - 1; i >= 0 && !op.over; i--) {
        const struct life_job *j = &life_book.jobs[i];
        op.t->now_ms = clock_true_unix_ms();
        if (sim_one_in(SIM_PLAN, 2) && es_job_cancel(op.t, str_from(j->id))) {
            sim_trace("%lld the operator cancels %s", (long long)clock_now_us(), j->id);
            life_canceled(str_from(j->id));
            done = true;
            break;
        }
        if (life_book.job_count - i > 20) {
            break;
        }
    }
    if (!done && tries < 300 && !op.over) {
        clock_after(sim_between(SIM_PLAN, 200, 10000) * SIM_MS, cancel, tries + 1, 0);
    } else {
        again(op.s.cancel_s, cancel);
    }
}

static void delete_one(i64 a, i64 b)
{
    struct life_connector *c = op.over ? NULL : any_connector();
    (void)a;
    (void)b;
    if (c && op.made < 2 * op.s.connectors) {
        struct t_buf text = {0};
        t_buf_printf(&text, "{\"id\":\"%s\",\"doc\":{\"deleted\":true}}", c->id);
        write_record(false, &text);
        t_buf_free(&text);
        life_edited(c->id);
        make_connector();
    }
    again(op.s.delete_s, delete_one);
}

void operator_begin(struct tenant *t, const struct life_settings *s)
{
    op.t = t;
    op.s = *s;
    op.made = 0;
    op.over = false;
    for (int i = 0; i < s->connectors; i++) {
        make_connector();
    }
    again(s->edit_s, edit);
    again(s->spoil_s, spoil);
    again(s->demand_s, demand);
    again(s->cancel_s, cancel);
    again(s->delete_s, delete_one);
}

void operator_end(void)
{
    op.over = true;
    for (int i = 0; i < op.made; i++) {
        struct life_connector *c = &life_book.connectors[i];
        if (!c->deleted) {
            struct t_buf text = {0};
            t_buf_printf(&text, "{\"id\":\"%s\",\"doc\":{", c->id);
            put_scheduling(&text, true);
            t_buf_z(&text, "}}");
            write_record(false, &text);
            t_buf_free(&text);
            life_edited(c->id);
        }
    }
}

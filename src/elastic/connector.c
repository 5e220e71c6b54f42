// SPDX-License-Identifier: Apache-2.0
// Reading the record of a connector (see connector.h, spec/elastic-protocol.md 2 to 4).
//
// Only the envelope can make a record unreadable. Everything in it has a default that is safe: no
// schedule, no feature, a status that is none of ours. What was ignored is noted, once, in the
// caller's `detail`.
#include "elastic/connector.h"

#include "elastic/record.h"

static const char *const connector_types[] = {
    [JOB_FULL] = "full",
    [JOB_INCREMENTAL] = "incremental",
    [JOB_ACCESS_CONTROL] = "access_control",
};
_Static_assert(COUNT(connector_types) == JOB_TYPES, "a job type has no name");

static const char *const connector_statuses[] = {
    [CONNECTOR_CREATED] = "created",       [CONNECTOR_NEEDS_CONFIGURATION] = "needs_configuration",
    [CONNECTOR_CONFIGURED] = "configured", [CONNECTOR_CONNECTED] = "connected",
    [CONNECTOR_ERROR] = "error",
};
_Static_assert(COUNT(connector_statuses) == CONNECTOR_UNKNOWN, "a status has no name");

// Where a job type has its schedule and the time of its last one.
static const struct {
    const char *object, *enabled, *interval, *last;
} connector_schedules[] = {
    [JOB_FULL] = {"scheduling.full", "scheduling.full.enabled", "scheduling.full.interval",
                  "last_sync_scheduled_at"},
    [JOB_INCREMENTAL] = {"scheduling.incremental", "scheduling.incremental.enabled",
                         "scheduling.incremental.interval", "last_incremental_sync_scheduled_at"},
    [JOB_ACCESS_CONTROL] = {"scheduling.access_control", "scheduling.access_control.enabled",
                            "scheduling.access_control.interval",
                            "last_access_control_sync_scheduled_at"},
};
_Static_assert(COUNT(connector_schedules) == JOB_TYPES, "a job type has no schedule");

const char *job_type_name(enum job_type type)
{
    return connector_types[type];
}

bool job_type_from(str name, enum job_type *out)
{
    for (int i = 0; i < JOB_TYPES; i++) {
        if (str_eq(name, str_from(connector_types[i]))) {
            *out = (enum job_type)i;
            return true;
        }
    }
    return false;
}

static void connector_read_status(struct connector *c, struct record *r)
{
    str name = record_text(r, c->source, S("status"));
    c->status = CONNECTOR_UNKNOWN;
    for (int i = 0; i < CONNECTOR_UNKNOWN; i++) {
        if (str_eq(name, str_from(connector_statuses[i]))) {
            c->status = (enum connector_status)i;
        }
    }
    if (c->status == CONNECTOR_UNKNOWN) {
        record_note(r, S("status"), S("none of those that are known"));
    }
}

static void connector_read_schedules(struct connector *c, struct record *r)
{
    int all = record_object(r, c->source, S("scheduling"));
    for (int i = 0; i < JOB_TYPES; i++) {
        struct connector_schedule *s = &c->schedules[i];
        int one = record_object(r, all, str_from(connector_schedules[i].object));
        s->enabled = record_bool(r, one, str_from(connector_schedules[i].enabled), false);
        s->interval = record_text(r, one, str_from(connector_schedules[i].interval));
        s->last_scheduled_us = record_time_us(r, c->source, str_from(connector_schedules[i].last));
        if (s->enabled && s->interval.n == 0) {
            record_note(r, str_from(connector_schedules[i].interval), S("empty"));
        }
    }
}

static bool connector_has_feature(struct record *r, int features, str path, str enabled)
{
    return record_bool(r, record_object(r, features, path), enabled, false);
}

static void connector_read_features(struct connector *c, struct record *r)
{
    struct connector_features *f = &c->features;
    int all = record_object(r, c->source, S("features"));
    c->features_node = all;
    f->present = all >= 0;
    f->document_level_security = connector_has_feature(
        r, all, S("features.document_level_security"),
        S("features.document_level_security.enabled"));
    f->incremental_sync = connector_has_feature(r, all, S("features.incremental_sync"),
                                                S("features.incremental_sync.enabled"));
    int rules = record_object(r, all, S("features.sync_rules"));
    f->sync_rules_basic = connector_has_feature(r, rules, S("features.sync_rules.basic"),
                                                S("features.sync_rules.basic.enabled"));
    f->sync_rules_advanced = connector_has_feature(r, rules, S("features.sync_rules.advanced"),
                                                   S("features.sync_rules.advanced.enabled"));
    // What they were called before 8.8.
    f->sync_rules_basic |= record_bool(r, all, S("features.filtering_rules"), false);
    f->sync_rules_advanced |= record_bool(r, all, S("features.filtering_advanced_config"), false);
}

static void connector_read_filtering(struct connector *c, struct record *r)
{
    c->filtering = json_get(&r->json, c->source, S("filtering"));
    c->draft = -1;
    c->active = -1;
    enum json_type type = json_type(&r->json, c->filtering);
    if (type != JSON_ARRAY) {
        if (type != JSON_NONE && type != JSON_NULL) {
            record_note(r, S("filtering"), S("not an array"));
        }
        c->filtering = -1;
        return;
    }
    int entry = json_first(&r->json, c->filtering);
    for (; entry >= 0; entry = json_next(&r->json, entry)) {
        if (json_equals(&r->json, json_get(&r->json, entry, S("domain")), S("DEFAULT"))) {
            c->draft = record_object(r, entry, S("filtering.draft"));
            c->active = record_object(r, entry, S("filtering.active"));
            return;
        }
    }
}

// Nodes, texts and notes are three things of the caller:
// NOLINTNEXTLINE(readability-function-size)
err connector_read(struct connector *c, str hit, struct json_node *nodes, int cap,
                   struct arena *texts, struct buf *detail)
{
    *c = (struct connector){.source = -1,
                            .configuration = -1,
                            .draft = -1,
                            .active = -1,
                            .filtering = -1,
                            .pipeline = -1,
                            .features_node = -1};
    struct record r = {.texts = texts,
                       .notes = detail,
                       .bad = FAIL(CONNECTOR_RECORD),
                       .too_large = FAIL(CONNECTOR_TOO_LARGE)};
    TRY(record_open(&r, hit, nodes, cap));
    c->json = r.json;
    c->id = r.id;
    c->seq_no = r.seq_no;
    c->primary_term = r.primary_term;
    c->source = r.source;
    c->deleted = record_bool(&r, c->source, S("deleted"), false);
    c->is_native = record_bool(&r, c->source, S("is_native"), false);
    connector_read_status(c, &r);
    c->service_type = record_text(&r, c->source, S("service_type"));
    c->index_name = record_text(&r, c->source, S("index_name"));
    c->last_seen_us = record_time_us(&r, c->source, S("last_seen"));
    c->last_sync_status = record_text(&r, c->source, S("last_sync_status"));
    c->last_access_control_sync_status = record_text(&r, c->source,
                                                     S("last_access_control_sync_status"));
    connector_read_schedules(c, &r);
    connector_read_features(c, &r);
    connector_read_filtering(c, &r);
    c->configuration = record_object(&r, c->source, S("configuration"));
    c->pipeline = record_object(&r, c->source, S("pipeline"));
    return record_close(&r);
}

bool connector_rules_are_on(const struct connector *c)
{
    return c->features.sync_rules_basic || c->features.sync_rules_advanced;
}

// SPDX-License-Identifier: Apache-2.0
// Reading the record of a sync job (see sync_job.h, spec/elastic-protocol.md 3 and 4).
//
// As with connectors only the envelope can make it unreadable: a job without a connector is an
// orphan that has to be ended, and so has to be read.
#include "elastic/sync_job.h"

#include "elastic/record.h"

static const char *const sync_job_statuses[] = {
    [JOB_PENDING] = "pending",     [JOB_IN_PROGRESS] = "in_progress",
    [JOB_CANCELING] = "canceling", [JOB_CANCELED] = "canceled",
    [JOB_SUSPENDED] = "suspended", [JOB_COMPLETED_STATUS] = "completed",
    [JOB_ERROR_STATUS] = "error",
};
_Static_assert(COUNT(sync_job_statuses) == JOB_STATUS_UNKNOWN, "a status has no name");

static void sync_job_read_state(struct sync_job *j, struct record *r)
{
    j->status_text = record_text(r, j->source, S("status"));
    j->status = JOB_STATUS_UNKNOWN;
    for (int i = 0; i < JOB_STATUS_UNKNOWN; i++) {
        if (str_eq(j->status_text, str_from(sync_job_statuses[i]))) {
            j->status = (enum job_status)i;
        }
    }
    j->type = JOB_FULL;
    j->type_known = job_type_from(record_text(r, j->source, S("job_type")), &j->type);
    if (j->status == JOB_STATUS_UNKNOWN) {
        record_note(r, S("status"), S("none of those that are known"));
    }
    if (!j->type_known) {
        record_note(r, S("job_type"), S("none of those that are known"));
    }
    j->created_us = record_time_us(r, j->source, S("created_at"));
    j->last_seen_us = record_time_us(r, j->source, S("last_seen"));
}

static void sync_job_read_pipeline(struct sync_job *j, struct record *r, int connector)
{
    int p = record_object(r, connector, S("connector.pipeline"));
    j->pipeline = record_text(r, p, S("connector.pipeline.name"));
    if (j->pipeline.n == 0) {
        j->pipeline = S("search-default-ingestion");
    }
    j->extract_binary_content = record_bool(r, p, S("connector.pipeline.extract_binary_content"),
                                            true);
    j->reduce_whitespace = record_bool(r, p, S("connector.pipeline.reduce_whitespace"), true);
    j->run_ml_inference = record_bool(r, p, S("connector.pipeline.run_ml_inference"), true);
}

// Jobs that old versions made hold all filters of the connector instead of the one that counts.
static int sync_job_filtering(struct record *r, int connector)
{
    int node = json_get(&r->json, connector, S("filtering"));
    if (json_type(&r->json, node) == JSON_ARRAY) {
        node = json_first(&r->json, node);
        int active = json_get(&r->json, node, S("active"));
        node = json_type(&r->json, active) == JSON_OBJECT ? active : node;
    }
    enum json_type type = json_type(&r->json, node);
    if (type != JSON_OBJECT && type != JSON_NONE && type != JSON_NULL) {
        record_note(r, S("connector.filtering"), S("not an object"));
    }
    return type == JSON_OBJECT ? node : -1;
}

static void sync_job_read_snapshot(struct sync_job *j, struct record *r)
{
    int c = record_object(r, j->source, S("connector"));
    j->connector_id = record_text(r, c, S("connector.id"));
    j->service_type = record_text(r, c, S("connector.service_type"));
    j->index_name = record_text(r, c, S("connector.index_name"));
    j->configuration = record_object(r, c, S("connector.configuration"));
    j->filtering = sync_job_filtering(r, c);
    sync_job_read_pipeline(j, r, c);
    if (j->connector_id.n == 0) {
        record_note(r, S("connector.id"), S("empty"));
    }
}

// Nodes, texts and notes are three things of the caller:
// NOLINTNEXTLINE(readability-function-size)
err sync_job_read(struct sync_job *j, str hit, struct json_node *nodes, int cap,
                  struct arena *texts, struct buf *detail)
{
    *j = (struct sync_job){.source = -1, .configuration = -1, .filtering = -1};
    struct record r = {.texts = texts,
                       .notes = detail,
                       .bad = FAIL(SYNC_JOB_RECORD),
                       .too_large = FAIL(SYNC_JOB_TOO_LARGE)};
    TRY(record_open(&r, hit, nodes, cap));
    j->json = r.json;
    j->id = r.id;
    j->seq_no = r.seq_no;
    j->primary_term = r.primary_term;
    j->source = r.source;
    sync_job_read_state(j, &r);
    sync_job_read_snapshot(j, &r);
    return record_close(&r);
}

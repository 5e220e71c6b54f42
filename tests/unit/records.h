// SPDX-License-Identifier: Apache-2.0
// Records of connectors and jobs for unit tests, in the forms of spec/elastic-protocol.md 17 with
// values of their own, and what reading them takes.
#ifndef TESTS_UNIT_RECORDS_H
#define TESTS_UNIT_RECORDS_H

#include "test.h"

#include "elastic/sync_job.h"

#define FIELD_PROPERTIES(order, label, type, value)                                             \
    "{\"default_value\":null,\"depends_on\":[],\"display\":\"text\",\"label\":\"" label         \
    "\",\"options\":[],\"order\":" #order ",\"required\":true,\"sensitive\":false,\"tooltip\":" \
    "null,\"type\":\"" type "\",\"ui_restrictions\":[],\"validations\":[],\"value\":" value "}"

#define RECORD_RULE                                                                              \
    "{\"id\":\"DEFAULT\",\"order\":0,\"policy\":\"include\",\"field\":\"_\",\"rule\":\"regex\"," \
    "\"value\":\".*\",\"created_at\":\"2026-09-01T06:00:00Z\",\"updated_at\":"                   \
    "\"2026-09-01T06:00:00Z\"}"

#define RECORD_FILTER(state)                                                                       \
    "{\"rules\":[" RECORD_RULE "],\"advanced_snippet\":{\"value\":{},\"created_at\":"              \
    "\"2026-09-01T06:00:00Z\",\"updated_at\":\"2026-09-01T06:00:00Z\"},\"validation\":{\"state\":" \
    "\"" state "\",\"errors\":[]}}"

#define RECORD_PIPELINE                                                                      \
    "{\"name\":\"post-office\",\"extract_binary_content\":false,\"reduce_whitespace\":true," \
    "\"run_ml_inference\":false}"

#define RECORD_FEATURES                                                                       \
    "{\"sync_rules\":{\"basic\":{\"enabled\":true},\"advanced\":{\"enabled\":true}},"         \
    "\"document_level_security\":{\"enabled\":true},\"incremental_sync\":{\"enabled\":true}," \
    "\"native_connector_api_keys\":{\"enabled\":false}}"

// The envelope of a search hit.
#define RECORD_HIT(id, source)                                                  \
    "{\"_index\":\".elastic-connectors-v1\",\"_id\":\"" id "\",\"_seq_no\":41," \
    "\"_primary_term\":3,\"_score\":null,\"_source\":" source ",\"sort\":[1]}"

struct records {
    struct json_node nodes[CONNECTOR_NODES];
    u8 text_space[CONNECTOR_TEXTS_BYTES];
    u8 detail_space[512];
    struct arena texts;
    struct buf detail;
};

static struct records records;

static inline err records_read_connector(struct connector *c, str hit)
{
    records.texts = arena_over(records.text_space, COUNT(records.text_space));
    records.detail = buf_over(records.detail_space, COUNT(records.detail_space));
    return connector_read(c, test_guarded(hit), records.nodes, COUNT(records.nodes), &records.texts,
                          &records.detail);
}

static inline err records_read_job(struct sync_job *j, str hit)
{
    records.texts = arena_over(records.text_space, COUNT(records.text_space));
    records.detail = buf_over(records.detail_space, COUNT(records.detail_space));
    return sync_job_read(j, test_guarded(hit), records.nodes, COUNT(records.nodes), &records.texts,
                         &records.detail);
}

// What was put into a buffer is one JSON value.
static inline void records_check_json(str text)
{
    static struct json_node nodes[CONNECTOR_NODES];
    struct json j;
    CHECK_OK(json_parse(&j, test_guarded(text), nodes, COUNT(nodes)));
}

#endif

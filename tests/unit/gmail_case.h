// SPDX-License-Identifier: Apache-2.0
// A Gmail source as a test wants it: what config.yml says and what a record says in one struct,
// carved and configured in one call.
#ifndef TESTS_UNIT_GMAIL_CASE_H
#define TESTS_UNIT_GMAIL_CASE_H

#include "source/gmail/gmail.h"
#include "source/gmail/gmail_schema.h"

struct gmail_case {
    str service_account, subject, customer_id;
    bool include_spam_and_trash, include_full_raw_message;
    bool document_level_security; // toggle and feature
    const str *queries;
    isize query_count;
    const struct dest *token, *directory, *gmail;
    bool token_by_account; // its token_uri counts
    int requests_per_mailbox;
    i64 quota_units_user_minute, quota_units_project_minute;
    bool estimate;
};

static inline err gmail_case_configure(struct source *source, const struct gmail_case *c,
                                       struct buf *detail)
{
    struct field_value values[SCHEMA_FIELDS_MAX] = {
        {.text = c->service_account},
        {.text = c->subject},
        {.text = c->customer_id},
        {.flag = c->include_spam_and_trash},
        {.flag = c->include_full_raw_message},
        {.flag = c->document_level_security},
    };
    struct source_setup setup = {
        .values = values,
        .document_level_security = c->document_level_security,
        .queries = c->queries,
        .query_count = c->query_count,
    };
    return source->ops->configure(source->state, &setup, detail);
}

static inline err gmail_case_open(struct plan *plan, const struct gmail_case *c,
                                  struct source *source, struct buf *detail)
{
    struct gmail_settings settings = {
        .token = c->token,
        .token_fixed = !c->token_by_account,
        .directory = c->directory,
        .gmail = c->gmail,
        .requests_per_mailbox = c->requests_per_mailbox,
        .quota_units_user_minute = c->quota_units_user_minute,
        .quota_units_project_minute = c->quota_units_project_minute,
        .estimate = c->estimate,
    };
    gmail_init(plan, &settings, source);
    return gmail_case_configure(source, c, detail);
}

#endif

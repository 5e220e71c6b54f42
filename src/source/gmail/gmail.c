// SPDX-License-Identifier: Apache-2.0
// The source "gmail" (see gmail.h): its memory, and the table of its steps. It owns struct gmail,
// which holds the private key; release() wipes that. Tokens are wiped by the mailboxes, the
// directory and the ping that own them.
#include "source/gmail/gmail.h"

#include "os/os.h"
#include "source/gmail/gmail_directory.h"
#include "source/gmail/gmail_identity.h"
#include "source/gmail/gmail_listing.h"
#include "source/gmail/gmail_message.h"
#include "source/gmail/gmail_ping.h"
#include "source/gmail/gmail_schema.h"

static const str gmail_fields[] = {
    S("_attachment"),
    S("_timestamp"),
    S("_allow_access_control"),
};

static const struct source_ops gmail_ops = {
    .service_type = "gmail",
    .name = "GMail",
    .mailbox_bytes = sizeof(struct gmail_mailbox),
    .fetch_bytes = sizeof(struct gmail_message),
    .accounts_bytes = sizeof(struct gmail_directory),

    .accounts_next = gmail_directory_next,
    .accounts_head = gmail_directory_head,
    .accounts_body = gmail_directory_body,
    .accounts_end = gmail_directory_end,
    .accounts_fail = gmail_directory_fail,

    .mailbox_next = gmail_listing_next,
    .mailbox_head = gmail_listing_head,
    .mailbox_body = gmail_listing_body,
    .mailbox_end = gmail_listing_end,
    .mailbox_fail = gmail_listing_fail,
    .mailbox_close = gmail_listing_close,

    .fetch_next = gmail_message_next,
    .fetch_head = gmail_message_head,
    .fetch_body = gmail_message_body,
    .fetch_end = gmail_message_end,
    .fetch_fail = gmail_message_fail,
    .document_fields = gmail_fields,
    .document_field_count = COUNT(gmail_fields),
    .units_immutable = true,
    .units_together = 1,

    .schema = &gmail_schema,
    .configure = gmail_configure,
    .release = gmail_release,

    .ping_bytes = sizeof(struct gmail_ping),
    .ping_next = gmail_ping_next,
    .ping_head = gmail_ping_head,
    .ping_body = gmail_ping_body,
    .ping_end = gmail_ping_end,
    .ping_fail = gmail_ping_fail,

    .identity = gmail_identity,
    .fetch_quota_units = GMAIL_UNITS_GET,
};

static i64 gmail_or(i64 value, i64 otherwise)
{
    return value > 0 ? value : otherwise;
}

void gmail_init(struct plan *plan, const struct gmail_settings *settings, struct source *out)
{
    ASSERT(settings->token && settings->directory && settings->gmail);
    struct gmail *g = plan_take_n(plan, "gmail", struct gmail, 1, "service account and quota");
    g->scratch = plan_take(plan, "gmail key file", GMAIL_ACCOUNT_BYTES + GMAIL_KEY_BYTES, 1,
                           "the service account while it is read, then wiped");
    g->account.key = crypto_key_take(plan);
    g->settings = *settings;
    g->settings.quota_units_user_minute = gmail_or(settings->quota_units_user_minute,
                                                   GMAIL_UNITS_USER_MINUTE);
    g->settings.quota_units_project_minute = gmail_or(settings->quota_units_project_minute,
                                                      GMAIL_UNITS_PROJECT_MINUTE);
    g->source = out;
    os_entropy(&g->hosts, sizeof g->hosts);
    *out = (struct source){
        .ops = &gmail_ops,
        .state = g,
        .in_flight_max = (int)gmail_or(settings->requests_per_mailbox, GMAIL_IN_FLIGHT),
        .quota_units_user_minute = g->settings.quota_units_user_minute,
        .quota_units_project_minute = g->settings.quota_units_project_minute,
    };
}

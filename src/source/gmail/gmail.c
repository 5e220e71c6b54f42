// SPDX-License-Identifier: Apache-2.0
// The source "gmail" (see gmail.h): what is checked and made before anything is asked, and the
// table of its steps. It owns struct gmail, which holds the private key; gmail_close() wipes that.
// Tokens are wiped by the mailboxes and the directory that own them.
#include "source/gmail/gmail.h"

#include "source/gmail/gmail_directory.h"
#include "source/gmail/gmail_listing.h"
#include "source/gmail/gmail_message.h"

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

    .fetch_quota_units = GMAIL_UNITS_GET,
};

// Full match of \S+@\S+\.\S+ (spec/configuration.md 5).
static bool gmail_is_subject(str s)
{
    isize at = -1, dot = -1;
    for (isize i = 0; i < s.n; i++) {
        if (str_is_space(s.p[i]) || s.p[i] == '\v' || s.p[i] == '\f') {
            return false;
        }
        at = at < 0 && i > 0 && s.p[i] == '@' ? i : at;
        dot = s.p[i] == '.' && i + 1 < s.n ? i : dot;
    }
    return at > 0 && dot > at + 1 && s.n <= ADDRESS_BYTES;
}

static err gmail_check(const struct gmail_settings *settings, struct buf *detail)
{
    if (!gmail_is_subject(settings->subject)) {
        buf_put(detail, S("subject \""));
        buf_put(detail, str_slice(settings->subject, 0,
                                  settings->subject.n < 100 ? settings->subject.n : 100));
        buf_put(detail, S("\" is not of the form name@domain.tld"));
        return FAIL(GMAIL_SUBJECT);
    }
    if (settings->customer_id.n == 0 || settings->customer_id.n > GMAIL_FIELD_BYTES) {
        buf_put(detail, S("customer_id"));
        return FAIL(GMAIL_CUSTOMER_ID);
    }
    return OK;
}

static i64 gmail_or(i64 value, i64 otherwise)
{
    return value > 0 ? value : otherwise;
}

// A token's whole URL is given; a destination's path is only the beginning of a target.
static void gmail_set_token_dest(struct gmail *g)
{
    g->token_dest = *g->settings.token;
    str path = g->token_dest.url.path;
    g->token_target = path.n > 1 ? path : S("/token");
    g->token_dest.url.path = S("/");
}

err gmail_open(struct plan *plan, const struct gmail_settings *settings, struct source *out,
               struct buf *detail)
{
    ASSERT(settings->token && settings->directory && settings->gmail);
    struct gmail *g = plan_take_n(plan, "gmail", struct gmail, 1, "service account and quota");
    u8 *scratch = plan_take(plan, "gmail key file", GMAIL_ACCOUNT_BYTES + GMAIL_KEY_BYTES, 1,
                            "the service account while it is read, then wiped");
    g->settings = *settings;
    g->settings.quota_units_user_minute = gmail_or(settings->quota_units_user_minute,
                                                   GMAIL_UNITS_USER_MINUTE);
    g->settings.quota_units_project_minute = gmail_or(settings->quota_units_project_minute,
                                                      GMAIL_UNITS_PROJECT_MINUTE);
    g->source = out;
    // Before the checks: who only wants to know the pools has no credentials.
    *out = (struct source){
        .ops = &gmail_ops,
        .state = g,
        .in_flight_max = (int)gmail_or(settings->requests_per_mailbox, GMAIL_IN_FLIGHT),
        .quota_units_user_minute = g->settings.quota_units_user_minute,
        .quota_units_project_minute = g->settings.quota_units_project_minute,
    };
    TRY(gmail_check(settings, detail));
    TRY(gmail_account_read(&g->account, settings->service_account, plan, scratch, detail));
    g->settings.service_account = (str){0};
    gmail_set_token_dest(g);
    g->project_quota.units_minute = g->settings.quota_units_project_minute;
    return OK;
}

void gmail_close(struct source *s)
{
    struct gmail *g = s->state;
    if (g && g->account.key) {
        crypto_key_free(g->account.key);
        g->account.key = NULL;
    }
    s->state = NULL;
}

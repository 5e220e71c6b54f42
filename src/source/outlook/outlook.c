// SPDX-License-Identifier: Apache-2.0
// Carving the Outlook source and what it offers (see outlook.h).
#include "source/outlook/outlook.h"

#include "os/os.h"
#include "source/outlook/outlook_identity.h"
#include "source/outlook/outlook_schema.h"
#include "source/outlook/outlook_steps.h"

static const str outlook_fields[] = {
    S("_allow_access_control"),
    S("_attachment"),
    S("_timestamp"),
    S("attendees"),
    S("bcc_recipients"),
    S("birthday"),
    S("body"),
    S("categories"),
    S("cc_recipients"),
    S("company_name"),
    S("complete_date"),
    S("contact_numbers"),
    S("content"),
    S("conversation_id"),
    S("due_date"),
    S("email_addresses"),
    S("end_date"),
    S("flag_status"),
    S("folder"),
    S("importance"),
    S("is_read"),
    S("location"),
    S("mailbox"),
    S("meeting_type"),
    S("message"),
    S("message_id"),
    S("name"),
    S("optional_attendees"),
    S("organizer"),
    S("owner"),
    S("received_date"),
    S("sender"),
    S("sent_date"),
    S("size"),
    S("start_date"),
    S("status"),
    S("title"),
    S("to_recipients"),
    S("type"),
    S("web_link"),
};

static const struct source_ops outlook_ops = {
    .service_type = "outlook",
    .name = "Outlook",
    .mailbox_bytes = sizeof(union outlook_any_mailbox),
    .fetch_bytes = sizeof(union outlook_any_fetch),
    .accounts_bytes = sizeof(union outlook_accounts),

    .accounts_next = outlook_accounts_next,
    .accounts_head = outlook_accounts_head,
    .accounts_body = outlook_accounts_body,
    .accounts_end = outlook_accounts_end,
    .accounts_fail = outlook_accounts_fail,
    .accounts_send = outlook_accounts_send,

    .mailbox_next = outlook_mailbox_next,
    .mailbox_head = outlook_mailbox_head,
    .mailbox_body = outlook_mailbox_body,
    .mailbox_end = outlook_mailbox_end,
    .mailbox_fail = outlook_mailbox_fail,
    .mailbox_close = outlook_mailbox_close,

    .fetch_next = outlook_lane_next,
    .fetch_head = outlook_lane_head,
    .fetch_body = outlook_lane_body,
    .fetch_end = outlook_lane_end,
    .fetch_fail = outlook_lane_fail,
    .document_fields = outlook_fields,
    .document_field_count = COUNT(outlook_fields),
    .units_together = FETCH_UNITS_MAX,

    .schema = &outlook_schema,
    .configure = outlook_configure,
    .release = outlook_release,

    .ping_bytes = sizeof(union outlook_accounts),
    .ping_next = outlook_ping_next,
    .ping_head = outlook_accounts_head,
    .ping_body = outlook_ping_body,
    .ping_end = outlook_accounts_end,
    .ping_fail = outlook_accounts_fail,
    .ping_send = outlook_accounts_send,

    .keeps_states = true,

    .identity = outlook_identity,
    .identity_id = outlook_identity_id,
};

static int outlook_or(int value, int otherwise)
{
    return value > 0 ? value : otherwise;
}

void outlook_init(struct plan *plan, const struct outlook_settings *settings, struct source *out)
{
    struct outlook *o = plan_take_n(plan, "outlook", struct outlook, 1,
                                    "address, user and pauses of Exchange");
    o->settings = *settings;
    o->source = out;
    o->reader_count = outlook_or(settings->requests, OUTLOOK_REQUESTS);
    ASSERT(o->reader_count <= OUTLOOK_REQUESTS_MAX);
    o->readers = plan_take_n(plan, "exchange answers", struct outlook_reader, o->reader_count,
                             "XML, HTML and one item while they are read");
    u8 *requests = plan_take(plan, "exchange requests", EWS_REQUEST_BYTES + EWS_STATE_BYTES,
                             o->reader_count, "a request, and a SyncState that is coming");
    for (int i = 0; i < o->reader_count; i++) {
        u8 *at = requests + (isize)i * (EWS_REQUEST_BYTES + EWS_STATE_BYTES);
        o->readers[i].request = buf_over(at, EWS_REQUEST_BYTES);
        o->readers[i].state = buf_over(at + EWS_REQUEST_BYTES, EWS_STATE_BYTES);
    }
    o->ca_memory = plan_take(plan, "ssl_ca", OUTLOOK_CA_BYTES, 1, "certificates of the record");
    o->ca_text = plan_take(plan, "ssl_ca text", OUTLOOK_CA_TEXT_BYTES, 1, "their PEM in order");
    if (settings->files) {
        o->file_used = plan_take_n(plan, "extraction files", bool, settings->file_count,
                                   "which of them hold an attachment");
    }
    os_entropy(&o->hosts, sizeof o->hosts);
    *out = (struct source){
        .ops = &outlook_ops,
        .state = o,
        .notice = buf_over(o->notice, EXCHANGE_DETAIL_BYTES),
        .waived = entra_identity_has_proof(settings->identity) ? "client_secret" : NULL,
        .in_flight_max = outlook_or(settings->requests_per_mailbox, OUTLOOK_IN_FLIGHT),
    };
}

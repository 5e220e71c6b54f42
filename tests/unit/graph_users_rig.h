// SPDX-License-Identifier: Apache-2.0
// The walk over the users of a tenant to be driven by hand: an Outlook source configured for
// Exchange Online, a sink that writes down whom it is given, and tokens of Entra ID. Also for fuzz
// targets.
#ifndef TESTS_UNIT_GRAPH_USERS_RIG_H
#define TESTS_UNIT_GRAPH_USERS_RIG_H

#include "machine.h"

#include "codec/base64.h"
#include "source/outlook/outlook.h"
#include "source/outlook/outlook_identity.h"
#include "source/outlook/outlook_schema.h"
#include "source/outlook/outlook_steps.h"

#define GRAPH_ROLES \
    "\"Mail.Read\",\"Calendars.Read\",\"Contacts.Read\",\"Tasks.Read.All\",\"User.Read.All\""
#define LINK "https://graph.example.test/v1.0/users?$skiptoken=abc"
#define ID(n) "0000000" n "-07e2-4810-8459-485f84f8f204"
#define USER(n, mail, more) \
    "{\"id\":\"" ID(n) "\",\"mail\":" mail ",\"displayName\":\"User " n "\"" more "}"

static struct {
    struct arena arena;
    struct plan plan;
    struct source source;
    struct outlook *o;
    struct outlook_settings settings;
    struct tls_trust trust;
    struct machine m;
    union outlook_accounts st;
    struct account_sink sink;
    u8 seen_bytes[KIB(8)], detail_bytes[512], token[KIB(2)];
    _Alignas(16) u8 memory[MIB(2)];
    struct buf seen, detail, docs;
    u8 doc_bytes[KIB(16)];
    int room; // accounts that may be taken
} rig;

static bool take(void *st, const struct account *a)
{
    (void)st;
    if (rig.room == 0) {
        return false;
    }
    rig.room--;
    str parts[] = {a->address, S("|"), a->flags, S("|"), a->name, a->no_mailbox ? S("|-") : S("|+"),
                   S("\n")};
    for (int i = 0; i < COUNT(parts); i++) {
        buf_put(&rig.seen, parts[i]);
    }
    u8 bytes[KIB(4)];
    struct buf doc = buf_over(bytes, COUNT(bytes));
    if (rig.source.ops->identity(rig.o, a, &doc)) {
        u8 id[IDENTITY_ID_BYTES];
        buf_put(&rig.docs, rig.source.ops->identity_id(a, id));
        buf_put(&rig.docs, buf_str(&doc));
        buf_put_byte(&rig.docs, '\n');
    }
    return true;
}

static enum step walk_next(void *st, i64 now_ms, struct exchange *x)
{
    return rig.source.ops->accounts_next(rig.o, st, now_ms, x);
}
static err walk_head(void *st, struct exchange *x, const struct http_head *head)
{
    return rig.source.ops->accounts_head(rig.o, st, x, head);
}
static err walk_body(void *st, struct exchange *x, str *in)
{
    return rig.source.ops->accounts_body(rig.o, st, x, in, &rig.sink);
}
static err walk_end(void *st, struct exchange *x)
{
    return rig.source.ops->accounts_end(rig.o, st, x);
}
static void walk_fail(void *st, struct exchange *x, err e)
{
    buf_put(&rig.detail, buf_str(&x->detail));
    CHECK(!rig.source.ops->accounts_fail(rig.o, st, x, e));
}
static const struct machine_ops walk_ops = {.name = "walk",
                                            .next = walk_next,
                                            .head = walk_head,
                                            .body = walk_body,
                                            .end = walk_end,
                                            .fail = walk_fail};

static void begin_with(const struct outlook_settings *settings)
{
    memset(&rig, 0, sizeof rig);
    rig.arena = arena_over(rig.memory, COUNT(rig.memory));
    rig.plan.arena = &rig.arena;
    rig.trust.verify = true;
    struct outlook_settings s = *settings;
    s.trust = &rig.trust;
    s.requests = 1;
    s.login_url = S("https://login.example.test");
    s.graph_url = S("https://graph.example.test");
    s.ews_url = S("https://outlook.example.test");
    outlook_init(&rig.plan, &s, &rig.source);
    rig.o = rig.source.state;
    struct field_value values[SCHEMA_FIELDS_MAX] = {0};
    values[OUTLOOK_FIELD_DATA_SOURCE].text = S("outlook_cloud");
    values[OUTLOOK_FIELD_TENANT_ID].text = S("contoso.example");
    values[OUTLOOK_FIELD_CLIENT_ID].text = S("11111111-2222-3333-4444-555555555555");
    values[OUTLOOK_FIELD_CLIENT_SECRET].text = S("aB~3/x+y");
    values[OUTLOOK_FIELD_SECURITY].flag = true;
    struct source_setup setup = {.values = values, .document_level_security = true};
    rig.detail = buf_over(rig.detail_bytes, COUNT(rig.detail_bytes));
    CHECK_OK(rig.source.ops->configure(rig.o, &setup, &rig.detail));
    rig.seen = buf_over(rig.seen_bytes, COUNT(rig.seen_bytes));
    rig.docs = buf_over(rig.doc_bytes, COUNT(rig.doc_bytes));
    rig.sink = (struct account_sink){.take = take};
    rig.room = 1000;
    machine_init(&rig.m, &walk_ops, &rig.st);
}

[[maybe_unused]] static void begin(enum outlook_backend backend)
{
    begin_with(&(struct outlook_settings){.backend = backend});
}

// An answer of Entra ID with a token of these roles; one at a time.
[[maybe_unused]] static str token(const char *roles)
{
    u8 bytes[512];
    struct buf payload = buf_over(bytes, COUNT(bytes)), b = buf_over(rig.token, COUNT(rig.token));
    buf_put(&payload, S("{\"roles\":["));
    buf_put(&payload, str_from(roles));
    buf_put(&payload, S("]}"));
    buf_put(&b, S("{\"token_type\":\"Bearer\",\"expires_in\":3599,\"access_token\":\"e30."));
    base64_encode_url(&b, buf_str(&payload));
    buf_put(&b, S(".c2ln\"}"));
    return buf_str(&b);
}

#endif

// SPDX-License-Identifier: Apache-2.0
// Configuring the Gmail source for one run (see gmail.h, spec/configuration.md 5): what a record
// says is checked without the network and copied into memory that was carved at start. Whatever the
// former run knew is wiped first: key, token endpoint, quota, counters. Texts for people name
// fields by their labels, never a secret.
#include "net/proxy.h"
#include "os/os.h"
#include "source/gmail/gmail_schema.h"
#include "source/gmail/gmail_state.h"

void gmail_release(void *src)
{
    struct gmail *g = src;
    gmail_account_wipe(&g->account);
    crypto_wipe(&g->run, sizeof g->run);
}

// Full match of \S+@\S+\.\S+.
static bool configure_is_subject(str s)
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

static str configure_text(const struct source_setup *setup, str key)
{
    const struct field_value *v = source_value(&gmail_schema, setup->values, key);
    return v->text;
}

static bool configure_flag(const struct source_setup *setup, str key)
{
    const struct field_value *v = source_value(&gmail_schema, setup->values, key);
    return v->flag;
}

static str configure_keep(u8 *to, isize cap, str s)
{
    struct buf copy = buf_over(to, cap);
    buf_put(&copy, s);
    ASSERT(!copy.full); // its length was checked
    return buf_str(&copy);
}

static err configure_texts(struct gmail_run *run, const struct source_setup *setup,
                           struct buf *detail)
{
    str subject = configure_text(setup, S("subject"));
    str customer = configure_text(setup, S("customer_id"));
    if (!configure_is_subject(subject)) {
        buf_put(detail, S("subject \""));
        buf_put(detail, str_slice(subject, 0, subject.n < 100 ? subject.n : 100));
        buf_put(detail, S("\" is not of the form name@domain.tld"));
        return FAIL(GMAIL_SUBJECT);
    }
    if (customer.n == 0 || customer.n > GMAIL_FIELD_BYTES) {
        buf_put(detail, S("customer_id"));
        return FAIL(GMAIL_CUSTOMER_ID);
    }
    run->subject = configure_keep(run->subject_bytes, ADDRESS_BYTES, subject);
    run->customer_id = configure_keep(run->customer_bytes, GMAIL_FIELD_BYTES, customer);
    return OK;
}

// ---- the token endpoint

static bool configure_is_same_host(const struct url *a, const struct url *b)
{
    return a->tls == b->tls && a->port == b->port && str_eq_nocase(a->host, b->host);
}

// Connections and TLS sessions are shared by number: another host gets one of its own, which
// nobody can foretell, so that what was learned of one host is never offered to another.
static int configure_number(const struct gmail *g, const struct url *url)
{
    u8 bytes[GMAIL_FIELD_BYTES + 16];
    struct buf b = buf_over(bytes, COUNT(bytes));
    buf_put_lower(&b, url->host);
    buf_put_byte(&b, ':');
    buf_put_u64(&b, url->port);
    return (int)(GMAIL_DEST_FIRST | (hash_siphash(g->hosts, buf_str(&b)) & (GMAIL_DEST_FIRST - 1)));
}

static err configure_token_url(struct gmail *g, struct dest *d, struct buf *detail)
{
    struct url url;
    err e = url_parse(g->account.token_uri, &url);
    if (!err_ok(e) || !url.tls || url.user.n) {
        buf_put(detail, S("token_uri of the service account: "));
        buf_put(detail, !err_ok(e) ? str_from(err_what(e))
                        : url.tls  ? S("it holds a user name")
                                   : S("it is not https"));
        return FAIL(GMAIL_TOKEN_URI);
    }
    if (!configure_is_same_host(&url, &d->url)) {
        d->index = configure_number(g, &url);
        d->proxy = g->settings.proxy && !proxy_is_exempt(g->settings.no_proxy, url.host)
                       ? g->settings.proxy
                       : NULL;
    }
    d->url = url;
    return OK;
}

// A token's whole URL is given; a destination's path is only the beginning of a target.
static err configure_token_dest(struct gmail *g, struct buf *detail)
{
    struct gmail_run *run = &g->run;
    run->token_dest = *g->settings.token;
    if (!g->settings.token_fixed) {
        TRY(configure_token_url(g, &run->token_dest, detail));
    }
    str path = run->token_dest.url.path;
    run->token_target = path.n > 1 ? path : S("/token");
    run->token_dest.url.path = S("/");
    return OK;
}

// ---- all of it

static err configure_queries(struct gmail *g, const struct source_setup *setup, struct buf *detail)
{
    for (isize i = 0; i < setup->query_count; i++) {
        struct buf encoded = buf_over(g->scratch, GMAIL_QUERY_BYTES);
        url_put_encoded(&encoded, setup->queries[i]);
        if (encoded.full || !str_is_utf8(setup->queries[i])) {
            buf_put(detail, S("query "));
            buf_put_i64(detail, i + 1);
            buf_put(detail, S(" of the advanced sync rules"));
            return FAIL(GMAIL_QUERY);
        }
    }
    g->run.queries = setup->queries;
    g->run.query_count = setup->query_count;
    return OK;
}

static err configure_all(struct gmail *g, const struct source_setup *setup, struct buf *detail)
{
    struct gmail_run *run = &g->run;
    TRY(configure_texts(run, setup, detail));
    TRY(gmail_account_read(&g->account, configure_text(setup, S("service_account_credentials")),
                           g->scratch, detail));
    TRY(configure_token_dest(g, detail));
    TRY(configure_queries(g, setup, detail));
    run->include_spam_and_trash = configure_flag(setup, S("include_spam_and_trash"));
    run->include_full_raw_message = configure_flag(setup, S("include_full_raw_message"));
    run->document_level_security = setup->document_level_security &&
                                   configure_flag(setup, S("use_document_level_security"));
    run->project_quota.units_minute = g->settings.quota_units_project_minute;
    run->configured = true;
    return OK;
}

err gmail_configure(void *src, const struct source_setup *setup, struct buf *detail)
{
    struct gmail *g = src;
    gmail_release(g);
    err e = configure_all(g, setup, detail);
    if (!err_ok(e)) {
        gmail_release(g);
        return e;
    }
    g->source->quota_wait_ms = 0;
    g->source->quota_units_used = 0;
    g->source->may_repeat = setup->query_count > 1;
    return OK;
}

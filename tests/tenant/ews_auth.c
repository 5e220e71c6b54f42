// SPDX-License-Identifier: Apache-2.0
// Who may ask the fake Exchange: Basic on each request, NTLM and Negotiate on a connection, tokens
// of Entra. What is offered, the lock-out and the binding of the TLS channel are options.
#include "account.h"
#include "entra.h"
#include "ews.h"
#include "graph.h"
#include "t_ntlm.h"

static void offer(const struct tenant *t, struct t_response *r)
{
    int auth = t->o.exchange_auth;
    if (auth & T_AUTH_NEGOTIATE) {
        t_response_header(r, "WWW-Authenticate: Negotiate");
    }
    if (auth & T_AUTH_NTLM) {
        t_response_header(r, "WWW-Authenticate: NTLM");
    }
    if (auth & T_AUTH_BASIC) {
        t_response_header(r, "WWW-Authenticate: Basic realm=\"mail.%.*s\"", (int)t->o.domain.n,
                          (const char *)t->o.domain.p);
    }
    if (auth & T_AUTH_BEARER) {
        t_response_header(r, "WWW-Authenticate: Bearer client_id=\"00000002-0000-0ff1-ce00-"
                             "000000000000\", trusted_issuers=\"00000001-0000-0000-c000-"
                             "000000000000@*\", token_types=\"app_asserted_user_v1 "
                             "service_asserted_app_v1\"");
    }
}

static void refuse(struct tenant *t, struct t_response *r, enum account_result why)
{
    r->status = 401;
    t_response_header(r, "X-FEServer: EX01");
    offer(t, r);
    if (why == ACCOUNT_LOCKED) {
        t_response_header(r, "Content-Type: text/html");
        t_buf_z(&r->own, "<html><body>The referenced account is currently locked out and may not "
                         "be logged on to.</body></html>");
    }
    t->exchange->logons_refused += why == ACCOUNT_OK ? 0 : 1;
}

static bool basic(struct tenant *t, str token, struct t_response *r)
{
    struct t_buf plain = {0};
    str user = {0};
    bool found = false, ok = t_base64_decode(&plain, token);
    str password = str_cut(t_buf_str(&plain), ':', &user, &found);
    enum account_result result = ACCOUNT_WRONG;
    if (ok && found) {
        result = account_check(t, user, password, t->o.exchange_latin1);
    }
    t_buf_free(&plain);
    if (result != ACCOUNT_OK) {
        refuse(t, r, result);
        return false;
    }
    t->exchange->logons_basic++;
    return true;
}

static bool scheme(str header, const char *name, str *token)
{
    str head;
    bool found = false;
    *token = str_trim(str_cut(header, ' ', &head, &found));
    return str_eq_nocase(head, str_from(name));
}

static void put_token(struct t_response *r, const char *name, const struct t_buf *answer)
{
    struct t_buf text = {0};
    t_base64_put(&text, t_buf_str(answer), false);
    t_response_header(r, "WWW-Authenticate: %s %.*s", name, (int)text.n, (const char *)text.p);
    t_buf_free(&text);
}

// A leg of the handshake, whose answer names the scheme that the client used.
static bool handshake(struct tenant *t, const struct t_request *q, struct t_response *r,
                      const char *name, str token)
{
    struct t_buf message = {0}, answer = {0};
    enum account_result why = ACCOUNT_WRONG;
    enum t_ntlm_step step = T_NTLM_REFUSED;
    if (t_base64_decode(&message, token)) {
        str m = t_buf_str(&message);
        bool raw = str_starts(m, S("NTLMSSP"));
        bool unwanted = raw && (t->o.exchange_auth & T_AUTH_WRAPPED) && name[1] == 'e';
        step = unwanted ? T_NTLM_REFUSED : t_ntlm_step(t, q->link, m, &answer, &why);
    }
    switch (step) {
    case T_NTLM_CONTINUE:
        r->status = 401;
        put_token(r, name, &answer);
        t_response_header(r, "Set-Cookie: exchangecookie=9f%08x; path=/; HttpOnly",
                          (unsigned)t->ntlm_turn);
        break;
    case T_NTLM_DONE:
        t->exchange->logons_ntlm++;
        if (answer.n > 0) {
            put_token(r, name, &answer);
        }
        break;
    case T_NTLM_REFUSED:
        refuse(t, r, why);
        break;
    }
    t_buf_free(&message);
    t_buf_free(&answer);
    return step == T_NTLM_DONE;
}

// Of Exchange Online: the token is for it, and allows all mailboxes.
static bool bearer(struct tenant *t, str token, struct t_response *r)
{
    const char *why = NULL;
    const struct entra_token *k = entra_token_find(t, token, ENTRA_EXCHANGE, &why);
    if (k && (k->roles & GRAPH_ROLE_EWS)) {
        t->exchange->logons_bearer++;
        return true;
    }
    if (k) {
        t_response_header(r,
                          "x-ms-diagnostics: 2000008;reason=\"The token contains no permissions, "
                          "or permissions can not be understood.\";error_category="
                          "\"invalid_grant\"");
    } else {
        t_response_header(r,
                          "x-ms-diagnostics: 2000003;reason=\"%s\";error_category="
                          "\"invalid_token\"",
                          why);
    }
    refuse(t, r, ACCOUNT_WRONG);
    return false;
}

bool ews_authenticate(struct tenant *t, const struct t_request *q, struct t_response *r)
{
    str header = t_request_header(q, "authorization"), token;
    int auth = t->o.exchange_auth;
    if ((auth & T_AUTH_BASIC) && scheme(header, "Basic", &token)) {
        return basic(t, token, r);
    }
    if ((auth & T_AUTH_NTLM) && q->link && scheme(header, "NTLM", &token)) {
        return handshake(t, q, r, "NTLM", token);
    }
    if ((auth & T_AUTH_NEGOTIATE) && q->link && scheme(header, "Negotiate", &token)) {
        return handshake(t, q, r, "Negotiate", token);
    }
    if ((auth & T_AUTH_BEARER) && scheme(header, "Bearer", &token)) {
        return bearer(t, token, r);
    }
    if (auth == 0 || (header.n == 0 && q->link && q->link->ntlm == 2)) {
        return true;
    }
    refuse(t, r, header.n > 0 ? ACCOUNT_UNKNOWN : ACCOUNT_OK);
    return false;
}

// SPDX-License-Identifier: Apache-2.0
// The fake Microsoft Entra ID: one tenant with one application, which gets tokens for Graph and for
// Exchange with a secret, a certificate or a federated identity (spec/wire-graph.md 1). Tokens look
// like JWTs; their "signature" is a keyed hash that only this model checks.
#ifndef TENANT_ENTRA_H
#define TENANT_ENTRA_H

#include "model.h"

enum entra_resource { ENTRA_GRAPH, ENTRA_EXCHANGE, ENTRA_RESOURCES };

struct entra_token {
    u64 secret;
    i64 expires_ms;
    int roles; // GRAPH_ROLE_... of graph.h
    enum entra_resource resource;
    bool revoked;
};

struct entra {
    struct entra_token *tokens;
    isize token_count, token_cap;
    char *secret; // as a test set it; NULL: the option
    bool secret_expired, no_app, app_disabled, no_tenant, no_certificate, no_federation;
    bool missing[ENTRA_RESOURCES];     // no principal of that resource in the tenant
    char *issuer, *subject, *audience; // of the federated identity
    int roles;                         // what the administrator consented to
    i64 token_ttl_s;
    i64 latency_ms;
    u64 last_jti; // a hash
    i64 repeated; // assertions with the jti of the one before
    i64 issued[ENTRA_RESOURCES], by_secret, by_certificate, by_federation, refused;
};

enum entra_credential { ENTRA_SECRET, ENTRA_CERTIFICATE, ENTRA_FEDERATION };

// What is wrong, as the table of wire-graph.md 1 says it.
struct entra_error {
    int code; // AADSTS; 0: nothing
    char text[400];
};

// Is the assertion good, and of which kind? `endpoint` is the address of the token endpoint.
struct entra_error entra_assertion_check(struct tenant *t, str assertion, str endpoint,
                                         enum entra_credential *kind);
__attribute__((format(printf, 2, 3))) struct entra_error entra_fail(int code, const char *format,
                                                                    ...);
void entra_error_out(const struct tenant *t, struct t_response *r, int status, const char *error,
                     int code, str text);

extern const str entra_resources[ENTRA_RESOURCES]; // their names, without "/.default"
void entra_token_issue(struct tenant *t, enum entra_resource resource, struct t_response *r);
// The token of "Bearer ..." for a resource. NULL: *why says what Graph would say of it.
const struct entra_token *entra_token_find(struct tenant *t, str bearer,
                                           enum entra_resource resource, const char **why);

#endif

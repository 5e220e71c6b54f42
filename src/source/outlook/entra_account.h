// SPDX-License-Identifier: Apache-2.0
// What mailferry is to Entra ID (spec/wire-graph.md 1): an application of a tenant, and its proof:
// a client secret, the key of a certificate (private_key_jwt: RFC 7523, section 2.2), or a token
// that a federated identity provider writes into a file (workload identity).
//
// The *identity* comes from config.yml and its files, once, at start: it is shared by all runs. The
// *account* is that of one run: tenant, client and secret of a record. Which proof counts is
// decided by entra_account_read(): a certificate or a token file that config.yml names, else the
// record's secret, else the token file that the environment names (AZURE_FEDERATED_TOKEN_FILE).
#ifndef SOURCE_OUTLOOK_ENTRA_ACCOUNT_H
#define SOURCE_OUTLOOK_ENTRA_ACCOUNT_H

#include "base/buf.h"
#include "limits.h"
#include "net/crypto.h"

// One of the clouds of Microsoft. The URLs have no path and no '/' at the end; those of the APIs
// are the resources of token requests as well, also where endpoints.* sends requests elsewhere.
struct entra_cloud {
    const char *name;  // as outlook.cloud names it
    const char *login; // "https://login.microsoftonline.com"
    const char *graph; // "https://graph.microsoft.com"
    const char *ews;   // "https://outlook.office365.com"
};

const struct entra_cloud *entra_cloud_at(int i);       // NULL after the last; the 0th is "global"
const struct entra_cloud *entra_cloud_find(str name);  // NULL: there is none of that name
const struct entra_cloud *entra_cloud_of_login(str s); // by the host of a login URL; NULL: unknown

// What config.yml and the environment say; all zero: nothing, records have secrets.
struct entra_identity {
    struct crypto_key *key;    // of the certificate; NULL: there is none
    u8 thumbprint[32];         // SHA-256 of the certificate (x5t#S256)
    i64 not_after_s;           // its end, Unix time
    bool pkcs1;                // RS256 instead of PS256
    const char *token_name;    // of the token file in its folder; NULL: there is none
    int token_folder_fd;       // that folder, opened before the seal
    bool token_by_environment; // the file was named by AZURE_FEDERATED_TOKEN_FILE alone
};

// Reads the PEM text that outlook.client_certificate_file names: one private key (PKCS#8 or PKCS#1,
// not encrypted) and, in any order, the certificate that belongs to it, perhaps among others. `key`
// (crypto_key_take()) keeps the key. ENTRA_CERTIFICATE, ENTRA_CERTIFICATE_KEY (they do not belong
// together), ENTRA_CERTIFICATE_EXPIRED (by now_s), or an error of crypto_key_read(); no piece of
// the text comes into a message.
err entra_identity_read(struct entra_identity *identity, struct crypto_key *key, str pem, i64 now_s,
                        struct buf *detail);

enum entra_proof { ENTRA_PROOF_NONE, ENTRA_PROOF_SECRET, ENTRA_PROOF_KEY, ENTRA_PROOF_FILE };

// Of one run; zeroed by its owner, wiped by entra_account_wipe().
struct entra_account {
    const struct entra_identity *identity; // NULL: as if it were all zero
    enum entra_proof proof;
    str tenant, client_id, secret; // into the bytes below
    u8 tenant_bytes[ENTRA_TENANT_BYTES], client_bytes[ENTRA_CLIENT_BYTES],
        secret_bytes[ENTRA_SECRET_BYTES];
};

// The fields of a record; blanks around them are taken off (people paste), but not off the secret.
struct entra_fields {
    str tenant, client_id, secret;
};

// Whether a record needs a secret: there is no other proof. For the check of its fields.
bool entra_identity_has_proof(const struct entra_identity *identity);

// Checks the fields and copies them. Nothing is asked of the network. ENTRA_FIELDS (empty ones: all
// of them are named in `detail` by their labels), ENTRA_TENANT, ENTRA_CLIENT, ENTRA_SECRET (too
// long or unprintable). After an error the account is empty. The tenant is a GUID or the name of a
// domain, so it can stand in the path of a URL; "common" and its like are refused: tokens for an
// application are of one tenant.
err entra_account_read(struct entra_account *a, const struct entra_identity *identity,
                       const struct entra_fields *fields, struct buf *detail);
void entra_account_wipe(struct entra_account *a);

// The federated token as it is now, without blanks around it; nothing else but characters of a JWT
// is taken. The file is opened again each time: its provider puts another in its place. Appends at
// most ENTRA_FILE_BYTES. ENTRA_TOKEN_FILE, with the reason in `detail`.
err entra_account_put_file(const struct entra_account *a, struct buf *out, struct buf *detail);

#endif

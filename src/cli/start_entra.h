// SPDX-License-Identifier: Apache-2.0
// What config.yml and the environment say for all connectors of Exchange Online: the certificate
// that stands for client secrets (outlook.client_certificate_file), the federated token of a
// workload identity (outlook.federated_token_file, AZURE_FEDERATED_TOKEN_FILE), and the cloud
// (AZURE_AUTHORITY_HOST). Read once, before the seal; of the token file its folder stays open.
#ifndef CLI_START_ENTRA_H
#define CLI_START_ENTRA_H

#include "cli/start.h"
#include "os/seal.h"

// Fills s->entra. Nothing is done where no connector can be of type outlook. ENTRA_CERTIFICATE...,
// ENTRA_TOKEN_FILE, CONFIG_FILE, CONFIG_URL, their facts in s->detail.
err start_entra(struct start *s);

// The key of the field that a record of this type may leave empty; NULL: none.
const char *start_entra_waives(const struct start *s, const struct service_type *type);

// For the one connector of `sync` and `check`, once its fields are in s->values: what it does not
// use is closed.
void start_entra_settle(struct start *s);

// Says in the log that there is such a file.
void start_entra_put_wants(const struct start *s, struct seal_wants *wants);
void start_entra_clear(const struct start *s); // wipes the key

#endif

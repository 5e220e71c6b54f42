// SPDX-License-Identifier: Apache-2.0
// The files that the tenant writes for whoever wants to use it: ca.pem, service-account.json, a
// config.yml (Gmail) and an outlook.yml for mailferry that point to this very server, and `ready`
// with ports and process id.
#ifndef TENANT_OUTPUT_H
#define TENANT_OUTPUT_H

#include "server.h"

// All but `ready` are whole when `ready` appears. false: a message was written.
bool output_write(const char *dir, const struct t_options *o, const struct server_options *server);

// Loads *.eml of `dir`: each folder within is a mailbox (in the order of their names), or, when
// there is none, the whole is one. A mailbox is called user1, user2, ... false: a message was
// written.
bool output_load_eml(struct tenant *t, const char *dir, int first);

#endif

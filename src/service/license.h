// SPDX-License-Identifier: Apache-2.0
// Whether the license of the cluster covers document level security (spec/elastic-protocol.md 8):
// platinum or more, and not expired. What cannot be understood does not.
#ifndef SERVICE_LICENSE_H
#define SERVICE_LICENSE_H

#include "service/worker.h"

void license_ask(struct worker *w); // GET /_license is ready to be sent

// The answer: OK, or SERVICE_LICENSE with what there is instead in `detail`, or why there is no
// answer.
err license_read(struct worker *w, struct buf *detail);

#endif

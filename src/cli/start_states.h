// SPDX-License-Identifier: Apache-2.0
// outlook.state_file: the file in which states of folders outlive a run (sync/states.h). It is
// opened with everything else before the seal, which then lets pwrite(2) and fdatasync(2) through
// for it alone.
#ifndef CLI_START_STATES_H
#define CLI_START_STATES_H

#include "cli/start.h"
#include "os/seal.h"

// For commands that run syncs: s->settings.kept, if config.yml names a file; said in the log.
// CONFIG_STATE_FILE, its facts in s->detail.
err start_states(struct start *s);

void start_states_put_wants(const struct start *s, struct seal_wants *wants);

#endif

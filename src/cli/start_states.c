// SPDX-License-Identifier: Apache-2.0
// States of folders (see start_states.h).
#include "cli/start_states.h"

#include "os/os.h"
#include "sync/states.h"

err start_states(struct start *s)
{
    str path = s->config.outlook.state_file;
    enum command command = s->options->command;
    bool runs = (command == COMMAND_SYNC && !s->options->dry_run) || command == COMMAND_SERVE;
    int fd = -1;
    if (path.n == 0 || (!runs && command != COMMAND_LIMITS)) {
        return OK;
    }
    if (runs) {
        buf_put(&s->detail, S("outlook.state_file: "));
        fd = os_store_open((const char *)path.p, &s->detail);
        if (fd < 0) {
            return FAIL(CONFIG_STATE_FILE);
        }
        buf_reset(&s->detail);
    }
    s->state_fd = fd;
    s->settings.kept = states_init(&s->plan, fd, s->log);
    u8 bytes[32];
    struct buf count = buf_over(bytes, COUNT(bytes));
    buf_put_i64(&count, states_count(s->settings.kept));
    struct log_fact facts[] = {{"file", path}, {"folders", buf_str(&count)}};
    if (runs) {
        log_line(s->log, LOG_INFO,
                 S("states of folders are kept in this file, which this process goes on writing "
                   "after its seal"),
                 facts, COUNT(facts));
    }
    return OK;
}

void start_states_put_wants(const struct start *s, struct seal_wants *wants)
{
    wants->store = s->settings.kept != NULL;
    wants->store_fd = s->state_fd;
}

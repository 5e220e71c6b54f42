// SPDX-License-Identifier: Apache-2.0
// How a sync shows that it lives, on standard error: on a terminal one line an active mailbox and a
// total line, redrawn in place at most PROGRESS_PER_SECOND times a second; into a pipe a key=value
// line every PROGRESS_PLAIN_MS; with --json a JSON line in ECS field names as often.
#ifndef CLI_PROGRESS_H
#define CLI_PROGRESS_H

#include "base/plan.h"
#include "sync/job.h"

struct os_watch;

enum output_form { OUTPUT_TERMINAL, OUTPUT_PLAIN, OUTPUT_JSON };

struct progress;

// `watch` may be NULL (os/os.h).
struct progress *progress_init(struct plan *plan, enum output_form form, int columns,
                               struct os_watch *watch);
void progress_step(struct progress *p, const struct job *job, i64 now_ms); // draws when it is time
void progress_clear(void *st); // st = struct progress: takes the lines off the screen (log_on_line)

#endif

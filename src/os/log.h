// SPDX-License-Identifier: Apache-2.0
// Log lines: one line, one write, to standard error. At most LOG_LINE_BYTES with a mark where it
// was cut; control bytes escaped; at most LOG_PER_CODE lines of the same error code in a minute
// (the rest is counted and said). Never a body, a token or a password: no function takes one.
//
// The plain form: `2026-11-22T03:04:05.678Z INFO message key=value key="value with blanks"`.
// The JSON form: one object a line, with the field names of ECS; facts are `labels`. The facts
// connector_id, index_name, sync_job_id and service_name have places of their own in the forms of
// the service that this program replaces (spec/configuration.md 8).
#ifndef OS_LOG_H
#define OS_LOG_H

#include "base/err.h"
#include "base/str.h"

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };
enum log_form {
    LOG_PLAIN,    // key=value
    LOG_JSON,     // JSON lines in ECS field names
    LOG_BRACKETS, // as the service that we replace: [FMWK][03:04:05][INFO] [Connector id: c1] text
    LOG_COLOURS,  // the same, for terminals
    LOG_FILEBEAT, // as its --filebeat: ECS with its product's marks
};

struct log; // one a process
struct os_watch;
struct plan;

struct log *log_init(struct plan *plan, enum log_level level, enum log_form form);
void log_level_set(struct log *log, enum log_level level);

// A reader of standard error that takes nothing must not keep a signal to stop from being seen.
void log_watch(struct log *log, struct os_watch *watch);

// Facts of a line, up to LOG_FACTS_MAX: keys are literals ("mailbox"), values are escaped.
struct log_fact {
    const char *key;
    str value;
};

void log_line(struct log *log, enum log_level level, str message, const struct log_fact *facts,
              isize count);

// An error that became a decision: its text, `detail` (facts of the exchange), and what to do.
void log_err(struct log *log, enum log_level level, err e, str detail, const struct log_fact *facts,
             isize count);

// Says how many lines of each code were left out and not yet said. Call before the process ends;
// while it runs, the first line after the minute says it.
void log_say_left_out(struct log *log);

// A terminal's progress display owns the last lines of the screen: called before and after each
// line.
void log_on_line(struct log *log, void (*clear)(void *st), void *st);

#endif

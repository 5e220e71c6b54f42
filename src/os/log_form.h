// SPDX-License-Identifier: Apache-2.0
// The forms of a log line (os/log.h), each built in one buffer in which room for its closing bytes
// is kept back, so that a cut line is still a whole line, and in the JSON forms a whole object.
#ifndef OS_LOG_FORM_H
#define OS_LOG_FORM_H

#include "base/buf.h"
#include "os/log.h"

// What a line says. `e` and `detail` only for errors.
struct log_entry {
    enum log_level level;
    str message, detail;
    const struct log_fact *facts;
    isize count;
    err e;
};

// Puts the whole line, its line end included, into the empty buffer of at least LOG_LINE_BYTES.
void log_form_put(struct buf *line, enum log_form form, const struct log_entry *entry);

#endif

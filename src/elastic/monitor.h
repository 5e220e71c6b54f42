// SPDX-License-Identifier: Apache-2.0
// The error monitor of a job (spec/elastic-protocol.md 11.6): how many documents may be refused, in
// a row, in total, and among the last ones, before the job is stopped. Pure: one struct, no memory
// besides it. The window begins as all-success and its denominator is fixed, so that the 16th error
// of the first 100 items is one too many at the default rate of 0.15.
#ifndef ELASTIC_MONITOR_H
#define ELASTIC_MONITOR_H

#include "base/buf.h"
#include "limits.h"

struct error_monitor_settings {
    bool enabled; // false: errors are only counted
    i64 max_total_errors, max_consecutive_errors;
    int error_window_size; // items; 0 disables the rate rule; at most ERROR_WINDOW_MAX
    double max_error_rate; // 0..1
};

struct error_monitor {
    struct error_monitor_settings settings;
    i64 errors, consecutive;
    int window_at, window_errors;
    u8 window[ERROR_WINDOW_MAX]; // a ring: 1 = error
    bool failed;                 // a rule was broken: it stays so
};

void error_monitor_init(struct error_monitor *m, const struct error_monitor_settings *settings);
void error_monitor_success(struct error_monitor *m);

// false: this error breaks a rule. The rule with its number and `last`, the words about this error,
// go to `detail`, which may cut them.
bool error_monitor_error(struct error_monitor *m, str last, struct buf *detail);

#endif

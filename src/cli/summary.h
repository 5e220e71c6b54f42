// SPDX-License-Identifier: Apache-2.0
// The end of a sync in words: what was done, what was left out and why, which mailboxes, and what
// to look at next. A table for people, key=value lines for pipes, one object with --json.
#ifndef CLI_SUMMARY_H
#define CLI_SUMMARY_H

#include "cli/progress.h"

struct summary_settings {
    enum output_form form;
    bool dry_run;
    bool to_elastic;
    str index;
    str connector;
    i64 cpu_us, peak_rss_bytes;
    i64 requests, retries, bytes_in, bytes_out; // of the loop
};

// Appends the whole text. The buffer's `full` means that it was cut: SUMMARY_BYTES suffice.
void summary_put(struct buf *out, const struct job *job, const struct summary_settings *settings);

#endif

// SPDX-License-Identifier: Apache-2.0
// `mailferry check`: walks every hop of one connector (names, TCP, TLS, logins, rights, the index,
// a mailbox) and says what to fix. Nothing is written anywhere but to standard output.
//
// One line a hop, as soon as it is known: ok, warn or FAIL, what was looked at, what was found; a
// failure is followed by what to do about it. What lies behind a hop that failed is not looked at.
#ifndef CLI_CHECK_COMMAND_H
#define CLI_CHECK_COMMAND_H

#include "cli/start.h"

struct check;

// Everything before the seal: less than a sync takes. The error's facts are in s->detail.
err check_command_start(struct start *s, const struct options *options, struct check **out);

// 0: every hop is well, or has but a warning. 1: one failed. 75: stopped by a signal.
int check_command_run(struct check *c);

#endif

// SPDX-License-Identifier: Apache-2.0
// Questions to whoever sits at the terminal, or to a pipe: one line each. Questions go to standard
// error, so that standard output holds results alone. Only before the seal.
#ifndef CLI_CONSOLE_H
#define CLI_CONSOLE_H

#include "base/buf.h"
#include "os/os.h"

struct console {
    int in_fd;
    bool terminal; // of in_fd: it shows what is typed, and the end of the line
    struct os_watch *watch;
};

struct console_question {
    str text;     // "Connector name"; made fit for a screen here
    str fallback; // for an empty answer; shown unless hidden
    bool hidden;  // a secret: the terminal does not show it
};

struct console console_open(struct os_watch *watch);

// Appends the answer. INPUT_END, INPUT_STOPPED, BUF_FULL.
err console_ask(struct console *c, const struct console_question *q, struct buf *answer);

// "question [y/N]: "; whatever is not yes is no. INPUT_DECLINED for no.
err console_confirm(struct console *c, str question);

void console_say(str text); // to standard error

#endif

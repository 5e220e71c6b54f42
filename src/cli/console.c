// SPDX-License-Identifier: Apache-2.0
// Questions and answers (see console.h).
#include "cli/console.h"

#include "cli/output.h"

#define CONSOLE_SHOWN_CHARACTERS 200 // of a question, and of what is suggested

struct console console_open(struct os_watch *watch)
{
    return (struct console){.in_fd = 0, .terminal = os_is_terminal(0), .watch = watch};
}

void console_say(str text)
{
    err lost = os_write_all(2, text, NULL, NULL); // who cannot be asked will not answer
    (void)lost;
}

static err console_read(struct console *c, bool hidden, struct buf *answer)
{
    err e = os_line_read(c->in_fd, answer, hidden, c->watch);
    if (hidden || !c->terminal || !err_ok(e)) {
        console_say(S("\n")); // what is typed openly ends its own line
    }
    return e;
}

err console_ask(struct console *c, const struct console_question *q, struct buf *answer)
{
    u8 bytes[8 * CONSOLE_SHOWN_CHARACTERS + 32];
    struct buf text = buf_over(bytes, COUNT(bytes));
    output_put_clean(&text, q->text, CONSOLE_SHOWN_CHARACTERS);
    if (q->fallback.n && !q->hidden) {
        buf_put(&text, S(" ["));
        output_put_clean(&text, q->fallback, CONSOLE_SHOWN_CHARACTERS);
        buf_put(&text, S("]"));
    }
    buf_put(&text, S(": "));
    console_say(buf_str(&text));
    isize from = answer->n;
    TRY(console_read(c, q->hidden, answer));
    if (answer->n == from) {
        buf_put(answer, q->fallback);
    }
    return buf_check(answer);
}

err console_confirm(struct console *c, str question)
{
    u8 bytes[8 * CONSOLE_SHOWN_CHARACTERS];
    u8 typed[64];
    struct buf text = buf_over(bytes, COUNT(bytes));
    struct buf answer = buf_over(typed, COUNT(typed));
    output_put_clean(&text, question, CONSOLE_SHOWN_CHARACTERS);
    buf_put(&text, S(" [y/N]: "));
    console_say(buf_str(&text));
    err e = console_read(c, false, &answer);
    if (!err_ok(e) && !err_is(e, ERR_BUF_FULL)) {
        return e;
    }
    str said = str_trim(buf_str(&answer));
    bool yes = !answer.full && (str_eq_nocase(said, S("y")) || str_eq_nocase(said, S("yes")));
    return yes ? OK : FAIL(INPUT_DECLINED);
}

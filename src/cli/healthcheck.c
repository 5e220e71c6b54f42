// SPDX-License-Identifier: Apache-2.0
// One connection, one request, a few lines of answer (see healthcheck.h). What is asked is our own
// listener on this host, so the status line is all that is read of the answer.
#include "cli/healthcheck.h"

#include "cli/output.h"
#include "cli/start_serve.h"
#include "os/os.h"
#include "os/seal.h"

struct healthcheck {
    int fd;
    i64 until_ms;
    u8 bytes[512];
    struct buf answer;
};

// Waits until the socket can be read (or written); false: the time is over.
static bool healthcheck_wait(const struct healthcheck *h, bool write)
{
    i64 left_ms = h->until_ms - os_mono_ms();
    struct os_poll list = {.fd = h->fd, .want_read = !write, .want_write = write};
    if (left_ms <= 0) {
        return false;
    }
    os_poll(&list, 1, left_ms);
    return list.readable || list.writable;
}

static bool healthcheck_ask(struct healthcheck *h)
{
    str request = S("GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    while (request.n) {
        if (!healthcheck_wait(h, true)) {
            return false;
        }
        isize sent = os_send(h->fd, request);
        if (sent == OS_BROKEN) {
            return false;
        }
        request = str_from_index(request, sent > 0 ? sent : 0);
    }
    while (buf_room(&h->answer) && healthcheck_wait(h, false)) {
        isize got = os_recv(h->fd, h->answer.p + h->answer.n, buf_room(&h->answer));
        if (got == 0 || got == OS_BROKEN) {
            break;
        }
        h->answer.n += got > 0 ? got : 0;
    }
    return h->answer.n > 0;
}

static void healthcheck_say(str what)
{
    u8 bytes[512];
    struct buf line = buf_over(bytes, COUNT(bytes));
    buf_put(&line, S("mailferry: not healthy: "));
    output_put_clean(&line, what, 80);
    buf_put_byte(&line, '\n');
    (void)os_write_all(2, buf_str(&line), NULL, NULL);
}

// What it said, behind the head of the answer.
static str healthcheck_words(const struct healthcheck *h)
{
    isize head = str_find(buf_str(&h->answer), S("\r\n\r\n"));
    return head < 0 ? S("the answer is no HTTP")
                    : str_trim_end(str_from_index(buf_str(&h->answer), head + 4));
}

int healthcheck_run(struct start *s, const struct options *options, err *refused)
{
    struct os_addr at;
    struct healthcheck h = {.until_ms = os_mono_ms() + HEALTHCHECK_MS};
    h.answer = buf_over(h.bytes, COUNT(h.bytes));
    *refused = start_begin(s, options);
    if (err_ok(*refused) && !start_listen_address(s->config.service.listen, &at)) {
        buf_put(&s->detail, S("service.listen is not set"));
        *refused = FAIL(CONFIG_LISTEN);
    }
    if (!err_ok(*refused)) {
        return 2;
    }
    struct seal_report report;
    struct seal_wants wants = {.require = options->require_seal, .listen_fd = -1};
    *refused = seal_engage(&wants, &report);
    if (!err_ok(*refused)) {
        return 2;
    }
    h.fd = os_tcp_connect(&at);
    if (h.fd < 0 || !healthcheck_wait(&h, true) || !err_ok(os_tcp_connected(h.fd))) {
        healthcheck_say(S("nobody listens at service.listen"));
        return 1;
    }
    if (!healthcheck_ask(&h)) {
        healthcheck_say(S("no answer"));
        return 1;
    }
    if (!str_starts(buf_str(&h.answer), S("HTTP/1.1 200 "))) {
        healthcheck_say(healthcheck_words(&h));
        return 1;
    }
    return 0;
}

// SPDX-License-Identifier: Apache-2.0
// The service: seal, then turn the loop until it has ended (see serve_command.h).
#include "cli/serve_command.h"

#include "cli/start_entra.h"
#include "cli/start_states.h"
#include "cli/start_volume.h"
#include "net/crypto.h"
#include "os/os.h"
#include "os/seal.h"
#include "service/listener.h"
#include "service/service.h"

enum { EXIT_STOPPED = 0, EXIT_FAILED = 1 };

static struct moment serve_command_now(void)
{
    return (struct moment){.mono_ms = os_mono_ms(), .unix_us = os_unix_us()};
}

static err serve_command_seal(struct start *s)
{
    struct seal_report report;
    struct seal_wants wants = {
        .require = s->options->require_seal || s->config.sync.seal_require,
        .listen_fd = s->listen_fd,
    };
    start_volume_put_wants(s, &wants);
    start_states_put_wants(s, &wants);
    start_entra_put_wants(s, &wants);
    TRY(seal_engage(&wants, &report));
    u8 words[160];
    struct buf sealed = buf_over(words, COUNT(words));
    seal_put_report(&sealed, &report);
    struct log_fact facts[] = {{"seal", buf_str(&sealed)}};
    log_line(s->log, report.seccomp ? LOG_DEBUG : LOG_WARN, S("sealed"), facts, COUNT(facts));
    return OK;
}

// Takes the signals that came: SIGHUP has no effect, and says so.
static void serve_command_signals(struct start *s)
{
    struct os_watch *w = &s->watch;
    enum os_signal signal;
    while (w->signals_fd >= 0 && (signal = os_signals_next(w->signals_fd)) != OS_SIGNAL_NONE) {
        if (signal == OS_SIGNAL_HUP) {
            log_line(s->log, LOG_WARN,
                     S("SIGHUP: config.yml is read at start only; restart to change anything"),
                     NULL, 0);
        } else if (!w->stopped) {
            w->stopped = true;
            w->until_ms = os_mono_ms() + WRITE_STOP_WAIT_MS;
        }
    }
}

// One turn of the loop, and of the listener beside it.
static void serve_command_turn(struct start *s, i64 wait_ms)
{
    struct os_poll polls[LISTENER_POLLS];
    if (s->listener) {
        i64 left_ms = listener_deadline_ms(s->listener);
        left_ms = left_ms == INT64_MAX ? wait_ms : left_ms - os_mono_ms();
        wait_ms = left_ms < wait_ms ? left_ms : wait_ms;
        loop_watch(s->loop, polls, listener_list(s->listener, polls));
    }
    if (loop_turn(s->loop, wait_ms < 0 ? 0 : wait_ms, s->watch.signals_fd)) {
        serve_command_signals(s);
    }
    if (s->listener) {
        listener_step(s->listener, polls, os_mono_ms());
        loop_watch(s->loop, NULL, 0);
    }
}

int serve_command_run(struct start *s)
{
    err e = serve_command_seal(s);
    if (!err_ok(e)) {
        log_err(s->log, LOG_ERROR, e, (str){0}, NULL, 0);
        return EXIT_FAILED;
    }
    bool stopping = false;
    service_start(s->service, serve_command_now());
    while (!service_is_done(s->service)) {
        struct moment now = serve_command_now();
        service_step(s->service, now);
        if (service_is_done(s->service)) {
            break;
        }
        serve_command_turn(s, service_wait_ms(s->service, now));
        if (s->watch.stopped && !stopping) { // taken here, or by a write that had to wait
            stopping = true;
            log_line(s->log, LOG_INFO, S("stopping: running syncs are suspended"), NULL, 0);
            service_stop(s->service, serve_command_now());
        }
    }
    log_say_left_out(s->log);
    loop_close(s->loop);
    start_volume_clear(s);
    start_entra_clear(s);
    crypto_wipe(s->texts.p, s->texts.n); // passwords, and the file as it stood
    os_env_wipe();
    if (s->listener) {
        listener_close(s->listener);
    }
    return service_failed(s->service) ? EXIT_FAILED : EXIT_STOPPED;
}

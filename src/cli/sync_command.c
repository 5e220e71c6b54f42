// SPDX-License-Identifier: Apache-2.0
// One sync: seal, turn the loop until the job is done or a signal comes, print what was done.
#include "cli/sync_command.h"

#include "cli/start_entra.h"
#include "cli/start_states.h"
#include "cli/start_volume.h"
#include "cli/summary.h"
#include "net/crypto.h"
#include "os/os.h"
#include "os/seal.h"

enum { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_AGAIN = 75 };

static int sync_command_exit_code(const struct job *job)
{
    switch (job_end(job)) {
    case JOB_COMPLETED:
    case JOB_COMPLETED_WITH_REFUSALS:
        return EXIT_DONE;
    case JOB_ERROR:
        return EXIT_FAILED;
    case JOB_STOPPED:
    case JOB_AGAIN:
        return EXIT_AGAIN;
    }
    return EXIT_FAILED;
}

// Documents own standard output when they go there; the summary then goes to standard error.
static int sync_command_output(const struct start *s)
{
    bool taken = !s->settings.dry_run && !s->settings.to_elastic && s->settings.ndjson_fd == 1;
    return taken ? 2 : 1;
}

static void sync_command_print(struct start *s, struct buf *text, bool terminal)
{
    const struct loop_stats *loop = loop_stats(s->loop);
    int fd = sync_command_output(s);
    struct summary_settings settings = {
        .form = s->options->json ? OUTPUT_JSON
                : terminal       ? OUTPUT_TERMINAL
                                 : OUTPUT_PLAIN,
        .dry_run = s->settings.dry_run,
        .to_elastic = s->settings.to_elastic,
        .index = s->settings.index,
        .connector = s->connector->connector_id,
        .cpu_us = os_cpu_us(),
        .peak_rss_bytes = os_peak_rss_bytes(s->status_fd),
        .requests = loop->requests,
        .retries = loop->retries,
        .bytes_in = loop->bytes_in,
        .bytes_out = loop->bytes_out,
    };
    progress_clear(s->progress);
    summary_put(text, s->job, &settings);
    // A summary that cannot be written changes nothing of what was done.
    err lost = os_write_all(fd, buf_str(text), &s->watch, NULL);
    (void)lost;
}

int sync_command_run(struct start *s)
{
    bool terminal = os_is_terminal(sync_command_output(s));
    u8 *memory = os_reserve(SUMMARY_BYTES);
    struct buf summary = buf_over(memory, SUMMARY_BYTES);
    if (!memory) {
        log_err(s->log, LOG_ERROR, FAIL(START_MEMORY), (str){0}, NULL, 0);
        return EXIT_FAILED;
    }
    struct seal_report report;
    struct seal_wants wants = {
        .require = s->options->require_seal || s->config.sync.seal_require,
        .listen_fd = -1,
    };
    start_volume_put_wants(s, &wants);
    start_states_put_wants(s, &wants);
    start_entra_put_wants(s, &wants);
    err e = seal_engage(&wants, &report);
    if (!err_ok(e)) {
        log_err(s->log, LOG_ERROR, e, (str){0}, NULL, 0);
        return EXIT_FAILED;
    }
    u8 words[160];
    struct buf sealed = buf_over(words, COUNT(words));
    seal_put_report(&sealed, &report);
    struct log_fact facts[] = {{"seal", buf_str(&sealed)}};
    log_line(s->log, report.seccomp ? LOG_DEBUG : LOG_WARN, S("sealed"), facts, COUNT(facts));

    job_start(s->job);
    bool stopping = false;
    while (!job_is_done(s->job)) {
        if (loop_turn(s->loop, job_wait_ms(s->job), s->watch.signals_fd)) {
            (void)os_watch_signals(&s->watch);
        }
        if (s->watch.stopped && !stopping) { // taken here, or by a write that had to wait
            stopping = true;
            log_line(s->log, LOG_INFO, S("stopping: what is in the air is awaited"), NULL, 0);
            job_stop(s->job);
        }
        job_step(s->job);
        progress_step(s->progress, s->job, os_mono_ms());
    }
    sync_command_print(s, &summary, terminal);
    log_say_left_out(s->log);
    loop_close(s->loop);
    start_volume_clear(s);
    s->source->ops->release(s->source->state);
    start_entra_clear(s);
    crypto_wipe(s->texts.p, s->texts.n); // passwords, and the key as it stood in the file
    os_env_wipe();
    return sync_command_exit_code(s->job);
}

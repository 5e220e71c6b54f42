// SPDX-License-Identifier: Apache-2.0
// Log lines (see log.h): which are written, and how many of one code. What standard error does not
// take is lost: there is nobody left to tell.
#include "os/log.h"

#include "base/plan.h"
#include "limits.h"
#include "os/log_form.h"
#include "os/os.h"

enum {
    LOG_FD = 2,
    LOG_WINDOW_MS = 60000,
};

struct log_limit {
    i64 since_ms; // when the minute of this code began
    int lines, left_out;
};

struct log {
    enum log_level level;
    enum log_form form;
    void (*clear)(void *st);
    void *clear_st;
    struct os_watch *watch; // while standard error takes nothing
    struct log_limit limits[ERR_CODE_COUNT];
    u8 line[LOG_LINE_BYTES];
};

struct log *log_init(struct plan *plan, enum log_level level, enum log_form form)
{
    struct log *log = plan_take_n(plan, "log", struct log, 1,
                                  "the line in work, and a counter a code");
    log->level = level;
    log->form = form;
    return log;
}

void log_level_set(struct log *log, enum log_level level)
{
    log->level = level;
}

void log_watch(struct log *log, struct os_watch *watch)
{
    log->watch = watch;
}

void log_on_line(struct log *log, void (*clear)(void *st), void *st)
{
    log->clear = clear;
    log->clear_st = st;
}

static void log_write(struct log *log, const struct log_entry *entry)
{
    struct buf line = buf_over(log->line, (isize)sizeof log->line);
    ASSERT(0 <= entry->count && entry->count <= LOG_FACTS_MAX);
    log_form_put(&line, log->form, entry);
    if (log->clear) {
        log->clear(log->clear_st);
    }
    (void)os_write_all(LOG_FD, buf_str(&line), log->watch, NULL);
    if (log->clear) {
        log->clear(log->clear_st);
    }
}

// ---- lines, and how many

static void log_say_limit(struct log *log, int code)
{
    struct log_limit *limit = &log->limits[code];
    u8 space[24];
    struct buf count = buf_over(space, (isize)sizeof space);
    buf_put_i64(&count, limit->left_out);
    struct log_fact facts[] = {
        {"left_out", buf_str(&count)},
        {"code", str_from(err_name((err){(u16)code}))},
    };
    limit->left_out = 0;
    log_write(log, &(struct log_entry){.level = LOG_WARN,
                                       .message = S("more lines of this code were left out"),
                                       .facts = facts,
                                       .count = COUNT(facts)});
}

static bool log_limit_is_over(const struct log_limit *limit, i64 now_ms)
{
    return now_ms - limit->since_ms >= LOG_WINDOW_MS;
}

static void log_say_over(struct log *log, i64 now_ms)
{
    for (int code = 0; code < ERR_CODE_COUNT; code++) {
        if (log->limits[code].left_out && log_limit_is_over(&log->limits[code], now_ms)) {
            log_say_limit(log, code);
        }
    }
}

void log_say_left_out(struct log *log)
{
    for (int code = 0; code < ERR_CODE_COUNT; code++) {
        if (log->limits[code].left_out) {
            log_say_limit(log, code);
        }
    }
}

void log_line(struct log *log, enum log_level level, str message, const struct log_fact *facts,
              isize count)
{
    if (level < log->level) {
        return;
    }
    log_say_over(log, os_mono_ms());
    log_write(log, &(struct log_entry){
                       .level = level, .message = message, .facts = facts, .count = count});
}

// NOLINTNEXTLINE(readability-function-size): the sixth parameter is the length of the fifth
void log_err(struct log *log, enum log_level level, err e, str detail, const struct log_fact *facts,
             isize count)
{
    struct log_limit *limit = &log->limits[e.code];
    i64 now_ms = os_mono_ms();
    if (level < log->level) {
        return;
    }
    log_say_over(log, now_ms);
    if (limit->lines == 0 || log_limit_is_over(limit, now_ms)) {
        *limit = (struct log_limit){.since_ms = now_ms};
    }
    if (limit->lines == LOG_PER_CODE) {
        limit->left_out++;
        return;
    }
    limit->lines++;
    log_write(log, &(struct log_entry){.level = level,
                                       .message = str_from(err_what(e)),
                                       .detail = detail,
                                       .facts = facts,
                                       .count = count,
                                       .e = e});
}

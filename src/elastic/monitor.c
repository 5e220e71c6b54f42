// SPDX-License-Identifier: Apache-2.0
// Counting refused documents against the three rules (see monitor.h).
#include "elastic/monitor.h"

#include "elastic/client.h"

void error_monitor_init(struct error_monitor *m, const struct error_monitor_settings *settings)
{
    *m = (struct error_monitor){.settings = *settings};
    if (m->settings.error_window_size < 0) {
        m->settings.error_window_size = 0;
    }
    if (m->settings.error_window_size > ERROR_WINDOW_MAX) {
        m->settings.error_window_size = ERROR_WINDOW_MAX;
    }
}

static void monitor_note(struct error_monitor *m, u8 error)
{
    if (m->settings.error_window_size > 0) {
        m->window_errors += error - m->window[m->window_at];
        m->window[m->window_at] = error;
        m->window_at = (m->window_at + 1) % m->settings.error_window_size;
    }
}

void error_monitor_success(struct error_monitor *m)
{
    m->consecutive = 0;
    monitor_note(m, 0);
}

// The first rule that is broken, with its number; nothing when all hold.
static bool monitor_put_rule(const struct error_monitor *m, struct buf *detail)
{
    const struct error_monitor_settings *rules = &m->settings;
    if (m->consecutive > rules->max_consecutive_errors) {
        buf_put_i64(detail, m->consecutive);
        buf_put(detail, S(" errors in a row (max_consecutive_errors "));
        buf_put_i64(detail, rules->max_consecutive_errors);
        buf_put(detail, S(")"));
        return true;
    }
    if (m->errors > rules->max_total_errors) {
        buf_put_i64(detail, m->errors);
        buf_put(detail, S(" errors in total (max_total_errors "));
        buf_put_i64(detail, rules->max_total_errors);
        buf_put(detail, S(")"));
        return true;
    }
    int window = rules->error_window_size;
    if (window > 0 && (double)m->window_errors / window > rules->max_error_rate) {
        buf_put_i64(detail, m->window_errors);
        buf_put(detail, S(" errors among the last "));
        buf_put_i64(detail, window);
        buf_put(detail, S(" items (max_error_rate "));
        buf_put_i64(detail, (i64)(rules->max_error_rate * 100 + 0.5));
        buf_put(detail, S(" %)"));
        return true;
    }
    return false;
}

bool error_monitor_error(struct error_monitor *m, str last, struct buf *detail)
{
    m->errors++;
    m->consecutive++;
    monitor_note(m, 1);
    if (!m->settings.enabled || m->failed) {
        return !m->failed;
    }
    u8 space[192];
    struct buf rule = buf_over(space, (isize)sizeof space);
    if (!monitor_put_rule(m, &rule)) {
        return true;
    }
    m->failed = true;
    elastic_put_cut(detail, buf_str(&rule), (isize)sizeof space);
    elastic_put_cut(detail, S("; last: "), 8);
    elastic_put_cut(detail, last, last.n);
    return false;
}

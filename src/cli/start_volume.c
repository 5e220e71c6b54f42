// SPDX-License-Identifier: Apache-2.0
// Files for the text extraction service (see start_volume.h).
#include "cli/start_volume.h"

#include "cli/service_types.h"
#include "os/log.h"
#include "os/os.h"

// A single sync knows whether its connector asks for texts; the service learns it from records.
static bool start_volume_is_wanted(const struct start *s)
{
    const struct config_service *c = &s->config.service;
    enum command command = s->options->command;
    bool runs = command == COMMAND_SYNC || command == COMMAND_SERVE || command == COMMAND_LIMITS;
    bool asked = !s->connector ||
                 source_value(s->type->schema, s->values, S("use_text_extraction_service"))->flag;
    return c->extraction_file_pointers && s->extraction.label && runs && asked &&
           !s->options->dry_run;
}

void start_volume_share(struct start *s, struct outlook_settings *settings)
{
    if (!start_volume_is_wanted(s)) {
        return;
    }
    s->files.folder = s->config.service.extraction_shared_volume;
    settings->files = &s->files;
    settings->files_from = s->file_count;
    settings->file_count = (int)s->config.limits.lanes;
    s->file_count += settings->file_count;
}

static void start_volume_announce(const struct start *s)
{
    const struct os_shared *shared = &s->files.shared;
    u8 bytes[64];
    struct buf numbers = buf_over(bytes, COUNT(bytes));
    buf_put_i64(&numbers, shared->count);
    str count = buf_str(&numbers);
    buf_put_i64(&numbers, shared->removed);
    struct log_fact facts[] = {
        {"folder", s->files.folder},
        {"files", count},
        {"removed_of_earlier_runs", str_from_index(buf_str(&numbers), count.n)},
    };
    log_line(s->log, LOG_INFO,
             S("attachments go to the extraction service through files, which this process goes on "
               "writing after its seal"),
             facts, COUNT(facts));
    if (shared->open_to_all) {
        log_line(s->log, LOG_WARN,
                 S("everybody may enter this folder: whoever can log in here can read attachments "
                   "while their text is extracted; give it mode 2750 and the group of the service"),
                 facts, 1);
    }
}

err start_volume_create(struct start *s)
{
    if (s->file_count == 0 || s->options->command == COMMAND_LIMITS) {
        return OK;
    }
    buf_put(&s->detail, S("extraction_service.shared_volume_dir: "));
    TRY(os_shared_create((const char *)s->files.folder.p, s->file_count, &s->files.shared,
                         &s->detail));
    buf_reset(&s->detail);
    start_volume_announce(s);
    return OK;
}

void start_volume_put_wants(const struct start *s, struct seal_wants *wants)
{
    wants->shared_first_fd = s->files.shared.first_fd;
    wants->shared_count = s->files.shared.count;
}

void start_volume_clear(const struct start *s)
{
    for (int i = 0; i < s->files.shared.count; i++) {
        (void)os_shared_clear(&s->files.shared, i);
    }
}

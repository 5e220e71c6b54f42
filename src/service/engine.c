// SPDX-License-Identifier: Apache-2.0
// Content and access control syncs by one set of verbs (see engine.h).
#include "service/engine.h"

#include "codec/json_write.h"

void engine_start(struct engine *e)
{
    if (e->job) {
        job_start(e->job);
    } else {
        access_start(e->access);
    }
}

void engine_step(struct engine *e)
{
    if (e->job) {
        job_step(e->job);
    } else {
        access_step(e->access);
    }
}

void engine_stop(struct engine *e)
{
    if (e->job) {
        job_stop(e->job);
    } else {
        access_stop(e->access);
    }
}

bool engine_is_done(const struct engine *e)
{
    return e->job ? job_is_done(e->job) : access_is_done(e->access);
}

i64 engine_wait_ms(const struct engine *e)
{
    return e->job ? job_wait_ms(e->job) : access_wait_ms(e->access);
}

enum job_end engine_end(const struct engine *e)
{
    return e->job ? job_end(e->job) : access_end(e->access);
}

err engine_error(const struct engine *e)
{
    return e->job ? job_error(e->job) : access_error(e->access);
}

str engine_detail(const struct engine *e)
{
    return e->job ? job_detail(e->job) : access_detail(e->access);
}

const struct sync_stats *engine_stats(const struct engine *e)
{
    return e->job ? job_stats(e->job) : access_stats(e->access);
}

static void engine_put_count(struct json_write *w, str key, i64 v)
{
    json_write_key(w, key);
    json_write_i64(w, v);
}

static void engine_put_mailboxes(struct json_write *w, const struct sync_stats *s)
{
    json_write_key(w, S("mailboxes"));
    json_write_object(w);
    engine_put_count(w, S("found"), s->mailboxes_found);
    engine_put_count(w, S("done"), s->mailboxes_done);
    engine_put_count(w, S("refused"), s->mailboxes_refused);
    engine_put_count(w, S("refused_explained"), s->mailboxes_explained);
    engine_put_count(w, S("failed"), s->mailboxes_failed);
    engine_put_count(w, S("partial"), s->mailboxes_partial);
    json_write_object_end(w);
}

static void engine_put_skipped(struct json_write *w, const struct sync_stats *s)
{
    static const char *const names[] = {
        [SKIP_GONE] = "gone",           [SKIP_CORRUPT] = "corrupt",
        [SKIP_TOO_LARGE] = "too_large", [SKIP_REJECTED] = "rejected",
        [SKIP_UNDECIDED] = "undecided", [SKIP_BAD_ID] = "bad_id",
        [SKIP_TEXT_SIZE] = "text_size",
    };
    json_write_key(w, S("skipped"));
    json_write_object(w);
    for (int i = 0; i < COUNT(names); i++) {
        if (names[i] && s->skipped[i]) {
            engine_put_count(w, str_from(names[i]), s->skipped[i]);
        }
    }
    json_write_object_end(w);
}

str engine_notice(const struct engine *e, bool *warns)
{
    *warns = false;
    return e->job ? job_notice(e->job, warns) : (str){0};
}

void engine_put_metadata(struct buf *b, const struct engine *e)
{
    const struct sync_stats *s = engine_stats(e);
    bool warns;
    str notice = engine_notice(e, &warns);
    struct json_write w = json_write_to(b);
    json_write_object(&w);
    json_write_key(&w, S("mailferry"));
    json_write_object(&w);
    engine_put_mailboxes(&w, s);
    engine_put_skipped(&w, s);
    engine_put_count(&w, S("unchanged"), s->documents_unchanged);
    engine_put_count(&w, S("raw_fallbacks"), s->raw_fallbacks);
    engine_put_count(&w, S("texts_missing"), s->texts_missing);
    engine_put_count(&w, S("kept_from_purge"), s->kept_from_purge);
    if (notice.n) {
        json_write_member(&w, S("notice"), notice);
    }
    json_write_object_end(&w);
    json_write_object_end(&w);
}

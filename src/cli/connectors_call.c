// SPDX-License-Identifier: Apache-2.0
// One request after the other, each awaited (see connectors_internal.h), and the pieces of answers
// that every command reads. Answers are hostile: what is printed of them goes through
// output_put_clean(), what is kept of them is bounded by c->texts.
#include "cli/connectors_internal.h"
#include "cli/output.h"
#include "codec/url.h"
#include "net/loop.h"

#define CALL_SHOWN_CHARACTERS 300 // of a name, in what people read
#define CALL_TURN_MS 1000         // the loop is left so often to look for signals

void connectors_begin(struct connectors *c, str method)
{
    elastic_call_init(&c->call, &c->es, method);
}

err connectors_ask(struct connectors *c)
{
    struct start *s = c->s;
    int task = loop_add(s->loop, &elastic_call_ops, &c->call);
    ASSERT(task >= 0); // one at a time
    while (loop_is_active(s->loop, task)) {
        if (loop_turn(s->loop, CALL_TURN_MS, s->watch.signals_fd) && os_watch_signals(&s->watch)) {
            loop_cancel(s->loop, task);
            return FAIL(INPUT_STOPPED);
        }
    }
    err e = elastic_call_error(&c->call);
    buf_reset(&s->detail);
    if (!err_ok(e)) {
        output_put_clean(&s->detail, buf_str(&c->call.detail), EXCHANGE_DETAIL_BYTES);
    }
    return e;
}

err connectors_exists(struct connectors *c, str index, bool *exists)
{
    connectors_begin(c, S("HEAD"));
    connector_put_target(&c->call.target, S("/"), index);
    err e = connectors_ask(c);
    *exists = err_ok(e);
    if (err_is(e, ERR_ES_NOT_FOUND)) {
        buf_reset(&c->s->detail);
        return OK;
    }
    return e;
}

err connectors_ensure_indices(struct connectors *c)
{
    const str names[] = {S(".elastic-connectors-v1"), S(".elastic-connectors-sync-jobs-v1")};
    for (isize i = 0; i < COUNT(names); i++) {
        bool exists;
        TRY(connectors_exists(c, names[i], &exists));
        if (!exists) {
            connectors_begin(c, S("PUT"));
            connector_put_target(&c->call.target, S("/"), names[i]);
            TRY(connectors_ask(c));
        }
    }
    return OK;
}

err connectors_about(struct connectors *c, str subject, err e)
{
    buf_reset(&c->s->detail);
    output_put_clean(&c->s->detail, subject, CALL_SHOWN_CHARACTERS);
    return e;
}

err connectors_get(struct connectors *c, str index_and_verb, str id, err unknown)
{
    connectors_begin(c, S("GET"));
    connector_put_target(&c->call.target, index_and_verb, id);
    err e = connectors_ask(c);
    return err_is(e, ERR_ES_NOT_FOUND) ? connectors_about(c, id, unknown) : e;
}

err connectors_parse(struct connectors *c, struct json *j)
{
    err e = json_parse(j, buf_str(&c->call.answer), c->nodes, CLI_NODES);
    if (err_is(e, ERR_JSON_TOO_MANY)) {
        return FAIL(CLI_TOO_MUCH);
    }
    bool good = err_ok(e) && json_type(j, 0) == JSON_OBJECT;
    return good ? OK : connectors_about(c, buf_str(&c->call.target), FAIL(CLI_ANSWER));
}

err connectors_copy(struct connectors *c, str s, str *out)
{
    u8 *memory = arena_try(&c->texts, 1, s.n + 1);
    struct buf b = buf_over(memory, memory ? s.n : 0);
    buf_put(&b, s);
    *out = buf_str(&b);
    return memory ? OK : FAIL(CLI_TOO_MUCH);
}

err connectors_text(struct connectors *c, const struct json *j, str path, str *out)
{
    int node = json_path(j, 0, path);
    str raw = json_raw(j, node);
    *out = (str){0};
    switch (json_type(j, node)) {
    case JSON_NONE:
    case JSON_NULL:
    case JSON_OBJECT:
    case JSON_ARRAY:
        return OK;
    case JSON_NUMBER:
    case JSON_TRUE:
    case JSON_FALSE:
        return connectors_copy(c, raw, out);
    case JSON_STRING:
        break;
    }
    u8 *memory = arena_try(&c->texts, 1, raw.n + 4);
    struct buf b = buf_over(memory, memory ? raw.n + 4 : 0);
    if (!memory) {
        return FAIL(CLI_TOO_MUCH);
    }
    (void)json_put_string(j, node, &b); // json_parse() has seen that its escapes are right
    *out = buf_str(&b);
    return OK;
}

void connectors_say(struct connectors *c, str before, str name, str behind)
{
    buf_put(&c->out, before);
    output_put_clean(&c->out, name, CALL_SHOWN_CHARACTERS);
    buf_put(&c->out, behind);
    buf_put_byte(&c->out, '\n');
}

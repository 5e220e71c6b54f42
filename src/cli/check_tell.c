// SPDX-License-Identifier: Apache-2.0
// The lines of `check`: for people, or with --json an object each in ECS field names. What servers
// said goes through output_put_clean().
#include "base/date.h"
#include "cli/check_internal.h"
#include "codec/json_write.h"
#include "os/os.h"

#define TELL_WHAT_CHARACTERS 32 // "Google token endpoint: token"
#define TELL_DAY_S 86400

struct buf *check_found(struct check *c)
{
    buf_reset(&c->found);
    return &c->found;
}

static void tell_write(struct check *c)
{
    // What cannot be written changes nothing of what was found.
    err lost = os_write_all(1, buf_str(&c->line), &c->s->watch, NULL);
    (void)lost;
}

struct tell_hop {
    enum check_result result;
    const char *place, *what;
    err error;
    str detail;
};

static void tell_json(struct check *c, const struct tell_hop *hop)
{
    static const char *const results[] = {"ok", "warn", "fail"};
    static const char *const levels[] = {"info", "warn", "error"};
    u8 time_bytes[40];
    struct buf time = buf_over(time_bytes, COUNT(time_bytes));
    date_put_iso_ms(&time, os_unix_us());
    struct json_write w = json_write_to(&c->line);
    json_write_object(&w);
    json_write_member(&w, S("@timestamp"), buf_str(&time));
    json_write_member(&w, S("log.level"), str_from(levels[hop->result]));
    json_write_member(&w, S("place"), str_from(hop->place));
    json_write_member(&w, S("hop"), str_from(hop->what));
    json_write_member(&w, S("result"), str_from(results[hop->result]));
    json_write_member(&w, S("message"), buf_str(&c->found));
    if (!err_ok(hop->error)) {
        json_write_key(&w, S("error"));
        json_write_object(&w);
        json_write_member(&w, S("code"), str_from(err_name(hop->error)));
        json_write_member(&w, S("message"), hop->detail);
        json_write_object_end(&w);
        json_write_key(&w, S("labels"));
        json_write_object(&w);
        json_write_member(&w, S("todo"), str_from(err_todo(hop->error)));
        json_write_object_end(&w);
    }
    json_write_object_end(&w);
    buf_put_byte(&c->line, '\n');
}

static void tell_text(struct check *c, const struct tell_hop *hop)
{
    static const char *const results[] = {"ok    ", "warn  ", "FAIL  "};
    u8 bytes[64];
    struct buf what = buf_over(bytes, COUNT(bytes));
    buf_put(&what, str_from(hop->place));
    buf_put(&what, S(": "));
    buf_put(&what, str_from(hop->what));
    buf_put(&c->line, str_from(results[hop->result]));
    output_put_left(&c->line, buf_str(&what), TELL_WHAT_CHARACTERS);
    buf_put(&c->line, S("  "));
    output_put_clean(&c->line, buf_str(&c->found), CHECK_FOUND_BYTES);
    buf_put_byte(&c->line, '\n');
    if (!err_ok(hop->error)) {
        buf_put(&c->line, S("      "));
        buf_put(&c->line, str_from(err_todo(hop->error)));
        buf_put_byte(&c->line, '\n');
    }
}

static void tell(struct check *c, const struct tell_hop *hop)
{
    c->hops++;
    c->warnings += hop->result == CHECK_WARN;
    c->failures += hop->result == CHECK_FAIL;
    buf_reset(&c->line);
    if (c->s->options->json) {
        tell_json(c, hop);
    } else {
        tell_text(c, hop);
    }
    tell_write(c);
    buf_reset(&c->found);
}

void check_tell(struct check *c, enum check_result result, const char *place, const char *what)
{
    tell(c, &(struct tell_hop){.result = result, .place = place, .what = what});
}

void check_tell_error(struct check *c, const char *place, const char *what, err e, str detail)
{
    struct buf *found = check_found(c);
    buf_put(found, str_from(err_what(e)));
    buf_put(found, detail.n ? S(": ") : S(""));
    output_put_clean(found, detail, EXCHANGE_DETAIL_BYTES / 2);
    tell(c, &(struct tell_hop){CHECK_FAIL, place, what, e, detail});
}

// ---- the way to a server

static void tell_name(struct check *c, const struct loop_opening *o)
{
    const struct url *url = o->dest->proxy ? &o->dest->proxy->url : &o->dest->url;
    struct buf *b = check_found(c);
    struct os_addr literal;
    buf_put(b, o->dest->proxy ? S("the proxy ") : S(""));
    buf_put(b, url->host);
    if (os_addr_parse(url->host, &literal)) {
        buf_put(b, S(" is an address"));
    } else {
        buf_put(b, S(" has "));
        buf_put_i64(b, o->addresses);
        buf_put(b, o->addresses == 1 ? S(" address") : S(" addresses"));
    }
    check_tell(c, CHECK_OK, o->dest->label, "name");
}

static void tell_tcp(struct check *c, const struct loop_opening *o)
{
    struct buf *b = check_found(c);
    buf_put(b, o->dest->proxy ? S("the proxy ") : S(""));
    os_addr_put(b, &o->address);
    check_tell(c, CHECK_OK, o->dest->label, "TCP");
    if (o->dest->proxy && o->stage > LOOP_STAGE_PROXY) {
        buf_put(check_found(c), S("it connects to "));
        buf_put(&c->found, o->dest->url.host);
        check_tell(c, CHECK_OK, o->dest->label, "proxy");
    }
}

static void tell_tls(struct check *c, const struct loop_opening *o)
{
    const struct dest *d = o->dest;
    const struct tls_certificate *crt = &o->certificate;
    struct buf *b = check_found(c);
    if (!d->url.tls && !d->start_tls) {
        buf_put(b, S("none: whoever is on the way can read the password and all that is sent"));
        check_tell(c, CHECK_WARN, d->label, "TLS");
        return;
    }
    bool verified = d->trust && d->trust->verify;
    i64 days = (crt->not_after_s - os_unix_us() / 1000000) / TELL_DAY_S;
    buf_put(b, d->start_tls ? S("StartTLS, ") : d->url.ldap ? S("LDAPS, ") : S(""));
    buf_put(b, str_from(o->tls_version));
    if (crt->not_after_s) {
        buf_put(b, S(", "));
        buf_put(b, str_make(crt->subject, crt->subject_bytes));
        buf_put(b, S(" by "));
        buf_put(b, str_make(crt->issuer, crt->issuer_bytes));
        buf_put(b, S(", "));
        buf_put_i64(b, days);
        buf_put(b, S(" days left"));
    }
    buf_put(b, verified ? S("") : S(", NOT verified: whoever is on the way can pose as it"));
    bool soon = crt->not_after_s && days < CHECK_CERTIFICATE_DAYS;
    check_tell(c, verified && !soon ? CHECK_OK : CHECK_WARN, d->label, "TLS");
}

void check_tell_opening(struct check *c, err e)
{
    static const char *const what[] = {
        [LOOP_STAGE_NAME] = "name",          [LOOP_STAGE_TCP] = "TCP", [LOOP_STAGE_PROXY] = "proxy",
        [LOOP_STAGE_START_TLS] = "StartTLS", [LOOP_STAGE_TLS] = "TLS",
    };
    const struct loop_opening *o = &c->opening;
    if (o->stage > LOOP_STAGE_NAME) {
        tell_name(c, o);
    }
    if (o->stage > LOOP_STAGE_TCP) {
        tell_tcp(c, o);
    }
    if (o->stage == LOOP_STAGE_OPEN) {
        tell_tls(c, o);
    } else {
        check_tell_error(c, o->dest->label, what[o->stage], e, buf_str(&c->detail));
    }
}

// ---- all of it

static void tell_end_json(struct check *c)
{
    struct json_write w = json_write_to(&c->line);
    json_write_object(&w);
    json_write_member(&w, S("connector"), c->s->connector->connector_id);
    json_write_member(&w, S("end"),
                      c->s->watch.stopped ? S("stopped")
                      : c->failures       ? S("failed")
                                          : S("completed"));
    json_write_key(&w, S("hops"));
    json_write_i64(&w, c->hops);
    json_write_key(&w, S("warnings"));
    json_write_i64(&w, c->warnings);
    json_write_key(&w, S("failures"));
    json_write_i64(&w, c->failures);
    json_write_object_end(&w);
}

void check_tell_end(struct check *c)
{
    struct buf *b = &c->line;
    buf_reset(b);
    if (c->s->options->json) {
        tell_end_json(c);
    } else {
        buf_put_i64(b, c->hops);
        buf_put(b, S(" hops, "));
        buf_put_i64(b, c->failures);
        buf_put(b, S(" failed, "));
        buf_put_i64(b, c->warnings);
        buf_put(b, c->warnings == 1 ? S(" warning") : S(" warnings"));
        buf_put(b, c->s->watch.stopped ? S("; stopped by a signal")
                   : c->failures       ? S("; what lies behind a failure was not looked at")
                                       : S(""));
    }
    buf_put_byte(b, '\n');
    tell_write(c);
}

// SPDX-License-Identifier: Apache-2.0
// Faults on request: a list of rules, each for requests whose path begins with something. The first
// rule that is due decides: an error status in the shape of the service, no answer at all, or the
// usual answer late, slow, or cut off.
#include <string.h>

#include "google.h"

static char *member(str object, const char *key)
{
    struct t_buf b = {0};
    char *z = t_json_get_text(object, key, &b) ? t_strdup(t_buf_str(&b)) : NULL;
    t_buf_free(&b);
    return z;
}

static enum t_action read_action(str object, i64 status)
{
    static const char *const names[] = {"status", "pass", "reset", "close", "hang"};
    struct t_buf b = {0};
    enum t_action action = status > 0 ? T_FAULT_STATUS : T_FAULT_PASS;
    t_json_get_text(object, "action", &b);
    for (int i = 0; i < (int)COUNT(names); i++) {
        action = str_eq(t_buf_str(&b), str_from(names[i])) ? (enum t_action)i : action;
    }
    t_buf_free(&b);
    return action;
}

void faults_add(struct tenant *t, str o)
{
    struct t_fault *f = t_alloc((isize)sizeof(*f));
    f->path = member(o, "path");
    f->end = member(o, "end");
    f->method = member(o, "method");
    f->body = member(o, "body");
    f->location = member(o, "location");
    f->reason = member(o, "reason");
    f->message = member(o, "message");
    f->status = (int)t_json_i64(o, "status", 0);
    f->action = read_action(o, f->status);
    f->skip = t_json_i64(o, "skip", 0);
    f->count = t_json_i64(o, "count", 1);
    f->every = t_json_i64(o, "every", 1);
    f->retry_after_s = t_json_i64(o, "retry_after_s", -1);
    f->retry_after_date = t_json_bool(o, "retry_after_date", false);
    f->delay_ms = t_json_i64(o, "delay_ms", 0);
    f->rate_bytes_s = t_json_i64(o, "rate_bytes_s", 0);
    f->cut_after = t_json_i64(o, "cut_after", -1);
    struct t_fault **end = &t->faults;
    while (*end) {
        end = &(*end)->next;
    }
    *end = f;
}

static void fault_free(struct t_fault *f)
{
    t_free(f->path);
    t_free(f->end);
    t_free(f->method);
    t_free(f->body);
    t_free(f->location);
    t_free(f->reason);
    t_free(f->message);
    t_free(f);
}

void faults_clear(struct tenant *t)
{
    while (t->faults) {
        struct t_fault *f = t->faults;
        t->faults = f->next;
        fault_free(f);
    }
}

void faults_put(const struct tenant *t, struct t_writer *w)
{
    t_json_open(w, '[');
    for (const struct t_fault *f = t->faults; f; f = f->next) {
        t_json_item(w);
        t_json_open(w, '{');
        t_json_put_member(w, "path", str_from(f->path));
        t_json_put_number(w, "status", f->status);
        t_json_put_number(w, "seen", f->seen);
        t_json_put_number(w, "hits", f->hits);
        t_json_close(w, '}');
    }
    t_json_close(w, ']');
}

static bool is_due(struct t_fault *f, const struct t_request *q)
{
    if (!str_starts(q->path, str_from(f->path)) || !str_ends(q->path, str_from(f->end)) ||
        (f->method && !t_request_is(q, f->method))) {
        return false;
    }
    f->seen++;
    bool turn = f->every <= 1 || (f->seen - f->skip) % f->every == 0;
    if (f->seen <= f->skip || !turn || (f->count >= 0 && f->hits >= f->count)) {
        return false;
    }
    f->hits++;
    return true;
}

static void put_retry_after(const struct tenant *t, const struct t_fault *f, struct t_response *r)
{
    if (f->retry_after_s < 0) {
        return;
    }
    if (!f->retry_after_date) {
        t_response_header(r, "Retry-After: %lld", (long long)f->retry_after_s);
        return;
    }
    struct t_buf date = {0};
    t_put_mail_date(&date, t->now_ms + f->retry_after_s * 1000);
    date.n -= 5; // +0000
    t_response_header(r, "Retry-After: %.*sGMT", (int)date.n, (const char *)date.p);
    t_buf_free(&date);
}

static const char *usual_reason(const struct t_fault *f)
{
    if (f->reason) {
        return f->reason;
    }
    return f->status == 429   ? "rateLimitExceeded"
           : f->status == 401 ? "authError"
           : f->status == 404 ? "notFound"
           : f->status == 403 ? "forbidden"
           : f->status < 500  ? "badRequest"
                              : "backendError";
}

static void put_status(struct tenant *t, const struct t_fault *f, const struct t_request *q,
                       struct t_response *r)
{
    const char *message = f->message ? f->message : "A fault on request";
    put_retry_after(t, f, r);
    if (f->location) {
        t_response_header(r, "Location: %s", f->location);
    }
    if (f->body) {
        r->status = f->status;
        t_buf_z(&r->own, f->body);
        t_response_header(r, f->body[0] == '<' ? "Content-Type: text/html; charset=UTF-8"
                                               : "Content-Type: application/json");
    } else if (q->service == T_EXCHANGE) {
        r->status = f->status;
        t_response_header(r, "Content-Type: text/html; charset=utf-8");
        t_buf_printf(&r->own, "<html><body>%s</body></html>", message);
    } else if (q->service == T_ENTRA) {
        entra_fault(t, r, f->status, f->reason, message);
    } else if (q->service == T_GRAPH) {
        graph_fault(t, q, r, f->status, f->reason, message);
    } else if (q->service == T_ELASTIC) {
        const char *type = f->reason          ? f->reason
                           : f->status == 429 ? "es_rejected_execution_exception"
                           : f->status == 403 ? "security_exception"
                           : f->status == 409 ? "version_conflict_engine_exception"
                           : f->status == 404 ? "resource_not_found_exception"
                                              : "exception";
        elastic_error(r, f->status, type, message);
        t_response_header(r, "content-type: application/json");
        if (f->status != 401 && f->status != 403) {
            t_response_header(r, "X-elastic-product: Elasticsearch");
        }
    } else if (str_starts(q->path, S("/token"))) {
        token_error(r, f->status, f->reason ? f->reason : "internal_failure", message);
    } else {
        google_error(r, f->status, usual_reason(f), message);
    }
}

bool faults_apply(struct tenant *t, const struct t_request *q, struct t_response *r)
{
    struct t_fault *f = t->faults;
    while (f && !is_due(f, q)) {
        f = f->next;
    }
    if (!f) {
        return false;
    }
    t->stats.faults++;
    r->delay_ms = f->delay_ms;
    r->rate_bytes_s = f->rate_bytes_s;
    r->cut_after = f->cut_after;
    switch (f->action) {
    case T_FAULT_STATUS:
        put_status(t, f, q, r);
        return true;
    case T_FAULT_PASS:
        return false;
    case T_FAULT_RESET:
        r->reset = true;
        return true;
    case T_FAULT_CLOSE:
        r->cut_after = 0;
        return true;
    case T_FAULT_HANG:
        r->hang = true;
        return true;
    }
    return false;
}

// SPDX-License-Identifier: Apache-2.0
// The small server (see listener.h). A connection is in one of two states: its request is read, or
// its answer is written; then it is closed. There is no keep-alive, so there is nothing to get out
// of step.
#include "service/listener.h"

#include "codec/http1.h"

struct listener_conn {
    int fd; // -1: free
    bool answering;
    isize sent;
    i64 deadline_ms;
    struct buf in, out;
};

struct listener {
    int fd;
    struct listener_self self;
    listener_page *page;
    void *st;
    struct buf body;
    struct listener_conn conns[LISTENER_CONNS];
};

struct listener *listener_init(struct plan *plan, int fd, const struct listener_self *self,
                               listener_page *page, void *st)
{
    struct listener *l = plan_take_n(plan, "listener", struct listener, 1, "health and metrics");
    isize each = LISTENER_IN_BYTES + LISTENER_OUT_BYTES;
    u8 *memory = plan_take(plan, "listener buffers", each, LISTENER_CONNS,
                           "a request and an answer each");
    l->fd = fd;
    l->self = *self;
    l->page = page;
    l->st = st;
    l->body = buf_over(plan_take(plan, "metrics", METRICS_BYTES, 1, "one page"), METRICS_BYTES);
    for (int i = 0; i < LISTENER_CONNS; i++) {
        l->conns[i].fd = -1;
        l->conns[i].in = buf_over(memory + i * each, LISTENER_IN_BYTES);
        l->conns[i].out = buf_over(memory + i * each + LISTENER_IN_BYTES, LISTENER_OUT_BYTES);
    }
    return l;
}

// ---- a request

// The next line, without its CRLF; false: it has not come yet.
static bool listener_line(str *rest, str *line)
{
    bool found;
    str before;
    str after = str_cut(*rest, '\n', &before, &found);
    if (!found) {
        return false;
    }
    *rest = after;
    *line = str_ends(before, S("\r")) ? str_slice(before, 0, before.n - 1) : before;
    return true;
}

static enum listener_verdict listener_bad(struct listener_request *out, int status)
{
    out->status = status;
    return LISTENER_BAD;
}

// GET /metrics?x HTTP/1.1
static enum listener_verdict listener_first_line(str line, struct listener_request *out,
                                                 bool *one_one)
{
    str method, target, path;
    bool first, second, query;
    str version = str_cut(str_cut(line, ' ', &method, &first), ' ', &target, &second);
    if (!first || !second || !http1_is_token(method) || !str_starts(target, S("/"))) {
        return listener_bad(out, 400);
    }
    for (isize i = 0; i < target.n; i++) {
        if (target.p[i] <= ' ' || target.p[i] >= 127) {
            return listener_bad(out, 400);
        }
    }
    *one_one = str_eq(version, S("HTTP/1.1"));
    if (!*one_one && !str_eq(version, S("HTTP/1.0"))) {
        return listener_bad(out, 505);
    }
    out->head_only = str_eq(method, S("HEAD"));
    if (!out->head_only && !str_eq(method, S("GET"))) {
        return listener_bad(out, 405);
    }
    (void)str_cut(target, '?', &path, &query);
    out->path = path;
    return LISTENER_PAGE;
}

// Host: 127.0.0.1:9114. Two of them are no request (RFC 9112, section 3.2).
static enum listener_verdict listener_header(str line, struct listener_request *out)
{
    str name;
    bool found;
    str value = str_cut(line, ':', &name, &found);
    if (!found || !http1_is_token(name)) {
        return listener_bad(out, 400);
    }
    if (str_eq_nocase(name, S("Host"))) {
        if (out->has_host) {
            return listener_bad(out, 400);
        }
        out->has_host = true;
        out->host = str_trim(value);
    }
    return LISTENER_PAGE;
}

enum listener_verdict listener_read(str in, struct listener_request *out)
{
    *out = (struct listener_request){0};
    str line;
    bool one_one = false;
    if (!listener_line(&in, &line)) {
        return LISTENER_MORE;
    }
    enum listener_verdict verdict = listener_first_line(line, out, &one_one);
    while (verdict == LISTENER_PAGE) {
        if (!listener_line(&in, &line)) {
            return LISTENER_MORE;
        }
        if (line.n == 0) {
            return one_one && !out->has_host ? listener_bad(out, 400) : LISTENER_PAGE;
        }
        verdict = listener_header(line, out);
    }
    return verdict;
}

// What stands before a port, [] of an IPv6 address taken off; false: it is none.
static bool listener_cut_port(str host, str *name)
{
    bool found = false;
    str port = {0};
    if (str_starts(host, S("["))) {
        port = str_cut(str_from_index(host, 1), ']', name, &found);
        if (!found || (port.n && port.p[0] != ':')) {
            return false;
        }
        port = str_from_index(port, port.n ? 1 : 0);
    } else {
        port = str_cut(host, ':', name, &found);
    }
    for (isize i = 0; i < port.n; i++) {
        if (!str_is_digit(port.p[i])) {
            return false;
        }
    }
    return name->n > 0;
}

bool listener_is_own_host(const struct listener_self *self, str host)
{
    str name;
    struct os_addr at;
    if (!listener_cut_port(host, &name)) {
        return false;
    }
    if (str_eq_nocase(name, S("localhost")) || str_eq_nocase(name, self->name)) {
        return true;
    }
    isize bytes = self->at.v6 ? 16 : 4;
    return os_addr_parse(name, &at) && at.v6 == self->at.v6 &&
           str_eq(str_make(at.ip, bytes), str_make(self->at.ip, bytes));
}

// ---- an answer

static str listener_reason(int status)
{
    static const struct {
        int status;
        const char *reason;
    } reasons[] = {
        {200, "OK"},
        {400, "Bad Request"},
        {404, "Not Found"},
        {405, "Method Not Allowed"},
        {421, "Misdirected Request"},
        {431, "Request Header Fields Too Large"},
        {503, "Service Unavailable"},
        {505, "HTTP Version Not Supported"},
    };
    for (isize i = 0; i < COUNT(reasons); i++) {
        if (reasons[i].status == status) {
            return str_from(reasons[i].reason);
        }
    }
    return S("Error");
}

static void listener_compose(struct listener *l, struct listener_conn *c, int status, bool head)
{
    const char *type = "text/plain; charset=utf-8";
    struct listener_request request;
    buf_reset(&l->body);
    if (status == 200) {
        enum listener_verdict page = listener_read(buf_str(&c->in), &request);
        ASSERT(page == LISTENER_PAGE);
        status = l->page(l->st, request.path, &l->body, &type);
    }
    if (status == 421) {
        buf_put(&l->body,
                S("mailferry was asked under a host that is not its own. Ask for the address in "
                  "service.listen, or for localhost; or write that host into "
                  "service.listen_name of config.yml and restart.\n"));
    }
    if (status != 200 && l->body.n == 0) {
        buf_put(&l->body, listener_reason(status));
        buf_put_byte(&l->body, '\n');
    }
    struct buf *out = &c->out;
    buf_reset(out);
    buf_put(out, S("HTTP/1.1 "));
    buf_put_i64(out, status);
    buf_put_byte(out, ' ');
    buf_put(out, listener_reason(status));
    buf_put(out, S("\r\nContent-Type: "));
    buf_put(out, str_from(type));
    buf_put(out, S("\r\nContent-Length: "));
    buf_put_i64(out, l->body.n);
    buf_put(out, S("\r\nConnection: close\r\nX-Content-Type-Options: nosniff\r\n"));
    buf_put(out, status == 405 ? S("Allow: GET, HEAD\r\n\r\n") : S("\r\n"));
    if (!head) {
        buf_put(out, buf_str(&l->body));
    }
    ASSERT(!out->full && !l->body.full);
    c->answering = true;
    c->sent = 0;
}

// ---- connections

static void listener_drop(struct listener_conn *c)
{
    os_close(c->fd);
    c->fd = -1;
}

static void listener_accept(struct listener *l, i64 now_ms)
{
    for (int i = 0; i < LISTENER_CONNS; i++) {
        struct listener_conn *c = &l->conns[i];
        if (c->fd >= 0) {
            continue;
        }
        int fd = os_tcp_accept(l->fd);
        if (fd < 0) {
            return;
        }
        c->fd = fd;
        c->answering = false;
        c->deadline_ms = now_ms + LISTENER_MS;
        buf_reset(&c->in);
    }
}

static void listener_hear(struct listener *l, struct listener_conn *c)
{
    isize got = os_recv(c->fd, c->in.p + c->in.n, c->in.cap - c->in.n);
    if (got == OS_AGAIN) {
        return;
    }
    if (got <= 0) {
        listener_drop(c);
        return;
    }
    c->in.n += got;
    struct listener_request request;
    bool own;
    switch (listener_read(buf_str(&c->in), &request)) {
    case LISTENER_MORE:
        if (c->in.n == c->in.cap) {
            listener_compose(l, c, 431, false);
        }
        break;
    case LISTENER_PAGE:
        own = !request.has_host || listener_is_own_host(&l->self, request.host);
        listener_compose(l, c, own ? 200 : 421, request.head_only);
        break;
    case LISTENER_BAD:
        listener_compose(l, c, request.status, false);
        break;
    }
}

static void listener_say(struct listener_conn *c)
{
    isize sent = os_send(c->fd, str_slice(buf_str(&c->out), c->sent, c->out.n));
    if (sent == OS_AGAIN) {
        return;
    }
    c->sent += sent > 0 ? sent : 0;
    if (sent <= 0 || c->sent == c->out.n) {
        listener_drop(c);
    }
}

int listener_list(struct listener *l, struct os_poll *list)
{
    bool room = false;
    for (int i = 0; i < LISTENER_CONNS; i++) {
        const struct listener_conn *c = &l->conns[i];
        room = room || c->fd < 0;
        list[1 + i] = (struct os_poll){
            .fd = c->fd, .want_read = !c->answering, .want_write = c->answering};
    }
    // Without a free place, who comes waits in the system's queue.
    list[0] = (struct os_poll){.fd = room ? l->fd : -1, .want_read = true};
    return LISTENER_POLLS;
}

void listener_step(struct listener *l, const struct os_poll *list, i64 now_ms)
{
    for (int i = 0; i < LISTENER_CONNS; i++) {
        struct listener_conn *c = &l->conns[i];
        const struct os_poll *p = &list[1 + i];
        if (c->fd < 0 || c->fd != p->fd) {
            continue;
        }
        if (!c->answering && p->readable) {
            listener_hear(l, c);
        }
        if (c->fd >= 0 && c->answering) {
            listener_say(c);
        }
        if (c->fd >= 0 && now_ms >= c->deadline_ms) {
            listener_drop(c);
        }
    }
    if (list[0].readable) {
        listener_accept(l, now_ms);
    }
}

i64 listener_deadline_ms(const struct listener *l)
{
    i64 due_ms = INT64_MAX;
    for (int i = 0; i < LISTENER_CONNS; i++) {
        if (l->conns[i].fd >= 0 && l->conns[i].deadline_ms < due_ms) {
            due_ms = l->conns[i].deadline_ms;
        }
    }
    return due_ms;
}

void listener_close(struct listener *l)
{
    for (int i = 0; i < LISTENER_CONNS; i++) {
        if (l->conns[i].fd >= 0) {
            listener_drop(&l->conns[i]);
        }
    }
    os_close(l->fd);
}

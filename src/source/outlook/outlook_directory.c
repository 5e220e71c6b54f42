// SPDX-License-Identifier: Apache-2.0
// The conversation with the directory (see outlook_directory.h). Whether a way leads to the
// directory is known when it answers: until then the next way is tried, afterwards never.
// An account that finds no room stays in the connection's buffer, and the directory waits.
#include "source/outlook/outlook_directory.h"

#include <string.h>

#include "net/crypto.h"

// The searches of the service before, one after the other (wire-ldap.md 4).
static const str directory_filters[] = {
    S("(&(objectCategory=person)(objectClass=user)(givenName=*))"),
    S("(&(objectClass=person)(|(cn=*admin*)(cn=*normal*)))"),
};

enum {
    DIRECTORY_PAGE = 500,
    DIRECTORY_DISABLED = 2, // of userAccountControl: ACCOUNTDISABLE
};

static const struct retry_policy directory_policy = {
    .attempts = 4, .base_ms = 2000, .max_ms = 30000};
static const struct retry_policy directory_once = {.attempts = 1};

// ---- ways to it

enum directory_tls { DIRECTORY_LDAPS, DIRECTORY_START_TLS, DIRECTORY_PLAIN };

// The ways in the order in which they are tried; false: there is no such one.
static bool directory_way(const struct outlook_run *run, int way, struct dest *dest)
{
    const struct url *url = &run->directory.url;
    enum directory_tls ways[3];
    int count = 0;
    bool other_port = url->port != 389 && url->port != 636 && url->port != 3268 &&
                      url->port != 3269;
    bool ldaps_port = url->port == 636 || url->port == 3269;
    if (run->directory_bare || url->tls || ldaps_port || (other_port && !run->directory_scheme)) {
        ways[count++] = DIRECTORY_LDAPS;
    }
    if (!run->directory_fixed && !ldaps_port) {
        ways[count++] = DIRECTORY_START_TLS;
    }
    if (!run->directory_fixed && !ldaps_port && run->plain_allowed) {
        ways[count++] = DIRECTORY_PLAIN;
    }
    if (way >= count) {
        return false;
    }
    *dest = run->directory;
    dest->url.tls = ways[way] == DIRECTORY_LDAPS;
    dest->start_tls = ways[way] == DIRECTORY_START_TLS;
    dest->index += way;
    if (run->directory_bare) {
        dest->url.port = dest->url.tls ? 636 : 389;
    }
    return true;
}

static bool directory_has_way_behind(const struct outlook_run *run, int way)
{
    struct dest dest;
    return directory_way(run, way + 1, &dest);
}

// ---- asking

static void directory_begin(const struct outlook *o, struct outlook_directory *d)
{
    struct outlook_bind_setup setup = {.kind = o->settings.ldap_bind,
                                       .user = o->run.username,
                                       .password = o->run.password,
                                       .host = d->dest.url.host,
                                       .tls = d->dest.url.tls || d->dest.start_tls};
    outlook_bind_begin(&d->bind, &setup);
    d->step = OUTLOOK_LDAP_BIND;
    d->answered = false;
    d->id = 0;
    d->ask = true;
    d->search = 0;
    d->entries = 0;
    d->cookie_bytes = 0;
    d->input_bytes = 0;
}

enum step outlook_directory_next(void *src, void *st, i64 now_ms, struct exchange *x)
{
    (void)now_ms;
    const struct outlook *o = src;
    struct outlook_directory *d = st;
    if (d->step == OUTLOOK_LDAP_DONE) {
        return STEP_DONE;
    }
    if (d->step == OUTLOOK_LDAP_FAILED || !directory_way(&o->run, d->way, &d->dest)) {
        return STEP_FAILED;
    }
    directory_begin(o, d);
    x->dest = &d->dest;
    x->method = S("LDAP");
    buf_put(&x->target, S("/"));
    x->flags = EXCHANGE_STREAM;
    x->timeout_ms = OUTLOOK_DIRECTORY_MS;
    x->retry = directory_has_way_behind(&o->run, d->way) ? &directory_once : &directory_policy;
    return STEP_REQUEST;
}

err outlook_directory_head(void *src, void *st, struct exchange *x, const struct http_head *head)
{
    (void)src, (void)st, (void)x, (void)head; // a stream has none
    return OK;
}

static err directory_put_search(const struct outlook *o, struct outlook_directory *d,
                                struct buf *room)
{
    u8 bytes[OUTLOOK_FIELD_BYTES * 4];
    struct buf base = buf_over(bytes, COUNT(bytes));
    if (o->settings.ldap_base.n) {
        buf_put(&base, o->settings.ldap_base);
    } else {
        ldap_put_base(&base, o->run.domain);
    }
    struct ldap_search search = {
        .base = buf_str(&base),
        .scope = LDAP_SCOPE_SUBTREE,
        .deref = LDAP_DEREF_ALWAYS,
        .filter = o->settings.ldap_filter.n ? o->settings.ldap_filter
                                            : directory_filters[d->search],
        .attributes = S("mail userAccountControl"),
        .page_size = d->no_paging ? 0 : DIRECTORY_PAGE,
        .cookie = str_make(d->cookie, d->cookie_bytes),
    };
    return base.full ? FAIL(LDAP_BASE) : ldap_put_search(room, d->id, &search);
}

err outlook_directory_send(void *src, void *st, struct buf *room, bool *last)
{
    struct outlook *o = src;
    struct outlook_directory *d = st;
    if (!d->ask) {
        return OK;
    }
    d->ask = false;
    d->id++;
    switch (d->step) {
    case OUTLOOK_LDAP_BIND:
        return outlook_bind_put(&d->bind, d->id, room);
    case OUTLOOK_LDAP_SEARCH:
        return directory_put_search(o, d, room);
    case OUTLOOK_LDAP_UNBIND:
        ldap_put_unbind(room, d->id);
        *last = true;
        return OK;
    case OUTLOOK_LDAP_DONE:
    case OUTLOOK_LDAP_FAILED:
        break;
    }
    return OK;
}

// ---- what it answers

static err directory_refuse(const struct ldap_message *m, struct exchange *x)
{
    buf_reset(&x->detail);
    ldap_put_reason(&x->detail, m);
    return ldap_result_err(m);
}

// Something that can stand in a request and a log. What is not is an account all the same, and
// whoever takes accounts knows then that not every one of them is known.
static bool directory_is_usable(str address)
{
    for (isize i = 0; i < address.n; i++) {
        if (address.p[i] <= ' ' || address.p[i] == 0x7f) {
            return false;
        }
    }
    return str_is_utf8(address);
}

// The first value of `mail` that is an address; an entry without one has no mailbox. false: there
// is no room for it now.
static bool directory_take_entry(struct outlook_directory *d, const struct ldap_message *m,
                                 const struct account_sink *to)
{
    str mail, control;
    i64 bits = 0;
    if (!ldap_entry_value(m, S("mail"), &mail) || str_find_byte(mail, '@') < 0 ||
        !str_is_utf8(mail)) { // Exchange would answer 400, which speaks of the whole server
        d->without_address++;
        return true;
    }
    bool known = ldap_entry_value(m, S("userAccountControl"), &control) &&
                 str_to_i64(control, &bits);
    struct account account = {
        .address = directory_is_usable(mail) ? mail : (str){0},
        .flags = known && (bits & DIRECTORY_DISABLED) ? S("disabled") : (str){0},
        .name = ldap_dn_name(m->dn),
    };
    return to->take(to->st, &account);
}

static void directory_next_search(const struct outlook *o, struct outlook_directory *d)
{
    bool only = o->settings.ldap_filter.n > 0 || d->probe;
    d->search++;
    d->cookie_bytes = 0;
    d->entries = 0;
    d->step = only || d->search == COUNT(directory_filters) ? OUTLOOK_LDAP_UNBIND
                                                            : OUTLOOK_LDAP_SEARCH;
}

static err directory_take_done(const struct outlook *o, struct outlook_directory *d,
                               const struct ldap_message *m, struct exchange *x)
{
    err e = directory_refuse(m, x);
    if (err_is(e, ERR_LDAP_NO_PAGING) && !d->no_paging) {
        d->no_paging = true;
        d->ask = true; // the same search
        return OK;
    }
    TRY(e);
    d->ask = true;
    if (m->cookie.n == 0) {
        directory_next_search(o, d);
        return OK;
    }
    if (m->cookie.n > LDAP_COOKIE_BYTES) {
        return FAIL(LDAP_TOO_LARGE);
    }
    if (d->entries == 0 && str_eq(m->cookie, str_make(d->cookie, d->cookie_bytes))) {
        return FAIL(LDAP_ENDLESS);
    }
    memcpy(d->cookie, m->cookie.p, (size_t)m->cookie.n);
    d->cookie_bytes = (int)m->cookie.n;
    d->entries = 0;
    if (d->probe) {
        d->step = OUTLOOK_LDAP_UNBIND;
    }
    return OK;
}

// *taken false: an account found no room.
static err directory_take_message(const struct outlook *o, struct outlook_directory *d, str bytes,
                                  struct exchange *x, bool *taken)
{
    struct ldap_message m;
    *taken = true;
    TRY(ldap_message_read(bytes, &m));
    if (ldap_is_disconnection(&m)) {
        buf_reset(&x->detail);
        ldap_put_reason(&x->detail, &m);
        return FAIL(LDAP_DISCONNECTED);
    }
    if (m.id != d->id || d->ask) {
        return OK; // nobody asked
    }
    d->answered = true;
    if (d->step == OUTLOOK_LDAP_BIND) {
        TRY(outlook_bind_take(&d->bind, &m, x, &d->ask));
        bool bound = d->bind.step == OUTLOOK_BIND_DONE;
        d->step = bound ? OUTLOOK_LDAP_SEARCH : OUTLOOK_LDAP_BIND;
    } else if (d->step == OUTLOOK_LDAP_SEARCH && m.op == LDAP_ENTRY) {
        *taken = directory_take_entry(d, &m, d->to);
        d->entries += *taken;
    } else if (d->step == OUTLOOK_LDAP_SEARCH && m.op == LDAP_REFERENCE) {
        d->referrals++; // never followed
    } else if (d->step == OUTLOOK_LDAP_SEARCH && m.op == LDAP_DONE) {
        return directory_take_done(o, d, &m, x);
    }
    return OK;
}

// The rest of a message that came in parts. *whole: it is in d->input now, of *bytes bytes; nothing
// of its last part was taken off *in.
static err directory_gather(struct outlook_directory *d, str *in, isize *bytes, bool *whole)
{
    *whole = false;
    TRY(ldap_message_bytes(str_make(d->input, d->input_bytes), bytes));
    isize wanted = *bytes ? *bytes - d->input_bytes : 1;
    isize n = wanted < in->n ? wanted : in->n;
    memcpy(d->input + d->input_bytes, in->p, (size_t)n);
    *whole = *bytes && n == wanted;
    if (!*whole) {
        d->input_bytes += (int)n;
        *in = str_from_index(*in, n);
        isize known; // at once when it is no message, or an empty one, not with the next byte
        TRY(ldap_message_bytes(str_make(d->input, d->input_bytes), &known));
        return known == d->input_bytes ? FAIL(LDAP_SYNTAX) : OK;
    }
    return OK;
}

err outlook_directory_body(void *src, void *st, struct exchange *x, str *in,
                           const struct account_sink *to)
{
    const struct outlook *o = src;
    struct outlook_directory *d = st;
    d->to = to;
    while (in->n) {
        isize bytes = 0;
        bool whole = false;
        bool taken = true;
        if (d->input_bytes) {
            TRY(directory_gather(d, in, &bytes, &whole));
            if (!whole) {
                continue;
            }
            TRY(directory_take_message(o, d, str_make(d->input, bytes), x, &taken));
            bytes -= d->input_bytes;
        } else {
            TRY(ldap_message_bytes(*in, &bytes));
            if (bytes == 0 || bytes > in->n) {
                memcpy(d->input, in->p, (size_t)in->n); // at most CONN_IN_BYTES
                d->input_bytes = (int)in->n;
                *in = str_from_index(*in, in->n);
                continue;
            }
            TRY(directory_take_message(o, d, str_slice(*in, 0, bytes), x, &taken));
        }
        if (!taken) {
            return OK;
        }
        d->input_bytes = 0;
        *in = str_from_index(*in, bytes);
    }
    return OK;
}

err outlook_directory_end(void *src, void *st, struct exchange *x)
{
    (void)src;
    (void)x;
    struct outlook_directory *d = st;
    d->step = OUTLOOK_LDAP_DONE;
    return OK;
}

bool outlook_directory_fail(void *src, void *st, struct exchange *x, err e)
{
    const struct outlook *o = src;
    struct outlook_directory *d = st;
    (void)x;
    (void)e; // the caller keeps it
    d->input_bytes = 0;
    if (!d->answered && directory_has_way_behind(&o->run, d->way)) {
        d->way++;
        return true;
    }
    d->step = OUTLOOK_LDAP_FAILED;
    return false;
}

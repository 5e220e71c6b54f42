// SPDX-License-Identifier: Apache-2.0
// Faults of Exchange and of the directory; see far_exchange.h. Errors are the tenant's own, set as
// its control port would; damage is done to the bytes of an answer that is whole otherwise.
#include "far_exchange.h"

#include <string.h>

#include "../tenant/ews.h"
#include "../tenant/ldap.h"
#include "clock.h"
#include "far.h"
#include "faults.h"
#include "observer_exchange.h"
#include "sim.h"

static const char *one_of(const char *const *list, isize count)
{
    return list[sim_between(SIM_FAULTS, 0, count - 1)];
}

static void control(struct t_buf *order)
{
    struct t_buf answer = {0};
    const char *error = NULL;
    if (!exchange_control(far_world.tenant, t_buf_str(order), &answer, &error)) {
        sim_violation("the tenant does not understand %.*s: %s", (int)order->n,
                      (const char *)order->p, error);
    }
    t_buf_free(&answer);
    t_buf_free(order);
}

static void set_fault(const char *level, const char *code, const char *operation, i64 back_off_ms)
{
    struct t_buf b = {0};
    t_buf_printf(&b, "{\"fault\":{\"level\":\"%s\",\"code\":\"%s\"", level, code);
    if (operation) {
        t_buf_printf(&b, ",\"operation\":\"%s\"", operation);
    }
    if (back_off_ms >= 0) {
        t_buf_printf(&b, ",\"backoff_ms\":%lld", (long long)back_off_ms);
    }
    t_buf_z(&b, "}}");
    control(&b);
}

static void order(const char *text)
{
    struct t_buf b = {0};
    t_buf_z(&b, text);
    control(&b);
}

void exchange_calm(void)
{
    struct tenant *t = far_world.tenant;
    order("{\"clear\":true,\"unlock\":true,\"batch_stop_after\":0,\"budget\":0,"
          "\"latency_ms\":0,\"max_concurrent\":0}");
    t->o.account_password = S("Passw0rd");
    for (int i = 0; i < t->user_count; i++) {
        ews_mailbox(t, i)->state = EWS_STATE_OK;
    }
}

void exchange_without_sync(i64 page)
{
    struct t_buf b = {0};
    t_buf_printf(&b, "{\"no_sync\":true,\"find_page\":%lld}", (long long)page);
    control(&b);
}

void exchange_before(void)
{
    static const char *const passing[] = {"ErrorInternalServerTransientError",
                                          "ErrorTimeoutExpired", "ErrorMailboxStoreUnavailable",
                                          "ErrorInternalServerError", "ErrorNotEnoughMemory"};
    static const char *const levels[] = {"fault", "answer", "item"};
    struct tenant *t = far_world.tenant;
    if (fault_due(FAULT_EWS_BUSY)) {
        bool says = !sim_one_in(SIM_FAULTS, 3);
        i64 ms = (i64)100 << sim_between(SIM_FAULTS, 0, 12);
        set_fault(one_of(levels, 2), "ErrorServerBusy", NULL, says ? ms : -1);
    }
    if (fault_due(FAULT_EWS_ERROR)) {
        set_fault(one_of(levels, COUNT(levels)), one_of(passing, COUNT(passing)), NULL, -1);
    }
    if (fault_due(FAULT_EWS_STATE)) {
        order("{\"expire_sync\":true}");
        exchange_forgotten();
    }
    if (fault_due(FAULT_EWS_MAILBOX)) {
        int i = (int)sim_between(SIM_FAULTS, 0, t->user_count - 1);
        ews_mailbox(t, i)->state = (enum ews_state)sim_between(SIM_FAULTS, 0, EWS_STATES - 1);
    }
    if (fault_due(FAULT_EWS_PASSWORD)) {
        t->o.account_password = sim_one_in(SIM_FAULTS, 2) ? S("Passw0rd") : S("another one");
    }
}

// ---- damage

static void unpack(struct t_response *r, struct t_buf *body)
{
    struct t_buf plain = {0};
    while (r->produce(r->produce_st, body)) {
    }
    r->produce_free(r->produce_st);
    r->produce = NULL;
    r->produce_st = NULL;
    r->produce_free = NULL;
    static const char packed[] = "Content-Encoding: gzip\r\n";
    isize at = str_find(t_buf_str(&r->head), str_from(packed));
    if (at >= 0 && t_gunzip(t_buf_str(body), MIB(64), &plain)) {
        isize n = (isize)sizeof(packed) - 1;
        memmove(r->head.p + at, r->head.p + at + n, (size_t)(r->head.n - at - n));
        r->head.n -= n;
        t_buf_free(body);
        *body = plain;
    }
}

static bool is_name_end(u8 c)
{
    return c == ' ' || c == '>' || c == '/';
}

// Where the tag of an element begins, with or without prefix, from `from` on; -1: nowhere.
static isize find_tag(str s, const char *name, bool end, isize from)
{
    str wanted = str_from(name);
    for (isize i = from; i < s.n; i++) {
        if (s.p[i] != '<' || i + 1 >= s.n || (s.p[i + 1] == '/') != end) {
            continue;
        }
        isize at = i + 1 + end;
        isize colon = at;
        while (colon < s.n && s.p[colon] != ':' && s.p[colon] != '>' && s.p[colon] != ' ') {
            colon++;
        }
        at = colon < s.n && s.p[colon] == ':' ? colon + 1 : at;
        str rest = str_from_index(s, at);
        if (str_starts(rest, wanted) && rest.n > wanted.n && is_name_end(rest.p[wanted.n])) {
            return i;
        }
    }
    return -1;
}

static bool remove_element(struct t_buf *b, const char *name)
{
    str s = t_buf_str(b);
    isize first = find_tag(s, name, false, 0);
    if (first < 0) {
        return false;
    }
    for (int more = 3; more > 0; more--) { // some later one
        isize next = find_tag(s, name, false, first + 1);
        first = next >= 0 && sim_one_in(SIM_FAULTS, 2) ? next : first;
    }
    isize end = first + str_find_byte(str_from_index(s, first), '>');
    if (s.p[end - 1] != '/') {
        end = find_tag(s, name, true, first);
        end += str_find_byte(str_from_index(s, end), '>');
    }
    memmove(b->p + first, b->p + end + 1, (size_t)(b->n - end - 1));
    b->n -= end + 1 - first;
    return true;
}

static void make_utf16(struct t_buf *b)
{
    struct t_buf wide = {0};
    t_buf_put(&wide, str_make("\xFF\xFE", 2));
    for (isize i = 0; i < b->n; i++) {
        t_buf_byte(&wide, b->p[i]);
        t_buf_byte(&wide, 0);
    }
    t_buf_free(b);
    *b = wide;
}

// What cannot be missed: without it nothing may be taken for less than there is.
static bool damage(struct t_buf *b)
{
    static const char *const elements[] = {
        "SyncState",
        "IncludesLastItemInRange",
        "RootFolder",
        "FolderId",
        "ItemId",
        "ResponseCode",
        "ResponseMessages",
        "SyncFolderItemsResponseMessage",
        "FindItemResponseMessage",
        "GetItemResponseMessage",
        "GetFolderResponseMessage",
        "FindFolderResponseMessage",
        "GetAttachmentResponseMessage",
    };
    switch (sim_between(SIM_FAULTS, 0, 4)) {
    case 0:
        b->n = sim_between(SIM_FAULTS, 0, b->n > 10 ? b->n - 10 : 0);
        return true;
    case 1:
        make_utf16(b);
        return true;
    default:
        return remove_element(b, one_of(elements, COUNT(elements)));
    }
}

static bool is_challenge(const struct t_response *r)
{
    return r->status == 401 && str_find(t_buf_str(&r->head), S(" TlRMTVNTUAAC")) >= 0;
}

void exchange_after(const struct t_request *q, struct t_response *r, struct manner *m,
                    bool *damaged)
{
    str number = t_request_header(q, "client-request-id");
    if (number.n > 0 && r->status != 401) {
        t_response_header(r, "client-request-id: %.*s", (int)number.n, (const char *)number.p);
    }
    if (is_challenge(r)) {
        m->drop = fault_due(FAULT_EWS_LOGIN);
    }
    if (!r->produce) {
        return;
    }
    struct t_buf body = {0};
    unpack(r, &body);
    if (r->status == 200 && fault_due(FAULT_EWS_DAMAGE)) {
        *damaged = damage(&body);
    }
    t_buf_put(&r->own, t_buf_str(&body));
    t_buf_free(&body);
}

i64 exchange_back_off_us(const struct t_response *r)
{
    static const char name[] = "BackOffMilliseconds\">";
    str body = t_buf_str(&r->own), value;
    isize at = str_find(body, str_from(name));
    i64 ms = 0;
    bool found;
    if (at < 0) {
        return 0;
    }
    str_cut(str_from_index(body, at + (isize)sizeof(name) - 1), '<', &value, &found);
    return str_to_i64(str_trim(value), &ms) ? ms * SIM_MS : 0;
}

// ---- the directory

void exchange_ldap_weather(struct ldap *c)
{
    static const char *const codes[] = {"close", "notice", "51", "52", "1", "3", "80"};
    static const char *const operations[] = {"bind", "search", "extended"};
    if (!fault_due(FAULT_LDAP)) {
        return;
    }
    if (sim_one_in(SIM_FAULTS, 4)) {
        c->page_cookie ^= 0x5555; // the next page is of a search that nobody knows
    } else {
        set_fault("ldap", one_of(codes, COUNT(codes)), one_of(operations, COUNT(operations)), -1);
    }
}

i64 exchange_ldap_delay_us(void)
{
    i64 us = sim_between(SIM_FAR, 200, 20000);
    if (fault_due(FAULT_DELAY)) {
        us += sim_between(SIM_FAULTS, 1, 140000) * SIM_MS;
    }
    return fault_due(FAULT_HANG) ? us + 4000 * SIM_S : us;
}

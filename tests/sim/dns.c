// SPDX-License-Identifier: Apache-2.0
// A small name server, written from RFC 1035 and independent of src/net: it reads one question and
// answers it, with the faults of the plan. Names it knows: those of far_address_of().
#include "clock.h"
#include "far.h"
#include "faults.h"
#include "sim.h"

#include <string.h>

enum { TYPE_A = 1, TYPE_AAAA = 28, RCODE_SERVFAIL = 2, RCODE_NONE = 3 };

struct question {
    struct t_buf name; // "es.tenant.test"
    int type;
    isize end; // of the question section
};

static bool read_question(str q, struct question *out)
{
    *out = (struct question){0};
    isize at = 12;
    while (at < q.n && q.p[at] != 0) {
        isize n = q.p[at];
        if (n > 63 || at + 1 + n >= q.n) {
            return false;
        }
        if (out->name.n > 0) {
            t_buf_byte(&out->name, '.');
        }
        t_buf_put(&out->name, str_slice(q, at + 1, at + 1 + n));
        at += n + 1;
    }
    if (at + 5 > q.n) {
        return false;
    }
    out->type = q.p[at + 1] << 8 | q.p[at + 2];
    out->end = at + 5;
    return true;
}

static void put_record(struct t_buf *b, const struct os_addr *a)
{
    static const u8 head[] = {0xC0, 12};
    static const u8 ttl[] = {0, 1, 0, 0, 0, 60};
    t_buf_put(b, str_make(head, 2));
    t_buf_byte(b, 0);
    t_buf_byte(b, a->v6 ? TYPE_AAAA : TYPE_A);
    t_buf_put(b, str_make(ttl, 6));
    t_buf_byte(b, 0);
    t_buf_byte(b, a->v6 ? 16 : 4);
    t_buf_put(b, str_make(a->ip, a->v6 ? 16 : 4));
}

static int put_records(struct t_buf *b, const struct question *q)
{
    int count = 0;
    struct os_addr a;
    bool v6 = q->type == TYPE_AAAA;
    if (fault_due(FAULT_DNS_CHANGED)) {
        a = (struct os_addr){.v6 = v6, .ip = {10, 9, 9, (u8)sim_between(SIM_FAULTS, 1, 250)}};
        put_record(b, &a);
        return 1;
    }
    int turn = (int)sim_between(SIM_FAR, 0, 3); // round robin
    for (int i = 0; i < 4; i++) {
        if (far_address_of(t_buf_str(&q->name), (i + turn) % 4, v6, &a)) {
            put_record(b, &a);
            count++;
        }
    }
    return count;
}

static bool is_known(str name)
{
    struct os_addr a;
    return far_address_of(name, 0, false, &a) || far_address_of(name, 0, true, &a);
}

bool dns_answer(str question, bool tcp, struct t_buf *out)
{
    struct question q;
    if (question.n < 12 || !read_question(question, &q)) {
        return false;
    }
    struct t_buf records = {0};
    int rcode = is_known(t_buf_str(&q.name)) ? 0 : RCODE_NONE;
    rcode = fault_due(FAULT_DNS_NONE) ? RCODE_NONE : rcode;
    rcode = fault_due(FAULT_DNS_SERVFAIL) ? RCODE_SERVFAIL : rcode;
    bool truncated = !tcp && fault_due(FAULT_DNS_TRUNCATED);
    int count = rcode == 0 ? put_records(&records, &q) : 0;
    if (truncated) {
        count = 0;
        records.n = 0;
    }
    isize from = out->n;
    t_buf_put(out, str_slice(question, 0, q.end));
    u8 *head = out->p + from;
    head[2] = (u8)(0x81 | (truncated ? 2 : 0));
    head[3] = (u8)(0x80 | rcode);
    head[6] = 0;
    head[7] = (u8)count;
    memset(head + 8, 0, 4);
    t_buf_put(out, t_buf_str(&records));
    t_buf_free(&records);
    t_buf_free(&q.name);
    return true;
}

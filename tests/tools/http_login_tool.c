// SPDX-License-Identifier: Apache-2.0
// net/ logs in, for scripts: makes COUNT POST requests, one after another, and writes a line for
// each: `200 hello`, or `error: ` and its name and facts. Certificates are not verified: what is
// tested is that the login names them.
//     http_login_tool URL USER PASSWORD COUNT
#include <stdio.h>
#include <stdlib.h>

#include "net/auth.h"
#include "net/loop.h"
#include "net/retry.h"
#include "net/tls.h"
#include "os/os.h"

struct asker {
    const struct dest *dest;
    int left, status;
    u8 bytes[1000];
    struct buf got;
};

static enum step asker_next(void *st, i64 now_ms, struct exchange *x)
{
    struct asker *a = st;
    (void)now_ms;
    if (a->left == 0) {
        return STEP_DONE;
    }
    a->got = buf_over(a->bytes, sizeof a->bytes);
    x->dest = a->dest;
    x->method = S("POST");
    x->body = S("<soap/>");
    buf_put(&x->target, S("/EWS/Exchange.asmx"));
    return STEP_REQUEST;
}

static err asker_head(void *st, struct exchange *x, const struct http_head *head)
{
    (void)x;
    ((struct asker *)st)->status = head->status;
    return retry_status_error(head->status);
}

static err asker_body(void *st, struct exchange *x, str *in)
{
    (void)x;
    buf_put(&((struct asker *)st)->got, *in);
    *in = str_from_index(*in, in->n);
    return OK;
}

static err asker_end(void *st, struct exchange *x)
{
    struct asker *a = st;
    (void)x;
    a->left--;
    printf("%d %.*s\n", a->status, (int)a->got.n, (const char *)a->bytes);
    return OK;
}

static void asker_fail(void *st, struct exchange *x, err e)
{
    ((struct asker *)st)->left--;
    printf("error: %s %.*s\n", err_name(e), (int)x->detail.n, (const char *)x->detail.p);
}

static const struct machine_ops asker_ops = {
    .name = "asker",
    .next = asker_next,
    .head = asker_head,
    .body = asker_body,
    .end = asker_end,
    .fail = asker_fail,
};

int main(int count, char **words)
{
    static _Alignas(16) u8 memory[MIB(2)];
    static const struct tls_trust trust = {.verify = false};
    struct http_auth auth = {0};
    struct dest dest = {.label = "the server", .trust = &trust, .index = 1, .auth = &auth};
    struct dns_config dns;
    if (count != 5 || !err_ok(url_parse(str_from(words[1]), &dest.url))) {
        fputs("usage: http_login_tool URL USER PASSWORD COUNT\n", stderr);
        return 2;
    }
    dns_config_parse(&dns, S(""), S(""));
    auth_set(&auth, str_from(words[2]), (struct secret){str_from(words[3])});
    struct arena arena = arena_over(memory, sizeof memory);
    struct plan plan = {.arena = &arena};
    struct loop_settings settings = {.tasks = 1,
                                     .connections = 2,
                                     .dns = &dns,
                                     .connect_timeout_ms = 5000,
                                     .idle_timeout_ms = 5000,
                                     .keep_alive_ms = 5000,
                                     .user_agent = S("mailferry-test")};
    struct loop *loop = loop_init(&plan, &settings);
    struct asker asker = {.dest = &dest, .left = atoi(words[4])};
    (void)loop_add(loop, &asker_ops, &asker);
    while (loop_active_count(loop)) {
        (void)loop_turn(loop, 1000, -1);
    }
    printf("connections %lld\n", (long long)loop_stats(loop)->connects);
    loop_close(loop);
    return 0;
}

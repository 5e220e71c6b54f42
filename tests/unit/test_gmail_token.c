// SPDX-License-Identifier: Apache-2.0
// source/gmail/gmail_token: assertions, answers, the cache, and what a 401 does to it; among the
// lanes of a mailbox too.
#include "gmail_lane.h"

#include "codec/base64.h"

static struct exchange exchange_of(void)
{
    static u8 target[4096], headers[8192], detail[512];
    return (struct exchange){.target = buf_over(target, COUNT(target)),
                             .headers = buf_over(headers, COUNT(headers)),
                             .detail = buf_over(detail, COUNT(detail))};
}

static struct gmail *gmail_of(struct rig *r)
{
    return r->source.state;
}

static struct gmail_token *token_of(struct rig *r)
{
    return &((struct gmail_mailbox *)r->mailbox.state)->token;
}

// The example of spec/wire-gmail.md 2, to the byte.
static void test_token_put_claims_example(void)
{
    struct rig *r = rig_make(NULL);
    u8 bytes[2048];
    struct buf out = buf_over(bytes, COUNT(bytes));
    gmail_token_put_claims(gmail_of(r), GMAIL_CALL_TOKEN_MAILBOX, S("ann@example.test"), RIG_UNIX_S,
                           &out);
    CHECK_STR(
        buf_str(&out),
        S("eyJ0eXAiOiJKV1QiLCJhbGciOiJSUzI1NiIsImtpZCI6ImExYjIifQ.eyJpYXQiOjE3MjAxNzQ4MzAsImV4"
          "cCI6MTcyMDE3ODQzMCwiaXNzIjoic3luY0BkZW1vLmlhbS5nc2VydmljZWFjY291bnQuY29tIiwiYXVkIjoi"
          "aHR0cHM6Ly9vYXV0aDIuZ29vZ2xlYXBpcy5jb20vdG9rZW4iLCJzY29wZSI6Imh0dHBzOi8vd3d3Lmdvb2ds"
          "ZWFwaXMuY29tL2F1dGgvZ21haWwucmVhZG9ubHkiLCJzdWIiOiJhbm5AZXhhbXBsZS50ZXN0In0"));
}

static void test_token_ask(void)
{
    struct rig *r = rig_make(NULL);
    struct exchange x = exchange_of();
    struct gmail_token *t = token_of(r);
    CHECK_OK(
        gmail_token_ask(gmail_of(r), t, GMAIL_CALL_TOKEN_DIRECTORY, S("admin@example.test"), &x));
    CHECK_STR(x.method, S("POST"));
    CHECK_STR(buf_str(&x.target), S("/token"));
    CHECK_STR(x.dest->url.path, S("/"));
    CHECK(str_ends(x.body, S(".c2lnbmF0dXJl")) && rig_signed > 0);
    str payload = str_from_index(x.body, str_find_byte(x.body, '.') + 1);
    u8 bytes[1024];
    struct buf claims = buf_over(bytes, COUNT(bytes));
    base64_decode(&(struct base64_decoder){0}, &claims,
                  str_slice(payload, 0, str_find_byte(payload, '.')));
    CHECK(str_find(buf_str(&claims),
                   S("auth/admin.directory.user.readonly\",\"sub\":\"admin@example.test\"")) > 0);
}

// A destination whose URL has no path, or another one.
static void test_token_ask_target(void)
{
    static const str paths[][2] = {{S("/"), S("/token")},
                                   {S("/token"), S("/token")},
                                   {S("/o/oauth2/token?x=1"), S("/o/oauth2/token?x=1")}};
    for (isize i = 0; i < COUNT(paths); i++) {
        struct rig *r = rig_make(NULL);
        struct gmail_case settings = rig_settings(r);
        struct dest dest = *settings.token;
        dest.url.path = paths[i][0];
        settings.token = &dest;
        r = rig_make(&settings);
        struct exchange x = exchange_of();
        CHECK_OK(
            gmail_token_ask(gmail_of(r), token_of(r), GMAIL_CALL_TOKEN_MAILBOX, S("a@b.c"), &x));
        CHECK_STR(buf_str(&x.target), paths[i][1]);
    }
}

static void test_token_ask_too_long(void)
{
    struct rig *r = rig_make(NULL);
    u8 user[2000];
    memset(user, 'a', sizeof user);
    struct exchange x = exchange_of();
    CHECK_ERR(gmail_token_ask(gmail_of(r), token_of(r), GMAIL_CALL_TOKEN_MAILBOX,
                              str_make(user, COUNT(user)), &x),
              BUF_FULL);
}

static err read_token(struct gmail_token *t, str body)
{
    static u8 bytes[GMAIL_ANSWER_BYTES];
    struct gmail_answer a;
    gmail_answer_start(&a, bytes, COUNT(bytes));
    str in = body;
    gmail_answer_take(&a, &in);
    CHECK(in.n == 0);
    return gmail_token_read(t, &a);
}

static void test_token_read(void)
{
    static struct gmail_token t;
    t.asked_ms = 1000000;
    CHECK_OK(read_token(
        &t, S("{\"expires_in\":3599,\"access_token\":\"ya29.c.c0AY\",\"token_type\":\"bearer\"}")));
    CHECK(t.generation == 1 && t.expires_ms == 1000000 + 3599000 &&
          t.renew_ms == t.expires_ms - 300000);
    CHECK(gmail_token_is_usable(&t, t.expires_ms - 1) && !gmail_token_is_usable(&t, t.expires_ms));
    CHECK(!gmail_token_is_due(&t, t.renew_ms - 1) && gmail_token_is_due(&t, t.renew_ms));
    struct exchange x = exchange_of();
    gmail_token_header(&t, &x);
    CHECK_STR(buf_str(&x.headers), S("Authorization: Bearer ya29.c.c0AY\r\n"));

    CHECK_OK(read_token(&t, S("{\"access_token\":\"a\",\"expires_in\":100}")));
    CHECK(t.expires_ms == 1000000 + 100000 && t.renew_ms == 1000000 + 50000);
    CHECK_OK(read_token(&t, S("{\"access_token\":\"a\"}")));
    CHECK(t.expires_ms == 1000000 + 600000);
    CHECK_OK(read_token(&t, S("{\"access_token\":\"a\",\"expires_in\":9223372036854775807}")));
    CHECK(t.expires_ms == 1000000 + 86400000);
    CHECK_OK(read_token(&t, S("{\"access_token\":\"a\",\"expires_in\":-1}")));
    CHECK(t.expires_ms == 1000000 + 600000 && t.generation == 5);
    // Due as soon as it comes, it would be asked for again and again.
    CHECK_OK(read_token(&t, S("{\"access_token\":\"a\",\"expires_in\":1}")));
    CHECK(t.expires_ms == 1000000 + 60000 && !gmail_token_is_due(&t, 1000000 + 20000));
}

static void test_token_read_refused(void)
{
    static const str bodies[] = {
        S(""),
        S("{}"),
        S("[]"),
        S("<html>"),
        S("{\"id_token\":\"a\"}"),
        S("{\"access_token\":7}"),
        S("{\"access_token\":\"\"}"),
        S("{\"access_token\":\"a b\"}"),
        S("{\"access_token\":\"a\\r\\nX: y\"}"),
        S("{\"access_token\":\"a\\u00e9\"}"),
        S("{\"access_token\":\"a\",\"token_type\":\"mac\"}"),
        S("{\"access_token\":\"a\",\"token_type\":7}"),
        S("{\"access_token\":\"a\"} x"),
    };
    for (isize i = 0; i < COUNT(bodies); i++) {
        static struct gmail_token t;
        CHECK_ERR(read_token(&t, bodies[i]), TOKEN_ANSWER);
        CHECK(!gmail_token_is_usable(&t, 0) && t.generation == 0);
    }
    // Too long for its memory, and longer than the answer's.
    static u8 bytes[3 * GMAIL_TOKEN_BYTES];
    for (isize n = GMAIL_TOKEN_BYTES - 1; n <= 2 * GMAIL_TOKEN_BYTES + 2;
         n += n < GMAIL_TOKEN_BYTES + 1 ? 1 : GMAIL_TOKEN_BYTES) {
        struct buf body = buf_over(bytes, COUNT(bytes));
        buf_put(&body, S("{\"access_token\":\""));
        buf_put_fill(&body, 'a', n);
        buf_put(&body, S("\"}"));
        static struct gmail_token t;
        err e = read_token(&t, buf_str(&body));
        CHECK(err_ok(e) == (n <= GMAIL_TOKEN_BYTES));
        struct exchange x = exchange_of();
        gmail_token_header(&t, &x);
        CHECK(!x.headers.full);
    }
}

// The mailbox renews its token before its end, while lanes still use the old one.
static void test_token_renewed_early(void)
{
    struct rig *r = rig_make(NULL);
    rig_grant(r);
    struct machine_answer page[] = {ANSWER(200, "{\"messages\":[{\"id\":\"18c1\"}]}")};
    CHECK(machine_run(&r->list, page, 1) == STEP_WAIT);
    CHECK(r->mailbox.phase == MAILBOX_LISTED);
    rig_unit(r, S("18c1"), LANE_BYTES);
    r->lane.now_ms = r->list.now_ms = token_of(r)->renew_ms - 1;
    CHECK(machine_next(&r->lane) == STEP_REQUEST && machine_next(&r->list) == STEP_WAIT);
    r->lane.now_ms = r->list.now_ms = token_of(r)->renew_ms;
    CHECK(machine_next(&r->list) == STEP_WAIT); // nobody wants it
    CHECK(machine_next(&r->lane) == STEP_REQUEST);
    CHECK(machine_has_header(&r->lane, 1, S("Bearer ya29.one")));
    CHECK(machine_next(&r->list) == STEP_REQUEST);
    struct machine_answer token = ANSWER(200, RIG_TOKEN_2);
    machine_finish(&r->list, &token);
    CHECK(machine_next(&r->list) == STEP_WAIT);
    CHECK(machine_next(&r->lane) == STEP_REQUEST);
    CHECK(machine_has_header(&r->lane, 2, S("Bearer ya29.two")));
    r->lane.now_ms = token_of(r)->expires_ms;
    CHECK(machine_next(&r->lane) == STEP_WAIT && r->lane.x.wait_until_ms == 0);
}

// A lane that comes first waits, and makes the mailbox ask.
static void test_token_wanted_by_lane(void)
{
    struct rig *r = rig_make(NULL);
    r->mailbox.phase = MAILBOX_LISTED;
    rig_unit(r, S("18c1"), LANE_BYTES);
    CHECK(machine_next(&r->list) == STEP_WAIT);
    CHECK(machine_next(&r->lane) == STEP_WAIT);
    CHECK(machine_next(&r->list) == STEP_REQUEST);
    CHECK_STR(machine_target(&r->list, 0), S("/token"));
}

#define UNAUTHORIZED                                                                         \
    ANSWER(401, "{\"error\":{\"code\":401,\"message\":\"Request had invalid authentication " \
                "credentials.\",\"status\":\"UNAUTHENTICATED\"}}")

enum { LANES_4 = 4 };

// Four lanes of one mailbox, each with its own state.
struct four {
    struct fetch f[LANES_4];
    _Alignas(16) u8 state[LANES_4][sizeof(struct gmail_message)];
    u8 data[LANES_4][KIB(16)];
    struct rig *r;
};

static struct four *make_four(void)
{
    static struct four four;
    memset(&four, 0, sizeof four);
    four.r = rig_make(NULL);
    rig_grant(four.r);
    four.r->mailbox.phase = MAILBOX_LISTED;
    for (int i = 0; i < LANES_4; i++) {
        four.f[i] = (struct fetch){.mailbox = &four.r->mailbox,
                                   .state = four.state[i],
                                   .data = buf_over(four.data[i], KIB(16))};
        four.f[i].units[0].id[0] = (u8)('1' + i);
        four.f[i].units[0].id_bytes = 1;
    }
    return &four;
}

static enum step four_next(struct four *four, int i, struct exchange *x)
{
    *x = exchange_of();
    return four->r->source.ops->fetch_next(four->r->source.state, &four->f[i], 1000, x);
}

// What the loop sees of one answer.
static err four_answer(struct four *four, int i, int status, str body)
{
    const struct source_ops *ops = four->r->source.ops;
    void *g = four->r->source.state;
    struct exchange x = exchange_of();
    struct http_head head = {.status = status};
    TRY(ops->fetch_head(g, &four->f[i], &x, &head));
    TRY(ops->fetch_body(g, &four->f[i], &x, &body));
    err e = ops->fetch_end(g, &four->f[i], &x);
    if (!err_ok(e)) {
        ops->fetch_fail(g, &four->f[i], &x, e);
    }
    return e;
}

// Four lanes are refused with the same token: one new token, and all go on.
static void test_token_refused_to_four(void)
{
    struct four *four = make_four();
    struct exchange x;
    str refused = UNAUTHORIZED.body;
    for (int i = 0; i < LANES_4; i++) {
        CHECK(four_next(four, i, &x) == STEP_REQUEST);
    }
    CHECK_OK(four_answer(four, 0, 401, refused));
    CHECK(four_next(four, 0, &x) == STEP_WAIT);
    CHECK_OK(four_answer(four, 1, 401, refused));
    CHECK(machine_next(&four->r->list) == STEP_REQUEST);
    CHECK_OK(four_answer(four, 2, 401, refused));
    struct machine_answer token = ANSWER(200, RIG_TOKEN_2);
    machine_finish(&four->r->list, &token);
    CHECK_OK(four_answer(four, 3, 401, refused)); // of the old token, after the new one came
    CHECK(machine_next(&four->r->list) == STEP_WAIT);
    CHECK(four->r->list.request_count == 2);
    for (int i = 0; i < LANES_4; i++) {
        CHECK(four_next(four, i, &x) == STEP_REQUEST);
        CHECK(str_find(buf_str(&x.headers), S("Bearer ya29.two")) > 0);
        CHECK_OK(four_answer(four, i, 200, S("{\"raw\":\"\"}")));
        CHECK(four_next(four, i, &x) == STEP_DONE && four->f[i].verdict == FETCH_DOCUMENT);
    }
    CHECK(four->r->mailbox.phase == MAILBOX_LISTED);
}

// The new token is refused too, to all four: the mailbox is refused, once.
static void test_token_refused_twice(void)
{
    struct four *four = make_four();
    struct exchange x;
    str refused = UNAUTHORIZED.body;
    for (int i = 0; i < LANES_4; i++) {
        CHECK(four_next(four, i, &x) == STEP_REQUEST);
    }
    for (int i = 0; i < LANES_4; i++) {
        CHECK_OK(four_answer(four, i, 401, refused));
    }
    CHECK(machine_next(&four->r->list) == STEP_REQUEST);
    struct machine_answer token = ANSWER(200, RIG_TOKEN_2);
    machine_finish(&four->r->list, &token);
    for (int i = 0; i < 3; i++) {
        CHECK(four_next(four, i, &x) == STEP_REQUEST);
    }
    CHECK_ERR(four_answer(four, 0, 401, refused), TOKEN_REVOKED);
    CHECK(four->r->mailbox.phase == MAILBOX_REFUSED);
    CHECK_ERR(four->r->mailbox.error, TOKEN_REVOKED);
    CHECK_STR(str_slice(buf_str(&four->r->mailbox.detail), 0, 8), S("HTTP 401"));
    CHECK_OK(four_answer(four, 1, 401, refused));
    CHECK_OK(four_answer(four, 2, 200, S("{\"raw\":\"\"}"))); // was under way
    CHECK(four_next(four, 0, &x) == STEP_DONE && four->f[0].verdict == FETCH_UNDECIDED);
    CHECK(four_next(four, 1, &x) == STEP_DONE && four->f[1].verdict == FETCH_UNDECIDED);
    CHECK_ERR(four->f[1].error, TOKEN_REVOKED);
    CHECK(four_next(four, 2, &x) == STEP_DONE && four->f[2].verdict == FETCH_DOCUMENT);
    CHECK(four_next(four, 3, &x) == STEP_DONE && four->f[3].verdict == FETCH_UNDECIDED);
}

// A token that had worked may be refused again and again over a long job: each time a new one.
static void test_token_refused_later(void)
{
    struct four *four = make_four();
    struct exchange x;
    for (int i = 0; i < 5; i++) {
        four->state[0][0] = 0;
        memset(four->state[0], 0, sizeof four->state[0]);
        CHECK(four_next(four, 0, &x) == STEP_REQUEST);
        CHECK_OK(four_answer(four, 0, 200, S("{\"raw\":\"\"}")));
        memset(four->state[0], 0, sizeof four->state[0]);
        CHECK(four_next(four, 0, &x) == STEP_REQUEST);
        CHECK_OK(four_answer(four, 0, 401, UNAUTHORIZED.body));
        CHECK(machine_next(&four->r->list) == STEP_REQUEST);
        struct machine_answer token = ANSWER(200, RIG_TOKEN_2);
        machine_finish(&four->r->list, &token);
    }
    CHECK(four->r->mailbox.phase == MAILBOX_LISTED);
}

static const struct test_case cases[] = {
    CASE(test_token_put_claims_example),
    CASE(test_token_ask),
    CASE(test_token_ask_target),
    CASE(test_token_ask_too_long),
    CASE(test_token_read),
    CASE(test_token_read_refused),
    CASE(test_token_renewed_early),
    CASE(test_token_wanted_by_lane),
    CASE(test_token_refused_to_four),
    CASE(test_token_refused_twice),
    CASE(test_token_refused_later),
};

TEST_MAIN(cases)

// SPDX-License-Identifier: Apache-2.0
// source/outlook/graph_batch, graph_light: several mails by one request, whatever its parts say;
// listings of ids and times, and what becomes of each.
#include "graph_rig.h"

#include "os/os.h"
#include "source/outlook/graph_light.h"

enum { ROOM = KIB(256) };

// ---- batches

#define PART(id, status, rest) "{\"id\":\"" id "\",\"status\":" status rest "}"
#define BODY(mail) ",\"headers\":{\"Content-Type\":\"application/json\"},\"body\":" mail
#define GOOD(id, mail) PART(id, "200", BODY(mail))
#define BAD(id, status, code) PART(id, status, BODY(REFUSAL(code)))
#define LATER(id, status, seconds) \
    PART(id, status, ",\"headers\":{\"Retry-After\":" seconds "},\"body\":" REFUSAL("x"))
#define PARTS(list) "{\"responses\":[" list "]}"

// A lane holds units "A", "B", ... of the inbox.
static struct graph_rig *batch_of(int count)
{
    struct graph_rig *r = graph_rig_make(ROOM);
    graph_open(r);
    r->o->run.ids = GRAPH_IDS_KNOWN;
    r->fetch.unit_count = count;
    for (int i = 0; i < count; i++) {
        r->fetch.units[i] = (struct unit){
            .kind = EWS_KIND_MAIL, .folder = OUTLOOK_INBOX, .id = {(u8)('A' + i)}, .id_bytes = 1};
    }
    return r;
}

static bool answer(struct graph_rig *r, struct machine_answer a)
{
    enum step step = machine_next(&r->lane);
    CHECK(step == STEP_REQUEST);
    if (step == STEP_REQUEST) {
        machine_finish(&r->lane, &a);
    }
    return step == STEP_REQUEST;
}

#define SAYS(text) answer(r, ANSWER_STR(200, str_from(text)))
// To what graph_results() or results() has asked.
#define THEN(text)                                                     \
    do {                                                               \
        struct machine_answer then_ = ANSWER_STR(200, str_from(text)); \
        machine_finish(&r->lane, &then_);                              \
    } while (0)

// Results up to the next question or the end: "0D" is a document of the first unit.
static str results(struct graph_rig *r)
{
    static u8 bytes[KIB(1)];
    static const char verdicts[] = "?DUNGC";
    struct buf b = buf_over(bytes, COUNT(bytes));
    struct fetch *f = &r->fetch;
    bool more = true;
    while (more) {
        graph_clear_result(r);
        enum step step = machine_next(&r->lane);
        if (step != STEP_DONE) {
            buf_put(&b, step == STEP_WAIT ? (f->give_back ? S("back") : S("wait")) : S("ask"));
            break;
        }
        CHECK(f->decides >= 0 && f->decides < f->unit_count && f->id.n == 0);
        buf_put_i64(&b, f->decides);
        buf_put_byte(&b, (u8)verdicts[f->verdict]);
        if (f->verdict == FETCH_DOCUMENT) {
            u8 title[] = "\"title\":\"s?\"";
            title[10] = f->units[f->decides].id[0];
            CHECK(str_starts(buf_str(&f->doc), str_make(title, 12)));
            CHECK(str_find(buf_str(&f->doc), S("\"type\":\"Inbox Mails\"")) > 0);
            CHECK_STR(f->timestamp, S("\"2024-07-05T10:20:31Z\""));
            CHECK(f->message_bytes > 20);
            graph_spoil(f);
        }
        more = f->more;
        buf_put(&b, more ? S(" ") : S(""));
    }
    CHECK(more || graph_box(r)->pace.in_flight == 0);
    return buf_str(&b);
}

// How many parts the latest request has, and whether it has that of the unit.
static bool asks(const struct graph_rig *r, const char *units)
{
    str body = machine_body(&r->lane, r->lane.request_count - 1);
    for (int i = 0; i < FETCH_UNITS_MAX; i++) {
        char id[] = "{\"id\":\"?\",\"method\":\"GET\",";
        id[7] = (char)('0' + i);
        if ((str_find(body, str_from(id)) >= 0) != (strchr(units, '0' + i) != NULL)) {
            return false;
        }
    }
    return true;
}

static void test_batch(void)
{
    struct graph_rig *r = batch_of(3);
    memcpy(r->fetch.units[1].id, "B/+=", 4);
    r->fetch.units[1].id_bytes = 4;
    SAYS(PARTS(GOOD("2", MAIL("C", "")) "," BAD("0", "404", "ErrorItemNotFound") "," PART(
        "1", "200", BODY("{\"id\":\"B-_=\",\"subject\":\"sB\"," MODIFIED "}"))));
    CHECK_STR(machine_method(&r->lane, 0), S("POST"));
    CHECK_STR(machine_target(&r->lane, 0), S("/$batch"));
    CHECK(machine_has_header(&r->lane, 0, S("Content-Type: application/json\r\n")));
    str body = machine_body(&r->lane, 0);
    CHECK(str_starts(body, S("{\"requests\":[{\"id\":\"0\",\"method\":\"GET\",\"url\":\"/users/"
                             "Ann%40example.test/messages/A?$select=id,")));
    CHECK(str_find(body, S("/messages/B-_%3D?$select=")) > 0);
    CHECK(str_ends(body,
                   S("\"headers\":{\"Prefer\":\"outlook.body-content-type=\\\"html\\\"\"}}]}")));
    CHECK_STR(results(r), S("2D 1D 0G"));
}

static const char batch_whole[] = "{\"@odata.x\":\"y\",\"responses\":[" GOOD(
    "2",
    MAIL("C", ",\"bodyPreview\":\"}]\\\"\"")) "," BAD("0", "404",
                                                      "ErrorItemNotFound") "," GOOD("1",
                                                                                    MAIL("B",
                                                                                         "")) "]}";

// Nothing of an answer that broke off counts, wherever it broke.
static void test_batch_cut_anywhere(void)
{
    isize whole = COUNT(batch_whole) - 1;
    for (isize n = 0; n < whole; n++) {
        struct graph_rig *r = batch_of(3);
        answer(r, (struct machine_answer){.status = 200, .body = str_make(batch_whole, n)});
        CHECK_ERR(r->lane.last, GRAPH_ANSWER);
        answer(r, (struct machine_answer){
                      .status = 200, .body = str_make(batch_whole, n), .lost = FAIL(NET_RESET)});
        CHECK(SAYS(batch_whole) && asks(r, "012"));
        CHECK_STR(results(r), S("2D 1D 0G"));
    }
}

static void test_batch_in_pieces(void)
{
    for (isize step = 1; step < 70; step++) {
        struct graph_rig *r = batch_of(3);
        r->lane.step_bytes = step;
        SAYS(batch_whole);
        CHECK_STR(results(r), S("2D 1D 0G"));
    }
}

static void test_batch_grows(void)
{
    static char text[KIB(512)];
    isize n = snprintf(text, sizeof text, "{\"responses\":[");
    for (int i = 9; i >= 0; i--) {
        n += snprintf(
            text + n, sizeof text - (size_t)n,
            "%s{\"id\":\"%d\",\"status\":200,\"body\":{\"id\":\"%c\",\"subject\":\"s%c\"," MODIFIED
            ",\"body\":{\"contentType\":\"html\",\"content\":\"<p>%0*d</p>\"}}}",
            i < 9 ? "," : "", i, 'A' + i, 'A' + i, 4000 * i + 1, 1);
    }
    n += snprintf(text + n, sizeof text - (size_t)n, "]}");
    for (isize step = 0; step < 5000; step += 997) {
        struct graph_rig *r = batch_of(10);
        graph_place(r, KIB(112));
        r->grow = KIB(4);
        r->lane.step_bytes = step;
        answer(r, ANSWER_STR(200, str_make(text, n)));
        CHECK(r->grown > 5);
        CHECK_STR(results(r), S("9D 8D 7D 6D 5D 4D 3D 2D 1D 0D"));
    }
}

// ---- parts that are refused

static void test_part_throttled(void)
{
    struct graph_rig *r = batch_of(3);
    SAYS(
        PARTS(LATER("0", "429", "\"10\"") "," GOOD("1", MAIL("B", "")) "," LATER("2", "429", "3")));
    CHECK(graph_box(r)->pace.pause_until_ms >= os_mono_ms() + 9000);
    CHECK_STR(results(r), S("1D wait")); // one was handed over: they cannot go back
    CHECK(r->lane.x.wait_until_ms == graph_box(r)->pace.pause_until_ms);
    r->lane.now_ms = r->lane.x.wait_until_ms;
    CHECK_STR(results(r), S("ask"));
    CHECK(asks(r, "02"));
    THEN(PARTS(GOOD("0", MAIL("A", "")) "," GOOD("2", MAIL("C", ""))));
    CHECK_STR(results(r), S("0D 2D"));
}

static void test_part_all_throttled(void)
{
    static const char all[] = PARTS(LATER("0", "429", "\"1\"") "," LATER("1", "503", "\"2\""));
    struct graph_rig *r = batch_of(2);
    for (int i = 0; i <= GRAPH_ROUNDS_MAX; i++) {
        CHECK(graph_box(r)->pace.rounds == i);
        r->lane.now_ms = graph_box(r)->pace.pause_until_ms;
        SAYS(all);
        r->lane.now_ms = 1000;
        if (i < GRAPH_ROUNDS_MAX) {
            CHECK_OK(r->lane.last);
            CHECK_STR(results(r), S("back"));
        }
    }
    for (int i = 1; i < 6; i++) {
        CHECK_ERR(r->lane.last, GRAPH_THROTTLED);
        r->lane.now_ms = graph_box(r)->pace.pause_until_ms;
        SAYS(all);
    }
    CHECK(r->lane.failed == 1 && r->mailbox.phase == MAILBOX_FAILED);
    CHECK_STR(results(r), S("0? 1?"));
}

// Weather of one part: some times, and then it is not known.
static void test_part_fails(void)
{
    static const char *const bad[] = {
        PARTS(BAD("0", "500", "generalException")),
        PARTS(PART("0", "504", "")),
        PARTS(PART("0", "200", ",\"body\":\"aGVsbG8=\"")),
        PARTS(GOOD("0", "{\"subject\":\"x\"}")),
        PARTS(GOOD("7", MAIL("A", ""))),
        PARTS(GOOD("1", MAIL("A", ""))),
        PARTS("{\"id\":0,\"status\":200}"),
        PARTS("{\"id\":\"0\"}"),
        PARTS("7"),
        PARTS(""),
    };
    for (isize k = 0; k < COUNT(bad); k++) {
        struct graph_rig *r = batch_of(1);
        for (int i = 0; i < OUTLOOK_TRIES_MAX; i++) {
            SAYS(bad[k]);
            CHECK_OK(r->lane.last);
            if (i + 1 < OUTLOOK_TRIES_MAX) {
                CHECK_STR(results(r), S("wait"));
                CHECK(r->lane.x.wait_until_ms > os_mono_ms());
                r->lane.now_ms = r->lane.x.wait_until_ms;
            }
        }
        CHECK_STR(results(r), S("0?"));
        CHECK(!err_ok(r->fetch.error) && r->mailbox.phase == MAILBOX_LISTING);
    }
}

// A part that is missing beside others is asked for at once, and one that comes twice counts once.
static void test_part_missing(void)
{
    struct graph_rig *r = batch_of(2);
    SAYS(PARTS(GOOD("1", MAIL("B", "")) "," GOOD("1", MAIL("X", ""))));
    CHECK_STR(results(r), S("1D ask"));
    CHECK(asks(r, "0"));
    THEN(PARTS(GOOD("1", MAIL("X", "")) "," GOOD("0", MAIL("A", ""))));
    CHECK_STR(results(r), S("0D"));
}

// A mail under the number of another one is not that one's.
static void test_part_of_another_mail(void)
{
    struct graph_rig *r = batch_of(2);
    SAYS(PARTS(GOOD("0", MAIL("B", "")) "," GOOD("1", MAIL("B", ""))));
    CHECK_STR(results(r), S("1D ask"));
    CHECK(asks(r, "0"));
    THEN(PARTS(GOOD("0", MAIL("A", ""))));
    CHECK_STR(results(r), S("0D"));
}

static void test_part_verdicts(void)
{
    struct graph_rig *r = batch_of(5);
    SAYS(PARTS(
        BAD("0", "403", "ErrorAccessDenied") "," BAD("1", "400", "ErrorInvalidIdMalformed") "," BAD(
            "2", "500",
            "ErrorCorruptData") "," GOOD("3",
                                         MAIL(
                                             "D",
                                             "")) "," PART("4", "200",
                                                           BODY(
                                                               "{\"id\":\"E\",\"@removed\":{}}"))));
    CHECK_STR(results(r), S("3D 0? 1C 2C 4G"));
    CHECK(r->mailbox.phase == MAILBOX_LISTING);
    r = batch_of(2); // that is no matter of an item
    SAYS(PARTS(BAD("0", "403", "ErrorAccessDenied") "," BAD("1", "403", "ErrorAccessDenied")));
    CHECK(r->mailbox.phase == MAILBOX_REFUSED);
    CHECK_ERR(r->mailbox.error, GRAPH_DENIED);
    CHECK_STR(results(r), S("0? 1?"));
    r = batch_of(1); // one alone may be; several in a row are the mailbox
    for (int i = 1; i <= OUTLOOK_SOME_MAX; i++) {
        struct unit unit = r->fetch.units[0];
        answer(r, ANSWER(200, PARTS(BAD("0", "403", "ErrorAccessDenied"))));
        CHECK(r->mailbox.phase == (i < OUTLOOK_SOME_MAX ? MAILBOX_LISTING : MAILBOX_REFUSED));
        CHECK_STR(results(r), S("0?"));
        graph_lane(r, ROOM);
        r->fetch.units[0] = unit;
        r->fetch.unit_count = 1;
    }
}

// What no buffer holds beside others is asked for once more; what none holds at all is corrupt.
static void test_part_too_large(void)
{
    static u8 text[LANE_LARGE_BYTES + KIB(4)], buffer[LANE_LARGE_BYTES];
    struct buf b = buf_over(text, COUNT(text));
    struct graph_rig *r = batch_of(2);
    r->fetch.data = buf_over(buffer, LANE_LARGE_BYTES);
    buf_put(&b, S("{\"responses\":[" GOOD("1", MAIL("B", "")) ","));
    isize from = b.n;
    buf_put(&b, S("{\"id\":\"0\",\"status\":200,\"body\":{\"id\":\"A\",\"subject\":\""));
    buf_put_fill(&b, 'x', LANE_LARGE_BYTES);
    buf_put(&b, S("\"}}]}"));
    answer(r, ANSWER_STR(200, buf_str(&b)));
    CHECK_STR(results(r), S("1D ask"));
    CHECK(asks(r, "0"));
    memcpy(text + from - 14, "{\"responses\":[", 14);
    struct machine_answer again = ANSWER_STR(200, str_from_index(buf_str(&b), from - 14));
    machine_finish(&r->lane, &again);
    CHECK_STR(results(r), S("0C"));
    CHECK_ERR(r->fetch.error, GRAPH_TOO_LARGE);
}

// ---- a batch that is refused

static void test_batch_refused(void)
{
    struct graph_rig *r = batch_of(3);
    answer(r, ANSWER_WITH(429, "Retry-After: 5", REFUSAL("TooManyRequests")));
    CHECK_STR(results(r), S("back"));
    CHECK(graph_box(r)->pace.rounds == 1);
    r = batch_of(3); // half as many when it took too long
    answer(r, ANSWER(504, REFUSAL("gatewayTimeout")));
    SAYS(MAIL("A", ""));
    CHECK_STR(machine_method(&r->lane, 1), S("GET"));
    CHECK_STR(results(r), S("0D ask"));
    r = batch_of(3);
    answer(r, ANSWER_WITH(403, "request-id: 1", REFUSAL("ErrorAccessDenied")));
    CHECK(r->mailbox.phase == MAILBOX_REFUSED);
    CHECK_STR(results(r), S("0? 1? 2?"));
    r = batch_of(2);
    SAYS("{\"responses\":{}}");
    CHECK_ERR(r->lane.last, GRAPH_ANSWER);
    SAYS("{\"error\":{\"code\":\"x\"}}");
    CHECK_ERR(r->lane.last, GRAPH_ANSWER);
    r = batch_of(2); // the token, once
    answer(r, ANSWER(401, REFUSAL("InvalidAuthenticationToken")));
    graph_token(r);
    SAYS(PARTS(GOOD("0", MAIL("A", "")) "," GOOD("1", MAIL("B", ""))));
    CHECK_STR(results(r), S("0D 1D"));
}

static bool asks_one(const struct graph_rig *r, str id)
{
    int i = r->lane.request_count - 1;
    u8 bytes[128];
    struct buf want = buf_over(bytes, COUNT(bytes));
    buf_put(&want, S("/users/Ann%40example.test/messages/"));
    buf_put(&want, id);
    buf_put(&want, S("?$select=id,"));
    return str_starts(machine_target(&r->lane, i), buf_str(&want)) &&
           str_eq(machine_method(&r->lane, i), S("GET")) &&
           machine_has_header(&r->lane, i, S("Prefer: outlook.body-content-type=\"html\"\r\n"));
}

// A request of several that fails for long is halved down to plain requests for one.
static void test_batch_fails_for_long(void)
{
    struct graph_rig *r = batch_of(10);
    static const char *const asked[] = {"0123456789", "0123456789", "01234", "01"};
    for (isize i = 0; i < COUNT(asked); i++) {
        answer(r, ANSWER(500, REFUSAL("generalException")));
        CHECK_ERR(r->lane.last, GRAPH_TRANSIENT);
        CHECK(asks(r, asked[i]));
    }
    SAYS(MAIL("A", ""));
    CHECK(asks_one(r, S("A")));
    CHECK_STR(results(r), S("0D ask"));
    CHECK(asks_one(r, S("B")));
    THEN(MAIL("B", ""));
    CHECK_STR(results(r), S("1D ask"));
    // Its own failures cost the one, and no more.
    for (int i = 0; i < 6; i++) {
        struct machine_answer bad = i < 3 ? ANSWER(500, "") : ANSWER(200, "<html>");
        machine_finish(&r->lane, &bad);
        CHECK(r->lane.failed == (i == 5));
        if (i < 5) {
            CHECK(machine_next(&r->lane) == STEP_REQUEST && asks_one(r, S("C")));
        }
    }
    CHECK_STR(results(r), S("2? ask"));
    struct machine_answer gone = ANSWER(404, REFUSAL("ErrorItemNotFound"));
    machine_finish(&r->lane, &gone);
    CHECK_STR(results(r), S("3G ask"));
    THEN(MAIL("X", "")); // another one's
    CHECK_ERR(r->lane.last, GRAPH_ANSWER);
    SAYS(MAIL("E", ""));
    CHECK_STR(results(r), S("4D ask"));
    struct machine_answer busy = ANSWER_WITH(429, "Retry-After: 1", REFUSAL("TooManyRequests"));
    machine_finish(&r->lane, &busy);
    r->lane.now_ms = graph_box(r)->pace.pause_until_ms;
    CHECK(machine_next(&r->lane) == STEP_REQUEST && asks_one(r, S("F")));
    struct machine_answer token = ANSWER(401, REFUSAL("InvalidAuthenticationToken"));
    machine_finish(&r->lane, &token);
    graph_token(r);
    SAYS(MAIL("F", ""));
    CHECK_STR(results(r), S("5D ask"));
    CHECK(r->mailbox.phase == MAILBOX_LISTING);
}

// Something on the way refuses them: all of the mailbox is read one by one, and the first request
// that is refused as well counts as such.
static void test_batch_refused_for_good(void)
{
    static const int statuses[] = {400, 403, 404, 405};
    for (isize i = 0; i < COUNT(statuses); i++) {
        struct graph_rig *r = batch_of(2);
        answer(r, (struct machine_answer){.status = statuses[i], .body = S("<html>no</html>")});
        CHECK_OK(r->lane.last);
        SAYS(MAIL("A", ""));
        CHECK(asks_one(r, S("A")) && graph_box(r)->no_batch);
        CHECK_STR(results(r), S("0D ask"));
        struct machine_answer denied = ANSWER(403, REFUSAL("ErrorAccessDenied"));
        machine_finish(&r->lane, &denied);
        CHECK_STR(results(r), S("1?"));
        CHECK(r->mailbox.phase == MAILBOX_LISTING && graph_box(r)->denied == 1);
    }
    struct graph_rig *r = batch_of(4);
    graph_box(r)->no_batch = true;
    struct machine_answer denied = ANSWER(403, REFUSAL("ErrorAccessDenied"));
    answer(r, denied);
    for (int i = 1; i < OUTLOOK_SOME_MAX; i++) {
        char want[] = "0? ask";
        want[0] = (char)('0' + i - 1);
        CHECK_STR(results(r), str_from(want));
        machine_finish(&r->lane, &denied);
    }
    CHECK(r->mailbox.phase == MAILBOX_REFUSED);
    CHECK_ERR(r->mailbox.error, GRAPH_DENIED);
    CHECK_STR(results(r), S("2? 3?"));
}

// In pieces, and larger than the lane's buffer.
static void test_batch_one_grows(void)
{
    static char text[KIB(300)];
    isize n = snprintf(text, sizeof text,
                       "{\"id\":\"A\",\"subject\":\"sA\"," MODIFIED
                       ",\"body\":{\"contentType\":\"html\",\"content\":\"<p>%0*d</p>\"}}",
                       240000, 1);
    for (isize step = 0; step < 5000; step += 997) {
        struct graph_rig *r = batch_of(1);
        graph_box(r)->no_batch = true;
        r->grow = KIB(40);
        r->lane.step_bytes = step;
        answer(r, ANSWER_STR(200, str_make(text, n / 2))); // cut
        CHECK_ERR(r->lane.last, GRAPH_ANSWER);
        answer(r, ANSWER_STR(200, str_make(text, n)));
        CHECK(r->grown > 0);
        CHECK_STR(results(r), S("0D"));
    }
}

// Its parts are worked on at the same time: it waits until so many may be.
static void test_batch_in_flight(void)
{
    struct graph_rig *r = batch_of(3);
    graph_box(r)->pace.in_flight = 2;
    CHECK_STR(results(r), S("back"));
    graph_box(r)->pace.in_flight = 1;
    CHECK_STR(results(r), S("ask"));
    CHECK(graph_box(r)->pace.in_flight == 4);
    THEN(PARTS(GOOD("0", MAIL("A", "")) "," GOOD("1", MAIL("B", "")) "," GOOD("2", MAIL("C", ""))));
    CHECK(graph_box(r)->pace.in_flight == 1);
    graph_box(r)->pace.in_flight = 0;
    CHECK_STR(results(r), S("0D 1D 2D"));
    r = batch_of(10); // never more than there may be
    CHECK_STR(results(r), S("ask"));
    CHECK(graph_box(r)->pace.in_flight == GRAPH_IN_FLIGHT && asks(r, "0123456789"));
}

// No room for them in the queue, or the index has it.
static void test_batch_stays(void)
{
    struct graph_rig *r = batch_of(2);
    struct unit filler = {.id_bytes = UNIT_ID_BYTES};
    while (unit_queue_stage(&r->mailbox.queue, &filler)) {
    }
    graph_box(r)->pace.pause_until_ms = 5000;
    CHECK_STR(results(r), S("wait"));
    r = batch_of(2);
    r->fetch.units[0].intact = true;
    CHECK_STR(results(r), S("0U ask"));
    r = batch_of(2);
    r->mailbox.phase = MAILBOX_REFUSED;
    CHECK_STR(results(r), S("0? 1?"));
}

// ---- light listings

static bool has_known(void *st, str id, str timestamp)
{
    const char *known = st; // ids of one letter
    return id.n == 1 && strchr(known, id.p[0]) && str_eq(timestamp, S("\"2024-07-05T10:20:31Z\""));
}

// A lane holds the first page of the inbox, by a run that knows these.
static struct graph_rig *light(const char *known)
{
    struct graph_rig *r = graph_rig_make(ROOM);
    r->source.known = 1000;
    graph_open(r);
    graph_light_begin(r->o, graph_box(r));
    r->source.known = 0;
    for (int i = 0; i < OUTLOOK_FOLDERS; i++) {
        CHECK(graph_box(r)->sets[i].light == (graph_sets_kind((u8)i) == EWS_KIND_MAIL));
        if (i != OUTLOOK_INBOX) {
            graph_box(r)->sets[i].state = GRAPH_SET_DONE;
        }
    }
    r->o->run.ids = GRAPH_IDS_KNOWN;
    CHECK(machine_next(&r->list) == STEP_WAIT && graph_take(r, ROOM));
    r->fetch.is_unchanged = has_known;
    r->fetch.is_unchanged_st = (void *)(uintptr_t)known;
    return r;
}

#define THIN(id, rest) "{\"id\":\"" id "\"," MODIFIED rest "}"

static void test_light_page(void)
{
    struct graph_rig *r = light("ABCDEFG");
    SAYS(PAGE(THIN("A", "") "," THIN("N", HAS) "," THIN(
                  "B", HAS) ",{\"id\":\"B\",\"isRead\":true},"
                            "{\"id\":\"C\",\"lastModifiedDateTime\":\"2025-01-01T00:00:00Z\"},"
                            "{\"id\":\"D\",\"@removed\":{}}",
              DELTA));
    CHECK_STR(machine_target(&r->lane, 0),
              S("/users/Ann%40example.test/mailFolders/inbox/messages/delta?"
                "$select=id,lastModifiedDateTime,hasAttachments"));
    CHECK(machine_has_header(&r->lane, 0, S("Prefer: odata.maxpagesize=500,")));
    CHECK_STR(graph_results(r), S("UA UB =N"));
    CHECK(r->mailbox.units_listed == 3); // of what has no time nobody knows whether it is known
    static const struct {
        const char *id, *timestamp;
        bool page;
    } staged[] = {{"N", "\"2024-07-05T10:20:31Z\"", false},
                  {"B", "", false},
                  {"C", "\"2025-01-01T00:00:00Z\"", false},
                  {"N", "", true},
                  {"B", "", true},
                  {"B", "", true}};
    for (isize i = 0; i < COUNT(staged); i++) {
        struct unit u;
        CHECK(unit_queue_pop(&r->mailbox.queue, &u));
        CHECK_STR(str_make(u.id, u.id_bytes), str_from(staged[i].id));
        CHECK_STR(str_make(u.timestamp, u.timestamp_bytes), str_from(staged[i].timestamp));
        CHECK(u.page == staged[i].page && u.parts == staged[i].page && u.kind == EWS_KIND_MAIL);
        CHECK(u.folder == OUTLOOK_INBOX);
    }
    CHECK(r->mailbox.queue.count == 0);
    CHECK(machine_next(&r->list) == STEP_WAIT && r->mailbox.phase == MAILBOX_LISTED);
}

static void test_light_cut_anywhere(void)
{
    static const char whole[] = PAGE(THIN("A", HAS) "," THIN("N", ""),
                                     NEXT("/users/x/n?$skiptoken=1"));
    for (isize n = 0; n < COUNT(whole) - 1; n++) {
        struct graph_rig *r = light("A");
        answer(r, (struct machine_answer){.status = 200, .body = str_make(whole, n)});
        CHECK_ERR(r->lane.last, GRAPH_ANSWER);
        CHECK(r->mailbox.queue.count == 0);
        SAYS(whole);
        CHECK_STR(graph_results(r), S("UA =N"));
        CHECK(r->mailbox.queue.count == 2 && r->mailbox.units_listed == 1);
    }
}

static str many(int from, int count, const char *rest)
{
    static char text[KIB(64)];
    isize n = snprintf(text, sizeof text, "{\"value\":[");
    for (int i = 0; i < count; i++) {
        n += snprintf(text + n, sizeof text - (size_t)n, "%s{\"id\":\"u%d\"," MODIFIED "}",
                      i ? "," : "", from + i);
    }
    n += snprintf(text + n, sizeof text - (size_t)n, "]%s}", rest);
    return str_make(text, n);
}

// Too much is unknown: the folder begins again with whole pages, once.
static void test_light_in_vain(void)
{
    struct graph_rig *r = light("");
    struct graph_set *s = &graph_box(r)->sets[OUTLOOK_INBOX];
    answer(r, ANSWER_STR(200, many(0, 10, NEXT("/users/x/n?$skiptoken=1")))); // one batch
    CHECK(s->light && s->link_bytes && s->unknown == 10 && r->mailbox.queue.count == 10);
    CHECK_STR(graph_results(r), S("=N"));
    unit_queue_unstage(&r->mailbox.queue);
    r->mailbox.queue = (struct unit_queue){.bytes = r->units};
    CHECK(machine_next(&r->list) == STEP_WAIT && graph_take(r, ROOM));
    answer(r, ANSWER_STR(200, many(10, 1, DELTA)));
    CHECK_STR(graph_results(r), S("=N"));
    CHECK(!s->light && s->link_bytes == 0 && s->state == GRAPH_SET_READY && s->sum.count == 0);
    CHECK(s->restarts == 1 && r->mailbox.queue.count == 0);
    CHECK(machine_next(&r->list) == STEP_WAIT && graph_take(r, ROOM));
    answer(r, ANSWER_STR(200, many(0, 80, DELTA)));
    CHECK(str_find(machine_target(&r->lane, 0), S("$select=id,subject")) < 0 ||
          str_find(machine_target(&r->lane, 0), S("hasAttachments")) > 0);
    CHECK(machine_has_header(&r->lane, 0, S("odata.maxpagesize=100,")));
    CHECK(s->state == GRAPH_SET_DONE && s->sum.count == 80);
}

// Graph forgets how far it was: from the beginning, as lightly as before.
static void test_light_forgotten(void)
{
    struct graph_rig *r = light("A");
    struct graph_set *s = &graph_box(r)->sets[OUTLOOK_INBOX];
    SAYS(PAGE(THIN("A", "") "," THIN("N", ""), NEXT("/users/x/n?$skiptoken=1")));
    CHECK_STR(graph_results(r), S("UA =N"));
    CHECK(s->unknown == 1);
    r->mailbox.queue = (struct unit_queue){.bytes = r->units};
    CHECK(machine_next(&r->list) == STEP_WAIT && graph_take(r, ROOM));
    answer(r, ANSWER(410, REFUSAL("SyncStateNotFound")));
    CHECK(s->light && s->unknown == 0 && s->link_bytes == 0);
    SAYS(PAGE("", DELTA));
    CHECK(str_ends(machine_target(&r->lane, 1), S("hasAttachments")));
    CHECK(s->state == GRAPH_SET_DONE);
}

static const struct test_case cases[] = {
    CASE(test_batch),
    CASE(test_batch_cut_anywhere),
    CASE(test_batch_in_pieces),
    CASE(test_batch_grows),
    CASE(test_part_throttled),
    CASE(test_part_all_throttled),
    CASE(test_part_fails),
    CASE(test_part_missing),
    CASE(test_part_of_another_mail),
    CASE(test_part_verdicts),
    CASE(test_part_too_large),
    CASE(test_batch_refused),
    CASE(test_batch_fails_for_long),
    CASE(test_batch_refused_for_good),
    CASE(test_batch_one_grows),
    CASE(test_batch_in_flight),
    CASE(test_batch_stays),
    CASE(test_light_page),
    CASE(test_light_cut_anywhere),
    CASE(test_light_in_vain),
    CASE(test_light_forgotten),
};
TEST_MAIN(cases)

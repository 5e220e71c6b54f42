// SPDX-License-Identifier: Apache-2.0
// Aimed at outlook_find_*() and what uses it: an inbox whose changes Exchange does not list, as a
// model of a folder that items leave, join at the end, or join in the middle, between any two
// pages. The first two bytes: how many items there are, and how many a page has at most; then two
// for each page: what happens before it, and where. When a listing counts as finished, each item
// that was there all the time was listed, and none that never was; it comes to its end.
#include "../tests/unit/outlook_pages.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

enum { ITEMS_MAX = 512, PAGES_MAX = 2000 };

struct folder {
    int ids[ITEMS_MAX], count; // in their order
    int next;                  // the next new one's id
    bool always[ITEMS_MAX * 4], ever[ITEMS_MAX * 4], listed[ITEMS_MAX * 4];
};

static struct folder folder;

static void put(int at)
{
    struct folder *f = &folder;
    if (f->count == ITEMS_MAX || f->next == COUNT(f->ever)) {
        return;
    }
    memmove(f->ids + at + 1, f->ids + at, (size_t)(f->count - at) * sizeof f->ids[0]);
    f->ids[at] = f->next;
    f->ever[f->next++] = true;
    f->count++;
}

static void happen(u8 what, u8 where)
{
    struct folder *f = &folder;
    int at = f->count ? where * f->count / 256 : 0;
    if (what % 4 == 1 && f->count) {
        f->always[f->ids[at]] = false;
        memmove(f->ids + at, f->ids + at + 1, (size_t)(f->count - at - 1) * sizeof f->ids[0]);
        f->count--;
    } else if (what % 4 == 2) {
        put(f->count);
    } else if (what % 4 == 3) {
        put(at);
    }
}

static i64 number_in(str body, str before)
{
    str rest = str_from_index(body, str_find(body, before) + before.n), text;
    bool found;
    i64 n = -1;
    str_cut(rest, '"', &text, &found);
    ASSERT(str_to_i64(text, &n) && n >= 0);
    return n;
}

static str page(str body, int most)
{
    static char text[KIB(64)];
    struct folder *f = &folder;
    i64 from = number_in(body, S(" Offset=\"")),
        asked = number_in(body, S("MaxEntriesReturned=\""));
    ASSERT(asked >= OUTLOOK_PAGE_UNITS_MIN && asked <= OUTLOOK_PAGE_UNITS);
    i64 to = from + (most < asked ? most : asked);
    to = to < f->count ? to : f->count;
    isize n = snprintf(text, sizeof text,
                       EWS_OPEN
                       "<m:FindItemResponse><m:ResponseMessages><m:FindItemResponseMessage "
                       "ResponseClass=\"Success\"><m:ResponseCode>NoError</m:ResponseCode>"
                       "<m:RootFolder TotalItemsInView=\"%d\" IncludesLastItemInRange=\"%s\">"
                       "<t:Items>",
                       f->count, to >= f->count ? "true" : "false");
    for (i64 i = from; i < to; i++) {
        n += snprintf(text + n, sizeof text - (size_t)n, ITEM("%d", ""), f->ids[i]);
    }
    n += snprintf(text + n, sizeof text - (size_t)n, "%s",
                  "</t:Items></m:RootFolder></m:FindItemResponseMessage></m:ResponseMessages>"
                  "</m:FindItemResponse>" EWS_CLOSE);
    return str_make(text, n);
}

static void drain(struct rig *r)
{
    struct unit u;
    i64 id;
    while (unit_queue_pop(&r->mailbox.queue, &u)) {
        ASSERT(str_to_i64(str_make(u.id, u.id_bytes), &id) && id < COUNT(folder.ever));
        ASSERT(folder.ever[id]);
        folder.listed[id] = true;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    if (n < 2 || n > 1024) {
        return 0;
    }
    memset(&folder, 0, sizeof folder);
    for (int i = 0; i < p[0]; i++) {
        put(i);
        folder.always[i] = true;
    }
    struct rig *r = inbox();
    then(r, PAGE_WRONG("ErrorInvalidOperation"));
    for (int turn = 0; machine_next(&r->list) == STEP_REQUEST; turn++) {
        ASSERT(turn < PAGES_MAX);
        size_t at = 2 + 2 * (size_t)turn;
        happen(at < n ? p[at] : 0, at + 1 < n ? p[at + 1] : 0);
        // A page of one has nothing but the one before: two at least.
        struct machine_answer a = ANSWER_STR(
            200, page(machine_body(&r->list, r->list.request_count - 1), 2 + p[1] % 32));
        machine_finish(&r->list, &a);
        r->list.request_count = 0; // its log is short
        r->list.text_bytes = 0;
        drain(r);
    }
    ASSERT(r->mailbox.phase == MAILBOX_LISTED || r->mailbox.phase == MAILBOX_FAILED);
    ASSERT(r->mailbox.phase == MAILBOX_LISTED || err_is(r->mailbox.error, ERR_EWS_UNSTABLE));
    ASSERT(n > 2 || r->mailbox.phase == MAILBOX_LISTED);
    for (int i = 0; r->mailbox.phase == MAILBOX_LISTED && i < folder.next; i++) {
        ASSERT(!folder.always[i] || folder.listed[i]);
    }
    r->source.ops->mailbox_close(r->o, &r->mailbox);
    ASSERT(rig_readers_used(r) == 0);
    return 0;
}

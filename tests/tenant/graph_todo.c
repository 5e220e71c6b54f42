// SPDX-License-Identifier: Apache-2.0
// To Do of the fake Graph (spec/wire-graph.md 9): the tasks folder of the mailbox is its default
// list. Beside it there are a list without tasks, and the flagged mails, which are messages of the
// inbox.
#include "graph_delta.h"

#include <string.h>

#define FLAGGED_MOST 2
#define ERRANDS 2
#define ERRAND_FIRST 9100 // the attachment number in the id of the first
#define LISTS 3

enum list { LIST_DEFAULT, LIST_OTHER, LIST_FLAGGED };

static const char task_properties[] =
    "id title body status importance createdDateTime lastModifiedDateTime bodyLastModifiedDateTime "
    "dueDateTime startDateTime completedDateTime reminderDateTime isReminderOn recurrence "
    "categories "
    "hasAttachments linkedResources checklistItems";
static const char list_properties[] = "id displayName isOwner isShared wellknownListName";

static const struct {
    const char *name, *well_known;
    enum ews_place place; // whose id it has
} lists[LISTS] = {
    [LIST_DEFAULT] = {"Tasks", "defaultList", EWS_TASKS},
    [LIST_OTHER] = {"Errands 🛒", "none", EWS_JOURNAL},
    [LIST_FLAGGED] = {"Flagged Emails", "flaggedEmails", EWS_OUTBOX},
};

// ---- a task
// ---------------------------------------------------------------------------------

// The day is that of the text, in its zone: UTC, or two hours before.
static void put_day(struct graph_put *p, const char *key, const char *element)
{
    str text = graph_item_text(p->g, element);
    i64 ms = 0;
    if (text.n == 0 || !graph_time_read(text, &ms)) {
        graph_put_null(p, key);
        return;
    }
    bool offset = text.p[text.n - 1] != 'Z';
    graph_put_zoned(p, key, ms + (offset ? 2 * GRAPH_HOUR_MS : 0),
                    offset ? "South Africa Standard Time" : "UTC");
}

static void put_completed(struct graph_put *p)
{
    str text = graph_item_text(p->g, "t:CompleteDate");
    i64 ms = 0;
    if (text.n > 0 && graph_time_read(text, &ms)) {
        graph_put_zoned(p, "completedDateTime", ms, "UTC");
    } else {
        graph_put_null(p, "completedDateTime");
    }
}

static void put_status(struct graph_put *p)
{
    char name[32] = "notStarted";
    str text = graph_item_text(p->g, "t:Status");
    if (text.n > 0 && text.n < (isize)sizeof(name)) {
        memcpy(name, text.p, (size_t)text.n);
        name[0] = (char)str_lower_byte(text.p[0]);
        name[text.n] = 0;
    }
    graph_put_z(p, "status", name);
}

static void put_title(struct graph_put *p, const char *key)
{
    graph_put_text(p, key, graph_item_text(p->g, "t:Subject")); // never null
}

static void task_put(struct graph_put *p)
{
    const struct ews_item *i = &p->g->item;
    graph_put_head(p);
    put_status(p);
    put_title(p, "title");
    graph_put_importance(p);
    graph_put_bool(p, "isReminderOn", i->number % 2 == 1);
    if (i->number % 2 == 1) {
        graph_put_zoned(p, "reminderDateTime", i->received_ms, "UTC");
    }
    graph_put_bool(p, "hasAttachments", graph_item_is(p->g, "t:HasAttachments", "true"));
    graph_put_time(p, "bodyLastModifiedDateTime", i->modified_ms);
    graph_put_body(p, "body", p->c->prefer.text ? "t:TextBody" : "t:Body");
    put_day(p, "startDateTime", "t:StartDate");
    put_day(p, "dueDateTime", "t:DueDate");
    put_completed(p);
}

static struct graph_set tasks_of(void)
{
    return (struct graph_set){.what = "todo/lists/tasks",
                              .place = EWS_TASKS,
                              .put = task_put,
                              .properties = task_properties,
                              .usual_page = 10,
                              .most_page = 100};
}

// A flagged mail as a task.
static void flagged_put(struct graph_put *p, const void *st, int n)
{
    struct graph_call *c = p->c;
    struct ews_item i;
    (void)st;
    i64 index = ews_nth(ews_folder(c->t, c->mailbox, EWS_INBOX), n, true);
    if (ews_item_find(c->t, c->mailbox, EWS_INBOX, index, &i)) {
        struct graph_item g;
        graph_item_open(c, &i, false, &g);
        p->g = &g;
        graph_put_head(p);
        graph_put_z(p, "status", "notStarted");
        put_title(p, "title");
        graph_put_importance(p);
        graph_put_bool(p, "hasAttachments", false);
        graph_put_empty(p, "body", "{\"content\":\"\",\"contentType\":\"text\"}");
        graph_put_empty(p, "linkedResources",
                        "[{\"webUrl\":\"https://outlook.office365.com/owa/\",\"applicationName\":"
                        "\"Outlook\",\"displayName\":\"mail\"}]");
        graph_item_close(&g);
        p->g = NULL;
    }
}

// A task of the list that only To Do has.
static void errand_put(struct graph_put *p, const void *st, int n)
{
    (void)st;
    struct ews_id id = {.kind = EWS_ID_ATTACHMENT,
                        .mailbox = p->c->mailbox,
                        .place = EWS_TASKS,
                        .attachment = ERRAND_FIRST + n};
    struct t_buf b = {0};
    graph_id_put(p->c, id, &b);
    t_json_put_member(&p->w, "@odata.etag", S("W/\"errand\""));
    t_json_put_member(&p->w, "id", t_buf_str(&b));
    b.n = 0;
    t_buf_printf(&b, "Errand %d", n + 1);
    graph_put_text(p, "title", t_buf_str(&b));
    graph_put_z(p, "status", "notStarted");
    graph_put_z(p, "importance", "normal");
    graph_put_empty(p, "categories", "[]");
    graph_put_bool(p, "hasAttachments", false);
    graph_put_time(p, "createdDateTime", p->c->t->start_ms);
    graph_put_time(p, "lastModifiedDateTime", p->c->t->start_ms);
    graph_put_empty(p, "body", "{\"content\":\"\",\"contentType\":\"text\"}");
    t_buf_free(&b);
}

static i64 flagged_count(struct graph_call *c)
{
    i64 live = ews_live(ews_folder(c->t, c->mailbox, EWS_INBOX));
    return live < FLAGGED_MOST ? live : FLAGGED_MOST;
}

// ---- lists
// ---------------------------------------------------------------------------------

static void list_id(struct graph_call *c, int n, struct t_buf *out)
{
    struct ews_id id = {.kind = EWS_ID_FOLDER, .mailbox = c->mailbox, .place = lists[n].place};
    graph_id_put(c, id, out);
}

static void put_list(struct graph_put *p, const void *st, int n)
{
    struct t_buf b = {0};
    n += st ? *(const int *)st : 0;
    list_id(p->c, n, &b);
    t_json_put_member(&p->w, "@odata.etag", S("W/\"todo\""));
    t_json_put_member(&p->w, "id", t_buf_str(&b));
    graph_put_z(p, "displayName", lists[n].name);
    graph_put_bool(p, "isOwner", true);
    graph_put_bool(p, "isShared", false);
    graph_put_z(p, "wellknownListName", lists[n].well_known);
    t_buf_free(&b);
}

// -1: refused, and answered.
static int find_list(struct graph_call *c, str text)
{
    struct ews_id id;
    if (!graph_id_read(c, text, &id) || id.kind != EWS_ID_FOLDER) {
        graph_bad_id(c);
        return -1;
    }
    struct ews_place_info info;
    for (int n = 0; n < LISTS; n++) {
        if (lists[n].place == id.place &&
            (n != LIST_DEFAULT || ews_place_find(c->t, c->mailbox, EWS_TASKS, &info))) {
            return n;
        }
    }
    graph_not_found(c);
    return -1;
}

static void answer_lists(struct graph_call *c, bool delta)
{
    struct ews_place_info info;
    int first = ews_place_find(c->t, c->mailbox, EWS_TASKS, &info) ? 0 : 1;
    struct graph_few few = {.what = "todo/lists",
                            .properties = list_properties,
                            .count = LISTS - first,
                            .put = put_list,
                            .st = &first};
    if (delta) {
        graph_few_delta_answer(c, &few, (u64)first + 11);
    } else {
        graph_few_answer(c, &few);
    }
}

static void answer_list(struct graph_call *c, int n)
{
    if (graph_select_check(c, list_properties)) {
        struct graph_put p = {.c = c, .w = graph_writer(c)};
        t_json_open(&p.w, '{');
        graph_put_context(c, &p.w, "users/todo/lists/$entity");
        put_list(&p, NULL, n);
        t_json_close(&p.w, '}');
    }
}

static void answer_task(struct graph_call *c)
{
    struct ews_item i;
    struct graph_set s = tasks_of();
    if (!graph_item_enter(c, c->segments[4], EWS_TASKLIKE, &i)) {
        return;
    }
    if (c->segment_count == 5) {
        graph_one_answer(c, &s, &i);
    } else if (graph_segment_is(c, 5, "attachments")) {
        graph_attachments_answer(c, &i, 5);
    } else if (c->segment_count == 6 && (graph_segment_is(c, 5, "checklistItems") ||
                                         graph_segment_is(c, 5, "linkedResources"))) {
        struct graph_few few = {.what = "todo/lists/tasks/items", .properties = "id"};
        graph_few_answer(c, &few);
    } else {
        graph_error(c, 400, "BadRequest", "Resource not found for the segment.");
    }
}

static void answer_tasks(struct graph_call *c, int list)
{
    struct graph_set s = tasks_of();
    bool delta = c->segment_count == 5 && graph_segment_is_delta(c, 4);
    struct graph_few few = {.what = "todo/lists/tasks",
                            .properties = task_properties,
                            .put = list == LIST_FLAGGED ? flagged_put : errand_put,
                            .count = list == LIST_FLAGGED ? (int)flagged_count(c) : ERRANDS};
    if (list == LIST_DEFAULT && delta) {
        graph_delta_answer(c, &s);
    } else if (list == LIST_DEFAULT && c->segment_count == 4) {
        graph_set_answer(c, &s);
    } else if (list == LIST_DEFAULT) {
        answer_task(c);
    } else if (delta) {
        graph_few_delta_answer(c, &few, (u64)few.count + 1);
    } else if (c->segment_count == 4) {
        graph_few_answer(c, &few);
    } else {
        graph_not_found(c);
    }
}

// todo/lists[/delta | /{id}[/tasks[/delta | /{id}[/attachments...]]]]
void graph_todo_answer(struct graph_call *c)
{
    if (!graph_segment_is(c, 1, "lists")) {
        graph_error(c, 400, "BadRequest", "Resource not found for the segment.");
        return;
    }
    if (c->segment_count == 2 || (c->segment_count == 3 && graph_segment_is_delta(c, 2))) {
        answer_lists(c, c->segment_count == 3);
        return;
    }
    int list = find_list(c, c->segments[2]);
    if (list < 0) {
        return;
    }
    if (c->segment_count == 3) {
        answer_list(c, list);
    } else if (graph_segment_is(c, 3, "tasks")) {
        answer_tasks(c, list);
    } else {
        graph_error(c, 400, "BadRequest", "Resource not found for the segment.");
    }
}

// SPDX-License-Identifier: Apache-2.0
// The observer's book: messages, and what was asked and answered about them; see observer.h. What
// is judged at the end of a run is in observer_end.c.
#include "observer_book.h"

#include <string.h>

#include "../tenant/es.h"
#include "base/date.h"
#include "clock.h"
#include "codec/mime.h"
#include "far_exchange.h"
#include "life_observer.h"
#include "observer_exchange.h"
#include "sim.h"
#include "sim_os.h"

struct book book;

// ---- messages

struct message *book_message(int mailbox, i64 index)
{
    struct mailbox_book *m = &book.mailboxes[mailbox];
    while (index >= m->count) {
        if (m->count == m->cap) {
            m->cap = m->cap * 2 + 64;
            m->messages = t_resize(m->messages, m->cap * (isize)sizeof(*m->messages));
        }
        m->messages[m->count++] = (struct message){.died_us = INT64_MAX};
    }
    struct message *x = &m->messages[index];
    if (x->run != book.run_number) {
        x->run = book.run_number;
        memset(&x->now, 0, sizeof(x->now));
    }
    return x;
}

static struct message *find_message(str id_text, int *mailbox, i64 *index)
{
    u64 id = 0;
    if (book.settings.exchange) {
        return exchange_find(id_text, mailbox, index) ? book_message(*mailbox, *index) : NULL;
    }
    if (id_text.n != 16 || !str_to_u64_hex(id_text, &id)) {
        return NULL;
    }
    *mailbox = (int)(id >> 32 & 0xFFFFFF) - 1;
    if (*mailbox < 0 || *mailbox >= book.t->user_count) {
        return NULL;
    }
    *index = content_index(book.t, *mailbox, id);
    return *index >= 0 && *index < content_count(&book.t->users[*mailbox])
               ? book_message(*mailbox, *index)
               : NULL;
}

struct message *book_find(str id_text)
{
    int mailbox;
    i64 index;
    return find_message(id_text, &mailbox, &index);
}

void observer_world(struct tenant *t, const struct observer_settings *s)
{
    for (int i = 0; i < book.mailbox_count; i++) {
        t_free(book.mailboxes[i].messages);
        t_free(book.mailboxes[i].keys);
    }
    t_free(book.mailboxes);
    t_free(book.notes);
    book = (struct book){.t = t, .settings = *s, .mailbox_count = t->user_count};
    book.mailboxes = t_alloc(t->user_count * (isize)sizeof(*book.mailboxes) + 1);
    for (int i = 0; i < t->user_count && !s->exchange; i++) {
        i64 n = content_count(&t->users[i]);
        if (n > 0) {
            book_message(i, n - 1);
        }
    }
    if (s->exchange) {
        exchange_learn();
    }
}

void observer_message_came(int mailbox, i64 index)
{
    book_message(mailbox, index)->born_us = clock_now_us();
}

void observer_message_went(int mailbox, i64 index)
{
    book_message(mailbox, index)->died_us = clock_now_us();
}

i64 book_count(int mailbox)
{
    return book.settings.exchange ? book.mailboxes[mailbox].key_count
                                  : content_count(&book.t->users[mailbox]);
}

void book_put_id(int mailbox, i64 index, struct t_buf *out)
{
    if (book.settings.exchange) {
        exchange_put_id(mailbox, index, out);
    } else {
        t_buf_printf(out, "%016llx", (unsigned long long)content_id(mailbox, index));
    }
}

bool book_is_selected(int mailbox, i64 index)
{
    struct t_message m;
    if (book.settings.exchange) {
        return exchange_is_selected(mailbox, index);
    }
    if (!content_find(book.t, mailbox, index, &m)) {
        return false;
    }
    return book.settings.spam_and_trash || !(m.labels & (T_LABEL_SPAM | T_LABEL_TRASH));
}

bool book_exists(int mailbox, i64 index)
{
    return book.t->users[mailbox].state != T_USER_DELETED && book_is_selected(mailbox, index);
}

// ---- what a document must be

static void put_attachment(struct t_buf *b, str raw)
{
    isize room = raw.n * 4 + KIB(256);
    u8 *memory = t_alloc(2 * room + 16);
    struct buf out = buf_over(memory, room);
    struct arena scratch = arena_over(memory + (room + 15) / 16 * 16, room);
    err e = book.settings.full_raw ? FAIL(MIME_CHARSET) : mime_trim(raw, &out, &scratch);
    t_base64_put(b, err_ok(e) ? buf_str(&out) : raw, false);
    t_free(memory);
}

// The bytes of a message outlive it: content_find() wants it to be there, so this is done early.
static u64 document_hash(int mailbox, i64 index)
{
    struct message *x = book_message(mailbox, index);
    struct t_message m;
    if (x->document == 0 && content_find(book.t, mailbox, index, &m)) {
        struct t_buf raw = {0}, b = {0};
        content_put_raw(book.t, &m, &raw);
        t_buf_z(&b, "{\"_attachment\":\"");
        put_attachment(&b, t_buf_str(&raw));
        t_buf_printf(&b, "\",\"_timestamp\":\"%lld\"", (long long)m.internal_ms);
        if (book.settings.document_level_security) {
            t_buf_printf(&b, ",\"_allow_access_control\":[\"%s\"]", m.user->email);
        }
        t_buf_printf(&b,
                     ",\"id\":\"%016llx\",\"_extract_binary_content\":true,"
                     "\"_reduce_whitespace\":true,\"_run_ml_inference\":true}",
                     (unsigned long long)m.id);
        x->document = sim_hash(t_buf_str(&b)) | 1;
        t_buf_free(&raw);
        t_buf_free(&b);
    }
    return x->document;
}

void book_learn(int mailbox, i64 index)
{
    document_hash(mailbox, index);
}

bool book_is_right(str id, str source)
{
    int mailbox;
    i64 index;
    if (book.settings.exchange) {
        return exchange_is_right(id, source);
    }
    struct message *x = find_message(id, &mailbox, &index);
    return x && document_hash(mailbox, index) == (sim_hash(source) | 1);
}

// ---- notes: one for each request

static struct note *new_note(enum request_kind kind)
{
    if (book.note_count == book.note_cap) {
        book.note_cap = book.note_cap * 2 + 256;
        book.notes = t_resize(book.notes, book.note_cap * (isize)sizeof(*book.notes));
    }
    struct note *n = &book.notes[book.note_count++];
    *n = (struct note){.kind = kind, .run = book.run_number, .mailbox = -1};
    return n;
}

static void check_pause(i64 not_before_us, const char *what)
{
    if (clock_now_us() < not_before_us) {
        sim_violation("%s is asked again %lld ms before the Retry-After that it got", what,
                      (long long)((not_before_us - clock_now_us()) / 1000));
    }
}

// A request whose own answer asked for a pause: by its target.
static i64 *pause_of(u64 target)
{
    for (int i = 0; i < book.pause_count; i++) {
        if (book.pauses[i].target == target) {
            return &book.pauses[i].not_before_us;
        }
    }
    int i = book.pause_count < PAUSES_MAX ? book.pause_count++ : 0;
    book.pauses[i].target = target;
    book.pauses[i].not_before_us = 0;
    return &book.pauses[i].not_before_us;
}

static void ask_get(struct note *n, const struct t_request *q)
{
    struct t_buf id = {0};
    t_path_part(q->path, 5, &id);
    struct message *x = find_message(t_buf_str(&id), &n->mailbox, &n->index);
    if (!x) {
        sim_violation("message %.*s was never listed", (int)id.n, (const char *)id.p);
    }
    t_buf_free(&id);
    check_pause(x->now.get_not_before_us, "a message");
    x->now.gets++;
    int allowed = 1 + x->now.get_failures + book.mailboxes[n->mailbox].restarts;
    if (x->now.gets > allowed) {
        sim_violation("message %016llx is read %d times, after %d failures",
                      (unsigned long long)content_id(n->mailbox, n->index), x->now.gets,
                      x->now.get_failures);
    }
}

static void ask_list(struct note *n, const struct t_request *q)
{
    struct t_buf user = {0};
    t_path_part(q->path, 3, &user);
    n->mailbox = content_mailbox(book.t, t_buf_str(&user));
    t_buf_free(&user);
}

static void note_item(struct note *n, int mailbox, i64 index, bool delete)
{
    if (n->item_count == n->item_cap) {
        n->item_cap = n->item_cap * 2 + 32;
        n->items = t_resize(n->items, n->item_cap * (isize)sizeof(*n->items));
    }
    n->items[n->item_count++] = (struct note_item){mailbox, index, delete, 0};
}

// Refused alone (429), such a document is to blame itself; so is one that no request holds beside
// others.
#define HEAVY_BYTES KIB(256)

static bool is_heavy(str source)
{
    return source.n >= HEAVY_BYTES || source.n + KIB(2) > book.run.chunk_bytes;
}

static void ask_index(struct note *n, str id, str source)
{
    int mailbox;
    i64 index;
    struct message *x = find_message(id, &mailbox, &index);
    if (!x || !book_is_right(id, source)) {
        sim_violation("a wrong document for %.*s (%s): %.*s", (int)id.n, id.p,
                      book.wrong ? book.wrong : "its bytes", (int)(source.n < 300 ? source.n : 300),
                      source.p);
    }
    x->now.sent++;
    x->now.heavy = is_heavy(source);
    sim_trace("%lld index %.*s", (long long)clock_now_us(), (int)id.n, (const char *)id.p);
    i64 allowed = 1 + x->now.failures + book.mailboxes[mailbox].restarts;
    if (x->now.sent > allowed) {
        sim_violation("document %.*s is sent %d times, after %d failures", (int)id.n, id.p,
                      x->now.sent, x->now.failures);
    }
    bool replaces = book.settings.exchange && exchange_may_replace(mailbox, index, source);
    if (x->now.was_there && !replaces && !book.run.full && !book.run.small_limits) {
        sim_violation("document %.*s is in the index already, and is sent again", (int)id.n, id.p);
    }
    check_pause(x->now.not_before_us, "a document");
    note_item(n, mailbox, index, false);
}

static void ask_delete(struct note *n, str id)
{
    int mailbox;
    i64 index;
    struct message *x = find_message(id, &mailbox, &index);
    if (book.settings.cloud && (book.ids_differ || exchange_stays(mailbox, index))) {
        sim_violation("document %.*s is deleted, and %s", (int)id.n, id.p,
                      book.ids_differ ? "Graph's ids are not those of EWS"
                                      : "Graph cannot list what it is of");
    }
    if (!x || !book.run.purge || book_exists(mailbox, index)) {
        sim_violation("document %.*s is deleted, and its message is there", (int)id.n, id.p);
    }
    book.mailboxes[mailbox].deletes++;
    note_item(n, mailbox, index, true);
}

static void ask_bulk(struct note *n, const struct t_request *q)
{
    struct t_buf unpacked = {0}, id = {0};
    str body = q->body, line, source, value, key, meta;
    if (str_eq(t_request_header(q, "content-encoding"), S("gzip"))) {
        ASSERT(t_gunzip(q->body, MIB(200), &unpacked));
        body = t_buf_str(&unpacked);
    }
    while (body.n > 0) {
        bool found;
        isize at = 0;
        body = str_cut(body, '\n', &line, &found);
        if (!t_json_whole(line, &value) || !t_json_member(value, &at, &key, &meta) ||
            !t_json_get_text(meta, "_id", &id)) {
            sim_violation("an action line that is none: %.*s", (int)line.n, line.p);
        }
        if (str_eq(key, S("delete"))) {
            ask_delete(n, t_buf_str(&id));
        } else {
            body = str_cut(body, '\n', &source, &found);
            ask_index(n, t_buf_str(&id), source);
        }
    }
    t_buf_free(&unpacked);
    t_buf_free(&id);
}

enum { UNDER_WAY_S = 40 }; // who has asked before hears of a pause may still be on his way

static void ask_graph(struct note *n, const struct t_request *q)
{
    i64 now_us = clock_now_us();
    n->mailbox = exchange_graph_mailbox(q);
    check_pause(*pause_of(n->target), "the same of Graph");
    if (n->mailbox < 0) {
        return;
    }
    exchange_goes(WAY_GRAPH);
    const struct mailbox_book *m = &book.mailboxes[n->mailbox];
    if (now_us > m->busy_from_us + UNDER_WAY_S * SIM_S && now_us < m->busy_until_us) {
        sim_violation("mailbox %d is asked for %lld s before the end of the pause that Graph wants",
                      n->mailbox + 1, (long long)((m->busy_until_us - now_us) / SIM_S));
    }
}

static void ask_exchange(const struct note *n, const struct t_request *q)
{
    i64 now_us = clock_now_us();
    if (book.settings.cloud) {
        exchange_goes(WAY_EWS);
    }
    if (q->body.n > 0) { // else it is a login
        check_pause(*pause_of(n->target), "the same of Exchange");
    }
    if (now_us > book.busy_from_us + UNDER_WAY_S * SIM_S && now_us < book.busy_until_us) {
        sim_violation("Exchange is asked %lld s before the end of the pause that it wants",
                      (long long)((book.busy_until_us - now_us) / SIM_S));
    }
}

static u64 target_of(const struct t_request *q)
{
    u64 about = q->service == T_EXCHANGE || q->service == T_GRAPH ? sim_hash(q->body) : 0;
    return sim_hash(q->path) * 3 + sim_hash(q->query) * 5 + sim_hash(q->method) + q->service +
           about;
}

int observer_asked(const struct t_request *q, enum request_kind kind)
{
    struct note *n = new_note(kind);
    n->target = target_of(q);
    book.asked[kind]++;
    switch (kind) {
    case REQUEST_GET:
        ask_get(n, q);
        break;
    case REQUEST_LIST:
        ask_list(n, q);
        break;
    case REQUEST_BULK:
        ask_bulk(n, q);
        break;
    case REQUEST_EXCHANGE:
        ask_exchange(n, q);
        break;
    case REQUEST_GRAPH:
        ask_graph(n, q);
        break;
    case REQUEST_USERS:
    case REQUEST_SEARCH:
        check_pause(*pause_of(n->target), "the same");
        break;
    case REQUEST_ELASTIC:
        // Told to stop, it refreshes once more while it may: what has landed should be seen.
        if (host_stopped_us() < 0) {
            check_pause(*pause_of(n->target), "the same");
        }
        break;
    case REQUEST_TOKEN:
    case REQUEST_SCROLL:
    case REQUEST_OTHER:
        break;
    }
    return (int)(n - book.notes);
}

// ---- answers

static i64 retry_after_us(const struct t_response *r)
{
    str head = t_buf_str(&r->head), value;
    isize at = str_find(head, S("Retry-After: "));
    u64 s = 0;
    bool found;
    if (at < 0) {
        return 0;
    }
    str_cut(str_from_index(head, at + 13), '\r', &value, &found);
    if (!str_to_u64(value, &s)) {
        // A date tells seconds, and the product reads it by its own clock.
        i64 at_s = 0;
        bool readable = date_parse_http(value, &at_s);
        i64 wait_s = at_s - clock_true_unix_ms() / 1000 - 2;
        s = readable && book.run.retry_after_date && wait_s > 0 ? (u64)wait_s : 0;
    }
    return (i64)(s < 3600 ? s : 3600) * SIM_S;
}

static void read_verdicts(struct note *n, const struct t_response *r)
{
    str items, item, key, value;
    isize at = 0;
    int i = 0;
    if (!t_json_get(t_buf_str(&r->own), "items", &items)) {
        return;
    }
    while (t_json_element(items, &at, &item) && i < n->item_count) {
        isize member = 0;
        if (t_json_member(item, &member, &key, &value)) {
            n->items[i].status = (int)t_json_i64(value, "status", 0);
        }
        i++;
    }
}

// What the cluster did, whether or not the product will hear of it.
static void apply_verdicts(struct note *n)
{
    for (int i = 0; i < n->item_count; i++) {
        struct note_item *item = &n->items[i];
        struct message *x = book_message(item->mailbox, item->index);
        if (item->delete) {
            x->now.delete_status = item->status;
        } else if (item->status) {
            x->now.last_status = item->status;
            x->now.applied += item->status < 300;
        }
    }
}

void observer_answered(int note, const struct t_response *r, bool damaged)
{
    struct note *n = &book.notes[note];
    n->status = r->status;
    n->damaged = damaged;
    n->answered_us = clock_now_us();
    n->retry_after_us = r->status >= 400 ? retry_after_us(r) : 0;
    n->back_off_us = n->kind == REQUEST_EXCHANGE && !damaged ? exchange_back_off_us(r) : 0;
    if (n->kind == REQUEST_BULK && r->status == 200 && !damaged) {
        read_verdicts(n, r);
        apply_verdicts(n);
    }
    if (n->kind == REQUEST_BULK && r->status == 429 && n->item_count == 1 && !n->items[0].delete) {
        // Refused as a whole, and all of it was this one.
        book_message(n->items[0].mailbox, n->items[0].index)->now.last_status = 429;
    }
    if (n->kind == REQUEST_LIST && n->mailbox >= 0 && (r->status == 400 || r->status == 404)) {
        book.mailboxes[n->mailbox].restarts++;
    }
}

static void count_failures(struct note *n, bool whole)
{
    if (n->kind == REQUEST_GET) {
        struct message *x = book_message(n->mailbox, n->index);
        x->now.get_failures += whole || n->status >= 300;
    }
    for (int i = 0; i < n->item_count; i++) {
        struct message *x = book_message(n->items[i].mailbox, n->items[i].index);
        x->now.failures += !n->items[i].delete &&(whole || n->items[i].status >= 300);
    }
}

static void note_pause(struct note *n)
{
    i64 not_before_us = n->answered_us + n->retry_after_us - SIM_S / 100;
    if (n->retry_after_us <= 0) {
        return;
    }
    if (n->kind == REQUEST_GET) {
        book_message(n->mailbox, n->index)->now.get_not_before_us = not_before_us;
    } else if (n->kind == REQUEST_BULK) {
        for (int i = 0; i < n->item_count; i++) {
            struct note_item *item = &n->items[i];
            book_message(item->mailbox, item->index)->now.not_before_us = not_before_us;
        }
    } else {
        *pause_of(n->target) = not_before_us;
    }
    if (n->kind == REQUEST_GRAPH && n->mailbox >= 0) {
        struct mailbox_book *m = &book.mailboxes[n->mailbox];
        if (m->busy_until_us < not_before_us) {
            m->busy_from_us = m->busy_until_us < clock_now_us() ? clock_now_us() : m->busy_from_us;
            m->busy_until_us = not_before_us;
        }
    }
}

void observer_doubted(int note)
{
    observer_lost(note); // so it may be asked again, at any time
}

void observer_delivered(int note)
{
    if (note >= book.note_count) {
        return; // of a service: its observer keeps no notes
    }
    struct note *n = &book.notes[note];
    if (n->run != book.run_number || n->over) {
        return;
    }
    n->over = true;
    n->delivered = true;
    count_failures(n, n->damaged || n->status != 200);
    note_pause(n);
    if (n->back_off_us > 0) {
        book.busy_from_us = clock_now_us();
        book.busy_until_us = clock_now_us() + n->back_off_us - SIM_S / 10;
    }
}

void observer_lost(int note)
{
    if (note >= book.note_count) { // of a service: its observer keeps no notes
        life_lost();
        return;
    }
    struct note *n = &book.notes[note];
    if (n->run == book.run_number && !n->over) {
        n->over = true;
        book.lost++;
        count_failures(n, true);
    }
}

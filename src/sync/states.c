// SPDX-License-Identifier: Apache-2.0
// States of folders in a file (see states.h). Which place has what is known in memory: the heads of
// all records are read once. A record is trusted only when it is read whole and its checksum, by
// the key that the file was made with, is right.
#include "sync/states.h"

#include <string.h>

#include "os/os.h"

#define STATES_VERSION 1
#define STATES_HEAD_BYTES KIB(4) // of each copy
#define STATES_MAGIC "mailferry states"

struct states_head {
    u8 magic[16];
    u32 version, folders;
    struct hash_key key;
    u64 sequence; // the newer copy has the larger one
    struct states_connector {
        u64 connector, run, binding;
        u64 roster; // of the mailboxes that its directory has named
        i64 documents;
    } connectors[STATES_CONNECTORS];
    u64 check; // of all that stands before it
};

struct states_record {
    u64 key;     // of connector, mailbox and folder; never 0
    u64 mailbox; // of connector and mailbox
    u64 run;
    u64 bytes; // that follow
    u64 check; // of all that stands before it and of what follows
};

_Static_assert(sizeof(struct states_head) <= STATES_HEAD_BYTES, "a copy of the head");

struct states_place {
    u64 key, mailbox;
    u64 runs[2]; // of its records; 0: none
};

struct states {
    int fd;
    struct log *log;
    bool broken;
    struct states_head head;
    struct states_place places[STATES_FOLDERS];
    isize place_count; // that were ever used
    u8 record[STATES_RECORD_BYTES];
};

enum { STATE_BYTES_MAX = STATES_RECORD_BYTES - (int)sizeof(struct states_record) };

static i64 states_at(isize place, int which)
{
    return 2 * STATES_HEAD_BYTES + ((i64)place * 2 + which) * STATES_RECORD_BYTES;
}

static u64 states_hash(const struct states *all, const void *p, isize n)
{
    u64 hash = hash_siphash(all->head.key, str_make(p, n));
    return hash ? hash : 1;
}

// ---- what is there

static bool states_read_head(struct states *all, int which)
{
    struct states_head *head = &all->head;
    isize bytes = os_store_read(all->fd, which * STATES_HEAD_BYTES, head, sizeof *head);
    return bytes == sizeof *head && memcmp(head->magic, STATES_MAGIC, sizeof head->magic) == 0 &&
           head->version == STATES_VERSION && head->folders == STATES_FOLDERS &&
           head->check == states_hash(all, head, offsetof(struct states_head, check));
}

// Whether its states count, for some connector.
static bool states_counts(const struct states *all, u64 run)
{
    bool counts = false;
    for (int i = 0; i < STATES_CONNECTORS && run; i++) {
        counts = counts || all->head.connectors[i].run == run;
    }
    return counts;
}

// false: the file has ended.
static bool states_read_place(struct states *all, isize at)
{
    struct states_place *place = &all->places[at];
    for (int which = 0; which < 2; which++) {
        struct states_record r;
        isize bytes = os_store_read(all->fd, states_at(at, which), &r, sizeof r);
        if (bytes <= 0 && which == 0) {
            return false;
        }
        if (bytes == sizeof r && r.key && states_counts(all, r.run)) {
            bool same = place->key == r.key;
            *place = (struct states_place){
                .key = r.key, .mailbox = r.mailbox, .runs[0] = same ? place->runs[0] : 0};
            place->runs[which] = r.run;
        }
    }
    all->place_count = at + 1;
    return true;
}

struct states *states_init(struct plan *plan, int fd, struct log *log)
{
    struct states *all = plan_take_n(plan, "states", struct states, 1,
                                     "which folder's state is where: outlook.state_file");
    all->fd = fd;
    all->log = log;
    struct states_head first = {0};
    if (states_read_head(all, 0)) {
        first = all->head;
    }
    if (!states_read_head(all, 1) || all->head.sequence < first.sequence) {
        all->head = first;
    }
    if (all->head.sequence) {
        for (isize i = 0; i < STATES_FOLDERS && states_read_place(all, i); i++) {
        }
        return all;
    }
    u8 byte;
    if (os_store_read(fd, 0, &byte, 1) > 0) {
        log_line(log, LOG_WARN,
                 S("outlook.state_file holds nothing that can be used: folders are listed from "
                   "their beginning once"),
                 NULL, 0);
    }
    memcpy(all->head.magic, STATES_MAGIC, sizeof all->head.magic);
    all->head.version = STATES_VERSION;
    all->head.folders = STATES_FOLDERS;
    os_entropy(&all->head.key, sizeof all->head.key);
    return all;
}

isize states_count(const struct states *all)
{
    isize count = 0;
    for (isize i = 0; i < all->place_count; i++) {
        count += all->places[i].runs[0] || all->places[i].runs[1];
    }
    return count;
}

// ---- writing

static bool states_write(struct states *all, i64 at, str s)
{
    bool done = !all->broken && (s.n ? os_store_write(all->fd, at, s) : os_store_sync(all->fd));
    if (!done && !all->broken) {
        all->broken = true;
        log_line(all->log, LOG_WARN,
                 S("outlook.state_file cannot be written: no state is kept from now on"), NULL, 0);
    }
    return done;
}

static bool states_sync(struct states *all)
{
    return states_write(all, 0, (str){0});
}

// What was written before is on the disk before the head is, and the head is before anything else
// happens.
static bool states_write_head(struct states *all)
{
    struct states_head *head = &all->head;
    head->sequence++;
    head->check = states_hash(all, head, offsetof(struct states_head, check));
    i64 at = (i64)(head->sequence & 1) * STATES_HEAD_BYTES;
    return states_sync(all) && states_write(all, at, str_make(head, sizeof *head)) &&
           states_sync(all);
}

static struct states_connector *states_connector(struct states *all, u64 connector)
{
    struct states_connector *list = all->head.connectors;
    for (int i = 0; i < STATES_CONNECTORS; i++) {
        if (list[i].connector == connector) {
            return &list[i];
        }
    }
    return NULL;
}

// Its own, an empty place, or any: whoever comes back begins anew.
static struct states_connector *states_connector_add(struct states *all, u64 connector)
{
    struct states_connector *found = states_connector(all, connector);
    found = found ? found : states_connector(all, 0);
    return found ? found : &all->head.connectors[all->head.sequence % STATES_CONNECTORS];
}

// ---- places

static u64 states_key(const struct states_run *r, str mailbox, str folder)
{
    u8 bytes[16 + ADDRESS_BYTES + UNIT_ID_BYTES];
    struct buf b = buf_over(bytes, COUNT(bytes));
    buf_put(&b, str_make(&r->connector, sizeof r->connector));
    buf_put_lower(&b, mailbox);
    buf_put_byte(&b, 0);
    buf_put(&b, folder);
    return b.full ? 0 : states_hash(r->all, b.p, b.n);
}

static u64 states_mailbox(const struct states_run *r, str mailbox)
{
    return states_key(r, mailbox, S(""));
}

static struct states_place *states_find(struct states *all, u64 key)
{
    for (isize i = 0; i < all->place_count && key; i++) {
        if (all->places[i].key == key) {
            return &all->places[i];
        }
    }
    return NULL;
}

static bool states_is_free(const struct states_run *r, const struct states_place *place)
{
    bool used = false;
    for (int which = 0; which < 2; which++) {
        u64 run = place->runs[which];
        used = used || (run && (run == r->run || states_counts(r->all, run)));
    }
    return !used;
}

// That of `key`; one whose states do not count, nor will; a new one. NULL: there is none.
static struct states_place *states_find_room(struct states_run *r, u64 key)
{
    struct states *all = r->all;
    struct states_place *place = states_find(all, key);
    while (r->searched < all->place_count && key && !place) {
        struct states_place *next = &all->places[r->searched++];
        place = states_is_free(r, next) ? next : NULL;
    }
    if (!place && key && all->place_count < STATES_FOLDERS) {
        place = &all->places[all->place_count++];
    }
    if (place && place->key != key) {
        *place = (struct states_place){.key = key};
    }
    return place;
}

// ---- the source

static bool states_read(void *st, str mailbox, str folder, struct buf *out)
{
    const struct states_run *r = st;
    struct states *all = r->all;
    u64 key = states_key(r, mailbox, folder);
    const struct states_place *place = r->reads ? states_find(all, key) : NULL;
    int which = place && place->runs[1] == r->former;
    if (!place || place->runs[which] != r->former) {
        return false;
    }
    struct states_record head;
    isize got = os_store_read(all->fd, states_at(place - all->places, which), all->record,
                              STATES_RECORD_BYTES);
    if (got < (isize)sizeof head) {
        return false;
    }
    memcpy(&head, all->record, sizeof head);
    if (head.bytes > STATE_BYTES_MAX || got < (isize)(sizeof head + head.bytes)) {
        return false;
    }
    u64 check = head.check;
    isize bytes = (isize)head.bytes;
    memset(all->record + offsetof(struct states_record, check), 0, sizeof check);
    if (check != states_hash(all, all->record, (isize)sizeof head + bytes)) {
        log_line(all->log, LOG_WARN,
                 S("a record of outlook.state_file is damaged: its folder is listed from its "
                   "beginning"),
                 NULL, 0);
        return false;
    }
    if (head.key != key || head.run != r->former) {
        return false;
    }
    buf_put(out, str_make(all->record + sizeof head, bytes));
    return !out->full;
}

static void states_keep(void *st, str mailbox, str folder, str state)
{
    struct states_run *r = st;
    struct states *all = r->all;
    u64 key = states_key(r, mailbox, folder);
    struct states_place *place = all->broken ? NULL : states_find_room(r, key);
    if (!place || state.n == 0 || state.n > STATE_BYTES_MAX) {
        return;
    }
    int which = place->runs[0] == r->former && r->former; // the other one of that which counts
    which = place->runs[1] == r->run ? 1 : which;
    struct states_record head = {
        .key = key,
        .mailbox = states_mailbox(r, mailbox),
        .run = r->run,
        .bytes = (u64)state.n,
    };
    isize bytes = (isize)sizeof head + state.n;
    memcpy(all->record, &head, sizeof head);
    memcpy(all->record + sizeof head, state.p, (size_t)state.n);
    head.check = states_hash(all, all->record, bytes);
    memcpy(all->record, &head, sizeof head);
    place->runs[which] = 0;
    if (states_write(all, states_at(place - all->places, which), str_make(all->record, bytes))) {
        place->mailbox = head.mailbox;
        place->runs[which] = r->run;
    }
}

// ---- a run

static bool states_has(const struct states *all, u64 run)
{
    bool has = false;
    for (isize i = 0; i < all->place_count; i++) {
        has = has || all->places[i].runs[0] == run || all->places[i].runs[1] == run;
    }
    return has;
}

void states_begin(struct states_run *r, struct states *all, str connector, str binding,
                  i64 documents)
{
    *r = (struct states_run){.all = all};
    r->connector = states_hash(all, connector.p, connector.n);
    r->binding = states_hash(all, binding.p, binding.n);
    while (r->run == 0) {
        os_entropy(&r->run, sizeof r->run);
    }
    r->hooks = (struct source_states){.read = states_read, .keep = states_keep, .st = r};
    const struct states_connector *known = states_connector(all, r->connector);
    r->former = known ? known->run : 0;
    if (r->former && (known->documents != documents || known->binding != r->binding)) {
        states_suspend(r); // or a run that dies may leave as many as there were, but others
    } else {
        r->reads = r->former && !all->broken && states_has(all, r->former);
    }
}

void states_name(struct states_run *r, str mailbox)
{
    r->roster += states_mailbox(r, mailbox);
}

bool states_has_left(const struct states_run *r)
{
    const struct states_connector *known = states_connector(r->all, r->connector);
    return known && known->roster != r->roster; // it may have been suspended since
}

bool states_has_lost(const struct states_run *r, str mailbox)
{
    bool lost = false;
    u64 key = states_mailbox(r, mailbox);
    for (isize i = 0; i < r->all->place_count; i++) {
        const struct states_place *place = &r->all->places[i];
        const u64 *runs = place->runs;
        bool had = place->mailbox == key && (runs[0] == r->former || runs[1] == r->former);
        lost = lost || (had && runs[0] != r->run && runs[1] != r->run);
    }
    return lost;
}

void states_forget(struct states_run *r, str mailbox)
{
    struct states *all = r->all;
    u64 key = states_mailbox(r, mailbox);
    static const struct states_record none;
    for (isize i = 0; i < all->place_count; i++) {
        struct states_place *place = &all->places[i];
        for (int which = 0; which < 2; which++) {
            if (place->mailbox == key && place->runs[which] == r->run) {
                place->runs[which] = 0;
                states_write(all, states_at(i, which), str_make(&none, sizeof none));
            }
        }
    }
}

bool states_suspend(struct states_run *r)
{
    struct states_connector *known = states_connector(r->all, r->connector);
    r->reads = false;
    if (!known || known->run == 0) {
        return true;
    }
    known->run = 0;
    bool written = states_write_head(r->all);
    known->run = written ? 0 : r->former; // it still counts for whoever reads the file
    return written;
}

void states_complete(struct states_run *r, i64 documents)
{
    if (r->all->broken) {
        return;
    }
    struct states_connector *known = states_connector_add(r->all, r->connector);
    *known = (struct states_connector){
        .connector = r->connector,
        .run = r->run,
        .binding = r->binding,
        .roster = r->roster,
        .documents = documents,
    };
    states_write_head(r->all);
}

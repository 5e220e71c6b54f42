// SPDX-License-Identifier: Apache-2.0
// What the files of `check` share: the run, telling a hop (check_tell.c), asking by one machine at
// a time (check_ask.c), and the hops of each far side.
#ifndef CLI_CHECK_INTERNAL_H
#define CLI_CHECK_INTERNAL_H

#include "cli/check_command.h"
#include "cli/output.h"
#include "elastic/call.h"
#include "source/source.h"

#define CHECK_PLACES_MAX 8 // destinations whose way has been told

enum check_result { CHECK_OK, CHECK_WARN, CHECK_FAIL };

enum check_end {
    CHECK_ANSWERED, // c->error: OK, or what the far side's answer means
    CHECK_CUT_OFF,  // the way to it failed, which has been told; or a signal came
};

struct check {
    struct start *s;
    int hops, warnings, failures;
    // The machine in hand.
    const struct machine_ops *ops;
    void *st;
    bool enough; // set by it: what it would do besides is not wanted
    err error;
    struct buf detail;
    // The connection that was opened last for its request.
    struct loop_observer observer;
    struct loop_opening opening;
    bool opened;
    const char *places[CHECK_PLACES_MAX];
    int place_count;
    // Elasticsearch.
    struct elastic es;
    struct elastic_call call;
    struct json_node *nodes; // CHECK_NODES
    // The source.
    void *state; // of ping, directory or mailbox, one after the other
    isize state_bytes;
    i64 accounts;
    bool refused;                            // the directory has refused user and password
    bool (*mailbox_open)(struct mailbox *m); // what was to be seen of it was seen
    int told;                                // steps of Gmail's ping
    int mailbox_count;
    u8 mailboxes[CHECK_MAILBOXES][ADDRESS_BYTES];
    int mailbox_bytes[CHECK_MAILBOXES];
    struct mailbox mailbox;
    struct buf found; // CHECK_FOUND_BYTES: what is said of the hop in hand
    struct buf line;  // CHECK_LINE_BYTES
};

// ---- check_tell.c: one line on standard output

struct buf *check_found(struct check *c); // emptied, for the `found` of the next hop
void check_tell(struct check *c, enum check_result result, const char *place, const char *what);
void check_tell_error(struct check *c, const char *place, const char *what, err e, str detail);
void check_tell_opening(struct check *c, err e); // name, TCP, TLS of c->opening; e: its last one
void check_tell_end(struct check *c);

// ---- check_ask.c

// Runs the machine to its end, or until `enough`.
enum check_end check_ask(struct check *c, const struct machine_ops *ops, void *st);
void check_opened(void *st, const struct loop_opening *opening); // st = struct check

// ---- the hops

void check_elastic(struct check *c);
void check_gmail(struct check *c);
void check_outlook(struct check *c);
void check_cloud(struct check *c); // Exchange Online

// The walk over the directory into c->accounts and c->mailboxes (check_source.c).
extern const struct machine_ops check_accounts_ops; // st = struct check
void check_put_accounts(struct check *c);           // into c->found

// Opens mailboxes until one is found that is there; *opened: which, -1: none. c->error is its.
enum check_end check_mailboxes(struct check *c, int *opened);
str check_mailbox(const struct check *c, int i);
bool check_mailbox_is_named(const struct check *c); // by --mailbox

#endif

// SPDX-License-Identifier: Apache-2.0
// Inside of the observer: its book, which observer.c keeps and observer_end.c judges by.
#ifndef SIM_OBSERVER_BOOK_H
#define SIM_OBSERVER_BOOK_H

#include "../tenant/model.h"
#include "observer.h"

struct message {
    i64 born_us, died_us; // INT64_MAX: it is there
    u64 document;         // hash of what its document must be; 0: not looked at yet
    u32 run;
    struct {
        int gets, get_failures;
        int sent, failures; // index operations
        int last_status;    // of the latest; 0: none was decided
        int applied;
        int delete_status;
        bool heavy;     // and large: 429 may be for good
        bool was_there; // its document could be found when the run began
        i64 get_not_before_us, not_before_us;
    } now; // in this run
};

enum { EXCHANGE_VERSIONS = 8 };

struct exchange_key {      // of a document of Exchange, observer_exchange.c
    int place, attachment; // -1: the item
    i64 index;
    bool list;       // a distribution list, which Graph does not show
    u64 index_stamp; // in the index when the run began; 0: none
    i64 changed_us;
    int known_count;
    struct {
        u64 stamp, hash;
        enum exchange_way way; // by which it came
    } known[EXCHANGE_VERSIONS];
};

struct mailbox_book {
    struct exchange_key *keys;
    i64 key_count, key_cap;
    struct message *messages;
    i64 count, cap;
    int restarts; // listings that had to begin again, in this run
    i64 deletes;
    bool left_out;                   // says the summary
    i64 busy_from_us, busy_until_us; // Graph has asked for fewer requests
};

struct note_item {
    int mailbox;
    i64 index;
    bool delete;
    int status;
};

struct note {
    enum request_kind kind;
    u32 run;
    u64 target;
    int mailbox; // -1: none
    i64 index;
    int status;
    bool damaged, over, delivered;
    i64 answered_us, retry_after_us, back_off_us;
    struct note_item *items;
    int item_count, item_cap;
};

enum { PAUSES_MAX = 64 };

struct book {
    struct tenant *t;
    struct observer_settings settings;
    struct observer_run run;
    u32 run_number;
    i64 begun_us;
    struct mailbox_book *mailboxes;
    int mailbox_count;
    struct note *notes;
    int note_count, note_cap;
    i64 asked[REQUEST_OTHER + 1];
    i64 lost;
    const char *wrong;  // of the last wrong document of Exchange; NULL: not known
    bool some_left_out; // says the summary
    bool way_seen;      // of the run: a mailbox was asked for
    bool held;          // nothing may be deleted, says the summary
    enum exchange_way expected;
    bool ids_differ;                 // translateExchangeIds has said so, or may have
    i64 busy_from_us, busy_until_us; // Exchange has asked everybody to wait
    struct {
        u64 target;
        i64 not_before_us;
    } pauses[PAUSES_MAX];
    int pause_count;
};
extern struct book book;

// A mailbox is asked for by one of the two ways.
void exchange_goes(enum exchange_way way);
// The mailbox of a request to Graph, or of the first part of a batch; -1: none.
int exchange_graph_mailbox(const struct t_request *q);

i64 book_count(int mailbox); // of messages, those that are gone included
void book_put_id(int mailbox, i64 index, struct t_buf *out);

struct message *book_message(int mailbox, i64 index);
struct message *book_find(str id_text);        // NULL: there never was such a message
bool book_is_selected(int mailbox, i64 index); // there, and wanted by the configuration
bool book_exists(int mailbox, i64 index);      // ... in a mailbox that is not deleted
void book_learn(int mailbox, i64 index);       // before it goes
bool book_is_right(str id, str source);

#endif

// SPDX-License-Identifier: Apache-2.0
// Inside of the observer of services: its book, which life_observer.c keeps, and life_records.c and
// life_judge.c judge by.
#ifndef SIM_LIFE_BOOK_H
#define SIM_LIFE_BOOK_H

#include "life_observer.h"
#include "sim_os.h"

enum { LIFE_FULL, LIFE_INCREMENTAL, LIFE_ACCESS, LIFE_TYPES };
#define LIFE_INTERVAL_BYTES 200
// After weather: the request that hangs, its repetitions, the pauses between them.
#define LIFE_STORM_US ((i64)1800 * 1000000)

struct life_schedule {
    bool enabled;
    char interval[LIFE_INTERVAL_BYTES];
    i64 base_s;    // occurrences after it oblige
    i64 due_s;     // the first of them
    i64 planned_s; // that was written last
    bool owed;     // it has no job yet
    bool asked, excused;
    int owed_by; // number of the process that wrote it
    i64 owed_us;
};

struct life_kind { // content, access control
    int taker;     // number of the process whose sync is under way; 0: none
    bool doubtful; // that process has ended, who knows where
    bool told;     // the connector says how its last job ended
    bool freed;    // or that nobody works for it any more
    int last_job, ended_by;
    i64 taken_us, ended_us, told_us;
};

struct life_connector {
    char id[64];
    bool deleted, spoiled; // its configuration is wrong
    i64 edited_us;
    struct life_schedule schedules[LIFE_TYPES];
    struct life_kind kinds[2];
};

struct life_job {
    char id[64], status[24];
    struct life_connector *connector;
    int type, worker, claims;
    bool scheduled;
    bool disowned; // somebody else has ended it
    i64 created_us, changed_us, claimed_us, seen_us, canceled_us, ended_us;
    i64 read_us[HOST_PROCESSES];
};

struct life_process {
    int number; // from 1
    bool alive, stopping;
    i64 begun_us, begun_s, told_us, ended_us, rounds;
};

struct life_tally {
    i64 connector_searches, job_searches, connector_gets, connector_updates, check_ins, google,
        others;
};

struct life_book {
    struct tenant *t;
    struct life_settings settings;
    struct life_connector connectors[LIFE_CONNECTORS_MAX];
    int connector_count;
    struct life_job *jobs;
    int job_count, job_cap, kept_from; // records of jobs before it are deleted
    struct life_process processes[HOST_PROCESSES];
    int process_count, renames;
    i64 fair_since_us; // INT64_MAX: it is not
    i64 stormy_until_us, oldest_unix_s;
    struct life_tally tally;
};
extern struct life_book life_book;

str life_record(bool job, const char *id); // its source; empty: there is none
void life_text(str object, const char *key, char *out, isize cap);
struct life_connector *life_connector_of(const char *id); // NULL: none

// The request in hand, with what its record said before.
struct life_ask {
    enum { ASK_NOTHING, ASK_CONNECTOR, ASK_JOB, ASK_MAKE, ASK_CLAIM, ASK_GET_JOB } kind;
    char id[64];
    char before[40]; // status of the job; of the sync of this kind
    char before_access[40];
    bool guarded;
};
extern struct life_ask life_ask;
extern const char *const life_type_names[LIFE_TYPES];

bool life_is(const char *a, const char *b);
bool life_is_final(const char *status);
void life_copy(char *to, isize cap, str s); // cut, with a NUL
i64 life_now_s(void);
struct life_job *life_job_of(const char *id); // NULL: none
struct life_process *life_asking(void);
struct life_process *life_process_numbered(int number); // alive; NULL: none
void life_rebase(struct life_schedule *s, i64 base_s);

// life_records.c
struct life_job *life_new_job(const char *id);
void life_made(const struct t_response *r);
void life_claimed(struct life_job *j);
void life_job_written(const struct t_request *q);
void life_connector_written(const struct t_request *q);

#endif

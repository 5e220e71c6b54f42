// SPDX-License-Identifier: Apache-2.0
// One world: the settings that a scenario and a seed choose, the files that the product reads, and
// the runs in it.
#ifndef SIM_WORLD_H
#define SIM_WORLD_H

#include "life.h"
#include "../tenant/tenant.h"

struct world {
    const char *scenario;
    struct t_options tenant;
    // config.yml
    int lanes, mailbox_open, medium_buffers, ids, mailboxes, flights, chunk_size;
    double chunk_mib;
    int request_timeout_s, max_retries, retry_interval_s;
    bool compress, document_level_security, full_raw, spam_and_trash, purge, api_key;
    int requests_per_mailbox;
    i64 quota_user, quota_project;
    bool plain_elastic, proxy, hosts_file;
    bool exchange; // the source is Exchange
    bool no_sync;  // and lists by FindItem only
    bool only_basic, delegate, ssl_off, extraction;
    int exchange_requests;
    const char *directory; // its address
    bool cloud;            // Exchange Online
    const char *backend;   // outlook.backend
    bool states;           // outlook.state_file
    bool switches;         // ... which is another one in each run
    bool grants;           // permissions are given and taken away between the runs
    struct {               // of Graph, in all runs but the calm ones; 0: the usual
        int concurrent;
        i64 requests, window_s, retry_after_s;
        bool silent; // no Retry-After
    } graph_limits;
    i64 file_bytes;       // service.max_file_download_size; 0: the usual
    i64 graph_latency_ms; // of a figure: how near to the limits of Graph a sync comes; 0: none
    int large[2];         // ... these mailboxes have large_mails, one in ten has medium_mails,
    i64 large_mails, medium_mails, small_mails; // ... the others up to small_mails
    int name_servers, dns_timeout_s, dns_attempts;
    int time_budget_s;
    // far side
    int addresses, addresses_v6;
    u32 dead;
    i64 idle_s;
    int odd_users; // in a state in which nobody can read them
    // runs
    int runs;
    u64 faults; // that may happen
    bool churn; // between the runs
    bool full;  // --full in every run
    bool small_limits;
    i64 patience_s;
    struct life_settings life; // of a service
};

struct scenario {
    const char *name, *what;
    u64 faults;
    void (*set)(struct world *w);
    int weight; // of seeds that name no scenario
};

const struct scenario *scenario_find(const char *name); // NULL: no such
const struct scenario *scenario_at(int i);              // NULL after the last
const struct scenario *scenario_by_chance(void);
void world_by_seed(struct world *w, const struct scenario *s);
void world_put_files(const struct world *w); // config.yml and what belongs to it

// Runs a whole world; a violation does not return.
struct enumerated {
    int fault; // enum fault; FAULT_NONE: by chance
    i64 n;
    bool persistent;
    bool reached; // out: the operation was met
};
void world_run(u64 seed, const struct scenario *s, u64 faults, struct enumerated *e);

struct world_stats {
    i64 worlds, runs, exchanges, virtual_us, completed, failed, stopped, died;
};
extern struct world_stats world_stats;

struct world_figure {
    i64 requests, refused, mailboxes; // of Graph
    i64 took_us, least_us;            // and what limits, latency and lanes allow
};
extern struct world_figure world_figure;

#endif

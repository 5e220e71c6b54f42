// SPDX-License-Identifier: Apache-2.0
// Everything that is made before the seal: memory, configuration, destinations, the source, the
// job. It is the same for `sync` and for `limits`, so that what is printed is what is taken.
#ifndef CLI_START_H
#define CLI_START_H

#include "cli/config.h"
#include "cli/config_tree.h"
#include "cli/options.h"
#include "cli/progress.h"
#include "net/dns.h"
#include "net/proxy.h"
#include "net/tls.h"
#include "os/os.h"
#include "source/outlook/outlook.h"
#include "sync/job.h"

struct listener;
struct service;
struct service_type;

enum start_dest {
    DEST_ELASTIC,
    DEST_TOKEN,
    DEST_DIRECTORY,
    DEST_GMAIL,
    DEST_COUNT,
    DEST_EXTRACTION = DEST_COUNT, // only the service has it
};

struct start {
    const struct options *options;
    struct arena arena;
    struct plan plan;
    u8 *reserved;
    struct config config;
    struct config_tree tree;
    const struct config_connector *connector; // of `sync`; else NULL
    const struct service_type *type;          // of that connector
    u32 types;                                // that may be needed: service_types_bit()
    struct arena texts;                       // configuration, secrets, URLs
    struct buf detail;                        // facts of an error
    u8 detail_bytes[CONFIG_DETAIL_BYTES];
    struct dns_config dns;
    struct proxy proxy;
    bool proxied;
    str no_proxy;
    struct tls_roots *roots_common, *roots_elastic, *roots_google;
    struct tls_trust trust_common, trust_elastic, trust_google;
    struct dest dests[DEST_COUNT];
    struct field_value values[SCHEMA_FIELDS_MAX]; // of the connector, by its type's schema
    u8 *values_memory;                            // their texts; NULL: forgotten
    struct source *source;                        // of `sync`
    struct job_settings settings;
    struct log *log;
    struct loop *loop;
    const struct loop_observer *observer; // of `check`: each hop is shown, and little is waited for
    struct progress *progress;
    struct job *job;             // of `sync`
    struct service *service;     // of `serve`
    struct dest extraction;      // where its extraction service is, if it has one
    struct entra_identity entra; // for Exchange Online (start_entra.h)
    struct outlook_files files;  // for that, with file pointers (start_volume.h)
    int file_count;
    int state_fd; // of outlook.state_file, with settings.kept (start_states.h)
    enum output_form form;
    str user_agent; // empty: that of the service
    int listen_fd;  // of service.listen; -1: nowhere
    struct listener *listener;
    int status_fd; // for the peak of memory
    struct os_watch watch;
};

// Reads config.yml and everything that it names into s->config; needs s->texts. (start_config.c)
err start_read_config(struct start *s);

// Makes the four destinations: URLs, proxies, trust. (start_dest.c)
err start_make_dests(struct start *s);

// The parts of start_all() that the service has too (start_serve.c): up to the configuration; the
// loop; what the sources and the jobs are told; what is carved by nobody; and the end.
err start_begin(struct start *s, const struct options *options);
err start_loop(struct start *s, isize tasks, isize connections);
isize start_flights(const struct start *s);   // requests of one bulk
isize start_job_tasks(const struct start *s); // machines of one job
err start_job_settings(struct start *s);      // s->settings, but for the sink
err start_check_index(struct start *s);       // CONFIG_INDEX: that of the connector
bool start_names_elastic(struct start *s);    // config.yml says where Elasticsearch is
// The header for Elasticsearch: with `key` (a connector's own), else as config.yml says.
err start_authorization(struct start *s, str key, str *authorization);
err start_make_extraction(struct start *s, str url); // s->extraction (start_dest.c)
void start_note_rest(struct start *s);
void start_end(struct start *s);

// Carves everything. The error's facts are in s->detail. (start.c)
err start_all(struct start *s, const struct options *options);

#endif

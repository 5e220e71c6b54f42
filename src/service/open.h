// SPDX-License-Identifier: Apache-2.0
// A source made ready for one record: the values of its configuration read and checked, and the
// source configured with them, in memory that is used again for the next record. What is wrong is
// said in the words that Kibana shows. No network; the ping comes after it.
#ifndef SERVICE_OPEN_H
#define SERVICE_OPEN_H

#include "base/plan.h"
#include "service/values.h"
#include "source/source.h"

#define SOURCES_MAX 4

// What each job says whose source is `unverified`.
#define OPEN_UNVERIFIED                                                                          \
    S("certificates of the connector's servers are NOT verified ('Enable SSL' is off): whoever " \
      "is on the way can read and change what is sent")

// One instance of each service type, for one record at a time.
struct sources {
    struct source *all[SOURCES_MAX];
    const struct source_ops *ops[SOURCES_MAX];
    int count;
    struct source_bytes bytes; // for whichever of them a job runs with
};

void sources_add(struct sources *s, struct source *source);
struct source *sources_find(const struct sources *s, str service_type); // NULL: not known

struct open {
    struct values_checker *checker; // shared by all
    struct values values;
    struct arena texts;
    u8 *text_memory;
    struct buf detail;     // facts of the error, for people
    struct source *source; // NULL: nothing is open
    bool secured;          // document level security: the feature is on, and so is the toggle
};

struct open_ask {
    str service_type;
    const struct json *json; // must outlive the use of the source, with its nodes
    int configuration;
    bool document_level_security; // the feature of the connector
    const str *queries;           // of advanced rules
    isize query_count;
    bool probe;   // only pinged
    bool content; // attachments are fetched
};

void open_init(struct open *o, struct plan *plan, struct values_checker *checker);

// Reads and checks everything that needs no network; o->source is then ready.
err open_source(struct open *o, const struct sources *sources, const struct open_ask *ask);

// Wipes keys and tokens; nothing is open afterwards.
void open_close(struct open *o);

#endif

// SPDX-License-Identifier: Apache-2.0
// Where closed documents go: into `_bulk` flights, or as the same bytes into a file or standard
// output (then every document is decided at once).
#ifndef SYNC_SINK_H
#define SYNC_SINK_H

#include "elastic/bulk.h"
#include "os/os.h"

enum sink_answer {
    SINK_TAKEN,  // copied: the memory is free again, the verdict will come (or came)
    SINK_ALOFT,  // flies alone: the memory must stay until the verdict
    SINK_BUSY,   // no room now
    SINK_BROKEN, // the file cannot be written: the job has to stop
};

struct sink {
    struct bulk *bulk; // NULL: ndjson
    int fd;            // ndjson: where to
    str name;          // of the file, for people
    struct os_watch *watch;
    str index;
    struct buf line;   // ndjson: the action line
    struct buf detail; // why the file is broken
    bool broken;       // nothing more is written: the last document may be there in part
    void (*decided)(void *st, const struct bulk_result *r);
    void *decided_st;
};

// The document is whole->p + FETCH_DOC_OFFSET .. whole->n: the members of a JSON object.
enum sink_answer sink_put(struct sink *s, str id, struct buf *whole, struct bulk_item owner,
                          i64 now_ms);

#endif

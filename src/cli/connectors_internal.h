// SPDX-License-Identifier: Apache-2.0
// What the files of connectors.h share: the one state of a command, its requests, and its commands
// in two halves: before the seal (prompts, files) and after it (requests).
#ifndef CLI_CONNECTORS_INTERNAL_H
#define CLI_CONNECTORS_INTERNAL_H

#include "cli/connectors.h"
#include "cli/connectors_args.h"
#include "cli/connectors_entry.h"
#include "cli/console.h"
#include "cli/service_types.h"
#include "elastic/call.h"

struct connectors {
    struct start *s;
    struct options options; // as the functions of start.h want them
    struct connectors_args args;
    struct console console;
    struct elastic es;
    struct elastic_call call;
    struct arena texts;      // cells, values
    struct buf out;          // for standard output, printed at the end
    struct json_node *nodes; // CLI_NODES
    bool keyed;              // authenticated by an API key
    int file_fd;             // what is written after success; -1: nothing
    isize file_bytes;        // its size before
    // login
    str host, username, password, api_key;
    // connector create
    const struct service_type *type;
    str index, name, language;
    str values[SCHEMA_FIELDS_MAX]; // JSON text, in the order of the schema
    struct entry_place place;      // of the entry in the service's configuration
};

// ---- connectors_start.c
err connectors_open(struct connectors *c);   // memory, before any prompt
err connectors_config(struct connectors *c); // reads the file of -c; CLI_LOGIN_MISSING
err connectors_reach(struct connectors *c);  // destination, loop, credentials
err connectors_seal(struct connectors *c);
err connectors_load_yaml(struct connectors *c, str name, str text); // into s->config
str connectors_path(struct connectors *c, str path);                // with a NUL behind it

// ---- connectors_call.c
// Empties c->call; the caller writes target and body and then asks.
void connectors_begin(struct connectors *c, str method);
err connectors_ask(struct connectors *c); // waits for the answer; facts of an error in s->detail
// HEAD of an index or alias.
err connectors_exists(struct connectors *c, str index, bool *exists);
err connectors_ensure_indices(struct connectors *c); // the two of the service
err connectors_get(struct connectors *c, str index_and_verb, str id, err unknown);
err connectors_parse(struct connectors *c, struct json *j); // the answer
// A member as text, kept in c->texts: strings decoded, null and absent as "", others as they stand.
err connectors_text(struct connectors *c, const struct json *j, str path, str *out);
err connectors_copy(struct connectors *c, str s, str *out);
// Says in s->detail what an error is about, fit for a screen.
err connectors_about(struct connectors *c, str subject, err e);
void connectors_say(struct connectors *c, str before, str name, str behind); // a line of `out`

// ---- connectors_table.c
struct connectors_table {
    const char *const *head;
    const char *const *paths; // of the members within a hit
    int columns;
    str index;  // "/.elastic-connectors/_search"
    str query;  // JSON of the query
    str sort;   // JSON of the sort
    str fields; // JSON of _source
    str none;   // what is printed when there is nothing
};
err connectors_print_table(struct connectors *c, const struct connectors_table *t);

// ---- the commands
err connectors_login_prepare(struct connectors *c);
err connectors_login_run(struct connectors *c);
err connectors_list_run(struct connectors *c);
err connectors_index_list_run(struct connectors *c);
err connectors_index_prepare(struct connectors *c); // clean and delete
err connectors_index_clean_run(struct connectors *c);
err connectors_index_delete_run(struct connectors *c);
err connectors_job_start_run(struct connectors *c);
err connectors_job_list_run(struct connectors *c);
err connectors_job_view_run(struct connectors *c);
err connectors_job_cancel_prepare(struct connectors *c);
err connectors_job_cancel_run(struct connectors *c);
err connectors_create_prepare(struct connectors *c);
err connectors_create_run(struct connectors *c);

// ---- connectors_values.c
err connectors_values_ask(struct connectors *c);                        // prompts
err connectors_values_from_file(struct connectors *c);                  // --from-file
void connectors_put_configuration(struct connectors *c, struct buf *b); // schema with the values

#endif

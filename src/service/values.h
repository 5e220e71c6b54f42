// SPDX-License-Identifier: Apache-2.0
// What the record of a connector, or the snapshot in a job, says for the fields of a schema: values
// coerced to the types of the schema, and the checks that Kibana's users know
// (spec/configuration.md 5). Pure. What a source checks besides is its source_ops.configure.
//
// Label, required, depends_on, validations and default_value are the record's where it has them in
// the right type, else the schema's.
#ifndef SERVICE_VALUES_H
#define SERVICE_VALUES_H

#include "base/arena.h"
#include "base/plan.h"
#include "codec/json.h"
#include "codec/regex.h"
#include "source/schema.h"

struct values {
    struct field_value fields[SCHEMA_FIELDS_MAX]; // schema->count of them: source_setup.values
    // private
    const struct schema *schema;
    const struct json *json;
    int configuration;
    bool unreadable[SCHEMA_FIELDS_MAX]; // a number was expected
};

// Memory of the checks, carved at start; one for all records.
struct values_checker {
    struct regex_memory memory;
    struct regex_scratch *scratch;
    struct buf pattern;
    const char *waived; // key of a field that may be empty whatever its record says; NULL: none
};

void values_init(struct values_checker *c, struct plan *plan);

// `configuration` is the node of an object, or -1. Texts are parts of the JSON, of the schema, or
// decoded into `texts`; all three, and *j, must live as long as *v. VALUES_TOO_LARGE.
err values_read(struct values *v, const struct schema *schema, const struct json *j,
                int configuration, struct arena *texts);

// VALUES_MISSING: keys of the schema that the record has not; `detail` is the whole message.
err values_missing(const struct values *v, struct buf *detail);

// VALUES_INVALID: `detail` is the whole message, "Invalid configuration: item; item". Fields are
// looked at in the order of the record; values of sensitive fields are not told.
err values_check(const struct values *v, struct values_checker *c, struct buf *detail);

// The text form of any JSON value as Python's str() gives it: True, None, ['a', 1]. Numbers with an
// exponent are left as they are.
void values_put_python(struct buf *b, const struct json *j, int node);

#endif

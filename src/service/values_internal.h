// SPDX-License-Identifier: Apache-2.0
// Between values.c, which reads, and values_check.c, which judges: where a record says something
// about a field.
#ifndef SERVICE_VALUES_INTERNAL_H
#define SERVICE_VALUES_INTERNAL_H

#include "service/values.h"

// A JSON value: a node of the record, or of something small that was parsed here.
struct values_node {
    const struct json *json;
    int node;
};

// What the record has under the field's key, or else under its alias; -1: nothing.
int values_entry(const struct values *v, int field);
// The field object of the record; -1 when it has none, or something that is no object.
int values_object(const struct values *v, int field);
// A property of it, when it is of one of the types; -1: the schema's counts.
int values_property(const struct values *v, int field, str name, enum json_type type);

bool values_is_required(const struct values *v, int field);

enum values_met {
    VALUES_MET,
    VALUES_UNMET,
    VALUES_NO_FIELD, // one depends on something that does not exist: *missing
};
enum values_met values_dependencies(const struct values *v, int field, struct values_node *missing);

// Whether a coerced value is what this JSON value says, as Python compares: True == 1.
bool values_equal(const struct values *v, int field, struct values_node constant);

#endif

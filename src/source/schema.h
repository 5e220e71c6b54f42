// SPDX-License-Identifier: Apache-2.0
// The configuration of a service type as Kibana shows it: a constant table of fields with the 13
// properties that each field object has (spec/configuration.md 4), and the values that one record
// gives them. Each source has its table; what validates and registers it is service/.
#ifndef SOURCE_SCHEMA_H
#define SOURCE_SCHEMA_H

#include "base/str.h"
#include "limits.h"

enum field_type { FIELD_STR, FIELD_INT, FIELD_BOOL, FIELD_LIST };

// A field counts only when another one has this value (as JSON text: "\"outlook_cloud\"", "true").
struct field_dependency {
    const char *key, *value_json;
};

struct field {
    const char *key, *label, *tooltip; // tooltip NULL: null
    const char *alias;                 // a key that counts where the record has not this one
    const char *display;               // "text", "textarea", "toggle", "dropdown", "numeric"
    enum field_type type;
    bool optional; // `required` is true for every field of both sources: false here
    bool sensitive;
    const char *value_json;                // what it has before anybody sets it
    const char *options_json;              // NULL: []
    const char *validations_json;          // NULL: []
    const char *restrictions_json;         // ui_restrictions; NULL: []
    struct field_dependency depends_on[2]; // key NULL: none
};

// What one record says for a field, coerced to the field's type; in the order of the table.
struct field_value {
    str text;    // of FIELD_STR, decoded; of FIELD_LIST: elements joined by '\n'
    i64 number;  // of FIELD_INT
    bool flag;   // of FIELD_BOOL
    bool empty;  // "", null, or an empty list: false and 0 are not
    bool active; // its dependencies are met: what is not active is neither checked nor used
};

struct schema {
    const struct field *fields; // order 1.. as they stand
    int count;
    bool advanced_rules; // features.sync_rules.advanced
};

#endif

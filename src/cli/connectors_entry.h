// SPDX-License-Identifier: Apache-2.0
// One more entry at the end of `connectors` of a service's config.yml, without touching a byte of
// what is there: only where that list is the last thing in the file, or absent. Everywhere else the
// caller says what is to be added by hand.
#ifndef CLI_CONNECTORS_ENTRY_H
#define CLI_CONNECTORS_ENTRY_H

#include "cli/config_tree.h"

struct entry_place {
    bool known;    // else it cannot be appended
    bool line_end; // the file's last line has none
    bool head;     // `connectors:` itself is missing
    isize indent;  // blanks before the dash
};

struct connector_entry {
    str id, service_type, api_key; // api_key empty: none
};

// `tree` is scratch; libyaml's memory is open (yaml_heap.h). `combined` is scratch for the text
// with an entry, which is parsed to see that the entry is one more of the list.
struct entry_place connectors_entry_find(struct config_tree *tree, str text, struct buf *combined);

void connectors_entry_put(struct buf *b, const struct entry_place *place,
                          const struct connector_entry *entry);

#endif

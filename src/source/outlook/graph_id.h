// SPDX-License-Identifier: Apache-2.0
// Ids of items, folders and attachments: EWS writes in base64 what Graph writes in base64url
// (spec/wire-graph.md 5), so that an index goes on whichever of the two reads the mailbox. An id
// has letters, digits, those two characters and '=', and at most UNIT_ID_BYTES; anything else is
// none.
//
// Each put appends and is true, or is false: then nothing was appended, for there is no such id or
// the buffer was too small (it sticks).
#ifndef SOURCE_OUTLOOK_GRAPH_ID_H
#define SOURCE_OUTLOOK_GRAPH_ID_H

#include "codec/json.h"

bool graph_id_put_ews(struct buf *b, str id);  // of one as Graph writes it
bool graph_id_put_rest(struct buf *b, str id); // of one as EWS writes it

// As EWS writes it, the member "id" of a JSON object.
bool graph_id_put_of(const struct json *j, int object, struct buf *b);

// The same of an element of which only the first bytes are there.
bool graph_id_find(struct buf *b, str text);

#endif

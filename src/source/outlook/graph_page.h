// SPDX-License-Identifier: Apache-2.0
// A page of items in the lane's buffer: each element of "value" is collected whole, shaped, and its
// document put in the place of the element, behind those before it; when the page was whole they
// are handed over one by one. What the buffer is too small for is kept, and tried again in a larger
// one; an item that fits the largest one not even alone is corrupt, and the others go on.
//
// In the buffer: GRAPH_FRONT_BYTES, with what the answer says besides its elements (later they are
// the room that a document needs around it); records of items, each with its document; the element
// in hand; behind it what shaping needs.
#ifndef SOURCE_OUTLOOK_GRAPH_PAGE_H
#define SOURCE_OUTLOOK_GRAPH_PAGE_H

#include "source/outlook/graph_fetch.h"
#include "source/outlook/graph_item.h"

#define GRAPH_FRONT_BYTES (FETCH_DOC_OFFSET + FETCH_DOC_TAIL)

str graph_page_owner(const struct outlook *o, const struct fetch *f); // empty: nobody is named

// What the elements of a unit are shaped by.
struct graph_shape graph_page_shape(const struct outlook *o, const struct fetch *f,
                                    const struct unit *unit);

// Before each answer that has elements, and whenever the buffer may have moved.
void graph_page_begin(struct fetch *f);
void graph_page_place(struct fetch *f);

// The answer, and the handling of its elements: of a page of items, or with `each` of anything
// (true: the element was read). LANE_TOO_SMALL as source.h says.
err graph_page_body(struct outlook *o, struct fetch *f, str *in);
err graph_page_rest(struct outlook *o,
                    struct fetch *f); // an element that waits for a larger buffer

// The element in hand is dealt with.
void graph_page_next_element(struct fetch *f);

// The answer of a page was whole: its items can be handed over, or it is to be asked for again.
err graph_page_end(struct outlook *o, struct fetch *f);

// The next item; false: all were handed over.
bool graph_page_hand_over(struct fetch *f);

#endif

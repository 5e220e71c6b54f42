// SPDX-License-Identifier: Apache-2.0
// What an answer of Graph says besides its elements (spec/wire-graph.md 2 and 7): of a page where
// it goes on, of a refusal why. Both read what json_stream leaves over (elements_of "value").
#ifndef SOURCE_OUTLOOK_GRAPH_ANSWER_H
#define SOURCE_OUTLOOK_GRAPH_ANSWER_H

#include "codec/json.h"
#include "limits.h"

enum graph_link {
    GRAPH_LINK_NONE,  // the last page of a listing that has no delta
    GRAPH_LINK_NEXT,  // @odata.nextLink: the listing goes on there
    GRAPH_LINK_DELTA, // @odata.deltaLink: all was listed; changes will be there
};

// The end of a page. The link is appended to `link` as it stands (an absolute URL); nextLink counts
// when both are there. Errors: GRAPH_ANSWER when there is no array "value" or a link is no string,
// what graph_error_from() says when the page ends with an error within a 200, GRAPH_LINK when
// `link` is too small. Nothing is appended on error.
err graph_answer_page(const struct json *j, enum graph_link *kind, struct buf *link);

// What Graph says when it refuses. Every text is cut to its bytes, at a whole character, without
// control characters; empty when it does not come. May be written to a log.
struct graph_words {
    str code;    // "ErrorItemNotFound"
    str inner;   // the innermost code of all the inner errors that has one
    str message; // in English
    u8 code_bytes[GRAPH_CODE_BYTES], inner_bytes[GRAPH_CODE_BYTES],
        message_bytes[GRAPH_MESSAGE_BYTES];
};

// The body of an answer that is no success. A body that is none of Graph's has no words.
void graph_answer_words(const struct json *j, struct graph_words *out);

// err for the answer, from its status and its words (source/outlook/graph_error.h).
err graph_answer_error(int status, const struct graph_words *w);

#endif

// SPDX-License-Identifier: Apache-2.0
// The text of an attachment by the text extraction service (documents.md 6): its content, decoded
// in the lane's buffer as it came, is the body of PUT <host>/extract_text/; the "extracted_text" of
// the answer becomes the member "body" of the document. Whatever goes wrong there costs only the
// text: `body` is empty then.
//
// With file pointers (outlook_files) the content goes into a file before the first attempt, and the
// request names that. It is emptied when the last attempt is over, or the run.
//
// In the buffer, one after the other: the document's members, the content (until the answer was
// whole: an attempt that broke off is made again), what else the answer says, and the text.
#ifndef SOURCE_OUTLOOK_OUTLOOK_EXTRACT_H
#define SOURCE_OUTLOOK_OUTLOOK_EXTRACT_H

#include "codec/base64.h"
#include "codec/json.h"
#include "source/outlook/outlook_state.h"

// Part of outlook_fetch, for the attachment in hand; zeroed but for `from` and `wanted`.
struct outlook_extract {
    bool wanted; // the content is for the service
    bool ready;  // it is there: the service is to be asked
    isize from;  // where it begins in the lane's buffer: behind the members
    isize bytes;
    struct base64_decoder decoder;
    bool filed; // the content is in this one of the source's files, and no longer here
    int file;
    i64 asked_ms; // the last time, where `asked`
    bool asked;
    // The answer.
    int status;
    bool answering; // its room is made
    bool broken, too_large;
    bool open, seen; // the text is coming; has come
    struct json_stream stream;
    struct buf rest;  // EXTRACT_REST_BYTES behind the content
    isize text_from;  // ,"body":"...
    u8 character[4];  // one that is not whole yet
    isize characters; // bytes of it
};

// Base64 without anything else in it, in chunks.
void outlook_extract_take(struct outlook_extract *ex, struct buf *data, str base64);

// The content has ended. Without any there is no text, and nobody is asked.
void outlook_extract_content_end(struct outlook_extract *ex, struct buf *data);

// Fills in the exchange, but for `about`. EXTRACT_TIMEOUT: the attempt before took as long as one
// may; EXTRACT_SPACE, EXTRACT_FILE. Then it is without text.
err outlook_extract_ask(struct outlook *o, struct outlook_extract *ex, struct buf *data, i64 now_ms,
                        struct exchange *x);
void outlook_extract_head(struct outlook *o, struct outlook_extract *ex,
                          const struct http_head *head);
err outlook_extract_body(struct outlook_extract *ex, struct buf *data, str *in); // LANE_TOO_SMALL

// The answer was whole: the member, in place of the content. Not OK: why the text is missing.
err outlook_extract_end(struct outlook *o, struct outlook_extract *ex, struct buf *data);

// All attempts were in vain.
void outlook_extract_fail(struct outlook *o, struct outlook_extract *ex, struct buf *data);

// Nothing is asked any more: its file is emptied, if it has one. The second: all of the source's.
void outlook_extract_release(struct outlook *o, struct outlook_extract *ex);
void outlook_extract_clear(struct outlook *o);

#endif

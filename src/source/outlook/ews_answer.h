// SPDX-License-Identifier: Apache-2.0
// The frame of an answer of Exchange Web Services (SOAP 1.1; spec/wire-ews.md 2, 13): envelope,
// fault, and one response message for each thing that was asked for, with its code. What a message
// holds besides is handed on element by element.
//
// The answer is hostile until parsed: codes and texts are bounded and cut, and an answer that is no
// envelope is EWS_ANSWER, whatever its status.
#ifndef SOURCE_OUTLOOK_EWS_ANSWER_H
#define SOURCE_OUTLOOK_EWS_ANSWER_H

#include "base/buf.h"
#include "codec/xml.h"
#include "source/outlook/ews_tags.h"

enum ews_event {
    EWS_MORE,        // feed more
    EWS_START,       // an element of the message's content: a->tag, attributes by a->xml
    EWS_TEXT,        // a piece of it: a->xml.text
    EWS_END,         // a->tag
    EWS_MESSAGE_END, // a response message has ended: a->index, a->error
    EWS_DONE,        // the envelope has ended
    EWS_BAD,         // no such answer
};

enum { EWS_VERSION_PARTS = 4 };

struct ews_answer {
    struct xml xml;
    enum ews_tag tag; // of START and END; OTHER too when it is not of Exchange's namespaces
    int level;        // of its element: 1 is a child of the response message
    int index;        // of the response message in hand, from 0; -1: none yet
    err error;        // of that message, or of the fault
    i64 pause_ms;     // that Exchange asks for (BackOffMilliseconds); 0: none
    bool fault;       // the whole answer is a refusal
    bool envelope;    // seen
    bool body;        // within
    u8 part;          // private: which text is being gathered
    u8 value;         // private: which t:Value it is
    bool warning;     // ResponseClass of the message in hand is not Error
    bool success;
    int version[EWS_VERSION_PARTS]; // of the server, from the header: 15.1.2507.6; 0.0: not said
    struct buf code, text, number;  // code and words of the message or fault; a t:Value
    u8 code_bytes[EWS_CODE_BYTES], text_bytes[EWS_TEXT_BYTES], number_bytes[EWS_CODE_BYTES];
};

void ews_answer_start(struct ews_answer *a);
enum ews_event ews_answer_next(struct ews_answer *a, str *in);

// Code and words of the message or fault in hand, for people.
void ews_answer_put_words(const struct ews_answer *a, struct buf *detail);

#endif

// SPDX-License-Identifier: Apache-2.0
// What the parts of the XML reader share: the states of codec/xml.c, and what each step does at its
// end. Nobody else includes this.
#ifndef CODEC_XML_INTERNAL_H
#define CODEC_XML_INTERNAL_H

#include "codec/xml.h"

enum xml_state {
    XML_IN_PROLOG, // before the root
    XML_IN_TEXT,   // of an element
    XML_IN_EPILOG, // behind the root
    XML_IN_CDATA,
    XML_IN_REFERENCE, // behind &
    XML_AT_MARKUP,    // behind <
    XML_AT_BANG,      // behind <!
    XML_IN_COMMENT,
    XML_AT_TARGET, // behind <?
    XML_IN_INSTRUCTION,
    XML_IN_DECLARATION, // behind <?xml
    XML_IN_START_TAG,
    XML_IN_END_TAG,
};

static inline void xml_take(str *in, isize n)
{
    *in = (str){in->p + n, in->n - n};
}

static inline enum xml_event xml_fail(struct xml *x, err e)
{
    x->error = e;
    return XML_BAD;
}

static inline enum xml_event xml_piece(struct xml *x, str text)
{
    x->text = text;
    return XML_TEXT;
}

// The next n bytes, as they are.
static inline enum xml_event xml_piece_of(struct xml *x, str *in, isize n)
{
    x->text = (str){in->p, n};
    xml_take(in, n);
    return XML_TEXT;
}

#endif

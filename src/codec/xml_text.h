// SPDX-License-Identifier: Apache-2.0
// The text of elements, as steps of the machine in codec/xml.c: each takes bytes off the front of
// *in (not empty), at least one or it changes the state, and maybe yields XML_TEXT, or XML_BAD with
// XML_SYNTAX for a malformed reference. Line ends, references, forbidden characters and bytes that
// are not UTF-8 are treated as xml.h says.
#ifndef CODEC_XML_TEXT_H
#define CODEC_XML_TEXT_H

#include "codec/xml.h"

enum xml_event xml_text_step(struct xml *x, str *in);           // XML_IN_TEXT
enum xml_event xml_text_step_reference(struct xml *x, str *in); // XML_IN_REFERENCE
enum xml_event xml_text_step_cdata(struct xml *x, str *in);     // XML_IN_CDATA

#endif

// SPDX-License-Identifier: Apache-2.0
// One whole tag of XML: its name, attributes and namespaces. Under codec/xml.c, which finds where
// tags begin and end; the parts of struct xml that name an element are written here.
#ifndef CODEC_XML_TAG_H
#define CODEC_XML_TAG_H

#include "codec/xml.h"

void xml_tag_init(struct xml *x);

// `tag` is what stands between < and >, or between </ and >. A start tag opens an element: its
// name and attributes are in *x, x->empty says that it ends at once. An end tag has to be that of
// the open element, and names it; it stays open until xml_tag_leave().
// XML_SYNTAX, XML_DUPLICATE, XML_ATTRIBUTES, XML_NAMESPACES, XML_TOO_DEEP, XML_TAG_SIZE (values);
// XML_MISMATCH.
err xml_tag_start(struct xml *x, str tag);
err xml_tag_end(struct xml *x, str tag);
void xml_tag_leave(struct xml *x);

// `text` is what stands between <?xml and ?>. XML_SYNTAX, XML_ATTRIBUTES, XML_TAG_SIZE, and
// XML_ENCODING.
err xml_tag_declaration(struct xml *x, str text);

#endif

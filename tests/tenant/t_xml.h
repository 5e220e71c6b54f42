// SPDX-License-Identifier: Apache-2.0
// XML for the fake tenant: a strict reader that makes a small tree with namespaces resolved.
//
// Refused, so that a client's mistake shows: DOCTYPE, unknown entities, undeclared prefixes,
// repeated attributes, characters that XML 1.0 forbids, anything not UTF-8, more than T_XML_DEPTH
// levels.
#ifndef TENANT_XML_H
#define TENANT_XML_H

#include "t_mem.h"

#define T_XML_DEPTH 64
#define T_XML_BINDINGS 128

enum t_ns { T_NS_NONE, T_NS_SOAP, T_NS_M, T_NS_T, T_NS_OTHER }; // EWS's, and every other

struct t_xml_attr {
    enum t_ns ns;
    str name;    // of the input
    isize at, n; // of text
};

struct t_xml_node {
    enum t_ns ns;
    str name;
    int parent, first, last, next; // -1: none
    isize at, n;                   // character data, of text; only of nodes without children
    int attr, attr_count;
    isize offset; // of its tag in the input
    bool mixed;   // text beside children, other than blanks
};

struct t_xml {
    str in;
    struct t_xml_node *nodes;
    struct t_xml_attr *attrs;
    int node_count, node_cap, attr_count, attr_cap;
    struct t_buf text;
    const char *error; // NULL: well-formed
    isize error_at;
};

bool t_xml_parse(str in, struct t_xml *x); // node 0 is the root; free it either way
void t_xml_free(struct t_xml *x);

str t_xml_text(const struct t_xml *x, int node);
str t_xml_attr(const struct t_xml *x, int node, const char *name); // empty when absent
bool t_xml_has_attr(const struct t_xml *x, int node, const char *name);
bool t_xml_is(const struct t_xml *x, int node, const char *name);   // "m:FindItem", "t:", "s:"
int t_xml_child(const struct t_xml *x, int node, const char *name); // the first; -1: none
int t_xml_path(const struct t_xml *x, int node, const char *const *names); // NULL ends
void t_xml_position(const struct t_xml *x, isize offset, int *line, int *column);

#endif

// SPDX-License-Identifier: Apache-2.0
// expat's own settings, in place of what its configure would find: namespaces, document types, and
// nothing that differs from run to run (its hash secret is set by whoever makes a parser). For the
// tests only, which feed it nothing that they did not make.
#ifndef EXPAT_CONFIG_H
#define EXPAT_CONFIG_H

#define BYTEORDER 1234
#define XML_NS 1
#define XML_DTD 1
#define XML_GE 1
#define XML_CONTEXT_BYTES 1024
#define XML_POOR_ENTROPY 1

#endif

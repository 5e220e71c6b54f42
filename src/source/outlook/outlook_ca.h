// SPDX-License-Identifier: Apache-2.0
// The certificate field of the configuration (ssl_ca), as people paste it: in many lines, or with
// blanks instead of them (spec/configuration.md 5).
#ifndef SOURCE_OUTLOOK_OUTLOOK_CA_H
#define SOURCE_OUTLOOK_OUTLOOK_CA_H

#include "base/err.h"
#include "base/buf.h"

// Appends PEM with a line for each piece; nothing when there is no certificate in it. A text that
// does not fit sticks in the buffer.
void outlook_ca_normalise(struct buf *pem, str text);

#endif

// SPDX-License-Identifier: Apache-2.0
// JSON for people: a text laid out as Python's json.dumps(indent=N) does it, which is what the
// command lines that we replace print.
#ifndef CODEC_JSON_PRETTY_H
#define CODEC_JSON_PRETTY_H

#include "base/buf.h"

// Appends `json` (one valid value, no deeper than JSON_DEPTH_MAX) with `indent` blanks a level and
// no line end behind it. Scalars are copied as they are. A full buffer sticks; a text that is no
// JSON is laid out without sense, but within its bounds.
void json_pretty_put(struct buf *b, str json, int indent);

#endif

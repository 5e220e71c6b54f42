// SPDX-License-Identifier: Apache-2.0
// Every bound of the program, each with its reason; sizes that add up to the memory that is taken at
// start. `mailferry limits` prints the pools with these numbers. Configurable ones are defaults here
// and say so. Sections follow the layers.
#ifndef LIMITS_H
#define LIMITS_H

#include "base/types.h"

// ---- codec
#define JSON_DEPTH_MAX 64 // nesting of a JSON value; the APIs spoken need 8
#define MIME_DEPTH_MAX 32 // nested multiparts: real mail stays below 10
#define MIME_PARTS_MAX 1000 // parts looked at in one mail; then the raw mail is taken
#define MIME_SCRATCH_BYTES KIB(64) // tables of a mail besides its text

// ---- codec/http1
#define HTTP_HEAD_BYTES KIB(16) // status line and headers of an answer
#define HTTP_HEADERS_MAX 100
#define HTTP_CHUNK_LINE_BYTES 256 // size and extensions of one chunk
#define HTTP_TRAILER_BYTES KIB(4)

// ---- net

// ---- elastic

// ---- source/gmail

// ---- sync

// ---- cli

#endif

// SPDX-License-Identifier: Apache-2.0
// Every error of the program: ERR(NAME, CLASS, "what happened", "what to do about it").
// Included with ERR defined; one section a module, in the order of the layers. The first entry is
// success. A class is policy (base/err.h): choose it by what should happen next, not by the cause.
// clang-format off
ERR(NONE, NONE, "no error", "")

// base
ERR(BUF_FULL, LIMIT, "a buffer is full", "raise the limit that the message names, or report it")
ERR(ARENA_FULL, LIMIT, "a scratch arena is full", "report it with the input that caused it")
ERR(IDSET_FULL, LIMIT, "the id set is full", "raise limits.ids in config.yml: nothing is deleted while it is too small")

// codec/base64 codec/url codec/json codec/json_write codec/gzip

// codec/http1

// codec/mime codec/charset

// os net/dns net/conn net/tls net/loop net/proxy

// elastic

// source/gmail

// sync

// cli

// clang-format on

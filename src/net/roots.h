// SPDX-License-Identifier: Apache-2.0
//
// The Mozilla root certificates, as read-only data of the image.
//
// What this is: the interface to build/gen/roots.c, which third_party/roots/roots.c writes from the
// certdata.txt of the pinned ca-certificates archive. Only roots that Mozilla trusts to issue
// server certificates are in it. Nothing is parsed or copied at start: the index is looked up by
// the DER bytes of a subject, the certificate is parsed where it lies. Order: by subject length,
// then by memcmp of the subject bytes; roots that share a subject (a reissued key) are neighbours.
// A look-up therefore is a binary search, then a walk to both sides. Bounds: fixed when the image
// is built; the recipe checks the expected count.
#ifndef MAILFERRY_NET_ROOTS_H
#define MAILFERRY_NET_ROOTS_H

#include <stdint.h>

struct root_entry {
    uint32_t offset_bytes;         // of the whole certificate within roots_der
    uint32_t subject_offset_bytes; // of the DER Name (with its SEQUENCE header) within roots_der
    uint16_t length_bytes;
    uint16_t subject_length_bytes;
    // A chain to this root is refused when its leaf's notBefore is later than this (Mozilla's
    // CKA_NSS_SERVER_DISTRUST_AFTER), in seconds since 1970; 0: no such date.
    int64_t distrust_after_s;
};

extern const uint8_t roots_der[];
extern const struct root_entry roots_index[];
extern const uint32_t roots_count;
// The release of ca-certificates that the roots were taken from, for `mailferry version`.
extern const char roots_release[];

#endif

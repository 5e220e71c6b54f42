// SPDX-License-Identifier: Apache-2.0
// The parts of a mail (RFC 2046) as a table in the order in which they stand, and which of them may
// be its text. Found in one pass over the lines that start with two dashes, without recursion.
// Bounds: MIME_PARTS_MAX parts, MIME_DEPTH_MAX open multiparts; beyond them MIME_NESTING.
#ifndef CODEC_MIME_TREE_H
#define CODEC_MIME_TREE_H

#include "base/arena.h"
#include "base/err.h"
#include "codec/mime_head.h"

enum mime_text {
    MIME_TEXT_NONE,
    MIME_TEXT_PLAIN,
    MIME_TEXT_HTML,
};

struct mime_part {
    isize head, body, end; // offsets into the mail: header block, body, behind the body
    int parent;            // -1: the mail itself
    int root;              // the part that stands for a multipart/related, -1 otherwise
    u8 text;               // enum mime_text
    bool readable;         // no attachment, not inside one, no mere companion in a related
    bool related, digest, multipart;
    bool root_named;            // `root` is the one that the start parameter names
} __attribute__((aligned(16))); // as the arena aligns, so that parts taken one by one are a table

struct mime_tree {
    struct mime_part *parts; // in scratch
    isize count;
    struct mime_head head; // of the mail itself
};

// ARENA_FULL, MIME_NESTING.
err mime_tree_read(str raw, struct arena *scratch, struct mime_tree *out);

#endif

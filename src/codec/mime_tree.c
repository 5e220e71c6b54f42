// SPDX-License-Identifier: Apache-2.0
// The parts of a mail; mime_tree.h has the contract. What CPython's parser makes of broken
// structure holds here too: an outer boundary ends everything inside, boundaries that follow each
// other are one, what follows the last boundary is nobody's, and a body reaches to the end when its
// boundary lacks.
#include "codec/mime_tree.h"

#include <string.h>

#include "codec/mime_param.h"
#include "codec/mime_scan.h"

struct level {
    int part; // the multipart
    bool has_start;
    u64 start_hash; // of the Content-ID that its start parameter names
};

struct walk {
    str raw;
    struct arena *scratch;
    struct mime_tree *tree;
    struct mime_boundaries open;
    struct level levels[MIME_DEPTH_MAX];
    u8 *boundary_bytes; // MIME_BOUNDARY_BYTES for each level
    int leaf;           // the part whose body is being passed, -1 in a preamble or epilogue
};

// FNV-1a: tells the Content-IDs of one mail apart; a clash only picks another root part.
static u64 hash_of(str s)
{
    u64 h = 0xCBF29CE484222325;
    for (isize i = 0; i < s.n; i++) {
        h = (h ^ s.p[i]) * 0x100000001B3;
    }
    return h;
}

// Type and subtype of a Content-Type: text/plain unless there is exactly one slash.
static void split_type(str type, str *kind, str *sub)
{
    bool found;
    *sub = str_cut(type, '/', kind, &found);
    if (!found || str_find_byte(*sub, '/') >= 0) {
        *kind = S("text");
        *sub = S("plain");
    }
}

// One level of quotes or angle brackets, as CPython takes off a boundary, and blanks at the end.
static str bare_boundary(str b)
{
    u8 a = b.n > 1 ? b.p[0] : 0;
    u8 z = b.n > 1 ? b.p[b.n - 1] : 0;
    if ((a == '"' && z == '"') || (a == '<' && z == '>')) {
        b = str_slice(b, 1, b.n - 1);
    }
    for (; b.n; b.n--) {
        u8 c = b.p[b.n - 1];
        if (c != ' ' && (c < 9 || c > 13) && (c < 0x1C || c > 0x1F)) {
            break;
        }
    }
    return b;
}

// Opens the multipart `at` if it names a boundary.
static err open_level(struct walk *w, int at, str type, struct buf *value)
{
    if (!mime_param_get(type, S("boundary"), value)) {
        return OK;
    }
    str boundary = bare_boundary(buf_str(value));
    if (w->open.count == MIME_DEPTH_MAX || boundary.n > MIME_BOUNDARY_BYTES) {
        return FAIL(MIME_NESTING);
    }
    isize k = w->open.count++;
    u8 *copy = w->boundary_bytes + k * MIME_BOUNDARY_BYTES;
    if (boundary.n) {
        memcpy(copy, boundary.p, (size_t)boundary.n);
    }
    w->open.boundary[k] = (str){copy, boundary.n};
    w->levels[k] = (struct level){.part = at};
    buf_reset(value);
    if (w->tree->parts[at].related && mime_param_get(type, S("start"), value) && value->n) {
        w->levels[k].has_start = true;
        w->levels[k].start_hash = hash_of(buf_str(value));
    }
    return OK;
}

// What the fields of part `at` say about it.
static err classify(struct walk *w, int at, const struct mime_head *head)
{
    struct mime_part *part = &w->tree->parts[at];
    struct arena before = *w->scratch;
    str type;
    str disposition;
    TRY(mime_param_unfold(head->value[MIME_CONTENT_TYPE], w->scratch, &type));
    TRY(mime_param_unfold(head->value[MIME_CONTENT_DISPOSITION], w->scratch, &disposition));
    u8 *room = arena_try_n(w->scratch, u8, type.n + 1);
    if (!room) {
        return FAIL(ARENA_FULL);
    }
    bool in_digest = part->parent >= 0 && w->tree->parts[part->parent].digest;
    str kind = in_digest ? S("message") : S("text");
    str sub = in_digest ? S("rfc822") : S("plain");
    if (head->name[MIME_CONTENT_TYPE].n) {
        split_type(mime_param_head(type), &kind, &sub);
    }
    part->readable = !str_eq_nocase(mime_param_token(disposition), S("attachment")) &&
                     (part->parent < 0 || w->tree->parts[part->parent].readable);
    if (str_eq_nocase(kind, S("text"))) {
        part->text = str_eq_nocase(sub, S("plain"))  ? MIME_TEXT_PLAIN
                     : str_eq_nocase(sub, S("html")) ? MIME_TEXT_HTML
                                                     : MIME_TEXT_NONE;
    }
    err e = OK;
    if (str_eq_nocase(kind, S("multipart"))) {
        part->multipart = true;
        part->related = str_eq_nocase(sub, S("related"));
        part->digest = str_eq_nocase(sub, S("digest"));
        struct buf value = buf_over(room, type.n + 1);
        e = open_level(w, at, type, &value);
    }
    *w->scratch = before;
    return e;
}

// Notes the child `at` as the root of a related parent: the first one, or the first one that has
// the Content-ID asked for.
static err note_root(struct walk *w, const struct level *level, int at, str content_id)
{
    struct mime_part *parent = &w->tree->parts[level->part];
    if (parent->root < 0) {
        parent->root = at;
    }
    if (!level->has_start || parent->root_named || !content_id.n) {
        return OK;
    }
    struct arena before = *w->scratch;
    str id;
    TRY(mime_param_unfold(content_id, w->scratch, &id));
    if (hash_of(id) == level->start_hash) {
        parent->root = at;
        parent->root_named = true;
    }
    *w->scratch = before;
    return OK;
}

// Reads the head of the entity at `at`, a child of the innermost open level or the mail itself.
static err enter(struct walk *w, isize at, isize *body)
{
    if (w->tree->count == MIME_PARTS_MAX) {
        return FAIL(MIME_NESTING);
    }
    int index = (int)w->tree->count++;
    const struct level *level = w->open.count ? &w->levels[w->open.count - 1] : NULL;
    struct mime_part *part = arena_try_n(w->scratch, struct mime_part, 1);
    if (!part) {
        return FAIL(ARENA_FULL);
    }
    w->tree->parts = index ? w->tree->parts : part;
    ASSERT(part == &w->tree->parts[index]); // nothing else stays in scratch
    *part = (struct mime_part){.head = at, .parent = level ? level->part : -1, .root = -1};
    struct mime_head head;
    part->body = mime_head_read(w->raw, at, &w->open, index == 0, &head);
    part->end = part->body;
    *body = part->body;
    if (index == 0) {
        w->tree->head = head;
    }
    if (level && w->tree->parts[level->part].related) {
        TRY(note_root(w, level, index, head.value[MIME_CONTENT_ID]));
    }
    isize levels = w->open.count;
    TRY(classify(w, index, &head));
    w->leaf = w->open.count > levels ? -1 : index;
    return OK;
}

// The body of the part that was being passed ends before `at`: the line break there is the
// boundary's.
static void leave(struct walk *w, isize at)
{
    if (w->leaf >= 0) {
        struct mime_part *part = &w->tree->parts[w->leaf];
        str body = str_slice(w->raw, part->body, at);
        part->end = part->body + (w->leaf ? mime_scan_chomp(body).n : body.n);
    }
    w->leaf = -1;
}

// The next boundary of any open level: its line, what follows it, which level, the last one or not.
struct boundary {
    isize line, after, level;
    bool close;
};

static struct boundary next_boundary(const struct walk *w, isize from)
{
    struct boundary b = {.level = -1};
    for (isize at = from; w->open.count;) {
        at = mime_scan_dashes(w->raw, at);
        if (at == w->raw.n) {
            break;
        }
        b.line = at;
        b.level = mime_boundary_match(w->raw, at, &w->open, &b.close, &b.after);
        if (b.level >= 0) {
            return b;
        }
        at = mime_scan_after_eol(w->raw, mime_scan_eol(w->raw, at));
    }
    b.line = w->raw.n;
    return b;
}

// Boundary lines of the same level that follow at once make no part of their own.
static isize skip_repeated(const struct walk *w, struct boundary b)
{
    isize at = b.after;
    while (str_starts(str_from_index(w->raw, at), S("--"))) {
        bool close;
        isize after;
        if (mime_boundary_match(w->raw, at, &w->open, &close, &after) != b.level) {
            break;
        }
        at = after;
    }
    return at;
}

// A companion in a related, and all that is in it, is not text to choose from.
static void mark_companions(struct mime_tree *tree)
{
    for (isize i = 0; i < tree->count; i++) {
        struct mime_part *part = &tree->parts[i];
        if (part->parent >= 0) {
            const struct mime_part *parent = &tree->parts[part->parent];
            bool companion = parent->related && parent->root != i;
            part->readable = part->readable && parent->readable && !companion;
        }
    }
}

err mime_tree_read(str raw, struct arena *scratch, struct mime_tree *out)
{
    *out = (struct mime_tree){0};
    struct walk w = {.raw = raw, .scratch = scratch, .tree = out, .leaf = -1};
    w.boundary_bytes = arena_try_n(scratch, u8, MIME_DEPTH_MAX * MIME_BOUNDARY_BYTES);
    if (!w.boundary_bytes) {
        return FAIL(ARENA_FULL);
    }
    isize at;
    TRY(enter(&w, 0, &at));
    for (;;) {
        struct boundary b = next_boundary(&w, at);
        leave(&w, b.line);
        if (b.level < 0) {
            break;
        }
        if (b.close) {
            w.open.count = b.level;
            at = b.after;
        } else {
            w.open.count = b.level + 1;
            TRY(enter(&w, skip_repeated(&w, b), &at));
        }
    }
    mark_companions(out);
    return OK;
}

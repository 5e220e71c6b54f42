// SPDX-License-Identifier: Apache-2.0
// Items out of an answer of Exchange (see outlook_items.h).
#include "source/outlook/outlook_items.h"

#include "source/outlook/outlook_folders.h"

str outlook_items_owner(const struct outlook *o, const struct fetch *f)
{
    str address = str_make(f->mailbox->address, f->mailbox->address_bytes);
    return o->run.document_level_security ? address : (str){0};
}

enum ews_kind outlook_items_kind(const struct fetch *f)
{
    return (enum ews_kind)f->units[0].kind;
}

void outlook_items_decide(struct outlook_fetch *of, int unit, enum fetch_verdict verdict, err e)
{
    of->results[unit] = (struct outlook_result){.verdict = verdict, .error = e};
    of->state[unit] = OUTLOOK_UNIT_READY;
}

// Items, and the item: its properties are one level deeper.
enum { LEVEL_ITEM = 2 };

// Which of the calendars below the first it is in, its ParentFolderId says.
static struct outlook_place items_place(const struct fetch *f, u8 folder)
{
    const struct outlook_mailbox *om = f->mailbox->state;
    bool below = folder == OUTLOOK_CHILD_CALENDARS;
    return (struct outlook_place){
        .mailbox = str_make(f->mailbox->address, f->mailbox->address_bytes),
        .above = below ? outlook_names_at(&om->names, OUTLOOK_CALENDAR) : (str){0},
        .folder = below ? (str){0} : outlook_names_at(&om->names, folder),
    };
}

static void items_begin_item(struct outlook *o, struct fetch *f, struct outlook_reader *r)
{
    struct outlook_fetch *of = f->state;
    const struct ews_answer *a = &r->answer;
    enum ews_kind kind;
    bool wanted = a->index < of->asked_count && of->message != a->index &&
                  outlook_item_kind(a->tag, &kind) && kind == outlook_items_kind(f);
    if (!wanted) {
        return;
    }
    int unit = of->asked[a->index];
    of->message = a->index;
    struct outlook_shape shape = {
        .kind = kind,
        .type = outlook_folder_type(f->units[unit].folder, kind),
        .owner = outlook_items_owner(o, f),
        .html_always = o->settings.html_always,
        .extended = o->settings.extended,
        .place = items_place(f, f->units[unit].folder),
        .parts = &of->parts,
        .unit = unit,
        .skip = of->asking == OUTLOOK_ASKING_REST ? of->rest_from : 0,
    };
    of->shaping = true;
    of->same = false;
    of->is_too_large = false;
    outlook_item_start(&r->item, &shape, a->level, &f->data);
}

static void items_end_item(struct fetch *f, struct outlook_reader *r)
{
    struct outlook_fetch *of = f->state;
    struct outlook_item *it = &r->item;
    int unit = of->asked[of->message];
    bool intact = of->asking == OUTLOOK_ASKING_REST || f->units[unit].intact;
    of->shaping = false;
    of->again = of->is_too_large && it->from > FETCH_DOC_OFFSET;
    if (of->again) { // alone it has more room
        outlook_parts_drop(&of->parts);
        f->data.n = it->from;
        return;
    }
    of->together |= of->asking == OUTLOOK_ASKING_ITEMS ? (u32)1 << unit : 0;
    outlook_item_finish(it);
    if (of->is_too_large) {
        f->data.n = it->from;
        outlook_items_decide(of, unit, FETCH_CORRUPT, FAIL(EWS_TOO_LARGE));
    } else if (intact) {
        f->data.n = it->from;
        outlook_items_decide(of, unit, FETCH_UNCHANGED, OK);
    } else {
        outlook_items_decide(of, unit, FETCH_DOCUMENT, OK);
        of->results[unit] = (struct outlook_result){
            .verdict = FETCH_DOCUMENT,
            .from = it->from,
            .bytes = f->data.n - it->from,
            .timestamp_from = it->timestamp_from,
            .timestamp_bytes = it->timestamp_bytes,
        };
        // The next one's action line goes where this one's tail was, after it was handed over.
        f->data.n += FETCH_DOC_TAIL;
    }
    if (!of->same) {
        of->error = FAIL(EWS_ANSWER); // about another item than the one that was asked for
    }
}

static void items_end_message(struct fetch *f, const struct ews_answer *a)
{
    struct outlook_fetch *of = f->state;
    of->shaping = false;
    if (a->index >= of->asked_count) {
        of->error = FAIL(EWS_ANSWER);
        return;
    }
    int unit = of->asked[a->index];
    bool plain = of->state[unit] == OUTLOOK_UNIT_PLAIN;
    bool again = of->again;
    of->again = false;
    if (of->state[unit] == OUTLOOK_UNIT_READY || again) {
        return;
    }
    if (err_ok(a->error)) { // no item, or one that turned into another kind
        outlook_items_decide(of, unit, FETCH_CORRUPT, FAIL(EWS_CORRUPT));
    } else if (ews_error_is_gone(a->error)) { // not EWS_ID: Exchange itself has listed the id
        outlook_items_decide(of, unit, FETCH_GONE, OK);
    } else if (ews_error_is_corrupt(a->error) && (plain || f->units[unit].intact)) {
        outlook_items_decide(of, unit, FETCH_CORRUPT, a->error);
    } else if (ews_error_is_corrupt(a->error)) {
        of->state[unit] = OUTLOOK_UNIT_PLAIN;
    } else if (ews_error_reach(a->error) > EWS_REACH_FOLDER) { // or so it says: of this item
        bool denied = err_is(a->error, ERR_EWS_DENIED);
        of->refused++;
        of->refusal = err_ok(of->refusal) ? a->error : of->refusal;
        outlook_items_decide(of, unit, FETCH_UNDECIDED, denied ? FAIL(EWS_ITEM_DENIED) : a->error);
    } else if (!err_is(a->error, ERR_EWS_STOPPED)) {
        of->passing = err_ok(of->passing) ? a->error : of->passing;
    }
}

void outlook_items_event(struct outlook *o, struct fetch *f, struct outlook_reader *r,
                         enum ews_event event)
{
    struct outlook_fetch *of = f->state;
    const struct ews_answer *a = &r->answer;
    if (event == EWS_MESSAGE_END) {
        items_end_message(f, a);
        return;
    }
    if (event == EWS_START && a->level == LEVEL_ITEM && !of->shaping) {
        items_begin_item(o, f, r);
        return;
    }
    if (!of->shaping) {
        return;
    }
    if (event == EWS_END && a->level == LEVEL_ITEM) {
        items_end_item(f, r);
        return;
    }
    if (event == EWS_START && a->level == LEVEL_ITEM + 1 && a->tag == EWS_TAG_ItemId) {
        const struct unit *unit = &f->units[of->asked[of->message]];
        str id = xml_attribute(&a->xml, S("Id"), NULL);
        of->same = str_eq(id, str_make(unit->id, unit->id_bytes));
    }
    if (event == EWS_START && a->level == LEVEL_ITEM + 1 && a->tag == EWS_TAG_ParentFolderId &&
        f->units[of->asked[of->message]].folder == OUTLOOK_CHILD_CALENDARS) {
        r->item.shape.place.folder = outlook_folders_name(f->mailbox->state,
                                                          xml_attribute(&a->xml, S("Id"), NULL));
    }
    if (!of->is_too_large) {
        outlook_item_event(&r->item, a, event);
    }
}

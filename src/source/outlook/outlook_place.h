// SPDX-License-Identifier: Apache-2.0
// Where an item is, as documents of the extended form say it (README, "Exchange Online: Graph and
// EWS"). Pure.
#ifndef SOURCE_OUTLOOK_OUTLOOK_PLACE_H
#define SOURCE_OUTLOOK_OUTLOOK_PLACE_H

#include "base/buf.h"

// Where an item is, in the extended form: its mailbox, and the path of its folder. Empty: not
// known.
struct outlook_place {
    str mailbox;
    str above, folder; // display names; `above` empty: it is at the top
};

// A text that was cut may end within a character.
str outlook_whole_characters(struct buf *text);

// `mailbox` and `folder` of the extended form.
void outlook_put_place(struct buf *json, const struct outlook_place *place);

#endif

// SPDX-License-Identifier: Apache-2.0
// How the mailboxes of Exchange Online are read in a run: by Graph, or by EWS, which Microsoft is
// closing (spec/wire-ews.md 18). Decided once, by config.yml and by what the tokens permit.
#ifndef SOURCE_OUTLOOK_OUTLOOK_WAY_H
#define SOURCE_OUTLOOK_OUTLOOK_WAY_H

#include "source/outlook/outlook_state.h"

// There is a token for Graph: Graph is taken, or ASKING_EWS says that EWS comes into question and a
// token for it has to be asked for. Does nothing when it was decided.
void outlook_way_begin(struct outlook *o);

// What became of that token (`e`). OK when the way is decided, or when it is to be asked for again;
// OUTLOOK_PERMISSIONS, with the missing ones in x->detail, when neither can read.
err outlook_way_decide(struct outlook *o, err e, struct exchange *x);

#endif

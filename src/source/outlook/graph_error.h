// SPDX-License-Identifier: Apache-2.0
// Refusals of Microsoft Graph (spec/wire-graph.md 11): which error each one means, and how far it
// reaches. The code decides, the status only where the code is not known or says nothing: Exchange
// gives the same code with different statuses.
#ifndef SOURCE_OUTLOOK_GRAPH_ERROR_H
#define SOURCE_OUTLOOK_GRAPH_ERROR_H

#include "base/err.h"
#include "base/str.h"

// What else an error says about.
enum graph_reach {
    GRAPH_REACH_PASSING, // weather: this exchange, now
    GRAPH_REACH_ITEM,    // what was asked for: one item or attachment, or one listing
    GRAPH_REACH_FOLDER,  // this folder, calendar or list
    GRAPH_REACH_MAILBOX,
    GRAPH_REACH_SOME, // this mailbox, or all of them if no other one works
    GRAPH_REACH_TENANT,
};

// `status` of an answer that is no success (a 200 that ends with an error counts as 500), code and
// innermost code ("" when there is none). The message only tells one reason for a 403 from another.
err graph_error_from(int status, str code, str inner, str message);
enum graph_reach graph_error_reach(err e);

// What was asked for is positively not there, or nobody can read it: nothing is lost by going on.
// An id that Graph has given and does not take is no absence.
bool graph_error_is_gone(err e);    // GRAPH_GONE
bool graph_error_is_corrupt(err e); // GRAPH_CORRUPT, GRAPH_ID

#endif

// SPDX-License-Identifier: Apache-2.0
// The response codes of Exchange Web Services (spec/wire-ews.md 13): which error each one means,
// and how far it reaches.
#ifndef SOURCE_OUTLOOK_EWS_ERROR_H
#define SOURCE_OUTLOOK_EWS_ERROR_H

#include "base/err.h"
#include "base/str.h"

// What else an error says about.
enum ews_reach {
    EWS_REACH_PASSING, // weather: this exchange, now
    EWS_REACH_ITEM,    // this one item or attachment
    EWS_REACH_FOLDER,  // this folder
    EWS_REACH_MAILBOX,
    EWS_REACH_SOME, // this mailbox, or all of them if no other one works
    EWS_REACH_TENANT,
};

// OK for NoError. What is not in the table is EWS_CODE, which may pass.
err ews_error_from_code(str code);
enum ews_reach ews_error_reach(err e);

// What was asked for is not there any more, or cannot be read by anybody: nothing is lost by going
// on without it.
bool ews_error_is_gone(err e);
bool ews_error_is_corrupt(err e);

#endif

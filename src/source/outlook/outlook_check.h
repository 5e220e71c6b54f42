// SPDX-License-Identifier: Apache-2.0
// What `mailferry check` wants to know of Exchange and its directory hop by hop, beyond the steps
// of source.h: a login without any mailbox, how far a conversation came, what a mailbox shows.
#ifndef SOURCE_OUTLOOK_OUTLOOK_CHECK_H
#define SOURCE_OUTLOOK_OUTLOOK_CHECK_H

#include "source/outlook/outlook_call.h"

// Asks Exchange for something that every account may ask (ConvertId) and nobody has: an answer of
// Exchange's own proves address and login, whatever mailboxes there are. A machine of the loop.
struct outlook_check_login {
    void *src; // struct source's state
    struct outlook_call call;
    err error; // of the response message
    bool done, failed;
    bool oldest; // it refuses ours, without a word of its own version: asked by the oldest
    int version[EWS_VERSION_PARTS]; // that Exchange says, whatever else it says; 0.0: it does not
};

extern const struct machine_ops outlook_check_login_ops; // st = struct outlook_check_login

void outlook_check_put_login(struct buf *b, const void *src); // "as EXAMPLE\svc by NTLM"

// "Exchange Server 2016, 15.1.2507.6". false: it is older than 2013, which is what is asked for.
bool outlook_check_put_version(struct buf *b, const int version[EWS_VERSION_PARTS]);

// "as EXAMPLE\svc by simple bind"
void outlook_check_put_bind(struct buf *b, const void *src, const void *accounts);
bool outlook_check_is_delegate(const void *src); // full access, not impersonation

// Of an accounts state: ends after the first page of the first search; whether the directory has
// taken the login.
void outlook_check_shorten(void *accounts);
bool outlook_check_is_bound(const void *accounts);
i64 outlook_check_without_address(const void *accounts); // entries that were passed over

// The text extraction service, where the record asks for it: GET /ping/. A machine of the loop.
enum outlook_check_extracts { OUTLOOK_EXTRACTS_NOT, OUTLOOK_EXTRACTS_NOWHERE, OUTLOOK_EXTRACTS };
enum outlook_check_extracts outlook_check_extracts(const void *src); // NOWHERE: no host is known

struct outlook_check_ping {
    void *src;
    int status; // of the answer
    bool done, failed;
};

extern const struct machine_ops outlook_check_ping_ops; // st = struct outlook_check_ping

// Whether the folders of this mailbox are known; then what they are: "6 of 6 folders, Archive".
bool outlook_check_folders(struct mailbox *m, struct buf *b);

#endif

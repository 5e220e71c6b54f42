// SPDX-License-Identifier: Apache-2.0
// What an access token of Entra ID allows, as far as it can be read (spec/wire-graph.md 1): for
// telling people what to grant. Pure.
#ifndef SOURCE_OUTLOOK_ENTRA_ROLES_H
#define SOURCE_OUTLOOK_ENTRA_ROLES_H

#include "base/buf.h"

// Application permissions that a token has, as its `roles` claim names them; a permission to write
// counts as that to read. They tell people what is missing before it is missed; they decide
// nothing: permissions may also come from Exchange (RBAC for Applications) and are then in no
// token.
enum entra_role {
    ENTRA_ROLE_MAIL = 1 << 0,       // Mail.Read
    ENTRA_ROLE_CALENDARS = 1 << 1,  // Calendars.Read
    ENTRA_ROLE_CONTACTS = 1 << 2,   // Contacts.Read
    ENTRA_ROLE_TASKS = 1 << 3,      // Tasks.Read.All
    ENTRA_ROLE_USERS = 1 << 4,      // User.Read.All; Directory.Read.All has it too
    ENTRA_ROLE_EWS = 1 << 5,        // full_access_as_app
    ENTRA_ROLE_MAIL_BASIC = 1 << 6, // Mail.ReadBasic.All: without bodies, not enough
    ENTRA_ROLE_KNOWN = 1 << 7,      // the token could be read; without it nothing is known
};
// What each backend needs.
#define ENTRA_ROLES_GRAPH                                                                    \
    ((u32)(ENTRA_ROLE_MAIL | ENTRA_ROLE_CALENDARS | ENTRA_ROLE_CONTACTS | ENTRA_ROLE_TASKS | \
           ENTRA_ROLE_USERS))
#define ENTRA_ROLES_EWS ((u32)ENTRA_ROLE_EWS)

// The roles claim of a JWT's payload; 0 when it is no JWT that can be read (ENTRA_ROLE_KNOWN is not
// set). The signature is not checked: the token is for the API, and only advice comes of this.
u32 entra_roles_read(str token);
u32 entra_roles_missing(u32 have, u32 want);      // 0 as well when nothing is known
void entra_roles_put(struct buf *out, u32 roles); // "Mail.Read, Calendars.Read"

#endif

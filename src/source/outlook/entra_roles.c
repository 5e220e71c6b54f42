// SPDX-License-Identifier: Apache-2.0
// The roles claim of an access token (see entra_roles.h): the payload of the JWT (RFC 7519) is
// decoded in pieces and streams through, so that no copy of it is left behind. A token that is none
// (Microsoft calls it opaque), or whose payload is no whole JSON object, says nothing.
#include "source/outlook/entra_roles.h"

#include "codec/base64.h"
#include "codec/json.h"
#include "net/crypto.h"

enum {
    ROLES_PIECE_CHARACTERS = 512, // of the payload at a time: 384 bytes
    ROLES_NAME_BYTES = 64,        // with quotes; the longest that matters has 25
};

// Microsoft, "Microsoft Graph permissions reference"; a name that is not known adds nothing.
static const struct {
    const char *name;
    u32 role;
} roles_names[] = {
    {"Mail.Read", ENTRA_ROLE_MAIL},
    {"Mail.ReadWrite", ENTRA_ROLE_MAIL},
    {"Mail.ReadBasic", ENTRA_ROLE_MAIL_BASIC},
    {"Mail.ReadBasic.All", ENTRA_ROLE_MAIL_BASIC},
    {"Calendars.Read", ENTRA_ROLE_CALENDARS},
    {"Calendars.ReadWrite", ENTRA_ROLE_CALENDARS},
    {"Contacts.Read", ENTRA_ROLE_CONTACTS},
    {"Contacts.ReadWrite", ENTRA_ROLE_CONTACTS},
    {"Tasks.Read.All", ENTRA_ROLE_TASKS},
    {"Tasks.ReadWrite.All", ENTRA_ROLE_TASKS},
    {"User.Read.All", ENTRA_ROLE_USERS},
    {"User.ReadWrite.All", ENTRA_ROLE_USERS},
    {"Directory.Read.All", ENTRA_ROLE_USERS},
    {"Directory.ReadWrite.All", ENTRA_ROLE_USERS},
    {"full_access_as_app", ENTRA_ROLE_EWS},
};

// What people are to grant: the least that is enough.
static const struct {
    u32 role;
    const char *name;
} roles_wanted[] = {
    {ENTRA_ROLE_MAIL, "Mail.Read"},
    {ENTRA_ROLE_CALENDARS, "Calendars.Read"},
    {ENTRA_ROLE_CONTACTS, "Contacts.Read"},
    {ENTRA_ROLE_TASKS, "Tasks.Read.All"},
    {ENTRA_ROLE_USERS, "User.Read.All"},
    {ENTRA_ROLE_EWS, "full_access_as_app"},
    {ENTRA_ROLE_MAIL_BASIC, "Mail.ReadBasic.All"},
};

static u32 roles_find(str element)
{
    if (element.n < 2 || element.p[0] != '"') {
        return 0;
    }
    str name = str_slice(element, 1, element.n - 1);
    for (isize i = 0; i < COUNT(roles_names); i++) {
        if (str_eq(name, str_from(roles_names[i].name))) {
            return roles_names[i].role;
        }
    }
    return 0;
}

// false: it is no JSON.
static bool roles_feed(struct json_stream *s, str in, u32 *roles)
{
    for (;;) {
        switch (json_stream_next(s, &in)) {
        case JSON_EVENT_ELEMENT:
            *roles |= s->cut ? 0 : roles_find(s->element);
            break;
        case JSON_EVENT_MORE:
            return true;
        case JSON_EVENT_BAD:
            return false;
        case JSON_EVENT_END:
        case JSON_EVENT_PIECE:
        case JSON_EVENT_STRING_END:
            break;
        }
    }
}

// The middle one of three parts. Empty: it is no JWT.
static str roles_payload(str token)
{
    str head, payload, signature;
    bool one, two, three;
    str rest = str_cut(token, '.', &head, &one);
    rest = str_cut(rest, '.', &payload, &two);
    (void)str_cut(rest, '.', &signature, &three);
    return one && two && !three ? payload : (str){0};
}

u32 entra_roles_read(str token)
{
    u8 bytes[ROLES_PIECE_CHARACTERS], name[ROLES_NAME_BYTES];
    struct buf element = buf_over(name, COUNT(name));
    struct base64_decoder decoder = {0};
    struct json_stream s;
    str rest = roles_payload(token);
    u32 roles = 0;
    bool object = str_starts(rest, S("e")); // the upper bits of {
    json_stream_init(&s, (struct json_stream_target){.elements_of = S("roles")}, NULL, &element);
    while (rest.n && object) {
        isize n = rest.n < ROLES_PIECE_CHARACTERS ? rest.n : ROLES_PIECE_CHARACTERS;
        struct buf piece = buf_over(bytes, COUNT(bytes));
        base64_decode(&decoder, &piece, str_slice(rest, 0, n));
        object = decoder.ignored == 0 && roles_feed(&s, buf_str(&piece), &roles);
        rest = str_from_index(rest, n);
    }
    crypto_wipe(bytes, COUNT(bytes));
    return object && s.ended ? roles | ENTRA_ROLE_KNOWN : 0;
}

u32 entra_roles_missing(u32 have, u32 want)
{
    return have & ENTRA_ROLE_KNOWN ? want & ~have : 0;
}

void entra_roles_put(struct buf *out, u32 roles)
{
    bool first = true;
    for (isize i = 0; i < COUNT(roles_wanted); i++) {
        if (roles & roles_wanted[i].role) {
            buf_put(out, first ? S("") : S(", "));
            buf_put(out, str_from(roles_wanted[i].name));
            first = false;
        }
    }
}

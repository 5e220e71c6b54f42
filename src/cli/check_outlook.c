// SPDX-License-Identifier: Apache-2.0
// The hops of an Exchange Server for `check`: its directory (bind, one page of the search), then
// Exchange (login, version, the right to read one mailbox, its folders), then the text extraction
// service, where the record asks for it. The second part is looked at even where the first failed:
// only the mailbox to try is then missing, unless --mailbox names one. But a password that was
// refused once is not tried again. Exchange Online has hops of its own (check_cloud.c).
#include <string.h>

#include "cli/check_internal.h"
#include "source/outlook/graph_check.h"
#include "source/outlook/outlook_check.h"

static const char *const directory_place = "Active Directory";
static const char *const exchange_place = "Exchange";
static const char *const extraction_place = "extraction service"; // as start_dest.c has it

// ---- the directory

static void directory_tell_bind(struct check *c)
{
    outlook_check_put_bind(check_found(c), c->s->source->state, c->state);
    check_tell(c, CHECK_OK, directory_place, "bind");
}

static void outlook_check_directory(struct check *c)
{
    const struct source_ops *ops = c->s->source->ops;
    memset(c->state, 0, (size_t)ops->accounts_bytes);
    outlook_check_shorten(c->state);
    if (check_ask(c, &check_accounts_ops, c) == CHECK_CUT_OFF) {
        return;
    }
    if (!err_ok(c->error)) {
        bool bound = outlook_check_is_bound(c->state);
        if (bound) {
            directory_tell_bind(c);
        }
        c->refused = err_is(c->error, ERR_LDAP_CREDENTIALS);
        check_tell_error(c, directory_place, bound ? "search" : "bind", c->error,
                         buf_str(&c->detail));
        return;
    }
    directory_tell_bind(c);
    if (c->accounts == 0) {
        check_tell_error(c, directory_place, "search", FAIL(LDAP_RIGHTS),
                         S("not one entry with a mail address"));
        return;
    }
    check_put_accounts(c);
    i64 without = outlook_check_without_address(c->state);
    if (without) {
        buf_put(&c->found, S("; without an address: "));
        output_put_thousands(&c->found, without);
    }
    check_tell(c, CHECK_OK, directory_place, "search");
}

// ---- Exchange

static bool outlook_is_open(struct mailbox *m)
{
    u8 bytes[128];
    struct buf unseen = buf_over(bytes, COUNT(bytes));
    return outlook_check_folders(m, &unseen);
}

// Of the login, or of what lies behind it.
static const char *exchange_hop(err e)
{
    str name = str_from(err_name(e));
    bool login = err_class(e) == ERR_CLASS_AUTH || str_starts(name, S("AUTH_")) ||
                 str_starts(name, S("NTLM_")) || str_starts(name, S("SPNEGO_"));
    return login ? "login" : "web services";
}

// Exchange says its version also to those whose login it does not like.
static void exchange_tell_version(struct check *c, const int version[EWS_VERSION_PARTS])
{
    if (version[0]) {
        bool known = outlook_check_put_version(check_found(c), version);
        buf_put(&c->found, known ? S("") : S(": older than 2013, which is not supported"));
        check_tell(c, known ? CHECK_OK : CHECK_WARN, exchange_place, "version");
    }
}

static bool exchange_check_login(struct check *c)
{
    struct outlook_check_login login = {.src = c->s->source->state};
    if (check_ask(c, &outlook_check_login_ops, &login) == CHECK_CUT_OFF) {
        return false;
    }
    if (!err_ok(c->error)) {
        exchange_tell_version(c, login.version);
        check_tell_error(c, exchange_place, exchange_hop(c->error), c->error, buf_str(&c->detail));
        return false;
    }
    outlook_check_put_login(check_found(c), c->s->source->state);
    check_tell(c, CHECK_OK, exchange_place, "login");
    exchange_tell_version(c, login.version);
    return true;
}

static void exchange_check_mailbox(struct check *c)
{
    int opened;
    bool delegate = outlook_check_is_delegate(c->s->source->state);
    const char *right = delegate ? "full access" : "impersonation";
    c->mailbox_open = outlook_is_open;
    if (check_mailboxes(c, &opened) == CHECK_CUT_OFF) {
        return;
    }
    if (opened < 0) {
        buf_put(check_found(c), c->mailbox_count ? S("none of the first users has a mailbox")
                                                 : S("no user is known"));
        buf_put(&c->found, S(": name one with --mailbox ADDR"));
        check_tell(c, CHECK_WARN, exchange_place, right);
        return;
    }
    if (!err_ok(c->error)) {
        bool own = !err_ok(c->mailbox.error);
        struct buf *b = own ? &c->mailbox.detail : &c->detail;
        check_tell_error(c, exchange_place, right, c->error, buf_str(b));
        return;
    }
    buf_put(check_found(c), S("the inbox of "));
    buf_put(&c->found, check_mailbox(c, opened));
    buf_put(&c->found, S(" may be read"));
    check_tell(c, CHECK_OK, exchange_place, right);
    (void)outlook_check_folders(&c->mailbox, check_found(c));
    check_tell(c, CHECK_OK, exchange_place, "folders");
}

static void outlook_check_exchange(struct check *c)
{
    if (c->refused) {
        buf_put(check_found(c), S("not tried: the directory refuses the password already, and "
                                  "accounts get locked"));
        check_tell(c, CHECK_WARN, exchange_place, "login");
        return;
    }
    if (exchange_check_login(c)) {
        exchange_check_mailbox(c);
    }
}

// ---- text extraction

static void outlook_check_extraction(struct check *c)
{
    struct outlook_check_ping ping = {.src = c->s->source->state};
    switch (outlook_check_extracts(c->s->source->state)) {
    case OUTLOOK_EXTRACTS_NOT:
        return;
    case OUTLOOK_EXTRACTS_NOWHERE:
        buf_put(check_found(c), S("config.yml names no extraction_service.host: attachments are "
                                  "indexed without text"));
        check_tell(c, CHECK_WARN, extraction_place, "service");
        return;
    case OUTLOOK_EXTRACTS:
        break;
    }
    if (check_ask(c, &outlook_check_ping_ops, &ping) == CHECK_CUT_OFF) {
        return;
    }
    if (!err_ok(c->error)) {
        check_tell_error(c, extraction_place, "service", c->error, buf_str(&c->detail));
        return;
    }
    buf_put(check_found(c), S("it runs"));
    check_tell(c, CHECK_OK, extraction_place, "service");
}

void check_outlook(struct check *c)
{
    if (graph_check_is_cloud(c->s->source->state)) {
        check_cloud(c);
    } else {
        outlook_check_directory(c);
        if (!c->s->watch.stopped) {
            outlook_check_exchange(c);
        }
    }
    if (!c->s->watch.stopped) {
        outlook_check_extraction(c);
    }
}

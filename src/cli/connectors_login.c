// SPDX-License-Identifier: Apache-2.0
// `login`: asks for the access to Elasticsearch, tries it, and keeps it (spec/configuration.md 7).
//
// The file is opened before the seal and written only after `GET /` was answered; what it held is
// overwritten from its first byte on, and what is longer than the new text becomes empty lines (a
// sealed process cannot shorten a file). Settings of TLS in the old file are used and stay.
#include "cli/config_tree.h"
#include "cli/connectors_internal.h"
#include "codec/json_write.h"
#include "elastic/index.h"

static err connectors_login_ask(struct connectors *c, struct console_question question, str *out)
{
    u8 *memory = arena_try(&c->texts, 1, CLI_LINE_BYTES);
    struct buf answer = buf_over(memory, memory ? CLI_LINE_BYTES : 0);
    err e = console_ask(&c->console, &question, &answer);
    *out = question.hidden ? buf_str(&answer) : str_trim(buf_str(&answer));
    if (err_is(e, ERR_BUF_FULL)) {
        return connectors_about(c, question.text, FAIL(CLI_TOO_MUCH));
    }
    TRY(e);
    return out->n ? OK : connectors_about(c, question.text, FAIL(CLI_VALUE_MISSING));
}

// The old file: its size, and its settings where they can be read.
static err connectors_login_old(struct connectors *c)
{
    struct start *s = c->s;
    u8 *memory = os_reserve(CONFIG_BYTES);
    struct buf file = buf_over(memory, memory ? CONFIG_BYTES : 0);
    err e = os_file_read((const char *)c->args.config_path.p, &file, &s->detail);
    if (err_is(e, ERR_FILE_MISSING)) {
        buf_reset(&s->detail);
        return OK;
    }
    TRY(err_is(e, ERR_BUF_FULL) ? FAIL(CONFIG_TOO_LARGE) : e);
    c->file_bytes = file.n;
    if (str_trim(buf_str(&file)).n == 0) {
        return OK; // an attempt that failed left it
    }
    if (!c->args.yes) {
        u8 bytes[KIB(1)];
        struct buf question = buf_over(bytes, COUNT(bytes));
        buf_put(&question, S("There is an access on file already. Replace it?"));
        TRY(console_confirm(&c->console, buf_str(&question)));
    }
    if (!err_ok(connectors_load_yaml(c, c->args.config_path, buf_str(&file)))) {
        buf_reset(&s->detail); // it is replaced whatever it holds
        config_tree_init(&s->tree, &s->texts);
        TRY(connectors_load_yaml(c, c->args.config_path, S("")));
    }
    os_trim(memory, CONFIG_BYTES, 0);
    return OK;
}

static err connectors_login_open(struct connectors *c)
{
    str path = c->args.config_path;
    isize slash = path.n;
    while (slash > 0 && path.p[slash - 1] != '/') {
        slash--;
    }
    if (slash > 1) {
        str folder = connectors_path(c, str_slice(path, 0, slash - 1));
        if (!os_folder_create((const char *)folder.p, &c->s->detail)) {
            return FAIL(CONFIG_FILE);
        }
    }
    c->file_fd = os_file_change((const char *)path.p, OS_CHANGE_REPLACE, &c->s->detail);
    return c->file_fd >= 0 ? OK : FAIL(CONFIG_FILE);
}

err connectors_login_prepare(struct connectors *c)
{
    struct config_elasticsearch *e = &c->s->config.elasticsearch;
    TRY(connectors_load_yaml(c, c->args.config_path, S(""))); // the defaults
    TRY(connectors_login_old(c));
    c->host = c->args.host;
    if (c->host.n == 0) {
        struct console_question q = {.text = S("Elasticsearch host"),
                                     .fallback = S("http://localhost:9200")};
        TRY(connectors_login_ask(c, q, &c->host));
    }
    if (c->args.api_key) {
        struct console_question q = {.text = S("API key"), .hidden = true};
        TRY(connectors_login_ask(c, q, &c->api_key));
    } else {
        struct console_question user = {.text = S("Username"), .fallback = S("elastic")};
        struct console_question q = {.text = S("Password"), .hidden = true};
        TRY(connectors_login_ask(c, user, &c->username));
        TRY(connectors_login_ask(c, q, &c->password));
    }
    e->host = c->host;
    e->api_key = c->api_key;
    e->username = c->username;
    e->password = c->password;
    return connectors_login_open(c);
}

// A double-quoted YAML scalar: JSON's escapes are YAML's.
static void connectors_login_put(struct buf *b, str key, str value)
{
    if (value.n) {
        buf_put(b, S("  "));
        buf_put(b, key);
        buf_put(b, S(": \""));
        json_escape(b, value);
        buf_put(b, S("\"\n"));
    }
}

static void connectors_login_put_flag(struct connectors *c, struct buf *b, str path, bool value)
{
    if (config_tree_find(&c->s->tree, path) >= 0) {
        buf_put(b, S("  "));
        buf_put(b, str_from_index(path, S("elasticsearch.").n));
        buf_put(b, value ? S(": true\n") : S(": false\n"));
    }
}

static err connectors_login_write(struct connectors *c)
{
    const struct config_elasticsearch *e = &c->s->config.elasticsearch;
    struct buf text = buf_over(c->call.body.p, c->call.body.cap); // free: nothing is under way
    buf_put(&text, S("elasticsearch:\n"));
    connectors_login_put(&text, S("host"), c->host);
    connectors_login_put(&text, S("username"), c->username);
    connectors_login_put(&text, S("password"), c->password);
    connectors_login_put(&text, S("api_key"), c->api_key);
    connectors_login_put(&text, S("ca_certs"), e->ca_certs);
    connectors_login_put_flag(c, &text, S("elasticsearch.ssl"), e->ssl);
    connectors_login_put_flag(c, &text, S("elasticsearch.verify_certs"), e->verify_certs);
    connectors_login_put_flag(c, &text, S("elasticsearch.feature_use_connectors_api"),
                              e->feature_use_connectors_api);
    buf_put_fill(&text, '\n', c->file_bytes > text.n ? c->file_bytes - text.n : 0);
    TRY(buf_check(&text));
    struct buf *detail = &c->s->detail;
    return os_write_all(c->file_fd, buf_str(&text), &c->s->watch, detail);
}

err connectors_login_run(struct connectors *c)
{
    u8 bytes[64];
    struct buf version = buf_over(bytes, COUNT(bytes));
    connectors_begin(c, S("GET"));
    buf_put(&c->call.target, S("/"));
    TRY(connectors_ask(c));
    TRY(index_read_root(&c->es, buf_str(&c->call.answer), true, &version, &c->s->detail));
    TRY(connectors_login_write(c));
    connectors_say(c, S("logged in; the access is kept in "), c->args.config_path, (str){0});
    return OK;
}

// SPDX-License-Identifier: Apache-2.0
// net/ntlm for scripts. Commands are lines of standard input, fields with tabs between them; each
// gives one line. Bytes are base64.
//     negotiate                                       the first message
//     authenticate USER PASSWORD SERVICE HOST BINDING CLIENT NOW NEGOTIATE CHALLENGE
//                                                     the third; or `error: ` and its name
//     upper TEXT                                      as UTF-16LE
//     binding HASH                                    channel binding of a certificate's hash
//     init TOKEN, response TOKEN, token BYTES         SPNEGO: two to write, one to read
#include <stdio.h>
#include <string.h>

#include "codec/base64.h"
#include "codec/spnego.h"
#include "net/ntlm.h"

enum { FIELDS_MAX = 10, BYTES_MAX = 16384 };

static str fields[FIELDS_MAX];

static void answer(err e, str out)
{
    static u8 text[BYTES_MAX * 2];
    struct buf b = buf_over(text, sizeof text);
    base64_encode(&b, out);
    if (err_ok(e) && !b.full) {
        printf("%.*s\n", (int)b.n, (char *)text);
    } else {
        printf("error: %s\n", err_name(e));
    }
    fflush(stdout);
}

static str decode(struct buf *memory, str text)
{
    isize start = memory->n;
    struct base64_decoder d = {0};
    base64_decode(&d, memory, text);
    return str_make(memory->p + start, memory->n - start);
}

static err authenticate(struct buf *out)
{
    static u8 decoded[BYTES_MAX];
    struct buf bytes = buf_over(decoded, sizeof decoded);
    struct ntlm_setup setup = {
        .user = fields[1], .password = fields[2], .service = fields[3], .host = fields[4]};
    str binding = decode(&bytes, fields[5]), client = decode(&bytes, fields[6]);
    ASSERT(binding.n == NTLM_BINDING_BYTES && client.n == NTLM_CLIENT_BYTES);
    memcpy(setup.binding, binding.p, NTLM_BINDING_BYTES);
    memcpy(setup.client, client.p, NTLM_CLIENT_BYTES);
    ASSERT(str_to_u64(fields[7], &setup.now));
    str negotiate = decode(&bytes, fields[8]), challenge = decode(&bytes, fields[9]);
    return ntlm_put_authenticate(out, &setup, negotiate, challenge);
}

static void run(str command, struct buf *out)
{
    static u8 decoded[BYTES_MAX];
    struct buf bytes = buf_over(decoded, sizeof decoded);
    str in = decode(&bytes, fields[1]), token = {0};
    err e = OK;
    if (str_eq(command, S("negotiate"))) {
        ntlm_put_negotiate(out);
    } else if (str_eq(command, S("upper"))) {
        e = ntlm_put_utf16(out, fields[1], true);
    } else if (str_eq(command, S("binding"))) {
        ntlm_binding(in, buf_grab(out, NTLM_BINDING_BYTES));
    } else if (str_eq(command, S("init"))) {
        spnego_put_init(out, in);
    } else if (str_eq(command, S("response"))) {
        spnego_put_response(out, in);
    } else if (str_eq(command, S("token"))) {
        e = spnego_token(in, &token);
        buf_put(out, token);
    } else {
        ASSERT(str_eq(command, S("authenticate")));
        e = authenticate(out);
    }
    answer(e, buf_str(out));
}

int main(void)
{
    static char line[BYTES_MAX];
    while (fgets(line, sizeof line, stdin)) {
        static u8 message[BYTES_MAX];
        struct buf out = buf_over(message, sizeof message);
        str rest = str_trim_end(str_from(line));
        bool more = true;
        memset(fields, 0, sizeof fields);
        for (int i = 0; more && i < FIELDS_MAX; i++) {
            rest = str_cut(rest, '\t', &fields[i], &more);
        }
        run(fields[0], &out);
    }
    return 0;
}

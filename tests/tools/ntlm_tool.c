// SPDX-License-Identifier: Apache-2.0
// net/ntlm for scripts. Commands are lines of standard input, fields with tabs between them; each
// gives one line. Bytes are base64.
//     negotiate                                       the first message
//     authenticate USER PASSWORD SERVICE HOST BINDING CLIENT NOW NEGOTIATE CHALLENGE
//                                                     the third; or `error: ` and its name
//     upper TEXT                                      as UTF-16LE
#include <stdio.h>
#include <string.h>

#include "codec/base64.h"
#include "net/ntlm.h"

enum { FIELDS_MAX = 10, BYTES_MAX = 16384 };

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

static void authenticate(const str *fields)
{
    static u8 decoded[BYTES_MAX], message[BYTES_MAX];
    struct buf bytes = buf_over(decoded, sizeof decoded), out = buf_over(message, sizeof message);
    struct ntlm_setup setup = {
        .user = fields[1], .password = fields[2], .service = fields[3], .host = fields[4]};
    str binding = decode(&bytes, fields[5]), client = decode(&bytes, fields[6]);
    ASSERT(binding.n == NTLM_BINDING_BYTES && client.n == NTLM_CLIENT_BYTES);
    memcpy(setup.binding, binding.p, NTLM_BINDING_BYTES);
    memcpy(setup.client, client.p, NTLM_CLIENT_BYTES);
    ASSERT(str_to_u64(fields[7], &setup.now));
    str negotiate = decode(&bytes, fields[8]), challenge = decode(&bytes, fields[9]);
    err e = ntlm_put_authenticate(&out, &setup, negotiate, challenge);
    answer(e, buf_str(&out));
}

int main(void)
{
    static char line[BYTES_MAX];
    while (fgets(line, sizeof line, stdin)) {
        static u8 message[BYTES_MAX];
        struct buf out = buf_over(message, sizeof message);
        str fields[FIELDS_MAX] = {0}, rest = str_trim_end(str_from(line));
        bool more = true;
        for (int i = 0; more && i < FIELDS_MAX; i++) {
            rest = str_cut(rest, '\t', &fields[i], &more);
        }
        if (str_eq(fields[0], S("negotiate"))) {
            ntlm_put_negotiate(&out);
            answer(OK, buf_str(&out));
        } else if (str_eq(fields[0], S("upper"))) {
            err e = ntlm_put_utf16(&out, fields[1], true);
            answer(e, buf_str(&out));
        } else {
            authenticate(fields);
        }
    }
    return 0;
}

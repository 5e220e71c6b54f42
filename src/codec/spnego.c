// SPDX-License-Identifier: Apache-2.0
// SPNEGO tokens (RFC 4178, section 4.2; spec/wire-ntlm.md 8): two to write, two to read. A
// mechListMIC is neither sent nor looked at: there is one mechanism, so nothing can be swapped.
#include "codec/spnego.h"

#include "codec/ber.h"

enum {
    SPNEGO_INITIAL = 0x60, // [APPLICATION 0] of RFC 2743, section 3.1
    SPNEGO_INIT = BER_CONTEXT_IN + 0,
    SPNEGO_RESPONSE = BER_CONTEXT_IN + 1,
    SPNEGO_MECHANISMS = BER_CONTEXT_IN + 0, // of an init
    SPNEGO_STATE = BER_CONTEXT_IN + 0,      // of a response
    SPNEGO_TOKEN = BER_CONTEXT_IN + 2,
};

#define SPNEGO_REJECT 2 // negState
#define SPNEGO_OID S("\x2b\x06\x01\x05\x05\x02")
#define SPNEGO_NTLM_OID S("\x2b\x06\x01\x04\x01\x82\x37\x02\x02\x0a")

static void spnego_put_token(struct buf *b, str token)
{
    isize place = ber_open(b, SPNEGO_TOKEN);
    ber_put(b, BER_OCTETS, token);
    ber_close(b, place);
}

void spnego_put_init(struct buf *b, str token)
{
    isize whole = ber_open(b, SPNEGO_INITIAL);
    ber_put(b, BER_OID, SPNEGO_OID);
    isize init = ber_open(b, SPNEGO_INIT);
    isize fields = ber_open(b, BER_SEQUENCE);
    isize mechanisms = ber_open(b, SPNEGO_MECHANISMS);
    isize list = ber_open(b, BER_SEQUENCE);
    ber_put(b, BER_OID, SPNEGO_NTLM_OID);
    ber_close(b, list);
    ber_close(b, mechanisms);
    spnego_put_token(b, token);
    ber_close(b, fields);
    ber_close(b, init);
    ber_close(b, whole);
}

void spnego_put_response(struct buf *b, str token)
{
    isize response = ber_open(b, SPNEGO_RESPONSE);
    isize fields = ber_open(b, BER_SEQUENCE);
    spnego_put_token(b, token);
    ber_close(b, fields);
    ber_close(b, response);
}

bool spnego_is_bare(str in)
{
    return str_starts(in, S("NTLMSSP\0"));
}

// The fields of a response, or of an init, whose first one is something else.
static err spnego_read_fields(str in, bool response, str *token)
{
    while (in.n) {
        u8 tag;
        str field;
        i64 state = 0;
        if (!ber_take_any(&in, &tag, &field) ||
            (tag == SPNEGO_TOKEN && !ber_take(&field, BER_OCTETS, token)) ||
            (tag == SPNEGO_STATE && response && !ber_take_int(&field, BER_ENUMERATED, &state))) {
            return FAIL(SPNEGO_SYNTAX);
        }
        if (state == SPNEGO_REJECT) {
            return FAIL(SPNEGO_REJECTED);
        }
    }
    return OK;
}

err spnego_token(str in, str *token)
{
    *token = (str){0};
    if (spnego_is_bare(in)) {
        *token = in;
        return OK;
    }
    bool response = ber_peek(in) == SPNEGO_RESPONSE;
    str content, fields, oid;
    if (!response) {
        str whole = in;
        if (!ber_take(&whole, SPNEGO_INITIAL, &in) || whole.n || !ber_take(&in, BER_OID, &oid) ||
            !str_eq(oid, SPNEGO_OID)) {
            return FAIL(SPNEGO_SYNTAX);
        }
    }
    if (!ber_take(&in, response ? SPNEGO_RESPONSE : SPNEGO_INIT, &content) || in.n ||
        !ber_take(&content, BER_SEQUENCE, &fields)) {
        return FAIL(SPNEGO_SYNTAX);
    }
    return spnego_read_fields(fields, response, token);
}

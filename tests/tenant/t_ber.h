// SPDX-License-Identifier: Apache-2.0
// BER for the fake tenant's directory and its SPNEGO: a reader of definite lengths, and a writer
// that can write lengths as Active Directory does, 84 00 00 00 xx.
#ifndef TENANT_BER_H
#define TENANT_BER_H

#include "t_mem.h"

// The first element of *in, which then is what follows. false: not one whole element.
bool t_ber_next(str *in, u8 *tag, str *content);
// How long the element is that `in` begins with, head included; 0: not known yet, -1: never will
// be.
isize t_ber_whole(str in, isize most);
bool t_ber_take(str *in, u8 tag, str *content); // as t_ber_next, of this tag only
bool t_ber_int(str *in, u8 tag, i64 *n);        // INTEGER, ENUMERATED: at most 8 bytes

// Elements are written forwards: open notes where the length goes, close fills it in.
struct t_ber {
    struct t_buf *b;
    bool wide; // 84 00 00 00 xx for what is constructed
    isize open[24];
    int depth;
};
void t_ber_open(struct t_ber *w, u8 tag);
void t_ber_close(struct t_ber *w);
void t_ber_put(struct t_ber *w, u8 tag, str content);
void t_ber_put_int(struct t_ber *w, u8 tag, i64 n);

#endif

// SPDX-License-Identifier: Apache-2.0
// Numbers as Python has them: text to double, correctly rounded, and the shortest text that gives
// a double back. libc's functions for this depend on the locale, want a NUL, or allocate.
//
// By exact decimal arithmetic on 800 digits, which is what a double needs at most (767), and a note
// whether there were more: slow (a microsecond or some) and bounded for any input. No memory.
#ifndef CODEC_NUMBER_H
#define CODEC_NUMBER_H

#include "base/buf.h"

enum { NUMBER_REPR_BYTES = 32 }; // longest text of number_put_repr(): 24

// A number of JSON (or a decimal with digits before the point). False: it is none.
bool number_parse_json(str s, double *out);

// As Python's float(): blanks around it, a sign, underscores between digits, decimal digits of any
// script, inf, infinity and nan in any case. False where float() raises ValueError.
bool number_parse_python(str s, double *out);

// As Python's repr(): 5.0, 1e+16, 1e-05, inf, nan.
void number_put_repr(struct buf *b, double v);

// An integer of JSON, however long, against a double, exactly: -1, 0, 1; 2 when v is no number.
int number_compare_integer(str integer, double v);

#endif

// SPDX-License-Identifier: Apache-2.0
// An error is a code; its class is policy and its text says what to do.
//
// Codes come from err_table.h. Zero is success. The facts of an error (which address, which words
// of the server) are written, redacted, into the detail buffer of the exchange or of the job by
// whoever knows them; the code alone travels. Whoever turns an error into a decision logs it, once.
#ifndef BASE_ERR_H
#define BASE_ERR_H

#include "base/types.h"

enum err_class {
    ERR_CLASS_NONE,   // success
    ERR_CLASS_RETRY,  // weather: the same exchange may be sent again after a pause
    ERR_CLASS_AUTH,   // the credential was refused: get a new one, once
    ERR_CLASS_DATA,   // one thing is unreadable or refused: skip it, count it, go on
    ERR_CLASS_SCOPE,  // one mailbox is out of reach: skip it, never purge it
    ERR_CLASS_LIMIT,  // a bound of limits.h or of config.yml was met
    ERR_CLASS_CONFIG, // the operator has to change something before it can work
    ERR_CLASS_FATAL,  // the work cannot go on
};

enum err_code {
#define ERR(name, class, what, todo) ERR_##name,
#include "base/err_table.h"
#undef ERR
    ERR_CODE_COUNT
};

struct [[nodiscard]] err {
    u16 code; // enum err_code
};
typedef struct err err;

#define OK ((err){0})
#define FAIL(name) ((err){ERR_##name})

// The only macro that returns: hands an error on to the caller.
#define TRY(x)               \
    do {                     \
        err try_err_ = (x);  \
        if (try_err_.code) { \
            return try_err_; \
        }                    \
    } while (0)

static inline bool err_ok(err e)
{
    return e.code == 0;
}

static inline bool err_is(err e, enum err_code code)
{
    return e.code == code;
}

enum err_class err_class(err e);
const char *err_name(err e); // "HTTP_CHUNK_SIZE"; for logs and tests
const char *err_what(err e); // what happened, a clause without a full stop
const char *err_todo(err e); // what the operator does about it, "" only for success

#endif

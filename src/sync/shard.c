// SPDX-License-Identifier: Apache-2.0
// Shards (see shard.h). The key of the hash is fixed: all processes must agree, and who picks
// addresses to burden one shard only burdens their own domain.
#include "sync/shard.h"

#include "base/hash.h"

#define SHARD_KEY 0x6d61696c66657272U // "mailferr": any constant, the same for ever

static bool shard_number(str text, int *out)
{
    *out = 0;
    for (isize i = 0; i < text.n; i++) {
        if (text.p[i] < '0' || text.p[i] > '9' || *out > SHARDS_MAX) {
            return false;
        }
        *out = *out * 10 + (text.p[i] - '0');
    }
    return text.n > 0;
}

static err shard_refuse(str text, str why, struct buf *detail)
{
    buf_put(detail, S("--shard "));
    buf_put(detail, str_slice(text, 0, text.n < 40 ? text.n : 40));
    buf_put(detail, S(": "));
    buf_put(detail, why);
    return FAIL(OPTION_VALUE);
}

err shard_parse(str text, str completion, struct shard *out, struct buf *detail)
{
    str first;
    bool both;
    str last = str_cut(text, '/', &first, &both);
    int index = 0;
    int count = 0;
    if (!both && completion.n == 0) {
        return shard_refuse(text,
                            S("K/N is wanted, as 3/8; N alone takes K from JOB_COMPLETION_INDEX, "
                              "which is not set"),
                            detail);
    }
    bool numbers = both ? shard_number(first, &index) && shard_number(last, &count)
                        : shard_number(completion, &index) && shard_number(text, &count);
    index -= both;
    if (!numbers || index < 0 || index >= count || count > SHARDS_MAX) {
        return shard_refuse(text, S("K from 1 to N and N up to 1000 are wanted, as 3/8"), detail);
    }
    *out = (struct shard){.index = index, .count = count};
    return OK;
}

bool shard_owns(const struct shard *shard, str address)
{
    u8 bytes[ADDRESS_BYTES];
    struct buf lower = buf_over(bytes, COUNT(bytes));
    if (shard->count <= 1) {
        return true;
    }
    buf_put_lower(&lower,
                  str_slice(address, 0, address.n < ADDRESS_BYTES ? address.n : ADDRESS_BYTES));
    int best = 0;
    u64 most = 0;
    for (int i = 0; i < shard->count; i++) {
        u64 weight = hash_siphash((struct hash_key){SHARD_KEY, (u64)i}, buf_str(&lower));
        if (i == 0 || weight > most) {
            most = weight;
            best = i;
        }
    }
    return best == shard->index;
}

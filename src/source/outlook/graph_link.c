// SPDX-License-Identifier: Apache-2.0
// Links to targets (see graph_link.h).
#include "source/outlook/graph_link.h"

// What is left of the path behind the one that is configured; empty: it is another one.
static str link_rest(str path, str base)
{
    str prefix = str_ends(base, S("/")) ? str_slice(base, 0, base.n - 1) : base;
    if (!str_starts(path, prefix)) {
        return (str){0};
    }
    str rest = str_from_index(path, prefix.n);
    return str_starts(rest, S("/")) ? rest : (str){0};
}

// A path that climbs is not below the one it begins with. Dots that are encoded, or stand beside an
// encoded slash, are no names of anything in Graph.
static bool link_climbs(str rest)
{
    str path;
    bool found;
    (void)str_cut(rest, '?', &path, &found);
    return str_find(path, S("..")) >= 0 || str_find(path, S("/./")) >= 0 ||
           str_ends(path, S("/.")) || str_contains_nocase(path, S("%2e"));
}

err graph_link_take(struct buf *target, const struct dest *dest, str link)
{
    struct url url;
    const struct url *own = &dest->url;
    if (!err_ok(url_parse(link, &url)) || url.tls != own->tls || url.port != own->port ||
        url.user.n || url.password.n || !str_eq_nocase(url.host, own->host)) {
        return FAIL(GRAPH_LINK);
    }
    str rest = link_rest(url.path, own->path);
    if (rest.n == 0 || rest.n > buf_room(target) || !http1_is_target(rest) || link_climbs(rest)) {
        return FAIL(GRAPH_LINK);
    }
    buf_put(target, rest);
    return OK;
}

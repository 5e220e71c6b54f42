// SPDX-License-Identifier: Apache-2.0
// Which destinations are exempt from the proxy, and the bytes of CONNECT (see proxy.h). Pure.
// Refused: proxies that are not http:// (the tunnel carries its own TLS), and undecodable
// passwords.
#include "net/proxy.h"

#include <string.h>

#include "codec/base64.h"
#include "net/crypto.h"
#include "os/os.h"

#define PROXY_CREDENTIAL_BYTES 512 // user name, colon, password

static bool proxy_bits_equal(const u8 *a, const u8 *b, int bits)
{
    int whole = bits / 8;
    u8 mask = (u8)(0xff00 >> bits % 8);
    return memcmp(a, b, (size_t)whole) == 0 &&
           (bits % 8 == 0 || ((a[whole] ^ b[whole]) & mask) == 0);
}

// `entry` is an address literal or a range of them; `host` is a literal too.
static bool proxy_matches_address(str entry, const struct os_addr *host)
{
    str literal;
    bool range;
    str width = str_cut(entry, '/', &literal, &range);
    if (literal.n > 2 && literal.p[0] == '[' && literal.p[literal.n - 1] == ']') {
        literal = str_slice(literal, 1, literal.n - 1);
    }
    struct os_addr net;
    u64 bits = 0;
    if (!os_addr_parse(literal, &net) || net.v6 != host->v6) {
        return false;
    }
    u64 all = net.v6 ? 128 : 32;
    if (!range) {
        bits = all;
    } else if (!str_to_u64(width, &bits) || bits > all) {
        return false;
    }
    return proxy_bits_equal(net.ip, host->ip, (int)bits);
}

static bool proxy_matches_name(str entry, str host)
{
    if (str_starts(entry, S("*."))) {
        entry = str_from_index(entry, 1);
    }
    if (str_starts(entry, S("."))) {
        entry = str_from_index(entry, 1);
    }
    if (entry.n == 0 || host.n < entry.n) {
        return false;
    }
    isize before = host.n - entry.n;
    return str_eq_nocase(str_from_index(host, before), entry) &&
           (before == 0 || host.p[before - 1] == '.');
}

bool proxy_is_exempt(str no_proxy, str host)
{
    struct os_addr addr;
    bool is_address = os_addr_parse(host, &addr);
    host = str_ends(host, S(".")) ? str_slice(host, 0, host.n - 1) : host;
    for (bool more = true; more;) {
        str entry;
        no_proxy = str_cut(no_proxy, ',', &entry, &more);
        entry = str_trim(entry);
        if (str_ends(entry, S(".")) && entry.n > 1) {
            entry = str_slice(entry, 0, entry.n - 1);
        }
        if (str_eq(entry, S("*"))) {
            return true;
        }
        if (is_address ? proxy_matches_address(entry, &addr) : proxy_matches_name(entry, host)) {
            return true;
        }
    }
    return false;
}

err proxy_parse(str url, struct proxy *out, struct buf *storage)
{
    *out = (struct proxy){0};
    if (!err_ok(url_parse(url, &out->url)) || out->url.tls) {
        return FAIL(PROXY_URL);
    }
    if (out->url.user.n == 0) {
        return OK;
    }
    u8 bytes[PROXY_CREDENTIAL_BYTES];
    struct buf credential = buf_over(bytes, COUNT(bytes));
    bool good = url_put_decoded(&credential, out->url.user);
    buf_put_byte(&credential, ':');
    good = url_put_decoded(&credential, out->url.password) && good;
    isize from = storage->n;
    buf_put(storage, S("Basic "));
    base64_encode(storage, buf_str(&credential));
    bool fits = good && !credential.full && !storage->full;
    crypto_wipe(bytes, COUNT(bytes));
    if (!fits) {
        return FAIL(PROXY_URL);
    }
    out->authorization = str_from_index(buf_str(storage), from);
    return OK;
}

void proxy_put_request(struct buf *b, const struct proxy *proxy, str host, u16 port)
{
    bool v6 = str_find_byte(host, ':') >= 0;
    for (int i = 0; i < 2; i++) { // the request target, then Host: the same
        buf_put(b, i == 0 ? S("CONNECT ") : S("Host: "));
        buf_put(b, v6 ? S("[") : S(""));
        buf_put(b, host);
        buf_put(b, v6 ? S("]:") : S(":"));
        buf_put_u64(b, port);
        buf_put(b, i == 0 ? S(" HTTP/1.1\r\n") : S("\r\n"));
    }
    if (proxy->authorization.n) {
        buf_put(b, S("Proxy-Authorization: "));
        buf_put(b, proxy->authorization);
        buf_put(b, S("\r\n"));
    }
    buf_put(b, S("\r\n"));
}

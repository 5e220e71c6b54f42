// SPDX-License-Identifier: Apache-2.0
// URLs as far as an HTTP client needs them (RFC 3986): splitting an absolute http or https URL into
// pieces of the input, and percent-encoding. No normalisation, no relative references. IPv6
// literals are taken in brackets. Refused: other schemes, empty hosts, bytes outside printable
// ASCII, bad ports, hosts of other bytes than letters, digits and "-._" (names in other scripts are
// given in punycode), a query that no path precedes. The same for the ldap and ldaps URLs of a
// directory, of which only scheme, host and port are looked at (RFC 4516).
#ifndef CODEC_URL_H
#define CODEC_URL_H

#include "base/buf.h"

struct url {
    bool tls;  // https, ldaps
    bool ldap; // ldap, ldaps
    str user;  // "name" of name:password@, still encoded; empty when there is none
    str password;
    str host; // without brackets
    bool host_is_v6_literal;
    u16 port; // the scheme's default when the URL names none
    str path; // with query, without fragment; "/" when the URL has none
};

err url_parse(str s, struct url *out); // URL_SYNTAX, URL_SCHEME, URL_PORT

// ldap:// (port 389) and ldaps:// (636) alone; the path has to be empty or "/". URL_SYNTAX,
// URL_LDAP, URL_PORT.
err url_parse_ldap(str s, struct url *out);

void url_put_encoded(struct buf *b, str s); // everything but unreserved characters as %XX
void url_put_form(struct buf *b, str s);    // the same with blank as '+': form bodies
bool url_put_decoded(struct buf *b, str s); // false, and nothing appended, at a bad escape

#endif

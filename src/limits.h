// SPDX-License-Identifier: Apache-2.0
// Every bound of the program, each with its reason; sizes that add up to the memory that is taken at
// start. `mailferry limits` prints the pools with these numbers. Configurable ones are defaults here
// and say so. Sections follow the layers.
#ifndef LIMITS_H
#define LIMITS_H

#include "base/types.h"

// ---- codec
#define JSON_DEPTH_MAX 64 // nesting of a JSON value; the APIs spoken need 8
#define JSON_KEY_BYTES 128 // longest key, decoded, that a stream's path can name
#define GZIP_FREE_BYTES MIB(4) // unpacked bytes of an answer before the ratio is looked at
#define GZIP_RATIO_MAX 200 // unpacked to packed: JSON and HTML reach 50, a bomb 1,000
#define MIME_DEPTH_MAX 32 // nested multiparts: real mail stays below 10
#define MIME_PARTS_MAX 1000 // parts looked at in one mail; then the raw mail is taken
#define MIME_SCRATCH_BYTES KIB(64) // tables of a mail besides its text

// ---- codec/http1
#define HTTP_HEAD_BYTES KIB(16) // status line and headers of an answer
#define HTTP_HEADERS_MAX 100
#define HTTP_CHUNK_LINE_BYTES 256 // size and extensions of one chunk
#define HTTP_TRAILER_BYTES KIB(4)
#define HTTP_OVERHEAD_FREE_BYTES KIB(16) // chunk framing before its share of the content is looked at
#define HTTP_OVERHEAD_RATIO_MAX 8 // framing to content: 1-byte chunks cost 5

// ---- os
#define LOG_LINE_BYTES KIB(1)
#define LOG_FACTS_MAX 8
#define LOG_PER_CODE 20 // lines of one error code a minute
#define STACK_BYTES KIB(256) // touched before the seal
#define POLL_MAX 256 // descriptors of one wait: connections, twice as many look-ups as servers, signals

// ---- net
#define DNS_SERVERS_MAX 3    // as resolv.conf(5)
#define DNS_SEARCH_MAX 6     // as resolv.conf(5)
#define DNS_NAME_BYTES 256   // RFC 1035: 255 octets
#define DNS_ADDRS_MAX 8      // addresses of one name that are tried
#define DNS_PACKET_BYTES KIB(4)
#define EXCHANGE_TIMEOUT_MS 300000   // one whole exchange, unless the machine asks for another
#define EXCHANGE_FIRST_BYTE_MS 120000
#define EXCHANGE_TARGET_BYTES KIB(4)
#define EXCHANGE_HEADERS_BYTES KIB(8) // a bearer token is up to 4 KiB
#define EXCHANGE_DETAIL_BYTES 512
#define RETRY_AFTER_MAX_MS 3600000 // a longer Retry-After counts as an hour

// ---- elastic
#define INDEX_ANSWER_BYTES KIB(64)   // an answer of preflight: pipelines can be long
#define SCAN_PAGE_HITS 1000
#define SCAN_SCROLL_ID_BYTES KIB(8)  // grows with the shards of the index
#define SCAN_REST_BYTES KIB(16)      // an answer without its hits
#define SCAN_ELEMENT_BYTES KIB(8)    // one hit: an id of 512 bytes escaped, an owner, a time stamp
#define BULK_ACTION_BYTES KIB(4)     // action line: an index name (255) and an id (512), both escaped
#define ERROR_WINDOW_MAX 1000

// ---- source/gmail

// ---- source
#define UNIT_ID_BYTES 64   // a Gmail id has 16; longer ids are counted and skipped
#define ADDRESS_BYTES 320  // a mail address: 64 + @ + 255 (RFC 5321, section 4.5.3.1)
#define MAILBOX_UNITS_MAX 1024 // units queued in one mailbox: two pages of 500

// ---- sync

// ---- cli

#endif

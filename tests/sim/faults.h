// SPDX-License-Identifier: Apache-2.0
// Which faults there are, and whether one is due. Every place in the simulation where something can
// go wrong asks fault_due(KIND): each such question is an operation of that kind. In a run by
// chance it is due with the rate that the seed chose; in an enumeration the n-th operation of one
// kind fails, once or from then on; in a calm run nothing does.
#ifndef SIM_FAULTS_H
#define SIM_FAULTS_H

#include "base/str.h"

// FAULT(NAME, "name", what happens)
// clang-format off
#define FAULT_TABLE(FAULT)                                                                \
    FAULT(REFUSE, "refuse", "a connect is refused")                                       \
    FAULT(NO_SOCKET, "no_socket", "connect fails at once")                                \
    FAULT(SWALLOW, "swallow", "packets to an address vanish: a connect hangs")            \
    FAULT(SLOW_CONNECT, "slow_connect", "a connect takes up to 40 s")                     \
    FAULT(HALF_OPEN, "half_open", "connected, and then nobody speaks")                    \
    FAULT(RESET, "reset", "an arriving segment is a reset instead, at any byte")          \
    FAULT(CLOSE, "close", "the far side closes, at any byte")                             \
    FAULT(SILENCE, "silence", "nothing arrives any more on a connection")                 \
    FAULT(SHORT_IO, "short_io", "fewer bytes are read or written than could be")          \
    FAULT(SPURIOUS, "spurious", "a wait ends early, or says ready where nothing is")      \
    FAULT(DNS_SILENT, "dns_silent", "a question is not answered")                         \
    FAULT(DNS_SERVFAIL, "dns_servfail", "the name server failed")                         \
    FAULT(DNS_NONE, "dns_none", "the name is said not to exist")                          \
    FAULT(DNS_TRUNCATED, "dns_truncated", "the answer does not fit: TCP is asked")        \
    FAULT(DNS_CHANGED, "dns_changed", "another address than before, mostly a dead one")   \
    FAULT(DNS_LATE, "dns_late", "answers come late, twice, or in another order")          \
    FAULT(TLS_ALERT, "tls_alert", "the handshake ends with an alert")                     \
    FAULT(TLS_STALE, "tls_stale", "the kept session is refused, politely or not")         \
    FAULT(TLS_BROKEN, "tls_broken", "an alert in the middle of an answer")                \
    FAULT(TRUNCATED, "truncated", "an answer ends at any byte")                           \
    FAULT(DUPLICATE, "duplicate", "an answer comes twice")                                \
    FAULT(DELAY, "delay", "an answer comes up to 140 s late, behind later ones")          \
    FAULT(TRICKLE, "trickle", "an answer comes a few bytes at a time")                    \
    FAULT(HANG, "hang", "a request is taken and never answered")                          \
    FAULT(IDLE_CLOSE, "idle_close", "an idle connection is closed")                       \
    FAULT(GARBLED, "garbled", "a page of a proxy instead of the answer")                  \
    FAULT(STATUS_429, "429", "too many requests, Retry-After in one of its forms or none") \
    FAULT(STATUS_5XX, "5xx", "500, 502, 503, 504, Retry-After in one of its forms or none") \
    FAULT(TOKEN, "token", "tokens are refused before their time")                         \
    FAULT(PAGE_TOKEN, "page_token", "a page token has expired")                           \
    FAULT(SCROLL_LOST, "scroll_lost", "the cluster has forgotten a scroll")               \
    FAULT(ITEM_BUSY, "item_busy", "single items of a bulk are refused with 429 or 503")   \
    FAULT(ITEM_REJECT, "item_reject", "single items of a bulk are refused for good")      \
    FAULT(BULK_413, "413", "a bulk is too large")                                         \
    FAULT(BULK_LOST, "bulk_lost", "a bulk is applied and its answer is lost")             \
    FAULT(PROXY, "proxy", "the proxy refuses, is busy, asks for a password, or babbles")  \
    FAULT(OUTAGE, "outage", "Elasticsearch is away for minutes")                          \
    FAULT(VANISH, "vanish", "a message is deleted while the job runs")                    \
    FAULT(APPEAR, "appear", "a message comes in while the job runs")                      \
    FAULT(CLOCK, "clock", "the unix clock steps")                                         \
    FAULT(SIGTERM, "sigterm", "the process is asked to stop")                             \
    FAULT(DEATH, "death", "the process dies within a call of the system")                 \
    FAULT(POOL_BUFFERS, "pool_buffers", "no larger buffer is free")                       \
    FAULT(POOL_MAILBOX, "pool_mailbox", "no task for another mailbox")                    \
    FAULT(POOL_IDS, "pool_ids", "the id set is full")                                     \
    FAULT(POOL_ROSTER, "pool_roster", "the roster of mailboxes is full")                  \
    FAULT(POOL_FLIGHTS, "pool_flights", "no flight is open to a document")                \
    FAULT(POOL_RESOLVERS, "pool_resolvers", "no resolver is free")                        \
    FAULT(POOL_GZIP, "pool_gzip", "no gzip reader is free")                               \
    FAULT(LOST, "lost", "Elasticsearch does what it is asked, and its answer is lost")    \
    FAULT(BUSY_RECORD, "busy_record", "somebody else writes a record just before")        \
    FAULT(EWS_BUSY, "ews_busy", "Exchange is busy and says for how long, or does not")    \
    FAULT(EWS_ERROR, "ews_error", "a passing error of a request, a folder or an item")    \
    FAULT(EWS_DAMAGE, "ews_damage", "SOAP that is cut, lacks an element, or is UTF-16")   \
    FAULT(EWS_STATE, "ews_state", "Exchange has forgotten all states of listings")        \
    FAULT(EWS_MAILBOX, "ews_mailbox", "a mailbox is moved, disabled, closed, or gone")    \
    FAULT(EWS_PASSWORD, "ews_password", "the account has another password")               \
    FAULT(EWS_LOGIN, "ews_login", "the connection ends between NTLM's messages 2 and 3")  \
    FAULT(EWS_UPDATE, "ews_update", "an item is changed or moved while it is listed")     \
    FAULT(LDAP, "ldap", "the directory hangs up, is busy, or forgets a page")             \
    FAULT(ENTRA, "entra", "secret, application, or permissions are taken away, or given back") \
    FAULT(GRAPH_ODD, "graph_odd", "answers of Graph that none should give, once")         \
    FAULT(GRAPH_PAGES, "graph_pages", "pages of Graph are empty, or begin with what was there") \
    FAULT(STORE, "store", "a file of ours cannot be written, or has other bytes afterwards")
// clang-format on

enum fault {
#define FAULT_ENUM(NAME, name, what) FAULT_##NAME,
    FAULT_TABLE(FAULT_ENUM)
#undef FAULT_ENUM
        FAULT_COUNT,
    FAULT_NONE = -1,
};

#define FAULT_BIT(NAME) ((u64)1 << FAULT_##NAME)
#define FAULT_ALL (~(u64)0 >> (64 - FAULT_COUNT))

const char *fault_name(enum fault f);
const char *fault_what(enum fault f);
bool faults_parse(const char *list, u64 *mask); // "reset,429"; "all", "none"

void faults_calm(void);             // nothing is due
void faults_by_chance(u64 allowed); // some of these, how often and until when as the seed says
void faults_forever(void);          // ... those until somebody says faults_calm()
// The n-th operation of one kind from now on (1 is the first), or all from the n-th.
void faults_enumerate(enum fault kind, i64 n, bool persistent);

bool fault_due(enum fault f);
bool fault_enabled(enum fault f);             // may be due in this run
bool faults_reached(void);                    // the enumerated operation was met
i64 faults_count(enum fault f);               // how often it was due in this run
void faults_put_counts(char *out, isize cap); // "reset 3, 429 1": for people

#endif

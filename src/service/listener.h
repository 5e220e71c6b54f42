// SPDX-License-Identifier: Apache-2.0
// A very small HTTP/1.1 server for health and metrics on the loopback interface: GET and HEAD of a
// few fixed paths, one request a connection, a bounded number of connections, a deadline for each.
// Off unless config.yml names service.listen. It speaks to probes and scrapers only: whatever is no
// plain GET gets a status and a close (RFC 9112, the parts that a server without bodies needs).
// A page in a browser on this host can reach it under a name of its own that it lets resolve to
// 127.0.0.1 (DNS rebinding), so a Host that is not ours gets 421 (RFC 9110, section 15.5.20).
#ifndef SERVICE_LISTENER_H
#define SERVICE_LISTENER_H

#include "base/plan.h"
#include "limits.h"
#include "os/os.h"

// Fills `body` with what `path` shows; 200, or 404 when there is no such page, or 503. `type` is
// "text/plain; charset=utf-8" unless it is set to another literal.
typedef int listener_page(void *st, str path, struct buf *body, const char **type);

// Under which hosts it may be asked, besides localhost. What `name` points at outlives the
// listener.
struct listener_self {
    struct os_addr at; // where it listens; its port does not count: a tunnel may have another one
    str name;          // service.listen_name; empty: none
};

struct listener;

// `fd` is a listening socket (os_tcp_listen).
struct listener *listener_init(struct plan *plan, int fd, const struct listener_self *self,
                               listener_page *page, void *st);

// What it waits for: at most LISTENER_POLLS entries; the number of them. The same list, after
// os_poll(), goes to listener_step().
int listener_list(struct listener *l, struct os_poll *list);
void listener_step(struct listener *l, const struct os_poll *list, i64 now_ms);
i64 listener_deadline_ms(const struct listener *l); // when a connection is overdue; INT64_MAX: none
void listener_close(struct listener *l);

// ---- one request, pure
enum listener_verdict { LISTENER_MORE, LISTENER_PAGE, LISTENER_BAD };

struct listener_request {
    str path;       // without what follows a '?'
    str host;       // the value of Host, without blanks at its ends
    bool has_host;  // HTTP/1.0 may come without; no browser does
    bool head_only; // HEAD
    int status;     // of LISTENER_BAD: 400, 405, 505
};

// Reads the head of a request, as much of it as has come.
enum listener_verdict listener_read(str in, struct listener_request *out);

// Whether `host`, with or without a port, is one that we may be asked under.
bool listener_is_own_host(const struct listener_self *self, str host);

#endif

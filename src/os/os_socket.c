// SPDX-License-Identifier: Apache-2.0
// The door to Linux: sockets and addresses (see os.h). Every socket is non-blocking, closed on
// exec, IPv4 or IPv6, stream or datagram with protocol 0: the seal lets no other kind through.
// Names are never looked up here (net/dns.h); addresses are read and written without libc's
// resolver.
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "os/os.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { OS_BACKLOG = 16, OS_ADDR_TEXT_BYTES = 64 };

union os_sockaddr {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
};

static socklen_t os_sockaddr_of(const struct os_addr *a, union os_sockaddr *out)
{
    memset(out, 0, sizeof *out);
    if (a->v6) {
        out->v6.sin6_family = AF_INET6;
        out->v6.sin6_port = htons(a->port);
        out->v6.sin6_scope_id = a->scope;
        memcpy(&out->v6.sin6_addr, a->ip, 16);
        return (socklen_t)sizeof out->v6;
    }
    out->v4.sin_family = AF_INET;
    out->v4.sin_port = htons(a->port);
    memcpy(&out->v4.sin_addr, a->ip, 4);
    return (socklen_t)sizeof out->v4;
}

static int os_socket(const struct os_addr *a, int type)
{
    return socket(a->v6 ? AF_INET6 : AF_INET, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
}

static int os_connect(int fd, const struct os_addr *to)
{
    union os_sockaddr sa;
    socklen_t bytes = os_sockaddr_of(to, &sa);
    // EINTR: the connection goes on in the background, as with EINPROGRESS (connect(2)).
    if (connect(fd, &sa.any, bytes) && errno != EINPROGRESS && errno != EINTR) {
        close(fd);
        return OS_BROKEN;
    }
    return fd;
}

int os_tcp_connect(const struct os_addr *to)
{
    int fd = os_socket(to, SOCK_STREAM);
    if (fd < 0) {
        return OS_BROKEN;
    }
    // Without it a handshake waits for delayed acknowledgements: 44 ms instead of 2.8.
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
    return os_connect(fd, to);
}

int os_udp_connect(const struct os_addr *to)
{
    int fd = os_socket(to, SOCK_DGRAM);
    return fd < 0 ? OS_BROKEN : os_connect(fd, to);
}

err os_tcp_connected(int fd)
{
    int error = 0;
    socklen_t bytes = sizeof error;
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &bytes)) {
        error = errno;
    }
    if (error == 0) {
        return OK;
    }
    if (error == ECONNREFUSED) {
        return FAIL(NET_REFUSED);
    }
    return error == ECONNRESET ? FAIL(NET_RESET) : FAIL(NET_UNREACHABLE);
}

isize os_send(int fd, str s)
{
    ssize_t sent;
    do {
        sent = s.n ? send(fd, s.p, (size_t)s.n, MSG_NOSIGNAL) : 0;
    } while (sent < 0 && errno == EINTR);
    if (sent >= 0) {
        return sent;
    }
    return errno == EAGAIN || errno == ENOBUFS ? OS_AGAIN : OS_BROKEN;
}

isize os_recv(int fd, void *p, isize n)
{
    ssize_t got;
    ASSERT(n > 0);
    do {
        got = recv(fd, p, (size_t)n, 0);
    } while (got < 0 && errno == EINTR);
    if (got >= 0) {
        return got;
    }
    return errno == EAGAIN ? OS_AGAIN : OS_BROKEN;
}

int os_tcp_listen(const struct os_addr *at)
{
    union os_sockaddr sa;
    socklen_t bytes = os_sockaddr_of(at, &sa);
    int fd = os_socket(at, SOCK_STREAM);
    if (fd < 0) {
        return OS_BROKEN;
    }
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int));
    if (bind(fd, &sa.any, bytes) || listen(fd, OS_BACKLOG)) {
        close(fd);
        return OS_BROKEN;
    }
    return fd;
}

int os_tcp_accept(int fd)
{
    int got = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    return got >= 0                                                     ? got
           : errno == EAGAIN || errno == EINTR || errno == ECONNABORTED ? OS_AGAIN
                                                                        : OS_BROKEN;
}

void os_close(int fd)
{
    ASSERT(fd >= 0);
    (void)close(fd);
}

u32 os_interface_index(str name)
{
    char z[IF_NAMESIZE] = {0};
    if (name.n == 0 || name.n >= (isize)sizeof z) {
        return 0;
    }
    memcpy(z, name.p, (size_t)name.n);
    return if_nametoindex(z);
}

bool os_addr_parse(str s, struct os_addr *out)
{
    char z[OS_ADDR_TEXT_BYTES] = {0};
    struct os_addr a = {0};
    bool scoped;
    u64 scope = 0;
    str zone = str_cut(s, '%', &s, &scoped);
    if (s.n == 0 || s.n >= (isize)sizeof z || str_find_byte(s, 0) >= 0) {
        return false;
    }
    memcpy(z, s.p, (size_t)s.n);
    if (inet_pton(AF_INET, z, a.ip) != 1) {
        if (inet_pton(AF_INET6, z, a.ip) != 1) {
            return false;
        }
        a.v6 = true;
    }
    if (scoped && (!a.v6 || !str_to_u64(zone, &scope) || scope > UINT32_MAX)) {
        return false;
    }
    a.scope = (u32)scope;
    *out = a;
    return true;
}

void os_addr_put(struct buf *b, const struct os_addr *a)
{
    char z[OS_ADDR_TEXT_BYTES] = {0};
    const char *text = inet_ntop(a->v6 ? AF_INET6 : AF_INET, a->ip, z, sizeof z);
    ASSERT(text);
    buf_put(b, a->v6 ? S("[") : S(""));
    buf_put(b, str_from(text));
    if (a->scope) {
        buf_put_byte(b, '%');
        buf_put_u64(b, a->scope);
    }
    buf_put(b, a->v6 ? S("]:") : S(":"));
    buf_put_u64(b, a->port);
}

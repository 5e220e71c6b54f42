// SPDX-License-Identifier: Apache-2.0
// A far side for the tests of net/: a small HTTP/1.1 server in child processes on loopback, one a
// connection, that does by path what real servers do on bad days. It shares nothing with src/ but
// the bytes on the wire; its counters lie in shared memory.
#ifndef TESTS_UNIT_NET_PEER_H
#define TESTS_UNIT_NET_PEER_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

struct peer_counts {
    int accepted, requests, early_bytes;
    char last_head[8192];
};

struct peer {
    int port;
    pid_t pid;
    struct peer_counts *counts;
};

static void peer_sleep_ms(int ms)
{
    struct timespec t = {.tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000};
    nanosleep(&t, NULL);
}

static void peer_send(int fd, const void *p, size_t n)
{
    for (size_t at = 0; at < n;) {
        ssize_t sent = send(fd, (const char *)p + at, n - at, MSG_NOSIGNAL);
        if (sent <= 0) {
            _exit(0);
        }
        at += (size_t)sent;
    }
}

static void peer_say(int fd, const char *text)
{
    peer_send(fd, text, strlen(text));
}

static void peer_reset(int fd)
{
    struct linger now = {.l_onoff = 1, .l_linger = 0};
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    close(fd);
    _exit(0);
}

// "hello, hello, ..." as a gzip member with stored blocks: made without a compressor.
static void peer_gzip(int fd, size_t bytes)
{
    static unsigned char out[80000];
    size_t n = 0;
    static const unsigned char head[10] = {0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3};
    memcpy(out, head, 10);
    n = 10;
    out[n++] = 1;
    out[n++] = (unsigned char)(bytes & 255);
    out[n++] = (unsigned char)(bytes >> 8);
    out[n++] = (unsigned char)~(bytes & 255);
    out[n++] = (unsigned char)~(bytes >> 8);
    unsigned crc = 0xffffffffu;
    for (size_t i = 0; i < bytes; i++) {
        unsigned char c = (unsigned char)"hello, "[i % 7];
        out[n++] = c;
        crc ^= c;
        for (int k = 0; k < 8; k++) {
            crc = crc >> 1 ^ (0xedb88320u & (0u - (crc & 1)));
        }
    }
    crc = ~crc;
    for (int i = 0; i < 4; i++) {
        out[n++] = (unsigned char)(crc >> (8 * i));
    }
    for (int i = 0; i < 4; i++) {
        out[n++] = (unsigned char)(bytes >> (8 * i));
    }
    char line[200];
    snprintf(line, sizeof line,
             "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %zu\r\n\r\n", n);
    peer_say(fd, line);
    for (size_t at = 0; at < n; at += 999) { // in pieces
        peer_send(fd, out + at, n - at < 999 ? n - at : 999);
    }
}

static void peer_big(int fd, size_t bytes, int chunked)
{
    static char block[16000];
    char line[200];
    snprintf(line, sizeof line,
             chunked ? "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                     : "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n",
             bytes);
    peer_say(fd, line);
    for (size_t at = 0; at < bytes;) {
        size_t part = bytes - at < sizeof block ? bytes - at : sizeof block;
        for (size_t i = 0; i < part; i++) {
            block[i] = (char)('a' + (at + i) % 23);
        }
        if (chunked) {
            snprintf(line, sizeof line, "%zx\r\n", part);
            peer_say(fd, line);
        }
        peer_send(fd, block, part);
        at += part;
        if (chunked) {
            peer_say(fd, "\r\n");
        }
    }
    if (chunked) {
        peer_say(fd, "0\r\nX-Trailer: yes\r\n\r\n");
    }
}

#define PEER_OK "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"

// Reads the body of a request: by length, or chunked until the last chunk. Answers its length and
// sum.
static void peer_echo(int fd, const char *rest, size_t have, const char *head)
{
    static char block[131072];
    const char *length = strcasestr(head, "content-length:");
    size_t want = length ? strtoul(length + 15, NULL, 10) : 0, got = 0;
    unsigned sum = 0;
    char tail[8] = "";
    int chunked = strcasestr(head, "transfer-encoding: chunked") != NULL;
    memcpy(block, rest, have);
    bool first = true;
    for (ssize_t n = (ssize_t)have;; n = recv(fd, block, sizeof block, 0)) {
        if (n < 0 || (n == 0 && !first)) {
            _exit(0);
        }
        first = false;
        for (ssize_t i = 0; i < n; i++) {
            sum = sum * 31 + (unsigned char)block[i];
            memmove(tail, tail + 1, 6);
            tail[6] = block[i];
        }
        got += (size_t)n;
        if (chunked ? memcmp(tail, "\r\n0\r\n\r\n", 7) == 0 : got >= want) {
            break;
        }
    }
    char line[200], body[64];
    snprintf(body, sizeof body, "%zu %u", got, sum);
    snprintf(line, sizeof line, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n%s", strlen(body),
             body);
    peer_say(fd, line);
}

static void peer_early(int fd, struct peer_counts *counts)
{
    char block[4096];
    peer_say(fd, "HTTP/1.1 413 Content Too Large\r\nContent-Length: 9\r\n\r\ntoo large");
    peer_sleep_ms(100);
    counts->early_bytes = (int)recv(fd, block, sizeof block, 0);
    peer_reset(fd);
}

// Reads on only after seconds: whoever sends a large body is held up with part of it still to send,
// and sees the answer then.
static void peer_leave_unread(int fd, char *rest)
{
    peer_sleep_ms(3000);
    while (recv(fd, rest, 60000, 0) > 0) {
    }
    _exit(0);
}

// One request. `round` counts those of this path over all connections.
static void peer_answer(int fd, char *head, char *rest, size_t have, struct peer *peer)
{
    struct peer_counts *counts = peer->counts;
    int round = counts->requests++;
    char path[200] = "";
    sscanf(head, "%*s %199s", path);
    snprintf(counts->last_head, sizeof counts->last_head, "%s", head);
    char line[300];
    if (strncmp(head, "CONNECT ", 8) == 0) {
        int good = strstr(head, "Proxy-Authorization: Basic dXNlcjpwYTpzcw==\r\n") != NULL;
        peer_say(fd, good ? "HTTP/1.1 200 Connected\r\n\r\n"
                          : "HTTP/1.1 407 No\r\nContent-Length: 0\r\n\r\n");
        counts->requests--;
    } else if (strcmp(path, "/chunked") == 0) {
        peer_say(fd, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nhel\r\n");
        peer_sleep_ms(20);
        peer_say(fd, "2\r\nlo\r\n0\r\nX-T: 1\r\n\r\n");
    } else if (strcmp(path, "/close") == 0) {
        peer_say(fd, "HTTP/1.1 200 OK\r\n\r\nhello");
        close(fd);
        _exit(0);
    } else if (strcmp(path, "/interim") == 0) {
        peer_say(
            fd, "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" PEER_OK);
    } else if (strcmp(path, "/gzip") == 0) {
        peer_gzip(fd, 60000);
    } else if (strcmp(path, "/busy") == 0 && round == 0) {
        peer_say(fd, "HTTP/1.1 503 Busy\r\nRetry-After: 1\r\nContent-Length: 4\r\n\r\nbusy");
    } else if (strncmp(path, "/busy-always", 12) == 0) {
        peer_say(fd, "HTTP/1.1 503 Busy\r\nContent-Length: 4\r\n\r\nbusy");
    } else if (strcmp(path, "/forbidden") == 0) {
        peer_say(fd, "HTTP/1.1 403 No\r\nContent-Length: 4\r\n\r\nno!!");
    } else if (strcmp(path, "/reset") == 0 && round < 2) {
        peer_reset(fd);
    } else if (strcmp(path, "/cut") == 0 && round == 0) {
        peer_say(fd, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe");
        close(fd);
        _exit(0);
    } else if (strcmp(path, "/slow-first") == 0) {
        peer_sleep_ms(3000);
    } else if (strcmp(path, "/slow-idle") == 0) {
        peer_say(fd, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe");
        peer_sleep_ms(3000);
    } else if (strcmp(path, "/drip") == 0) {
        peer_say(fd, "HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n");
        for (int i = 0; i < 500; i++) {
            peer_say(fd, "x");
            peer_sleep_ms(20);
        }
    } else if (strcmp(path, "/early") == 0) {
        peer_early(fd, counts);
    } else if (strcmp(path, "/early-open") == 0) {
        peer_say(fd, "HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\n\r\n");
        peer_leave_unread(fd, rest);
    } else if (strcmp(path, "/early-yes") == 0) {
        if (round > 0) {
            peer_echo(fd, rest, have, head);
            return;
        }
        peer_say(fd, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nfalse");
        peer_leave_unread(fd, rest);
    } else if (strcmp(path, "/opaque") == 0) {
        // Round 0 and 3 give back what came, 1 what came before, 2 nothing, 4 what is not ours.
        static char before[100];
        const char *at = strstr(head, "x-opaque-id: ");
        char now[100] = "";
        sscanf(at ? at : "", "x-opaque-id: %99s", now);
        snprintf(line, sizeof line, "HTTP/1.1 200 OK\r\n%s%s\r\nContent-Length: 5\r\n\r\nhello",
                 round == 2 ? "X-None: " : "X-Opaque-Id: ",
                 round == 1   ? before
                 : round == 4 ? "somebody"
                              : now);
        snprintf(before, sizeof before, "%s", now);
        peer_say(fd, line);
    } else if (strcmp(path, "/redirect") == 0) {
        peer_say(fd, "HTTP/1.1 302 Found\r\nLocation: https://elsewhere.example/x?secret=1\r\n"
                     "Content-Length: 0\r\n\r\n");
    } else if (strcmp(path, "/redirect-user") == 0) {
        snprintf(line, sizeof line,
                 "HTTP/1.1 302 Found\r\nLocation: http://u:p@127.0.0.1:%d/len\r\n"
                 "Content-Length: 0\r\n\r\n",
                 peer->port);
        peer_say(fd, line);
    } else if (strcmp(path, "/stale") == 0) {
        // Its FIN arrives together with the next request: the client cannot see it before.
        peer_say(fd, PEER_OK);
        char byte;
        recv(fd, &byte, 1, MSG_PEEK);
        peer_reset(fd);
    } else if (strcmp(path, "/extra") == 0) {
        peer_say(fd, PEER_OK "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil");
    } else if (strncmp(path, "/big/", 5) == 0) {
        peer_big(fd, strtoul(path + 5, NULL, 10), 0);
    } else if (strncmp(path, "/bigc/", 6) == 0) {
        peer_big(fd, strtoul(path + 6, NULL, 10), 1);
    } else if (strcmp(path, "/echo") == 0) {
        peer_echo(fd, rest, have, head);
    } else if (strcmp(path, "/brotli") == 0) {
        peer_say(fd, "HTTP/1.1 200 OK\r\nContent-Encoding: br\r\nContent-Length: 1\r\n\r\nx");
    } else if (strcmp(path, "/garbage") == 0) {
        peer_say(fd, "SSH-2.0-OpenSSH_9.2\r\n\r\n");
    } else {
        peer_say(fd, PEER_OK);
    }
}

static void peer_serve(int fd, struct peer *peer)
{
    static char in[131072];
    size_t have = 0;
    for (;;) {
        in[have] = 0;
        char *end = strstr(in, "\r\n\r\n");
        if (!end) {
            ssize_t got = recv(fd, in + have, sizeof in - 1 - have, 0);
            if (got <= 0) {
                _exit(0);
            }
            have += (size_t)got;
            continue;
        }
        static char head[131072];
        size_t n = (size_t)(end + 4 - in);
        memcpy(head, in, n);
        head[n] = 0;
        peer_answer(fd, head, in + n, have - n, peer);
        have = 0; // requests are not pipelined; what an answer has not read was its body
    }
}

static struct peer peer_start(void)
{
    struct peer peer = {0};
    int listener = socket(AF_INET, SOCK_STREAM, 0), one = 1;
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof at;
    if (bind(listener, (struct sockaddr *)&at, n) || listen(listener, 128) ||
        getsockname(listener, (struct sockaddr *)&at, &n)) {
        perror("peer_start");
        _exit(2);
    }
    peer.port = ntohs(at.sin_port);
    peer.counts = mmap(NULL, sizeof *peer.counts, PROT_READ | PROT_WRITE,
                       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    fflush(stdout);
    peer.pid = fork();
    if (peer.pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        signal(SIGCHLD, SIG_IGN);
        for (;;) {
            int fd = accept(listener, NULL, NULL);
            peer.counts->accepted++;
            if (fork() == 0) {
                prctl(PR_SET_PDEATHSIG, SIGKILL);
                close(listener);
                setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
                peer_serve(fd, &peer);
            }
            close(fd);
        }
    }
    close(listener);
    return peer;
}

static void peer_stop(struct peer *peer)
{
    kill(peer->pid, SIGKILL);
    waitpid(peer->pid, NULL, 0);
    munmap(peer->counts, sizeof *peer->counts);
}

#endif

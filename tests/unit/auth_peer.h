// SPDX-License-Identifier: Apache-2.0
// A far side that wants a login, for the tests of net/: NTLM as IIS does it (the connection is
// logged in), Negotiate bare or with SPNEGO, Basic. It does not check what a login says, it does
// what the test has written into the memory that both share: accept it, or refuse it. Child
// processes on loopback, one a connection.
#ifndef TESTS_UNIT_AUTH_PEER_H
#define TESTS_UNIT_AUTH_PEER_H

#include "net_peer.h"
#include "ntlm_base64.h"

struct auth_mode {
    // What it does.
    char offer[200];  // values of WWW-Authenticate, with | between them
    int refuse;       // logins still to be refused
    int forget_after; // requests of a connection; 0: never
    int close_in, no_token, reset_in, slow, anonymous, locked, spnego, body_bytes;
    int early_status, late_status; // instead of the answer to the first, last message
    // What it has seen.
    int accepted, firsts, lasts, basics, plain, good;
    int accepted_before_last; // connections when the first login came
    char first_head[4096], last_head[4096], head[4096], body[200];
};

struct auth_peer {
    int port;
    pid_t pid;
    struct auth_mode *mode;
};

static void auth_peer_put(int fd, const struct auth_mode *m, const char *text)
{
    for (const char *at = text; *at && m->slow; at++) {
        peer_send(fd, at, 1);
        peer_sleep_ms(1);
    }
    if (!m->slow) {
        peer_say(fd, text);
    }
}

// A 401 with these values; `more`: further header lines.
static void auth_peer_refuse(int fd, const struct auth_mode *m, const char *values,
                             const char *more, const char *body)
{
    static char text[8192], list[4096];
    size_t n = 0;
    snprintf(list, sizeof list, "%s", values);
    n += (size_t)snprintf(text + n, sizeof text - n, "HTTP/1.1 401 Unauthorized\r\n%s", more);
    for (char *value = strtok(list, "|"); value; value = strtok(NULL, "|")) {
        n += (size_t)snprintf(text + n, sizeof text - n, "WWW-Authenticate: %s\r\n", value);
    }
    if (m->body_bytes) {
        n += (size_t)snprintf(text + n, sizeof text - n, "Transfer-Encoding: chunked\r\n\r\n");
        auth_peer_put(fd, m, text);
        for (int i = 0; i < m->body_bytes; i += 1000) {
            char chunk[1100];
            snprintf(chunk, sizeof chunk, "3e8\r\n%01000d\r\n", i);
            peer_say(fd, chunk);
        }
        peer_say(fd, "0\r\n\r\n");
        return;
    }
    snprintf(text + n, sizeof text - n, "Content-Length: %zu\r\n\r\n%s", strlen(body), body);
    auth_peer_put(fd, m, text);
}

static void auth_peer_challenge(int fd, const struct auth_mode *m, bool negotiate, bool wrapped)
{
    static char value[2048];
    snprintf(value, sizeof value, "%s %s", negotiate ? "Negotiate" : "NTLM",
             wrapped ? WRAPPED_CHALLENGE_B : CHALLENGE_B);
    char more[200];
    snprintf(more, sizeof more, "%sSet-Cookie: exchangecookie=9f; path=/; HttpOnly\r\n",
             m->close_in ? "Connection: close\r\n" : "");
    auth_peer_refuse(fd, m, value, more, "<p>You are not authorized</p>");
}

static void auth_peer_judge(int fd, struct auth_mode *m, bool *in)
{
    if (m->late_status) {
        char text[100];
        snprintf(text, sizeof text, "HTTP/1.1 %d Late\r\nContent-Length: 0\r\n\r\n",
                 m->late_status);
        m->late_status = 0;
        peer_say(fd, text);
        return;
    }
    bool refused = __atomic_fetch_sub(&m->refuse, 1, __ATOMIC_SEQ_CST) > 0;
    if (refused) {
        auth_peer_refuse(fd, m, m->offer, "",
                         m->locked ? "The referenced account is currently locked out" : "");
        return;
    }
    *in = true;
    __atomic_fetch_add(&m->good, 1, __ATOMIC_SEQ_CST);
    auth_peer_put(fd, m, PEER_OK);
}

static void auth_peer_answer(int fd, struct auth_mode *m, const char *head, bool *in, int *served)
{
    snprintf(m->head, sizeof m->head, "%s", head);
    const char *auth = strstr(head, "\r\nAuthorization: ");
    bool negotiate = auth && strncmp(auth + 17, "Negotiate ", 10) == 0;
    bool ntlm = auth && strncmp(auth + 17, "NTLM ", 5) == 0;
    const char *token = auth ? auth + 17 + (negotiate ? 10 : 5) : "";
    bool offered = strstr(m->offer, negotiate ? "Negotiate" : "NTLM") != NULL;
    bool bare = strncmp(token, "TlRMTVNTUAA", 11) == 0;
    bool first = strncmp(token, "TlRMTVNTUAAB", 12) == 0 || strncmp(token, "YEgGBis", 7) == 0;
    if (ntlm || negotiate) {
        *in = false;
        __atomic_fetch_add(first ? &m->firsts : &m->lasts, 1, __ATOMIC_SEQ_CST);
        snprintf(first ? m->first_head : m->last_head, sizeof m->last_head, "%s", head);
        if (!first && m->lasts == 1) {
            m->accepted_before_last = m->accepted;
        }
    }
    if (m->anonymous || (*in && !auth)) {
        m->plain++;
        if (*in && m->forget_after && ++*served >= m->forget_after) {
            *in = false;
            auth_peer_refuse(fd, m, m->offer, "", "");
            return;
        }
        auth_peer_put(fd, m, PEER_OK);
    } else if (auth && strncmp(auth + 17, "Basic ", 6) == 0) {
        m->basics++;
        bool once = false;
        auth_peer_judge(fd, m, &once);
    } else if ((ntlm || negotiate) && first && m->early_status) {
        char text[100];
        snprintf(text, sizeof text, "HTTP/1.1 %d Early\r\nContent-Length: 0\r\n\r\n",
                 m->early_status);
        m->early_status = 0;
        peer_say(fd, text);
    } else if ((ntlm || negotiate) && first && m->reset_in) {
        m->reset_in--;
        peer_reset(fd);
    } else if ((ntlm || negotiate) && first && offered && !m->no_token && !(m->spnego && bare)) {
        auth_peer_challenge(fd, m, negotiate, !bare);
        if (m->close_in) {
            close(fd);
            _exit(0);
        }
    } else if ((ntlm || negotiate) && !first) {
        auth_peer_judge(fd, m, in);
    } else {
        auth_peer_refuse(fd, m, m->offer, "", "");
    }
}

static void auth_peer_serve(int fd, struct auth_mode *m)
{
    static char data[131072];
    size_t have = 0;
    bool in = false;
    for (int served = 0;;) {
        data[have] = 0;
        char *end = strstr(data, "\r\n\r\n");
        const char *length = end ? strcasestr(data, "content-length: ") : NULL;
        size_t body = length && length < end ? strtoul(length + 16, NULL, 10) : 0;
        if (!end || have < (size_t)(end + 4 - data) + body) {
            ssize_t got = recv(fd, data + have, sizeof data - 1 - have, 0);
            if (got <= 0) {
                _exit(0);
            }
            have += (size_t)got;
            continue;
        }
        snprintf(m->body, sizeof m->body, "%.*s", (int)body, end + 4);
        end[2] = 0;
        auth_peer_answer(fd, m, data, &in, &served);
        have = 0; // requests are not pipelined
    }
}

static struct auth_peer auth_peer_start(const char *offer)
{
    struct auth_peer peer = {0};
    int listener = socket(AF_INET, SOCK_STREAM, 0), one = 1;
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof at;
    if (bind(listener, (struct sockaddr *)&at, n) || listen(listener, 128) ||
        getsockname(listener, (struct sockaddr *)&at, &n)) {
        perror("auth_peer_start");
        _exit(2);
    }
    peer.port = ntohs(at.sin_port);
    peer.mode = mmap(NULL, sizeof *peer.mode, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
                     -1, 0);
    snprintf(peer.mode->offer, sizeof peer.mode->offer, "%s", offer);
    fflush(stdout);
    peer.pid = fork();
    if (peer.pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        signal(SIGCHLD, SIG_IGN);
        for (;;) {
            int fd = accept(listener, NULL, NULL);
            peer.mode->accepted++;
            if (fork() == 0) {
                prctl(PR_SET_PDEATHSIG, SIGKILL);
                close(listener);
                setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
                auth_peer_serve(fd, peer.mode);
            }
            close(fd);
        }
    }
    close(listener);
    return peer;
}

static void auth_peer_stop(struct auth_peer *peer)
{
    kill(peer->pid, SIGKILL);
    waitpid(peer->pid, NULL, 0);
    munmap(peer->mode, sizeof *peer->mode);
}

#endif

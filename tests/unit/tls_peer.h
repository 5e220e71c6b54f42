// SPDX-License-Identifier: Apache-2.0
// A far side for the tests of TLS: certificates and servers made by the openssl program, in a
// folder of their own that the test removes. It shares nothing with src/ but the bytes on the wire.
#ifndef TESTS_UNIT_TLS_PEER_H
#define TESTS_UNIT_TLS_PEER_H

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/str.h"

static char folder[64]; // of the certificates

static bool run(const char *command)
{
    char line[2000];
    snprintf(line, sizeof line, "cd %s && (%s) >>log 2>&1", folder, command);
    return system(line) == 0;
}

static str slurp(const char *name, u8 *p, isize cap)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    isize n = fd < 0 ? 0 : read(fd, p, (size_t)cap);
    close(fd);
    return str_make(p, n > 0 ? n : 0);
}

static bool make_root(const char *name)
{
    char line[400];
    snprintf(line, sizeof line,
             "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 3650 "
             "-subj '/CN=test root %s' -keyout %s.key -out %s.pem && "
             "openssl x509 -in %s.pem -outform DER -out %s.der",
             name, name, name, name, name);
    return run(line);
}

// A server certificate `name`, valid for 30 days, signed by `root`.
static bool make_leaf(const char *name, const char *root, const char *key, const char *extensions)
{
    char line[1000];
    snprintf(
        line, sizeof line,
        "printf '%%b\\n' '%s' > %s.ext && "
        "openssl req -newkey %s -nodes -subj '/O=Test/CN=%s.example' -keyout %s.key -out %s.csr && "
        "openssl x509 -req -in %s.csr -CA %s.pem -CAkey %s.key -CAcreateserial -days 30 "
        "-extfile %s.ext -out %s.pem",
        extensions, name, key, name, name, name, name, root, root, name, name);
    return run(line);
}

struct server {
    pid_t pid;
    int port;
    int in, out; // its standard input and output
};

// With "-WWW" it sends files of the folder; without, what is written to its input.
static struct server serve_as(const char *leaf, const char *options)
{
    struct server s = {0};
    int out[2], in[2];
    char line[500];
    snprintf(
        line, sizeof line,
        "cd %s && exec openssl s_server -accept 127.0.0.1:0 -cert %s.pem -key %s.key %s 2>>log",
        folder, leaf, leaf, options);
    if (pipe(out) || pipe(in)) {
        return s;
    }
    fflush(stdout);
    s.pid = fork();
    if (s.pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        dup2(out[1], 1);
        dup2(in[0], 0);
        close(out[0]);
        close(in[1]);
        execl("/bin/sh", "sh", "-c", line, (char *)NULL);
        _exit(127);
    }
    close(out[1]);
    close(in[0]);
    s.in = in[1];
    s.out = out[0];
    char text[4000] = "";
    for (size_t n = 0; n < sizeof text - 1 && !s.port;) {
        ssize_t got = read(out[0], text + n, sizeof text - 1 - n);
        if (got <= 0) {
            break;
        }
        n += (size_t)got;
        text[n] = 0;
        char *at = strstr(text, "ACCEPT 127.0.0.1:");
        s.port = at && strchr(at, '\n') ? atoi(at + 17) : 0;
    }
    return s;
}

[[maybe_unused]] static struct server serve(const char *leaf, const char *options)
{
    char line[200];
    snprintf(line, sizeof line, "-WWW %s", options);
    return serve_as(leaf, line);
}

static void serve_end(struct server *s)
{
    kill(s->pid, SIGKILL);
    waitpid(s->pid, NULL, 0);
    close(s->in);
    close(s->out);
}

#endif

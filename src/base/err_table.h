// SPDX-License-Identifier: Apache-2.0
// Every error of the program: ERR(NAME, CLASS, "what happened", "what to do about it").
// Included with ERR defined; one section a module, in the order of the layers. The first entry is
// success. A class is policy (base/err.h): choose it by what should happen next, not by the cause.
// clang-format off
ERR(NONE, NONE, "no error", "")

// base
ERR(BUF_FULL, LIMIT, "a buffer is full", "raise the limit that the message names, or report it")
ERR(ARENA_FULL, LIMIT, "a scratch arena is full", "report it with the input that caused it")
ERR(IDSET_FULL, LIMIT, "the id set is full", "raise limits.ids in config.yml: nothing is deleted while it is too small")

// codec/base64 codec/url codec/json codec/json_write codec/gzip
ERR(URL_SYNTAX, CONFIG, "a URL is malformed", "write it as https://host[:port]/path")
ERR(URL_SCHEME, CONFIG, "a URL is neither http:// nor https://", "write it as https://host[:port]/path")
ERR(URL_PORT, CONFIG, "the port of a URL is not a number from 1 to 65535", "correct the port or leave it out")
ERR(JSON_SYNTAX, DATA, "an answer is not JSON", "look at what stands between here and the server: a proxy or a login page may have answered")
ERR(JSON_TOO_MANY, LIMIT, "a JSON value has more parts than there is room for", "report it with the request that was answered")
ERR(JSON_TOO_DEEP, LIMIT, "a JSON value is nested too deeply", "report it with the request that was answered")
ERR(JSON_TOO_LARGE, LIMIT, "a JSON value is larger than its buffer", "report it with the request that was answered")
ERR(GZIP_CORRUPT, RETRY, "a gzip answer is damaged", "look for a proxy that changes answers, or turn compression off")
ERR(GZIP_BOMB, LIMIT, "a gzip answer unpacks to far more than it may", "turn compression off for this server, and find out who answers")
ERR(GZIP_FULL, LIMIT, "a compressed body does not fit its buffer", "send it uncompressed, or in smaller parts")

// codec/http1
ERR(HTTP_STATUS_LINE, RETRY, "the answer does not begin with an HTTP/1 status line", "check that host, port and scheme are those of an HTTP server")
ERR(HTTP_HEADER, RETRY, "an answer has a malformed header", "look for a proxy or load balancer that changes answers")
ERR(HTTP_LINE_END, RETRY, "a line of an answer does not end with CRLF", "look for a proxy or load balancer that changes answers")
ERR(HTTP_HEAD_SIZE, LIMIT, "the headers of an answer are too long or too many", "find out which server or proxy adds them")
ERR(HTTP_FRAMING, RETRY, "the headers of an answer contradict each other about its length", "look for a proxy or load balancer that changes answers")
ERR(HTTP_CHUNK_SIZE, RETRY, "a chunk of an answer has a malformed size", "look for a proxy or load balancer that changes answers")
ERR(HTTP_CHUNK_END, RETRY, "a chunk of an answer is longer than its size says", "look for a proxy or load balancer that changes answers")
ERR(HTTP_CHUNK_OVERHEAD, LIMIT, "an answer is cut into far too small chunks", "find out which server or proxy sends them")
ERR(HTTP_TRAILER_SIZE, LIMIT, "the trailers of an answer are too long", "find out which server or proxy adds them")
ERR(HTTP_CUT, RETRY, "the connection was closed in the middle of an answer", "see the logs of the server, and of proxies before it")

// codec/mime codec/charset

// os net/dns
ERR(FILE_MISSING, CONFIG, "a file does not exist", "check the path that the message names, and from which folder the program was started")
ERR(FILE_UNREADABLE, CONFIG, "a file cannot be read", "check that it is a file and that the user of this process may read it")
ERR(FILE_WRITE, FATAL, "writing to a file, pipe or terminal failed", "check that the disk is not full and that the reader of the pipe still runs")
ERR(SEAL_REFUSED, FATAL, "this host does not allow seccomp, and --require-seal asks for it", "allow seccomp filters for this container (its security profile), or start without --require-seal")
ERR(NET_REFUSED, RETRY, "the connection was refused", "check the port, and that the service runs and listens there")
ERR(NET_UNREACHABLE, RETRY, "the host cannot be reached", "check routes, firewalls and whether a proxy is needed (proxy: in config.yml)")
ERR(NET_RESET, RETRY, "the connection was broken by the far side", "if it happens again and again, look for a firewall or proxy between here and there")
ERR(DNS_BAD_NAME, CONFIG, "this is not a host name", "check the host name in config.yml: letters, digits, '-' and '.' only; write international names in punycode (xn--...)")
ERR(DNS_NO_NAME, CONFIG, "the host name does not exist", "check the host name in config.yml or in the connector's configuration, and the name servers and search domains in /etc/resolv.conf")
ERR(DNS_NO_ADDRESS, CONFIG, "the host name exists but has no address", "check the host name in config.yml or in the connector's configuration: it has neither an A nor an AAAA record")
ERR(DNS_NO_ANSWER, RETRY, "no name server answered", "check that the name servers in /etc/resolv.conf can be reached from here (UDP and TCP, port 53)")
ERR(DNS_SERVER_FAILED, RETRY, "the name servers refused or failed to look up the host name", "ask the name servers in /etc/resolv.conf for the name by hand (dig, nslookup), and check their own connection")

// net/conn net/tls net/loop net/proxy

// elastic

// source/gmail

// sync
ERR(LANE_TOO_SMALL, LIMIT, "a message outgrew the buffer of its lane", "nothing: it moves to a larger one")
ERR(JOB_TOO_MANY_MAILBOXES, FATAL, "too many mailboxes failed", "look at the mailboxes named above; raise sync.max_failed_mailboxes if that is expected. Nothing was deleted")
ERR(JOB_TOO_MANY_ITEMS, FATAL, "too many messages failed", "look at the messages named above; raise sync.max_failed_items if that is expected. Nothing was deleted")
ERR(JOB_MAILBOXES_FAILED, FATAL, "some mailboxes could not be read for reasons that may pass", "run it again; the mailboxes are named above, their documents were kept")
ERR(JOB_OUTPUT, FATAL, "the documents could not be written", "check the disk or the program that reads them")
ERR(JOB_SCAN, FATAL, "the documents that are in the index could not be listed", "nothing was deleted; run it again")

// cli

// clang-format on

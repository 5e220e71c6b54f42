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
ERR(NET_TIMEOUT_CONNECT, RETRY, "no connection within the time allowed", "check host and port, and whether a firewall drops packets or a proxy is needed (proxy: in config.yml)")
ERR(NET_TIMEOUT_FIRST_BYTE, RETRY, "the server took the request and did not begin to answer in time", "look at the load and the logs of the server")
ERR(NET_TIMEOUT_IDLE, RETRY, "the transfer stood still for too long", "look at the load of the server, and for a firewall or proxy that forgets connections")
ERR(NET_TIMEOUT_EXCHANGE, RETRY, "request and answer together took longer than allowed", "look at the load of the server and the speed of the line")
ERR(NET_CLOSED, RETRY, "the server closed the connection without an answer", "see the logs of the server, and of proxies before it")
ERR(HTTP_BUSY, RETRY, "the server is overloaded or asks to come back later", "lower the number of concurrent requests, or wait")
ERR(HTTP_UNAUTHORIZED, AUTH, "the server does not accept the credential", "check the credential in config.yml: it may have expired or been revoked")
ERR(HTTP_FORBIDDEN, CONFIG, "the credential is valid but may not do this", "grant the right that the message names to this account or API key")
ERR(HTTP_NOT_FOUND, DATA, "the server knows no such thing", "check the address in config.yml, if it is not an item that vanished meanwhile")
ERR(HTTP_CONFLICT, DATA, "the thing was changed or created by somebody else", "look for a second process that works on the same index or connector")
ERR(HTTP_TOO_LARGE, LIMIT, "the request is larger than the server allows", "lower the size of requests in config.yml, or raise the limit of the server or proxy")
ERR(HTTP_REDIRECT, CONFIG, "the server sends us to another address", "write the address that the message names into config.yml, if it is the right one")
ERR(HTTP_REDIRECT_UNSAFE, DATA, "a redirect leads somewhere that is not followed", "report it with the address that the message names")
ERR(HTTP_REFUSED, DATA, "the server refuses the request", "read the words of the server in the message")
ERR(HTTP_STATUS, FATAL, "the server answered with a status that is not understood", "check that host, port and path are those of the service that is meant")
ERR(HTTP_INTERIM, RETRY, "the server sends interim answers without end", "look for a proxy or load balancer that changes answers")
ERR(HTTP_ENCODING, DATA, "the answer is encoded in a way that was not offered", "look for a proxy or load balancer that changes answers")
ERR(HTTP_REQUEST_SIZE, LIMIT, "a request has a longer address or longer headers than there is room for", "shorten the values in config.yml that the message names, or report it")
ERR(HTTP_REQUEST_BYTES, DATA, "a value that would go into a request contains control characters", "correct the value in config.yml")
ERR(TLS_EXPIRED, CONFIG, "the certificate of the server has expired", "renew the certificate of the server; if its dates are right, correct the clock of this host")
ERR(TLS_NOT_YET_VALID, CONFIG, "the certificate of the server is not valid yet", "correct the clock of this host, or the certificate of the server")
ERR(TLS_WRONG_NAME, CONFIG, "the certificate of the server is for another name", "write the name that the certificate carries into config.yml, or have the certificate reissued")
ERR(TLS_UNKNOWN_ROOT, CONFIG, "the certificate of the server was issued by an authority that is not trusted here", "give the certificate of that authority as tls: ca_file in config.yml")
ERR(TLS_DISTRUSTED, CONFIG, "the certificate of the server was issued after its authority had lost the trust of browsers", "have it reissued by another authority, or give the certificate of that authority as tls: ca_file in config.yml")
ERR(TLS_SELF_SIGNED, CONFIG, "the certificate of the server is signed by itself", "give that certificate as tls: ca_file in config.yml, after comparing its fingerprint")
ERR(TLS_WEAK, CONFIG, "the certificate of the server uses a weak key or signature", "have it reissued with RSA of 2048 bits or more, or ECDSA, and SHA-256")
ERR(TLS_PURPOSE, CONFIG, "the certificate of the server was issued for another purpose", "have it reissued for server authentication")
ERR(TLS_VERSION, CONFIG, "the server speaks no TLS of version 1.2 or 1.3", "enable TLS 1.2 or 1.3 on the server")
ERR(TLS_NOT_TLS, CONFIG, "what answers at this port does not speak TLS", "check the port, and whether the address should begin with http://")
ERR(TLS_HANDSHAKE, CONFIG, "the TLS handshake failed", "read the alert in the message; compare the protocols and ciphers that the server allows")
ERR(TLS_BROKEN, RETRY, "a TLS connection broke", "if it happens again and again, look for a firewall or proxy between here and there")
ERR(TLS_HEAP, LIMIT, "the memory of a TLS connection is used up", "report it with the name of the server: its certificate chain is unusually large")
ERR(TLS_CA_EMPTY, CONFIG, "the file of trusted certificates contains none", "give a PEM file with BEGIN CERTIFICATE lines as tls: ca_file")
ERR(TLS_CA_SYNTAX, CONFIG, "a certificate in the file of trusted certificates cannot be read", "check the file given as tls: ca_file with: openssl x509 -in FILE -noout -text")
ERR(TLS_CA_TOO_MANY, LIMIT, "the file of trusted certificates holds too many", "keep only the authorities that are needed in tls: ca_file")
ERR(PROXY_URL, CONFIG, "the address of the proxy is malformed", "write it as http://[user:password@]host:port")
ERR(PROXY_AUTH, CONFIG, "the proxy wants a user name and password, or does not accept them", "write them into the address of the proxy: http://user:password@host:port")
ERR(PROXY_REFUSED, CONFIG, "the proxy refuses to connect to this destination", "allow the destination in the proxy, or exempt it with NO_PROXY")
ERR(PROXY_BUSY, RETRY, "the proxy cannot reach the destination now", "see the logs of the proxy")
ERR(PROXY_ANSWER, RETRY, "the proxy answered something that is no answer to CONNECT", "check that host and port are those of an HTTP proxy")
ERR(CRYPTO_KEY_SYNTAX, CONFIG, "the private key cannot be read", "paste the key as it was downloaded, from BEGIN to END line, with its line breaks")
ERR(CRYPTO_KEY_ENCRYPTED, CONFIG, "the private key is encrypted", "store it without a passphrase: openssl pkey -in KEY -out PLAIN")
ERR(CRYPTO_KEY_KIND, CONFIG, "the private key is not RSA of 2048 to 4096 bits", "create a new RSA key for this account")
ERR(CRYPTO_SIGN, FATAL, "signing with the private key failed", "create a new key for this account")

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

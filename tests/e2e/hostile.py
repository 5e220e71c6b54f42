# SPDX-License-Identifier: Apache-2.0
"""What tests/e2e/test_hostile.py sends: a server between mailferry and the fake tenant that hands requests on,
but for the one that it attacks; answers without end, too deep, packed or slow; mails that nobody should write."""
import base64
import http.client
import re
import socket
import ssl
import time
import zlib

import servers

KIB, MIB = 1 << 10, 1 << 20
BLOCK = 64 * KIB
LONG = 10 << 30  # bytes that an answer says it has
PATIENCE = 100.0  # seconds for which an attack goes on: longer than any row


class Far(servers.Listener):
    """Plain HTTP, or TLS with a certificate, to a port of the tenant. A request whose head and body match the
    pattern `at` is answered by attack(request), pieces of bytes; the others by the tenant. `met`: attacks begun;
    `sent`: bytes of them that this host took; `whole`: attacks sent to their end."""

    def __init__(self, to_port, at, attack, certificate=None, count=1 << 30):
        self.to_port, self.at, self.attack, self.count = to_port, re.compile(at, re.S), attack, count
        self.met, self.sent, self.whole = 0, 0, 0
        self.context = None
        if certificate:
            self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.context.load_cert_chain(certificate + ".pem", certificate + ".key")
        super().__init__()

    def serve(self, peer):
        peer.settimeout(PATIENCE)
        if self.context:
            peer = self.context.wrap_socket(peer, server_side=True)
        with peer:
            while (request := self.read_request(peer)):
                if self.at.search(request) and self.due():
                    self.send(peer, request)
                    return
                peer.sendall(self.hand_on(request))

    def due(self):
        self.count -= 1
        return self.count >= 0

    def read_request(self, peer):
        data = b""
        while b"\r\n\r\n" not in data:
            more = peer.recv(BLOCK)
            if not more:
                return b""
            data += more
        head, body = data.split(b"\r\n\r\n", 1)
        length = re.search(rb"(?i)\r\ncontent-length: *(\d+)", head)
        while length and len(body) < int(length[1]):
            more = peer.recv(BLOCK)
            if not more:
                return b""
            body += more
        return head + b"\r\n\r\n" + body

    def send(self, peer, request):
        self.met += 1
        end = time.time() + PATIENCE
        for piece in self.attack(self, request):
            peer.sendall(piece)
            self.sent += len(piece)
            if time.time() > end:
                return
        self.whole += 1
        peer.shutdown(socket.SHUT_WR)
        while peer.recv(BLOCK):  # a connection that is closed with bytes unread is reset
            pass

    def hand_on(self, request):
        head, body = request.split(b"\r\n\r\n", 1)
        lines = head.decode("latin-1").split("\r\n")
        method, target, _ = lines[0].split(" ")
        fields = dict(line.split(": ", 1) for line in lines[1:])
        fields.pop("Accept-Encoding", None)
        if self.context:
            inside = ssl._create_unverified_context()
            link = http.client.HTTPSConnection("127.0.0.1", self.to_port, context=inside, timeout=30)
        else:
            link = http.client.HTTPConnection("127.0.0.1", self.to_port, timeout=30)
        link.request(method, target, body or None, fields)
        answer = link.getresponse()
        data = answer.read()
        told = "".join(f"{k}: {v}\r\n" for k, v in answer.getheaders()
                       if k.lower() not in ("content-length", "transfer-encoding", "connection"))
        link.close()
        return f"HTTP/1.1 {answer.status} X\r\n{told}Content-Length: {len(data)}\r\n\r\n".encode() + data


# ---- answers of HTTP, whatever is asked; each is a generator of pieces

OK = b"HTTP/1.1 200 OK\r\nX-elastic-product: Elasticsearch\r\n"
JSON = OK + b"Content-Type: application/json\r\n"
XML = OK + b"Content-Type: text/xml; charset=utf-8\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n\r\n"


def forever(first, piece):
    """`first`, then the piece without end, in blocks."""
    def attack(_far, _request):
        yield first
        block = piece * (BLOCK // len(piece) + 1)
        while True:
            yield block
    return attack


def once(*pieces):
    def attack(_far, _request):
        yield from pieces
    return attack


def slowly(first, piece):
    """A byte a second."""
    def attack(_far, _request):
        yield first
        while True:
            time.sleep(1)
            yield piece
    return attack


def silence(_far, _request):
    time.sleep(PATIENCE)
    yield b""


def sized(head, body):
    """A whole answer."""
    return once(head + b"Content-Length: %d\r\n\r\n" % len(body), body)


def bomb(head, inside):
    """10 GB of one byte, in gzip: a thousandth of that on the wire."""
    def attack(_far, _request):
        packer = zlib.compressobj(9, zlib.DEFLATED, 31)
        yield head + b"Content-Encoding: gzip\r\n" + CHUNKED
        first = packer.compress(inside * MIB) + packer.flush(zlib.Z_FULL_FLUSH)
        yield b"%x\r\n%s\r\n" % (len(first), first)
        block = packer.compress(inside * 16 * MIB) + packer.flush(zlib.Z_FULL_FLUSH)
        for _ in range(LONG // (16 * MIB)):
            yield b"%x\r\n%s\r\n" % (len(block), block)
        yield b"0\r\n\r\n"
    return attack


def around(far, request):
    """A redirect to the address that was asked for."""
    target = request.split(b" ")[1]
    scheme = b"https" if far.context else b"http"
    yield (b"HTTP/1.1 302 Found\r\nLocation: %s://127.0.0.1:%d%s\r\nContent-Length: 0\r\n\r\n"
           % (scheme, far.port, target))


def edited(pattern, text):
    """The tenant's answer, with the first place that matches replaced. One without such a place is no attack."""
    def attack(far, request):
        head, body = far.hand_on(request).split(b"\r\n\r\n", 1)
        body, found = re.subn(pattern, lambda m: m[1] + text, body, count=1, flags=re.S)
        far.met, far.count = far.met - 1 + found, far.count + 1 - found
        head = re.sub(rb"(?i)\r\nContent-Length: \d+", b"", head)
        yield head + b"\r\nContent-Length: %d\r\n\r\n" % len(body)
        yield body
    return attack


# ---- LDAP: answers to the message with this id; `first` is what a server would say before

def ber(tag, *parts):
    content = b"".join(parts)
    length = bytes([len(content)]) if len(content) < 128 else b"\x84" + len(content).to_bytes(4, "big")
    return bytes([tag]) + length + content


def message(number, *parts):
    return ber(0x30, ber(2, bytes([number])), *parts)


def result(tag, code=0):
    return ber(tag, ber(10, bytes([code])), ber(4), ber(4))


def entry(mail):
    attribute = ber(0x30, ber(4, b"mail"), ber(0x31, ber(4, mail)))
    return ber(0x64, ber(4, b"CN=x,DC=example,DC=test"), ber(0x30, attribute))


def nest(depth):
    """Sequences in each other, the lengths of which are right."""
    inside = b""
    for _ in range(depth):
        inside = ber(0x30, inside)
    return inside


PAGED = b"1.2.840.113556.1.4.319"


class Directory(servers.Listener):
    """LDAP in TLS. Binds succeed, the entry of the server itself says nothing; what has the tag `at` (96 bind, 99
    search) is answered by attack(number)."""

    def __init__(self, certificate, at, attack):
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(certificate + ".pem", certificate + ".key")
        self.at, self.attack, self.met, self.sent, self.whole = at, attack, 0, 0, 0
        super().__init__()

    def serve(self, peer):
        peer.settimeout(PATIENCE)
        with self.context.wrap_socket(peer, server_side=True) as peer:
            while (data := peer.recv(BLOCK)):
                at = 2 if data[1] < 128 else 2 + (data[1] & 127)
                number, tag = data[at + 2], data[at + 3]
                if tag == 0x63 and PAGED not in data:
                    peer.sendall(message(number, result(0x65)))
                elif tag == self.at:
                    self.met += 1
                    for piece in self.attack(number):
                        peer.sendall(piece)
                        self.sent += len(piece)
                    self.whole += 1
                elif tag == 0x60:
                    peer.sendall(message(number, result(0x61)))


def says(*pieces):
    return lambda number: iter([p(number) if callable(p) else p for p in pieces])


def entries(number):
    block = message(number, entry(b"a" * 50000)) * 4
    while True:
        yield block


def pages(number):
    """A page without entries, and one more to come."""
    cookie = ber(0x30, ber(2, b"\0"), ber(4, b"more"))
    control = ber(0xa0, ber(0x30, ber(4, PAGED), ber(4, cookie)))
    yield message(number, result(0x65), control)


def dripping(number):
    for byte in message(number, result(0x61)):
        time.sleep(1)
        yield bytes([byte])
    time.sleep(PATIENCE)


# ---- mails

def mail(headers=b"", body=b"nothing\r\n", kind=b"text/plain"):
    return (b"From: a@example.test\r\nTo: user@example.test\r\nSubject: hostile\r\nMIME-Version: 1.0\r\n"
            b"Date: Mon, 05 Jan 2026 10:00:00 +0000\r\nMessage-ID: <1@example.test>\r\n"
            + headers + b"Content-Type: " + kind + b"\r\n\r\n" + body)


def parts(count):
    one = b"--b\r\nContent-Type: text/plain\r\n\r\nx\r\n"
    return mail(kind=b'multipart/mixed; boundary="b"', body=one * count + b"--b--\r\n")


def nested(depth):
    """Multiparts in each other, each with a boundary of its own."""
    text = [b'--b%d\r\nContent-Type: multipart/mixed; boundary="b%d"\r\n\r\n' % (i, i + 1) for i in range(depth)]
    return mail(kind=b'multipart/mixed; boundary="b0"', body=b"".join(text) + b"the end\r\n")


def attached(depth):
    """Mails in each other."""
    return mail(kind=b"message/rfc822", body=b"Content-Type: message/rfc822\r\n\r\n" * depth + b"\r\nthe end\r\n")


def encoded(data, kind=b"text/html"):
    """A body in base64, as one line."""
    return mail(b"Content-Transfer-Encoding: base64\r\n", base64.b64encode(data) + b"\r\n", kind)


def html_line(size):
    return mail(kind=b"text/html", body=b"<p>" + b"a<b>b</b> &amp; " * (size // 16) + b"</p>")


def html_soup(size):
    return mail(kind=b"text/html", body=b"<div><b><i>" * (size // 11))


def name_in_pieces(count):
    pieces = b"".join(b";\r\n filename*%d=%s" % (i, b"n" * 64) for i in range(count))
    return mail(b"Content-Disposition: attachment" + pieces + b"\r\n", kind=b"application/pdf")


MAILS = {
    "100,000 parts": lambda: parts(100000),
    "100,000 parts in each other": lambda: nested(100000),
    "100,000 mails in each other": lambda: attached(100000),
    "100,000 header lines": lambda: mail(b"".join(b"X-%d: y\r\n" % i for i in range(100000))),
    "a header of 20 MB, folded": lambda: mail(b"References:" + b"\r\n <12345678901234567890@example.test>" * 540000 + b"\r\n"),
    "a header line of 20 MB": lambda: mail(b"Subject: " + b"x" * (20 * MIB) + b"\r\n"),
    "500,000 recipients": lambda: mail(b"Cc: " + b",\r\n ".join([b"someone <s@example.test>"] * 500000) + b"\r\n"),
    "100,000 encoded words": lambda: mail(b"Subject:" + b"\r\n =?utf-8?Q?=F0=9F=98=80?=" * 100000 + b"\r\n"),
    "a boundary of 64 KB": lambda: mail(kind=b'multipart/mixed; boundary="' + b"b" * 65536 + b'"', body=b"--b\r\n\r\nx"),
    "a file name of 64 KB in 1,000 pieces": lambda: name_in_pieces(1000),
    "a charset that does not exist": lambda: mail(kind=b"text/plain; charset=" + b"x" * 65536, body=b"\xff\xfe\xfd"),
    "HTML of 50 MB in one line": lambda: html_line(49 * MIB),
    "HTML of 50 MB in one line, base64": lambda: encoded(b"<p>" + b"a<b>b</b> &amp; " * (36 * MIB // 16)),
    "a million open HTML tags": lambda: html_soup(11 * MIB),
    "60 MB": lambda: html_line(60 * MIB),
}

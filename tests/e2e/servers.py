# SPDX-License-Identifier: Apache-2.0
"""Servers in threads of a test: a listener, what stands before TLS, an HTTP proxy, a name server."""
import base64
import http.server
import select
import socket
import ssl
import struct
import threading
import urllib.parse

import rig

STILL = 20.0  # seconds after which a connection without traffic is given up


class Listener:
    """Accepts on 127.0.0.1 and calls serve(socket) in a thread for each connection; rig stops it."""

    def __init__(self, address="127.0.0.1", port=0):
        self.socket = socket.create_server((address, port))
        self.port = self.socket.getsockname()[1]
        self.accepted = 0
        self.closed = False
        threading.Thread(target=self.accept, daemon=True).start()
        rig.RUNNING.append(self)

    def accept(self):
        while True:
            try:
                peer, _ = self.socket.accept()
            except OSError:
                return
            self.accepted += 1
            threading.Thread(target=self.guard, args=(peer,), daemon=True).start()

    def guard(self, peer):
        try:
            self.serve(peer)
        except (OSError, ssl.SSLError):
            pass
        finally:
            peer.close()

    # what rig.stop_all asks of a process
    def poll(self):
        return 0 if self.closed else None

    def terminate(self):
        if not self.closed:
            self.socket.shutdown(socket.SHUT_RDWR)  # close alone does not wake accept
            self.socket.close()
        self.closed = True

    def wait(self, _seconds):
        return 0


def pump(a, b, seen=None):
    """Both ways until one side ends. `seen` gets what `a` sends."""
    both = {a: b, b: a}
    while True:
        ready = [s for s in both if isinstance(s, ssl.SSLSocket) and s.pending()]
        ready = ready or select.select(list(both), [], [], STILL)[0]
        if not ready:
            return
        for s in ready:
            data = s.recv(65536)
            if not data:
                return
            if seen is not None and s is a:
                seen.extend(data)
            both[s].sendall(data)


class Front(Listener):
    """Ends TLS with a certificate of ours and hands on to a plain server."""

    def __init__(self, to_port, certificate):
        self.to_port = to_port
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(certificate + ".pem", certificate + ".key")
        super().__init__()

    def serve(self, peer):
        peer.settimeout(STILL)
        with self.context.wrap_socket(peer, server_side=True) as inside, \
                socket.create_connection(("127.0.0.1", self.to_port)) as server:
            pump(inside, server)


class Proxy(Listener):
    """CONNECT only. `answer` (bytes) is sent to every request instead of opening a tunnel."""

    def __init__(self, user=None, answer=None):
        self.wanted = user and b"Basic " + base64.b64encode(user.encode())
        self.answer = answer
        self.heads, self.opened, self.wrong = [], [], 0
        self.names = {}  # to addresses, besides those that this machine knows
        self.through = bytearray()  # all that clients sent into tunnels
        super().__init__()

    def read_head(self, peer):
        head = b""
        while b"\r\n\r\n" not in head:
            data = peer.recv(4096)
            if not data:
                return None
            head += data
        return head

    def serve(self, peer):
        peer.settimeout(STILL)
        head = self.read_head(peer)
        if head is None:
            return
        self.heads.append(head)
        line, *headers = head.split(b"\r\n\r\n")[0].split(b"\r\n")
        fields = dict((h.split(b":", 1)[0].lower(), h.split(b":", 1)[1].strip()) for h in headers)
        method, target, _ = line.split(b" ")
        if self.answer is not None:
            peer.sendall(self.answer)
            return
        if method != b"CONNECT":
            peer.sendall(b"HTTP/1.1 405 Method Not Allowed\r\nContent-Length: 0\r\n\r\n")
            return
        if self.wanted and fields.get(b"proxy-authorization") != self.wanted:
            self.wrong += 1
            peer.sendall(b"HTTP/1.1 407 Proxy Authentication Required\r\n"
                         b"Proxy-Authenticate: Basic realm=\"x\"\r\nContent-Length: 5\r\n\r\nsorry")
            return
        host, port = target.decode().rsplit(":", 1)
        host = self.names.get(host, host.strip("[]"))
        with socket.create_connection((host, int(port))) as server:
            self.opened.append(target.decode())
            peer.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            pump(peer, server, self.through)


class Extraction:
    """The text extraction service on plain HTTP. Keeps each request as (head, bytes), those of the file if it names
    one; says(bytes) gives the status and the answer, in pieces if it is a list (chunked then); None: it hangs up
    without a word."""

    def __init__(self, says, port=0):
        self.requests = []
        self.ping = 200  # the status of GET /ping/
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_PUT(self):
                data = self.rfile.read(int(self.headers["Content-Length"]))
                pointer = urllib.parse.parse_qs(urllib.parse.urlsplit(self.path).query).get("local_file_path")
                if pointer:
                    with open(pointer[0], "rb") as file:
                        data = file.read()
                outer.requests.append(({"path": self.path, **{k.lower(): v for k, v in self.headers.items()}}, data))
                said = says(data)
                if said is None:
                    self.close_connection = True
                    return
                status, answer = said
                self.send_response(status)
                if isinstance(answer, list):
                    self.send_header("Transfer-Encoding", "chunked")
                    self.end_headers()
                    for piece in [*answer, b""]:
                        self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
                else:
                    self.send_header("Content-Length", str(len(answer)))
                    self.end_headers()
                    self.wfile.write(answer)

            def do_GET(self):
                self.send_response(outer.ping if self.path == "/ping/" else 404)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_):  # who asked has gone
                pass

        self.server = Server(("127.0.0.1", port), Handler)
        self.port = self.server.server_port
        self.closed = False
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        rig.RUNNING.append(self)

    def poll(self):
        return 0 if self.closed else None

    def terminate(self):
        if not self.closed:
            self.server.shutdown()
            self.server.server_close()
        self.closed = True

    def wait(self, _seconds):
        return 0

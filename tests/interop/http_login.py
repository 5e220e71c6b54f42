# SPDX-License-Identifier: Apache-2.0
# net/auth logs in to an HTTP server that does NTLM with somebody else's code (pyspnego, as acceptor):
#     python3 tests/interop/http_login.py build/http_login_tool
# It checks responses, integrity codes and, over TLS, that the login is bound to its certificate. Under the
# name of NTLM and of Negotiate, right and wrong passwords, a certificate that was replaced on the way; how
# often a wrong password is tried. The package goes into build/exchangelib, by exchangelib.txt with its
# digests; where that is not possible, all is skipped.
import base64
import hashlib
import http.server
import os
import socketserver
import ssl
import subprocess
import sys
import tempfile
import threading

HERE = os.path.dirname(os.path.abspath(__file__))
USER, PASSWORD = "EXAMPLE\\svc", "Passw0rd"


def server(scheme, certificate, binding):
    """A server that logs connections in; certificate: the file of TLS, or None; binding: the certificate that
    it believes to show."""
    import spnego
    from spnego.channel_bindings import GssChannelBindings

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version, context, inside = "HTTP/1.1", None, False

        def log_message(self, *words):
            pass

        def answer(self, status, body=b"", challenge=None):
            self.send_response(status)
            if challenge is not None:
                self.send_header("WWW-Authenticate", challenge)
                self.send_header("Set-Cookie", "exchangecookie=9f; path=/")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_POST(self):
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            name, _, token = self.headers.get("Authorization", "").partition(" ")
            if self.inside and not name:
                return self.answer(200, b"hello" if body == b"<soap/>" else b"no body")
            if name != scheme:
                return self.answer(401, b"not authorized", scheme)
            token = base64.b64decode(token)
            if token[8:12] == b"\1\0\0\0":
                bound = binding and GssChannelBindings(
                    application_data=b"tls-server-end-point:" + hashlib.sha256(binding).digest())
                self.context = spnego.server(protocol="ntlm", channel_bindings=bound)
            try:
                token = self.context.step(token)
            except Exception as e:
                self.server.refused.append(type(e).__name__)
                return self.answer(401, b"not authorized", scheme)
            if not self.context.complete:
                return self.answer(401, b"go on", f"{scheme} {base64.b64encode(token).decode()}")
            self.inside = True
            self.server.accepted.append((self.context.client_principal, self.headers.get("Cookie")))
            return self.answer(200, b"hello" if body == b"<soap/>" else b"no body")

    class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
        daemon_threads = True

    made = Server(("127.0.0.1", 0), Handler)
    made.accepted, made.refused = [], []
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        made.socket = context.wrap_socket(made.socket, server_side=True)
    threading.Thread(target=made.serve_forever, daemon=True).start()
    return made


def walk(tool):
    checks = failed = 0

    def same(what, got, want):
        nonlocal checks, failed
        checks += 1
        if got != want:
            failed += 1
            print(f"{what}: got {got}, want {want}")

    with tempfile.TemporaryDirectory() as place:
        users, pem = os.path.join(place, "users"), os.path.join(place, "pem")
        with open(users, "w") as f:
            f.write("EXAMPLE:svc:Passw0rd\n")
        os.environ["NTLM_USER_FILE"] = users
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30", "-subj",
                        "/CN=localhost", "-keyout", pem + ".key", "-out", pem + ".crt"], check=True, capture_output=True)
        with open(pem, "w") as f:
            f.write(open(pem + ".key").read() + open(pem + ".crt").read())
        der = ssl.PEM_cert_to_DER_cert(open(pem + ".crt").read())
        for scheme in ("NTLM", "Negotiate"):
            for tls, binding, password, error in ((False, None, PASSWORD, None), (True, der, PASSWORD, None),
                                                  (True, der + b"x", PASSWORD, "BadBindingsError"),
                                                  (False, None, "wrong", "InvalidTokenError"),
                                                  (True, der, "wrong", "InvalidTokenError")):
                s = server(scheme, pem if tls else None, binding)
                url = f"http{'s' if tls else ''}://localhost:{s.server_port}"
                out = subprocess.run([tool, url, USER, password, "3"], capture_output=True, text=True, timeout=60)
                what, lines = f"{scheme} {url} {password}", out.stdout.splitlines()
                if error:
                    same(what, [line.split()[1] for line in lines[:3]], ["AUTH_REFUSED"] * 3)
                    same(what + " is tried", s.refused, [error] * 2)
                    same(what + " is let in", s.accepted, [])
                else:
                    same(what, lines, ["200 hello"] * 3 + ["connections 1"])
                    same(what + " is let in", s.accepted, [("EXAMPLE\\svc", "exchangecookie=9f")])
                    same(what + " is refused", s.refused, [])
                s.shutdown()
    print(f"{'FAIL' if failed else 'PASS'} http_login: {checks} comparisons, {failed} wrong")
    return 1 if failed else 0


def main(tool):
    sys.path.insert(0, HERE)
    import python_venv
    python, why = python_venv.python_with("exchangelib", os.path.join(HERE, "exchangelib.txt"))
    if not python:
        print(f"SKIP http_login pyspnego: {why}")
        return 0
    return subprocess.run([python, os.path.abspath(__file__), tool, "walk"]).returncode


if __name__ == "__main__":
    sys.exit(walk(sys.argv[1]) if len(sys.argv) > 2 else main(sys.argv[1]))

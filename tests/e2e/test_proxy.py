# SPDX-License-Identifier: Apache-2.0
"""An HTTP proxy between mailferry and everything: from where it is named, what it sees, how it refuses."""
import rig
import servers
from rig import completed, same, true


def tenant():
    return rig.Tenant("--users", 2, "--messages", 20, "--size", 600)


def arrived(t):
    same(sorted(t.docs()), sorted(t.messages()))


def block(proxy, more="", user=""):
    return f"\nproxy:\n  url: http://{user}127.0.0.1:{proxy.port}\n{more}"


def targets(t, *which):
    return {f"127.0.0.1:{t.port(w)}" for w in which}


def test_from_config():
    t, p = tenant(), servers.Proxy()
    completed(t.sync(extra=block(p)))
    arrived(t)
    same(set(p.opened), targets(t, "google", "elasticsearch"))
    same(t.stats()["handshakes"], len(p.opened), "connections besides the proxy's")


def test_from_the_environment():
    for name in ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"):
        t, p = tenant(), servers.Proxy()
        completed(t.sync(env={name: f"http://127.0.0.1:{p.port}"}))
        arrived(t)
        same(set(p.opened), targets(t, "google", "elasticsearch"), name)
        rig.stop_all()


def test_config_goes_before_the_environment():
    t, p, q = tenant(), servers.Proxy(), servers.Proxy()
    completed(t.sync(extra=block(p), env={"HTTPS_PROXY": f"http://127.0.0.1:{q.port}"}))
    true(p.opened and not q.accepted, "the wrong proxy")


def test_proxy_false_ignores_the_environment():
    t, p = tenant(), servers.Proxy()
    completed(t.sync(extra="\nproxy: false\n", env={"HTTPS_PROXY": f"http://127.0.0.1:{p.port}"}))
    same(p.accepted, 0)


def test_exemptions():
    for where in ("NO_PROXY", "no_proxy"):
        t, p = tenant(), servers.Proxy()
        completed(t.sync(env={"HTTPS_PROXY": f"http://127.0.0.1:{p.port}", where: "x.example,127.0.0.1"}))
        same(p.accepted, 0, where)
        rig.stop_all()
    t, p = tenant(), servers.Proxy()  # one destination of two, by name
    change = lambda c: c.replace(f"host: https://127.0.0.1:", "host: https://localhost:")
    completed(t.sync(change=change, extra=block(p, "  no_proxy: localhost\n")))
    arrived(t)
    same(set(p.opened), targets(t, "google"))


def test_names_are_resolved_by_the_proxy():
    t, p = tenant(), servers.Proxy()
    p.names = {"search.example.test": "127.0.0.1"}
    change = lambda c: c.replace("host: https://127.0.0.1:", "host: https://search.example.test:") \
        .replace("  ca_certs:", "  verify_certs: false\n  ca_certs:")
    completed(t.sync(change=change, extra=block(p)))
    arrived(t)
    true(f"search.example.test:{t.port('elasticsearch')}" in p.opened, str(p.opened))


def test_basic_authentication():
    t, p = tenant(), servers.Proxy(user="mail ferry:p@ss:word")
    completed(t.sync(extra=block(p, user="mail%20ferry:p%40ss%3Aword@")))
    arrived(t)
    same(p.wrong, 0, "requests without the password")


def test_407_is_told_and_the_password_is_not():
    for user in ("", "me:swordfish@"):
        t, p = tenant(), servers.Proxy(user="me:secret")
        r = t.sync(extra=block(p, user=user))
        same((r.code, r["error"]["code"], p.opened), (1, "PROXY_AUTH", []), r.text())
        true("user" in r["error"]["todo"] and str(p.port) in r["error"]["detail"], r)
        true("swordfish" not in r.out + r.err, "the password is in the output")
        rig.stop_all()


def test_refusal():
    t = tenant()
    p = servers.Proxy(answer=b"HTTP/1.1 403 Forbidden\r\nContent-Length: 6\r\n\r\nnever\n")
    r = t.sync(extra=block(p))
    same((r.code, r["error"]["code"]), (1, "PROXY_REFUSED"), r.text())
    true("NO_PROXY" in r["error"]["todo"], r)
    same(p.accepted, 1, "a refusal is not asked for again")


def test_weather_is_tried_again():
    class Weather(servers.Proxy):
        def serve(self, peer):
            self.answer = b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n" if self.accepted == 2 else \
                b"HTTP/1.1 502 Bad Gateway\r\n\r\n" if self.accepted == 3 else None
            if self.accepted == 4:
                return  # closed without a word
            super().serve(peer)

    t, p = tenant(), Weather()
    r = completed(t.sync(extra=block(p),
                         change=lambda c: c.replace("  password:", "  retry_interval: 1\n  password:")))
    arrived(t)
    true(r["retries"] >= 3, r)


def test_garbage():
    for answer in (b"220 mail.example ESMTP\r\n", b"\x15\x03\x01\x00\x02\x02\x46",
                   b"HTTP/1.1 200 OK\r\nX" + b"y" * 40000):
        t, p = tenant(), servers.Proxy(answer=answer)
        r = t.sync(extra=block(p), change=lambda c: c.replace(
            "  password:", "  max_retries: 2\n  retry_interval: 1\n  password:"))
        same((r.code, r["error"]["code"]), (1, "PROXY_ANSWER"), r.text())
        rig.stop_all()


def test_words_after_the_tunnel_opened_are_not_taken_for_the_servers():
    t = tenant()
    p = servers.Proxy(answer=b"HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
    r = t.sync(extra=block(p), change=lambda c: c.replace(
        "  password:", "  max_retries: 2\n  retry_interval: 1\n  password:"))
    same((r.code, t.stats()["tokens_issued"]), (1, 0), r.text())


def test_no_proxy_there():
    t, p = tenant(), servers.Proxy()
    p.terminate()
    r = t.sync(extra=block(p), change=lambda c: c.replace(
        "  password:", "  max_retries: 2\n  retry_interval: 1\n  password:"))
    same((r.code, r["error"]["code"]), (1, "NET_REFUSED"), r.text())
    true(str(p.port) in r["error"]["detail"] and "proxy" in str(r["error"]).lower(), r)


def test_a_malformed_address_is_wrong_configuration():
    for url in ("https://127.0.0.1:3128", "socks5://127.0.0.1:1080", "127.0.0.1", "http://"):
        t = tenant()
        r = t.sync(extra=f"\nproxy:\n  url: {url}\n")
        same(r.code, 2, url + "\n" + r.text())
        true("proxy" in r.err, r)
        rig.stop_all()


def test_what_the_proxy_sees():
    t, p = tenant(), servers.Proxy(user="me:secret")
    completed(t.sync(extra=block(p, user="me:secret@")))
    heads = b"".join(p.heads).lower()
    true(b"proxy-authorization: basic" in heads and b"\r\nauthorization" not in heads, str(heads[:500]))
    true(all(h.startswith(b"CONNECT 127.0.0.1:") for h in p.heads), str(p.heads[:3]))
    through = bytes(p.through)
    true(len(through) > 10000, "nothing went through")
    for word in (b"uthorization", b"Bearer", b"POST /", b"GET /", b"subject", b"_bulk", b"secret"):
        true(word not in through, f"{word} in the clear")


def test_a_plain_destination_goes_through_a_tunnel_too():
    t = rig.Tenant("--users", 1, "--messages", 5, "--size", 300, "--plain")
    p = servers.Proxy(user="me:secret")
    completed(t.sync(extra=block(p, user="me:secret@")))
    arrived(t)
    true(b"roxy-Authorization" not in bytes(p.through), "the proxy's password went to the server")

# SPDX-License-Identifier: Apache-2.0
"""GET /healthz and /metrics of a sealed service, and `mailferry healthcheck`."""
import re
import socket
import subprocess
import time
import urllib.error
import urllib.request

import rig
from rig import same, true
from test_serve import World, values


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def served(**options):
    port = free_port()
    w = World(service=f'  listen: "127.0.0.1:{port}"\n', **options)
    w.port = port
    w.serve()
    return w


def get(w, path):
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{w.port}{path}", timeout=10) as answer:
            return answer.status, answer.read().decode(), answer.headers
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode(), error.headers


def metrics(w):
    """{name{labels}: value}, after a check of the format as a scraper would do it."""
    status, text, headers = get(w, "/metrics")
    same(status, 200)
    true(headers["Content-Type"].startswith("text/plain; version=0.0.4"), str(headers))
    found, family, closed = {}, None, set()
    for line in text.splitlines():
        if line.startswith("# HELP "):
            closed.add(family)
            family = line.split()[2]
            true(family not in closed, f"{family} in two places")
        elif not line.startswith("#"):
            match = re.fullmatch(r'([a-z_]+)(\{(?:[a-z]+="(?:[^"\\]|\\.)*",?)*\})? (-?\d+)', line)
            true(match and match[1] == family, line)
            found[match[1] + (match[2] or "")] = int(match[3])
    return found


def healthcheck(w):
    path = w.services[-1].args[3]
    done = subprocess.run([rig.BINARY, "healthcheck", "-c", path, "--require-seal"], capture_output=True, text=True,
                          env=rig.clean_env(), timeout=30)
    return done.returncode, done.stderr


def up(w):
    def healthy():
        try:
            return get(w, "/healthz")[0] == 200
        except OSError:
            return False
    w.wait(healthy)


def test_health_and_counters_over_the_life_of_jobs():
    w = served()
    up(w)
    same(get(w, "/healthz")[1], "ok\n")
    same(healthcheck(w), (0, ""))
    w.configured()
    w.connected()
    first = w.wait_job(w.job(), "completed", "error")
    same(first["status"], "completed")
    ended = 'mailferry_jobs_total{connector="c1",type="full",outcome="completed"}'
    w.wait(lambda: ended in metrics(w))
    now = metrics(w)
    same((now["mailferry_ready"], now[ended]), (1, 1))
    same(now['mailferry_documents_indexed_total{connector="c1"}'], 20)
    last = now['mailferry_last_completed_seconds{connector="c1",type="full"}']
    true(abs(last - time.time()) < 60, str(last))
    true(now["mailferry_requests_total"] > 20 and now["mailferry_connects_total"] > 1, str(now))
    secret = values(w.tenant)["service_account_credentials"]
    page = get(w, "/metrics")[1]
    true("PRIVATE KEY" in secret and "PRIVATE" not in page and "tenant-password" not in page, "secrets")
    same(w.stop(), 0)


def test_a_running_job_shows_its_numbers():
    w = served()
    up(w)
    w.configured()
    w.connected()
    w.tenant.post("options", latency_ms=300)
    job = w.job()
    w.wait(lambda: any(k.startswith("mailferry_mailbox_messages{") for k in metrics(w)))
    now = metrics(w)
    same(now["mailferry_jobs_running"], 1)
    true('mailferry_job{connector="c1",type="full",counter="messages_listed"}' in now, str(now))
    true(any('mailbox="user1@example.test"' in k for k in now), str(now))
    w.tenant.post("options", latency_ms=0)
    w.wait_job(job, "completed")
    same(w.stop(), 0)


def test_retries_are_told_by_reason():
    w = served()
    up(w)
    w.tenant.post("faults", path="/.elastic-connectors/_search", status=503, count=3)
    w.wait(lambda: any(k.startswith("mailferry_retries_total{reason=") for k in metrics(w)))
    same(w.stop(), 0)


def test_not_ready_before_elasticsearch_is_there():
    w = World(service=f'  listen: "127.0.0.1:{free_port()}"\n')
    w.port = int(re.search(r"127.0.0.1:(\d+)\"", w.service)[1])
    w.tenant.post("faults", path="/", method="GET", status=503, count=-1)
    w.serve()
    w.wait(lambda: healthcheck(w)[0] == 1 and "starting" in healthcheck(w)[1])
    same(get(w, "/healthz")[0], 503)
    w.tenant.control("DELETE", "faults")
    up(w)
    same(w.stop(), 0)
    same(healthcheck(w), (1, "mailferry: not healthy: nobody listens at service.listen\n"))


def test_wrong_addresses_are_refused():
    for listen in ("0.0.0.0:9114", "9114", "127.0.0.1", "127.0.0.1:0", "127.0.0.1:99999", "example.test:1", "[::]:9114"):
        w = World(service=f'  listen: "{listen}"\n')
        process = w.serve()
        same(process.wait(20), 2, listen)
        true("service.listen" in w.words() and listen in w.words(), w.words())
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        w = World(service=f'  listen: "127.0.0.1:{taken.getsockname()[1]}"\n')
        same(w.serve().wait(20), 2)


def test_without_a_listener():
    w = World()
    w.serve()
    w.wait(lambda: w.record()["configuration"])
    code, err = healthcheck(w)
    same(code, 2)
    true("service.listen is not set" in err, err)
    same(w.stop(), 0)


def test_hostile_clients_delay_nothing():
    w = served()
    up(w)
    w.configured()
    silent = [socket.create_connection(("127.0.0.1", w.port)) for _ in range(10)]
    for s in silent[:5]:
        s.sendall(b"GET / HTTP/1.1\r\nX: " + b"a" * 100)
    w.connected()
    same(w.wait_job(w.job(), "completed", "error")["status"], "completed")
    for s in silent:
        s.close()
    up(w)
    same(w.stop(), 0)


def asked_as(w, host, version="1.1"):
    """The status, and the text, for a request with this Host."""
    with socket.create_connection(("127.0.0.1", w.port), timeout=10) as s:
        line = f"Host: {host}\r\n" if host is not None else ""
        s.sendall(f"GET /metrics HTTP/{version}\r\n{line}\r\n".encode())
        answer = b""
        while data := s.recv(65536):
            answer += data
    head, _, text = answer.decode().partition("\r\n\r\n")
    return int(head.split()[1]), text


def test_other_hosts_are_refused():
    """A page in a browser lets its own name resolve to 127.0.0.1 and asks: it gets nothing."""
    w = served()
    up(w)
    for host in (f"127.0.0.1:{w.port}", "127.0.0.1", f"localhost:{w.port}", "LOCALHOST:8080"):
        status, text = asked_as(w, host)
        true(status == 200 and "mailferry_ready" in text, str((host, status)))
    for host in (f"attacker.test:{w.port}", "attacker.test", "localhost.attacker.test", "[::1]", "127.0.0.2", "", "metrics.test"):
        status, text = asked_as(w, host)
        true(status == 421 and "service.listen_name" in text and "mailferry_" not in text, str((host, status, text)))
        true("attacker" not in text, text)
    same((asked_as(w, None)[0], asked_as(w, None, "1.0")[0]), (400, 200))
    same(w.stop(), 0)
    w.service += "  listen_name: metrics.test\n"
    w.serve()
    up(w)
    same([asked_as(w, host)[0] for host in ("Metrics.test", "metrics.test:443", "127.0.0.1", "attacker.test")],
         [200, 200, 200, 421])
    same(w.stop(), 0)

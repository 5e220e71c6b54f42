# SPDX-License-Identifier: Apache-2.0
"""extraction_service.use_file_pointers: attachments go to the text extraction service through files of a directory
that both see. They are made before the seal, written after it, and hold nothing once their request is over."""
import os
import re
import resource
import signal
import stat
import subprocess
import threading
import time
import urllib.parse

import rig
from rig import same, true
from servers import Extraction
from test_extract import HUGE, attachments, bodies, contents, extract, host, name, tells
from test_outlook import NOBODY, World, entry, fields, ndjson, stored, sync
from test_outlook_documents import tenant

NAME = re.compile(r"mailferry-[0-9a-f]{16}-\d{3}")
LANES = 32  # default of limits.lanes: so many files


def volume(mode=0o2750, under=""):
    path = rig.folder() + under
    os.makedirs(path, exist_ok=True)
    os.chmod(path, mode)
    return path


def pointers(path, more=""):
    return f"  use_file_pointers: true\n  shared_volume_dir: \"{path}\"\n{more}"


def left(path):
    """Sizes of what is in the directory, by name."""
    return {n: os.lstat(os.path.join(path, n)).st_size for n in os.listdir(path)}


def emptied(path, files=LANES):
    sizes = left(path)
    same((len(sizes), set(sizes.values())), (files, {0}), str(sizes))
    true(all(NAME.fullmatch(n) for n in sizes), str(sizes))


def launch(t, path, service, **options):
    """A sync that goes on beside the test."""
    config = t.write_config(entry(t, use_text_extraction_service=True), host(service, more=pointers(path)))
    return rig.start([rig.BINARY, "sync", "-c", config, "--require-seal", "--json", "--to", "-"],
                     stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=rig.clean_env(), **options)


class Held:
    """A service that keeps the first request until it is told to go on."""

    def __init__(self):
        self.asked, self.go = threading.Event(), threading.Event()

    def __call__(self, data):
        self.asked.set()
        self.go.wait(30)
        return tells(data)


def test_both_ways_give_the_same_documents():
    contents()
    t = tenant(items=24)
    service = Extraction(tells)
    plain = ndjson(extract(t, host(service)))
    del service.requests[:]
    path = volume(under="/fo der%+\u00fc&=")
    r = extract(t, host(service, "/under", pointers(path)))
    same(ndjson(r), plain)
    same(bodies(r), {k: name(data) for k, data in contents().items()})
    same(r.summary.get("texts_missing", 0), 0)
    same(len(service.requests), len(contents()))
    true(HUGE in (len(data) for _, data in service.requests), "the bound of content is not for texts")
    for head, _ in service.requests:
        target, query = head["path"].split("?", 1)
        key, value = query.split("=", 1)
        same((target, key, head["content-length"], head.get("content-type"), head["accept"]),
             ("/under/extract_text/", "local_file_path", "0", None, "application/json"))
        true(re.fullmatch(r"[A-Za-z0-9._~/%-]+", value), value)
        folder, file = os.path.split(urllib.parse.unquote(value))
        same((folder, bool(NAME.fullmatch(file))), (path, True), value)
    emptied(path)
    said = [line for line in r.lines if "files, which this process" in line.get("message", "")]
    same([line["labels"] for line in said], [{"folder": path, "files": str(LANES), "removed_of_earlier_runs": "0"}])
    true("everybody may enter" not in r.err, r.err)


def test_files_of_runs_that_ended_are_removed_and_no_others():
    path = volume(0o1777)
    with open(path + "/notes.pdf", "w") as f:
        f.write("kept")
    os.symlink(path + "/notes.pdf", path + "/mailferry-0123456789abcdef-000")
    service = Extraction(tells)
    t = tenant(items=3, size=300)
    held = Held()
    first = launch(t, path, Extraction(held))
    true(held.asked.wait(30), "nobody asked")
    before = set(left(path))
    extract(t, host(service, more=pointers(path)))  # beside one that lives
    true(before < set(left(path)), "files of a living process are gone")
    true(max(left(path).values()) > 4, "the attachment that is being read is not there")
    first.kill()
    first.wait()
    held.go.set()
    true(max(left(path).values()) > 4, "what the killed process had written is not there")
    r = extract(t, host(service, more=pointers(path)))
    sizes = left(path)
    same((sizes.pop("notes.pdf"), len(sizes)), (4, LANES + 1))
    true(os.path.islink(path + "/mailferry-0123456789abcdef-000"), "a link was followed")
    true(f'"removed_of_earlier_runs":"{2 * LANES}"' in r.err.replace(" ", ""), r.err)
    true("everybody may enter" in r.err, r.err)


def test_a_directory_that_cannot_be_used_is_told_at_start():
    t = tenant(items=1)
    file = volume() + "/file"
    open(file, "w").close()
    for path, words in ((file, "Not a directory"), (file + "s", "No such file"), (volume(0o777), "sticky bit"),
                        ("relative/files", "absolute path"), ("/proc", "/proc: ")):
        r = sync(t, "--to", "-", extra=host(Extraction(tells), more=pointers(path)), use_text_extraction_service=True)
        same(r.code, 2, r.text())
        true("extraction_service.shared_volume_dir" in r.err and words in r.err and "2750" in r.err, r.err)
        true(r.out == "", "documents")
    w = World(*NOBODY)
    w.top = host(Extraction(tells), more=pointers(volume(0o777)))
    process = w.serve()
    same(process.wait(20), 2)
    true("extraction_service.shared_volume_dir" in w.words() and "sticky bit" in w.words(), w.words())


def test_without_need_there_are_no_files():
    t, path = tenant(items=1), volume()
    service = Extraction(tells)
    for flags, wanted, extra in ((("--to", "-"), False, host(service, more=pointers(path))),
                                 (("--dry-run",), True, host(service, more=pointers(path))),
                                 (("--to", "-"), True, "extraction_service:\n" + pointers(path))):
        r = sync(t, *flags, extra=extra, use_text_extraction_service=wanted)
        same((r.code, left(path), service.requests), (0, {}, []), r.err)


def test_a_disk_that_is_full_costs_only_the_text():
    bad = min(contents().values(), key=len)
    service = Extraction(lambda data: (200, b'{"error":"no"}') if data == bad else tells(data))
    path, t = volume(), tenant(items=24)
    config = t.write_config(entry(t, use_text_extraction_service=True), host(service, more=pointers(path)))
    sizes = {k: len(v) for k, v in contents().items()}
    bound = 1 << 20
    true(min(sizes.values()) < bound < max(sizes.values()), "no file on both sides")
    done = subprocess.run([rig.BINARY, "sync", "-c", config, "--json", "--to", "-"], capture_output=True, text=True,
                          env=rig.clean_env(), timeout=120,
                          preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (bound, bound)))
    r = rig.Result(done.returncode, done.stdout, done.stderr)
    same(r.code, 0, r.text())
    same(bodies(r), {k: name(v) if len(v) <= bound and v != bad else "" for k, v in contents().items()})
    missing = [v for v in contents().values() if len(v) > bound or v == bad]
    same((r["end"], r["texts_missing"]), ("completed", len(missing)))
    true("EXTRACT_REFUSED" in r.err, r.err)  # each reason is told
    true("EXTRACT_SPACE" in r.err and "shared_volume_dir" in r.err and "attachment" in r.err, r.err)
    emptied(path)


def test_files_are_empty_however_it_ends():
    t = tenant(items=12, size=300)
    answers = {"broken": (500, b""), "none": None, "no": (200, b'{"error":"no"}')}
    for what, answer in answers.items():
        path = volume()
        r = extract(t, host(Extraction(lambda _, answer=answer: answer), more=pointers(path)))
        same((set(bodies(r).values()), r["texts_missing"]), ({""}, len(bodies(r))), what)
        emptied(path)
    path = volume()
    r = extract(t, host(Extraction(lambda data: time.sleep(4 if len(data) == 1024 else 0) or tells(data)),
                        more=pointers(path, "  timeout: 2\n")))
    same((r["texts_missing"], "took too long" in r.err), (1, True), r.err)
    emptied(path)


def test_a_stop_empties_them():
    path, held = volume(), Held()
    process = launch(tenant(items=3, size=300), path, Extraction(held))
    true(held.asked.wait(30), "nobody asked")
    true(max(left(path).values()) > 0, "nothing is written")
    process.send_signal(signal.SIGTERM)
    same(process.wait(30), 75)
    emptied(path)
    held.go.set()


def test_the_seal_and_what_the_process_holds():
    path, held = volume(), Held()
    process = launch(tenant(items=3, size=300), path, Extraction(held))
    true(held.asked.wait(30), "nobody asked")
    status = open(f"/proc/{process.pid}/status").read()
    true("Seccomp:\t2" in status, status)
    holds = [os.readlink(f"/proc/{process.pid}/fd/{fd}") for fd in os.listdir(f"/proc/{process.pid}/fd")]
    ours = sorted(link for link in holds if link.startswith(path))
    same(ours, sorted(os.path.join(path, n) for n in left(path)))
    same(len(ours), LANES)
    for n in left(path):
        is_now = os.stat(os.path.join(path, n))
        same((stat.S_IMODE(is_now.st_mode), is_now.st_nlink, is_now.st_uid), (0o644, 1, os.geteuid()))
    held.go.set()
    process.stderr.read()
    same(process.wait(30), 0)
    emptied(path)


def test_jobs_of_the_service():
    path, service = volume(), Extraction(tells)
    w = World(*NOBODY)
    w.top = host(service, more=pointers(path)) + "limits:\n  lanes: 5\n"
    w.set(pipeline={"name": "search-default-ingestion", "extract_binary_content": False, "reduce_whitespace": True,
                    "run_ml_inference": True})
    w.serve()
    w.fill(use_text_extraction_service=True)
    w.connected()
    emptied(path, 5)
    job = w.wait_job(w.job(), "completed", "error")
    same((job["status"], job["error"]), ("completed", None))
    got = {k: d["body"] for k, d in attachments(stored(w.tenant, "search-c1")).items() if "body" in d}
    true(got, "no texts")
    same(set(got.values()), {name(data) for _, data in service.requests})
    true(all("local_file_path=" in head["path"] for head, _ in service.requests), "content in a request")
    emptied(path, 5)


class Two(World):
    """c1 and c2 are connectors of Exchange."""

    def config(self):
        return super().config().replace('"c2"\n    service_type: gmail', '"c2"\n    service_type: outlook')


def test_jobs_at_the_same_time_have_files_of_their_own():
    path, barrier = volume(), threading.Barrier(2)

    def says(data):  # the first requests of both jobs are there at the same time
        if not barrier.broken:
            try:
                barrier.wait(20)
            except threading.BrokenBarrierError:
                pass
            barrier.abort()
        return tells(data)

    service = Extraction(says)
    w = Two(*NOBODY, connectors=("c1", "c2"), service="  max_concurrent_content_syncs: 2\n")
    w.top = host(service, more=pointers(path)) + "limits:\n  lanes: 1\n"
    w.serve()
    for connector in ("c1", "c2"):
        w.wait(lambda: w.record(connector)["configuration"])
        w.tenant.post("connectors", id=connector, values=fields(w.tenant, use_text_extraction_service=True))
    emptied(path, 2)
    for connector in ("c1", "c2"):
        w.wait(lambda: w.record(connector)["status"] == "connected")
    jobs = [w.job(id=connector) for connector in ("c1", "c2")]
    for job in jobs:
        same(w.wait_job(job, "completed", "error")["status"], "completed")
    named = {head["path"][-3:] for head, _ in service.requests}
    same(named, {"000", "001"})
    for connector in ("c1", "c2"):
        got = {d["body"] for d in stored(w.tenant, "search-" + connector).values() if "body" in d}
        true(got and got <= {name(data) for _, data in service.requests}, connector)
    emptied(path, 2)

# SPDX-License-Identifier: Apache-2.0
"""Memory is taken at start: the peak is the same for any mailbox, and below what `limits` prints."""
import re
import subprocess

import rig
from rig import completed, same, true
from test_sync import full

MIB = 1 << 20
# What the kernel counts and `limits` does not: its own pages (vdso, vvar) and the rounding of each
# mapping to pages. Measured: well below.
SLACK = MIB // 2


def limits(text="", name="limits.yml"):
    path = rig.folder() + "/" + name
    with open(path, "w") as f:
        f.write(text)
    done = subprocess.run([rig.BINARY, "limits", "-c", path], capture_output=True, text=True,
                          env=rig.clean_env())
    same(done.returncode, 0, done.stderr)
    table = {}
    for line in done.stdout.splitlines():
        row = re.match(r"(\S.*?) {2,}(\d+) +(\d+) +(\d+)  \S", line)
        if row:
            table[row[1]] = [int(row[i]) for i in (2, 3, 4)]
    total = int(re.search(r"^total +(\d+) ", done.stdout, re.M)[1])
    return table, total


def peak(t, path):
    """A full sync of all messages, and the most resident memory that the kernel saw of it."""
    process = rig.start([rig.BINARY, "sync", "-c", path, "--require-seal", "--json", "--full"],
                        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
                        env=rig.clean_env())
    top = 0
    while process.poll() is None:
        try:
            status = open(f"/proc/{process.pid}/status").read()
        except (FileNotFoundError, ProcessLookupError):
            break
        found = re.search(r"^Name:\tmailferry\n(?:.*\n)*VmHWM:\s+(\d+) kB", status)
        top = max(top, int(found[1]) * 1024 if found else 0)
        try:
            process.wait(0.05)
        except subprocess.TimeoutExpired:
            pass
    out, _ = process.communicate()
    return top, completed(rig.Result(process.returncode, out, ""))


def test_100000_messages_take_no_more_than_1000():
    peaks, total = {}, None
    for count in (1000, 100000):
        t = rig.Tenant("--users", 1, "--messages", count, "--size", 200, "--es-discard")
        path = t.write_config(full)
        top, r = peak(t, path)
        same(r["documents_indexed"], count)
        true(abs(r["peak_rss_bytes"] - top) <= MIB, f"{top} seen, {r['peak_rss_bytes']} told")
        peaks[count] = top
        rows, total = limits(open(path).read())
        true(peaks[count] <= total + SLACK, f"{count}: {peaks[count]} of {total}")
        rig.stop_all()
    true(max(peaks.values()) <= min(peaks.values()) * 1.05, str(peaks))
    print(f"     peaks {peaks}, total of limits {total}")


def test_large_messages_touch_the_large_buffer_only():
    t = rig.Tenant("--users", 1, "--messages", 50, "--size", 2000, "--big", 2, 30, "--es-discard")
    path = t.write_config(full)
    _, total = limits(open(path).read())
    top, r = peak(t, path)
    same(r["documents_indexed"], 52)
    true(top <= total + 41 * MIB + SLACK, f"{top} of {total}")  # 30 MB in base64


def test_default_total_is_at_most_64_mib():
    table, total = limits()
    true(total <= 64 * MIB, str(total))
    same(sum(row[2] for name, row in table.items() if name != "large buffer"), total, "sum of rows")
    same(table["large buffer"][2], 72 * MIB)
    true(table["ids"][2] >= 500000 * 20, str(table["ids"]))
    same(table["lane buffers"][0], 32)


def test_lower_limits_take_less():
    table, total = limits()
    for text, row, less in (("limits:\n  ids: 10000\n", "ids", 9 * MIB),
                            ("limits:\n  lanes: 8\n", "lane buffers", 6 * MIB),
                            ("limits:\n  medium_buffers: 1\n", "medium buffers", 12 * MIB),
                            ("limits:\n  mailbox_open: 2\n", "units", MIB // 2),
                            ("limits:\n  mailboxes: 1000\n", "roster", MIB // 2),
                            ("elasticsearch.bulk.max_concurrency: 1\n", "flight data", 10 * MIB),
                            ("elasticsearch.bulk.chunk_max_mem_size: 1\n", "flight data", 9 * MIB)):
        small, sum_ = limits(text)
        true(table[row][2] - small[row][2] >= less, f"{text}: {table[row]} {small[row]}")
        true(sum_ <= total - less, f"{text}: {sum_} of {total}")
    _, sum_ = limits("limits: {ids: 2000000}\n")
    true(sum_ >= total + 1500000 * 20, str(sum_))


def test_a_small_configuration_syncs_in_what_it_says():
    small = "\nlimits:\n  ids: 10000\n  lanes: 4\n  medium_buffers: 1\n  mailbox_open: 2\n" \
            "  mailboxes: 100\n"
    t = rig.Tenant("--users", 5, "--messages", 400, "--size", 2000)
    path = t.write_config(full, small)
    _, total = limits(open(path).read())
    top, r = peak(t, path)
    same(sorted(t.docs()), sorted(t.messages()))
    true(0 < top <= total + SLACK and total < 32 * MIB, f"{top} of {total}")

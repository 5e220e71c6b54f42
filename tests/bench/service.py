# SPDX-License-Identifier: Apache-2.0
"""What the long measurements of `mailferry serve` share: a tenant whose Elasticsearch is asked directly (the
recorder of tests/e2e would cost more than what is measured), and what the kernel says of a process."""
import os
import shutil
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tests", "e2e"))

import rig  # noqa: E402
import test_metrics  # noqa: E402
import test_serve  # noqa: E402


class World(test_serve.World):
    """`idling` in seconds, None: mailferry's default."""

    def __init__(self, *arguments, idling=None, service="", **options):
        self.port = test_metrics.free_port()
        self.idling = idling
        super().__init__(*arguments, service=f'  listen: "127.0.0.1:{self.port}"\n' + service, **options)
        # What is built meanwhile does not come into the measurement.
        rig.BINARY = shutil.copy2(rig.BINARY, os.path.join(self.tenant.dir, "mailferry"))

    def config(self):
        idling = "" if self.idling is None else f"  idling: {self.idling}\n"
        return super().config().replace(self.recorder.url, f"https://127.0.0.1:{self.tenant.port('elasticsearch')}") \
            .replace("service:\n  idling: 1\n", f"service:\n{idling}")

    def serve(self, *flags, env=None):
        process = super().serve("--log-level", "info", *flags, env=env)
        test_metrics.up(self)
        return process

    def metrics(self):
        return test_metrics.metrics(self)

    def requests(self):
        """Requests that the tenant has seen by kind, without those of its control port."""
        return {k: v for k, v in self.tenant.stats()["requests"].items() if k != "control"}


class Sample:
    """Processor seconds and memory of a process that runs."""

    def __init__(self, pid):
        with open(f"/proc/{pid}/schedstat") as f:  # nanoseconds of the one thread; /proc/PID/stat has ticks
            self.cpu_s = int(f.read().split()[0]) / 1e9
        with open(f"/proc/{pid}/status") as f:
            lines = dict(line.split(":", 1) for line in f)
        self.rss_kib, self.peak_kib = (int(lines[k].split()[0]) for k in ("VmRSS", "VmHWM"))


def machine():
    with open("/proc/cpuinfo") as f:
        names = [line.split(":", 1)[1].strip() for line in f if line.startswith("model name")]
    return f"{names[0] if names else 'unknown processor'}, {os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}"


def delta(after, before):
    return {k: v - before.get(k, 0) for k, v in after.items() if v != before.get(k, 0)}

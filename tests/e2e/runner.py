# SPDX-License-Identifier: Apache-2.0
"""Runs the functions test_* of the files test_*.py: one line `PASS|FAIL|SKIP name [reason]` each.

A single file is run right here. Several are run in two streams, each file in a process of its own: they mostly wait.
What a file prints is shown case by case, so that the lines of a case stay together. A file of which a line begins with
`ALONE = ` (and tells why) has the machine for itself; of those that start a real Elasticsearch (a gigabyte and more,
and the search for a free port) one runs at a time. $E2E_STREAMS: 1 is one after the other."""
import glob
import importlib
import os
import re
import signal
import subprocess
import sys
import threading
import time
import traceback

import rig

HERE = os.path.dirname(os.path.abspath(__file__))
STREAMS = int(os.environ.get("E2E_STREAMS") or min(2, len(os.sched_getaffinity(0))))
FILE_SECONDS = 900  # the longest takes 205
PATIENCE = 8  # to clean up when asked to end; below the 10 of tests/run
# By the seconds they took, the longest first, so that both streams end at about the same time; then all others.
LONGEST = ("serve elastic outlook_documents cloud_serve serve_records serve_rounds faults serve_node outlook_exchange "
           "cloud_login jobs check badnet connectors extract outlook_find graph graph_light secrets idle").split()


def run_one(name, function):
    start = time.time()
    try:
        function()
        print(f"PASS {name} {time.time() - start:.1f}s", flush=True)
        return True
    except rig.Skip as reason:
        print(f"SKIP {name} {reason}", flush=True)
        return True
    except Exception as error:  # a test that dies has failed, and the others go on
        traceback.print_exc()
        line = str(error).split("\n")[0][:300]
        print(f"FAIL {name} {type(error).__name__}: {line}", flush=True)
        return False
    except (KeyboardInterrupt, SystemExit):  # where it hung, perhaps
        traceback.print_exc()
        print(f"FAIL {name} was ended after {time.time() - start:.0f} s", flush=True)
        raise
    finally:
        rig.stop_all()


def run_file(file):
    sys.path.insert(0, HERE)
    module = importlib.import_module(os.path.basename(file).removesuffix(".py"))
    good = True
    for name, function in list(vars(module).items()):
        if name.startswith("test_") and callable(function):
            good = run_one(f"{module.__name__[5:]}:{name[5:]}", function) and good
    getattr(module, "finish", lambda: None)()  # what its tests shared
    return good


class File:
    def __init__(self, path):
        self.path = os.path.join(HERE, os.path.basename(path))
        self.name = os.path.basename(path).removesuffix(".py").removeprefix("test_")
        with open(self.path) as f:
            text = f.read()
        self.alone = bool(re.search(r"^ALONE = ", text, re.M))
        self.node = "node.get(" in text
        self.rank = (LONGEST.index(self.name) if self.name in LONGEST else len(LONGEST), self.name)
        self.process, self.ending = None, False

    def run(self):
        """Shows what it says, a whole case at a time; returns whether all is well."""
        start, case, failed = time.time(), [], False
        self.process = subprocess.Popen([sys.executable, "-u", os.path.abspath(__file__), self.path], stdin=subprocess.DEVNULL,
                                        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
                                        process_group=0)
        if self.ending:
            self.process.terminate()
        limit = threading.Timer(FILE_SECONDS, self.end)
        limit.start()
        for line in self.process.stdout:
            case.append(line)
            failed = failed or line.startswith("FAIL ")
            if line.startswith(("PASS ", "FAIL ", "SKIP ")):
                show(case)
                case = []
        code = self.process.wait()
        limit.cancel()
        case.append(f"     {os.path.basename(self.path)}: {time.time() - start:.0f} s\n")
        if code and not failed:
            case.append(f"FAIL {self.name} ended with status {code}\n")
        show(case)
        return code == 0

    def end(self):
        """It is asked to, then made to with all that it started."""
        self.ending = True
        if self.process and self.process.poll() is None:
            self.process.terminate()
            kill = threading.Timer(PATIENCE, self.kill)
            kill.daemon = True
            kill.start()

    def kill(self):
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass


def show(lines):
    sys.stdout.write("".join(lines))  # one write, since there are two streams
    sys.stdout.flush()


class Queue:
    """Files, run by so many streams until all have ended."""

    def __init__(self, files):
        self.waiting = sorted(files, key=lambda file: file.rank)
        self.running, self.good, self.changed = [], True, threading.Condition()

    def take(self):
        """The next that may run beside those that do; None: there are no more."""
        with self.changed:
            while self.waiting:
                busy = any(file.node for file in self.running)
                free = [file for file in self.waiting if not (busy and file.node)]
                if free:
                    self.waiting.remove(free[0])
                    self.running.append(free[0])
                    return free[0]
                self.changed.wait()
        return None

    def stream(self):
        while file := self.take():
            good = file.run()
            with self.changed:
                self.good = self.good and good
                self.running.remove(file)
                self.changed.notify_all()

    def run(self, streams):
        threads = [threading.Thread(target=self.stream) for _ in range(streams)]
        for thread in threads:
            thread.start()
        try:
            for thread in threads:
                thread.join()
        finally:  # a signal, unless all have ended
            with self.changed:
                self.waiting.clear()
                for file in self.running:
                    file.end()
                self.changed.notify_all()
        return self.good


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    names = sys.argv[1:] or glob.glob(HERE + "/test_*.py")
    if len(names) == 1:
        return 0 if run_file(names[0]) else 1
    files = [File(name) for name in names]
    good = Queue(file for file in files if file.alone).run(1)
    good = Queue(file for file in files if not file.alone).run(STREAMS) and good
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())

# SPDX-License-Identifier: Apache-2.0
"""Runs the functions test_* of the files test_*.py: one line `PASS|FAIL|SKIP name [reason]` each."""
import glob
import importlib
import os
import sys
import time
import traceback

import rig

HERE = os.path.dirname(os.path.abspath(__file__))


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
    finally:
        rig.stop_all()


def main():
    sys.path.insert(0, HERE)
    names = sys.argv[1:] or sorted(os.path.basename(f) for f in glob.glob(HERE + "/test_*.py"))
    good = True
    for file in names:
        module = importlib.import_module(os.path.basename(file).removesuffix(".py"))
        for name, function in list(vars(module).items()):
            if name.startswith("test_") and callable(function):
                good = run_one(f"{module.__name__[5:]}:{name[5:]}", function) and good
        getattr(module, "finish", lambda: None)()  # what its tests shared
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())

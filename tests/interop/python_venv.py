# SPDX-License-Identifier: Apache-2.0
"""A virtual environment under build/ with packages pinned by digest, for tests that talk to the tenant
through somebody else's library."""
import hashlib
import os
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def python_with(name, requirements):
    """Path of its interpreter, or None and why it could not be made."""
    home = os.path.join(ROOT, "build", name)
    python = os.path.join(home, "bin", "python")
    stamp = os.path.join(home, "installed")
    wanted = hashlib.sha256(open(requirements, "rb").read()).hexdigest()
    if os.path.exists(stamp) and open(stamp).read() == wanted:
        return python, ""
    steps = [[sys.executable, "-m", "venv", "--clear", home],
             [python, "-m", "pip", "install", "--quiet", "--no-deps", "--retries", "2", "--timeout", "30", "--require-hashes",
              "--only-binary", ":all:", "-r", requirements]]
    for step in steps:
        try:
            done = subprocess.run(step, capture_output=True, text=True, timeout=240)
        except (OSError, subprocess.TimeoutExpired) as e:
            return None, f"{step[2]}: {type(e).__name__}"
        if done.returncode != 0:
            lines = [line for line in (done.stdout + done.stderr).splitlines() if "ERROR" in line]
            return None, "cannot be installed: " + (lines or ["no reason given"])[0][:150]
    with open(stamp, "w") as f:
        f.write(wanted)
    return python, ""

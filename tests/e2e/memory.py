# SPDX-License-Identifier: Apache-2.0
"""The memory of the sealed program, which nobody can open once it runs: a tracer that was there before. The process
is stopped behind execve, its /proc files are opened, and with them it can be read whenever it is idle, and once more
as it ends, before the kernel takes its memory away. ptrace(2), proc(5)."""
import base64
import ctypes
import os
import re
import shutil
import signal
import subprocess

import rig

PTRACE_TRACEME, PTRACE_CONT, PTRACE_SETOPTIONS, PTRACE_O_TRACEEXIT, PTRACE_EVENT_EXIT = 0, 7, 0x4200, 0x40, 6
PTRACE_O_EXITKILL = 0x100000
LIBC = ctypes.CDLL(None, use_errno=True)
LIBC.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
PAGE = 4096
EMPTY = bytes(PAGE)


def ptrace(what, pid=0, data=0):
    if LIBC.ptrace(what, pid, None, data) == -1:
        raise OSError(ctypes.get_errno(), "ptrace")


class Traced:
    """A process, its output in files. rig.stop_all() ends it, like others."""

    def __init__(self, arguments, env=None):
        self.dir = rig.folder()
        self.out = os.path.join(self.dir, "out")
        with open(self.out, "w") as out:
            try:
                process = subprocess.Popen([rig.BINARY, *arguments], stdout=out, stderr=out, env=rig.clean_env(env),
                                           preexec_fn=lambda: ptrace(PTRACE_TRACEME))
            except subprocess.SubprocessError:
                raise rig.Skip("kernel: no ptrace") from None
        process.returncode = 0  # it is this class that waits
        self.pid, self.code = process.pid, None
        rig.RUNNING.append(self)
        os.waitpid(self.pid, 0)  # behind execve
        ptrace(PTRACE_SETOPTIONS, self.pid, PTRACE_O_TRACEEXIT | PTRACE_O_EXITKILL)
        self.maps = open(f"/proc/{self.pid}/maps", "rb", buffering=0)
        self.memory = open(f"/proc/{self.pid}/mem", "rb", buffering=0)
        self.at_end = None
        ptrace(PTRACE_CONT, self.pid)

    def go_on(self, flags=0):
        """To its next stop or its end. False: nothing has happened."""
        pid, status = os.waitpid(self.pid, flags)
        if pid == 0:
            return False
        if not os.WIFSTOPPED(status):
            self.code = os.waitstatus_to_exitcode(status)
        elif status >> 8 == signal.SIGTRAP | PTRACE_EVENT_EXIT << 8:
            self.at_end = self.read()
            ptrace(PTRACE_CONT, self.pid)
        else:
            ptrace(PTRACE_CONT, self.pid, os.WSTOPSIG(status))
        return True

    def end(self):
        """Its memory as it ended."""
        while self.code is None:
            self.go_on()
        return self.at_end

    def stop(self):
        os.kill(self.pid, signal.SIGTERM)
        return self.end()

    def words(self):
        return open(self.out, errors="surrogateescape").read()

    def read(self):
        """{name of the area: bytes that are not empty pages}."""
        self.maps.seek(0)
        result = {}
        text = b""
        while piece := self.maps.read(65536):
            text += piece
        for line in text.decode().splitlines():
            area, rights, _, _, _, *name = line.split(None, 5)
            name = name[0].strip() if name else "pools"
            if "r" not in rights or name in ("[vvar]", "[vsyscall]", "[vdso]", "[vvar_vclock]"):
                continue
            low, high = (int(x, 16) for x in area.split("-"))
            self.memory.seek(low)
            found = bytearray()
            while low < high and (piece := self.memory.read(min(high - low, 1 << 22))):
                low += len(piece)
                found += b"".join(page for i in range(0, len(piece), PAGE)
                                  if (page := piece[i:i + PAGE]) != EMPTY[:len(page)])
            result[name] = result.get(name, b"") + bytes(found)
        return result

    # what rig.stop_all asks of a process
    def poll(self):
        return self.code

    def terminate(self):
        os.kill(self.pid, signal.SIGKILL)

    def wait(self, _seconds):
        while self.code is None:
            self.go_on()
        return self.code

    kill = terminate


# ---- what to look for

def base64_forms(data):
    """What is in any base64 text that `data` is a part of, url-safe or not."""
    forms = set()
    for shift in range(3):
        text = base64.b64encode(bytes(shift) + data)
        text = text[(0, 2, 3)[shift]:].rstrip(b"=")
        text = text[:len(text) - (1 if (len(data) + shift) % 3 else 0)]
        forms |= {text, text.translate(bytes.maketrans(b"+/", b"-_"))}
    return forms


def forms_of_text(text):
    """As it is, in UTF-16, in base64, percent-encoded, in JSON."""
    plain = text.encode()
    percent = b"".join(b"%%%02X" % c if not (chr(c).isalnum() or c in b"-._~") else bytes([c]) for c in plain)
    forms = {plain, text.encode("utf-16-le"), percent, plain.replace(b"\\", b"\\\\"), plain.replace(b"/", b"\\/")}
    return forms | base64_forms(plain) | base64_forms(text.encode("utf-16-le"))


def pieces(text, size=20):
    """A long text is looked for in pieces, so that a part of it is found, too."""
    data = text if isinstance(text, bytes) else text.encode()
    return {data[i:i + size] for i in range(0, len(data) - size + 1, size)} or {data}


def openssl(*arguments, stdin=None):
    if not shutil.which("openssl"):
        raise rig.Skip("no openssl program")
    return subprocess.run(["openssl", *arguments], input=stdin, capture_output=True, check=True).stdout


def forms_of_key(pem):
    """Lines of the PEM text, the DER that is in it, and the secret numbers of RSA or of a curve, both byte orders."""
    lines = {line.encode() for line in pem.splitlines() if len(line) > 40 and "-----" not in line}
    der = base64.b64decode("".join(line for line in pem.splitlines() if "-----" not in line))
    found = set(lines)
    numbers = {}
    for line in openssl("pkey", "-noout", "-text", stdin=pem.encode()).decode().splitlines():
        if not line.startswith(" "):
            field = line.split(":")[0]
        elif field in ("privateExponent", "prime1", "prime2", "exponent1", "exponent2", "coefficient", "priv"):
            numbers[field] = numbers.get(field, b"") + bytes.fromhex(line.strip().replace(":", ""))
    for number in numbers.values():
        number = number.lstrip(b"\0")
        for i in range(0, len(number) - 15, 16):
            found |= {number[i:i + 16], number[i:i + 16][::-1]}
    if not any(der.find(f) > 0 for f in found):
        raise AssertionError("no part of the key is in its own DER")
    return found


def search(areas, secrets):
    """[(name of the secret, area, what is around it)] of {name: forms}; a form may be a compiled expression."""
    found = []
    for area, data in areas.items():
        for name, forms in secrets.items():
            for form in forms:
                if isinstance(form, re.Pattern):
                    match = form.search(data)
                    at = match.start() if match else -1
                else:
                    at = data.find(form)
                if at >= 0:
                    found.append((name, area, data[max(0, at - 60):at + 60]))
                    break
    return found

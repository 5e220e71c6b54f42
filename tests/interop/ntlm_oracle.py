# SPDX-License-Identifier: Apache-2.0
# net/ntlm against ntlm_auth of Samba, which plays the server with one account and the client:
#     python3 tests/interop/ntlm_oracle.py build/ntlm_tool
# As the server (whose account is any user with the password: it hashes the name that we send, with
# upper case of its own) it takes the right password and no other, whatever the form of the name, bare
# and in SPNEGO, and finds our integrity code wrong when a bit of any of the three messages is changed.
# What it writes as the client is compared with ours by the steps of spec/wire-ntlm.md 6, computed here.
# Upper case is compared with Python's. Needs Debian's `winbind`; skipped where it cannot be had.
import base64
import hashlib
import hmac
import os
import pathlib
import struct
import subprocess
import sys
import tempfile

SETTINGS = """[global]
workgroup = EXAMPLE
server role = standalone
private dir = {0}
lock dir = {0}
state directory = {0}
cache directory = {0}
pid directory = {0}
"""
PASSWORDS = ["Passw0rd", "x", "\u00fcber \u20ac\U0001f511", "\u043f\u0430\u0440\u043e\u043b\u044c", "p" * 200, "a\\b@c:d"]
# user of the account, its domain, what is configured here
NAMES = [("svc", "EXAMPLE", "EXAMPLE\\svc"), ("svc", "EXAMPLE", "example\\svc"), ("SVC", "EXAMPLE", "EXAMPLE\\svc"),
         ("svc", "EXAMPLE", "EXAMPLE\\SvC"), ("svc@example.test", "", "svc@example.test"), ("svc", "", "\\svc"),
         ("m\u00fcller", "EXAMPLE", "EXAMPLE\\m\u00fcller"), ("\u0438\u0432\u0430\u043d", "D\u00c4", "D\u00c4\\\u0438\u0432\u0430\u043d"),
         ("\u00e9\u0144\u015f\u017e\u03b1\u03ac", "EXAMPLE", "EXAMPLE\\\u00e9\u0144\u015f\u017e\u03b1\u03ac")]
# Capitals that Unicode has and names do not (spec/wire-ntlm.md 1: cheap ones only).
BLOCKS = [range(0x20, 0x180), range(0x386, 0x3d0), range(0x400, 0x530), range(0x1e00, 0x1e96), range(0x1ea0, 0x1f00)]
LEFT = {0xb5, 0x131, 0x17f}


class Lines:
    """A program that answers each line with one."""

    def __init__(self, *command):
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)

    def ask(self, line):
        self.process.stdin.write(line.encode() + b"\n")
        self.process.stdin.flush()
        return self.process.stdout.readline().decode().rstrip("\n")

    def close(self):
        self.process.stdin.close()
        self.process.wait()


class Oracle:
    def __init__(self, tool, settings):
        self.ours, self.settings, self.failed, self.checks = Lines(tool), settings, 0, 0

    def ntlm_auth(self, protocol, user, domain, password):
        return Lines("ntlm_auth", f"--configfile={self.settings}", f"--helper-protocol={protocol}",
                     f"--username={user}", f"--domain={domain}", f"--password={password}")

    def check(self, good, what):
        self.checks += 1
        if not good:
            self.failed += 1
            print("wrong:", what)

    def answer(self, name, password, negotiate, challenge, binding=bytes(16)):
        client = base64.b64encode(os.urandom(8)).decode()
        return self.ours.ask("\t".join(["authenticate", name, password, "HTTP", "mail.example.test",
                                        base64.b64encode(binding).decode(), client, "133646772305000000",
                                        negotiate, challenge]))

    def login(self, account, name, password, damage=None):
        """What the server says at the end; `damage` changes a message (its number) before it is sent."""
        change = lambda number, message: damage(message) if damage and damage.number == number else message
        server = self.ntlm_auth("squid-2.5-ntlmssp", *account)
        negotiate = self.ours.ask("negotiate")
        challenge = server.ask("YR " + change(1, negotiate))
        assert challenge.startswith("TT "), challenge
        last = self.answer(name, password, negotiate, change(2, challenge[3:]), b"B" * 16)
        said = last if last.startswith("error") else server.ask("KK " + change(3, last))
        server.close()
        return said


class Damage:
    def __init__(self, number, at):
        self.number, self.at = number, at

    def __call__(self, message):
        raw = bytearray(base64.b64decode(message))
        raw[self.at] ^= 1
        return base64.b64encode(raw).decode()


def server_side(o):
    for user, domain, name in NAMES:
        said = o.login((user, domain, "Passw0rd"), name, "Passw0rd")
        o.check(said.startswith("AF "), f"{name!r} as {domain}\\{user}: {said}")
        said = o.login((user, domain, "Passw0rd"), name, "passw0rd")
        o.check(said.startswith("NA NT_STATUS"), f"{name!r} with a wrong password: {said}")
    for password in PASSWORDS:
        said = o.login(("svc", "EXAMPLE", password), "EXAMPLE\\svc", password)
        o.check(said.startswith("AF "), f"password {password!r}: {said}")
        said = o.login(("svc", "EXAMPLE", password), "EXAMPLE\\svc", password + "1")
        o.check(said.startswith("NA NT_STATUS"), f"password {password!r} and a digit: {said}")
    # A bit of: the version in the first message, the reserved bytes of the challenge, the version and
    # the MIC in the third. Only the MIC covers the first three.
    for number, at in ((1, 33), (2, 33), (3, 65), (3, 72), (3, 87)):
        said = o.login(("svc", "EXAMPLE", "Passw0rd"), "EXAMPLE\\svc", "Passw0rd", Damage(number, at))
        o.check(said.startswith("NA ") or said.startswith("BH "), f"byte {at} of message {number} changed: {said}")


def spnego(o):
    """The same logins in SPNEGO's tokens."""
    for password, want in (("Passw0rd", "AF "), ("passw0rd", "NA ")):
        server = o.ntlm_auth("gss-spnego", "svc", "EXAMPLE", "Passw0rd")
        first = o.ours.ask("negotiate")
        said = server.ask("YR " + o.ours.ask("init\t" + first))
        challenge = o.ours.ask("token\t" + said.split(" ")[1])
        last = o.ours.ask("response\t" + o.answer("EXAMPLE\\svc", password, first, challenge))
        said = server.ask("KK " + last)
        o.check(said.startswith(want), f"SPNEGO with {password}: {said}")
        if want == "AF ":
            o.check(o.ours.ask("token\t" + said.split(" ")[1]) == "", f"the end of SPNEGO: {said}")
        server.close()


def field(message, at):
    size, _, start = struct.unpack_from("<HHI", message, at)
    return message[start:start + size]


def pairs(raw):
    found = {}
    while True:
        number, size = struct.unpack_from("<HH", raw)
        if number == 0:
            return found
        found[number], raw = raw[4:4 + size], raw[4 + size:]


def client_side(o):
    """What Samba's client writes to a challenge of Samba's server, and what we write to the same one."""
    digest = lambda key, *parts: hmac.new(key, b"".join(parts), hashlib.md5).digest()
    client = o.ntlm_auth("ntlmssp-client-1", "svc", "EXAMPLE", "Passw0rd")
    server = o.ntlm_auth("squid-2.5-ntlmssp", "svc", "EXAMPLE", "Passw0rd")
    first = client.ask("YR")[3:]
    challenge = server.ask("YR " + first)[3:]
    theirs = base64.b64decode(client.ask("TT " + challenge).split(" ")[1])
    ours = base64.b64decode(o.answer("EXAMPLE\\svc", "Passw0rd", first, challenge))
    client.close()
    server.close()
    key = bytes.fromhex("975e8b8519439a009fe849b79864ddf1")  # spec/wire-ntlm.md 9 B: the same account
    nonce = base64.b64decode(challenge)[24:32]
    for who, message in (("Samba", theirs), ("we", ours)):
        response = field(message, 20)
        o.check(digest(key, nonce, response[16:]) == response[:16], f"the proof that {who} wrote")
        o.check(field(message, 36).decode("utf-16-le") == "svc", f"the user that {who} wrote")
        o.check(field(message, 28).decode("utf-16-le") == "EXAMPLE", f"the domain that {who} wrote")
        sent = pairs(response[44:])
        o.check(all(sent.get(k) == v for k, v in pairs(field(base64.b64decode(challenge), 40)).items()),
                f"the server's pairs as {who} sent them back")
    session = digest(key, field(ours, 20)[:16])
    mic = digest(session, base64.b64decode(first), base64.b64decode(challenge), ours[:72], bytes(16), ours[88:])
    o.check(mic == ours[72:88], "our integrity code")
    sent = pairs(field(ours, 20)[44:])
    o.check(sent[9].decode("utf-16-le") == "HTTP/mail.example.test" and sent[10] == bytes(16) and sent[6][0] & 2,
            "our pairs")


def upper_case(o):
    for block in BLOCKS:
        for c in block:
            want = chr(c).upper() if len(chr(c).upper()) == 1 and c not in LEFT else chr(c)
            if chr(c) in "\t\n ":
                continue
            got = base64.b64decode(o.ours.ask("upper\t" + chr(c))).decode("utf-16-le")
            o.check(got == want or not 0 <= c < 0x10000, f"upper case of U+{c:04X}: {got!r}, Python {want!r}")


def main(tool):
    need = pathlib.Path(__file__).parents[2] / "third_party" / "need"
    if subprocess.run([need, "winbind:ntlm_auth"], stdin=subprocess.DEVNULL).returncode:
        print("SKIP ntlm_oracle: no ntlm_auth")
        return 0
    with tempfile.TemporaryDirectory() as folder:
        settings = pathlib.Path(folder, "smb.conf")
        settings.write_text(SETTINGS.format(folder))
        o = Oracle(tool, settings)
        server_side(o)
        spnego(o)
        client_side(o)
        upper_case(o)
        o.ours.close()
    print(f"{'FAIL' if o.failed else 'PASS'} ntlm_oracle: {o.checks} comparisons, {o.failed} wrong")
    return 1 if o.failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))

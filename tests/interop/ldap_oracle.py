# SPDX-License-Identifier: Apache-2.0
# codec/ldap against ldap3, the client of the Python connector, and pyasn1 under it:
#     python3 tests/interop/ldap_oracle.py build/ldap_tool [ROUNDS [SEED]]
# Requests with random names, filters, attributes and pages are the same bytes here and there; answers
# that pyasn1 makes are read to the same values, also with lengths of four bytes, as Active Directory
# sends them; answers and filters with a byte changed are taken as they are taken there, or refused.
# Needs Debian's python3-ldap3 and python3-pyasn1; skipped where they cannot be had.
import json
import pathlib
import random
import string
import subprocess
import sys

DEBIAN = "/usr/lib/python3/dist-packages"
NAMES = ["mail", "cn", "objectClass", "givenName", "member;range=0-1499", "mail;lang-en", "2.5.4.3", "x-1"]
RULES = ["1.2.840.113556.1.4.803", "caseExactMatch", "2.4.6.8"]
TEXT = string.ascii_letters + string.digits + " .,;:=<>~!&|/\"'\u00e9\u4e2d\U0001f600"
PAGED = "1.2.840.113556.1.4.319"


class Tool:
    def __init__(self, path):
        self.process = subprocess.Popen([path], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def ask(self, *fields):
        self.process.stdin.write("\t".join(str(f) for f in fields).encode() + b"\n")
        self.process.stdin.flush()
        return self.process.stdout.readline().decode().rstrip("\n")


class Maker:
    def __init__(self, seed):
        self.random = random.Random(seed)

    def value(self, low=0, high=12):
        n = self.random.randint(low, high)
        text = "".join(self.random.choice(TEXT) for _ in range(n)).strip()
        return text or "v" * (low > 0)

    def escaped(self, low=0):
        out = ""
        for c in self.value(low):
            kind = self.random.random()
            out += "".join(f"\\{b:02x}" for b in c.encode()) if kind < 0.2 else c
        return out + self.random.choice(["", "", "\\28", "\\29\\2a", "\\5c", "\\00"])

    def item(self):
        name, kind = self.random.choice(NAMES), self.random.randint(0, 9)
        if kind == 0:
            return f"{name}=*"
        if kind in (1, 2, 3):
            middle = "".join(self.escaped(1) + "*" for _ in range(self.random.randint(0, 3)))
            parts = [self.escaped() + "*" + middle, "*" + middle, "*" + middle + self.escaped(1)]
            text = self.random.choice(parts)
            return f"{name}=a{text}" if set(text) == {"*"} else f"{name}={text}"
        if kind == 4:
            left = self.random.choice([name, f"{name}:dn", f"{name}:{self.random.choice(RULES)}", f"{name}:dn:1.2.3",
                                       f":{self.random.choice(RULES)}", ":dn:4.5.6"])
            return f"{left}:={self.escaped()}"
        return name + self.random.choice(["=", "=", "=", "~=", ">=", "<="]) + self.escaped()

    def filter(self, depth=0):
        kind = self.random.random()
        if depth > 4 or kind < 0.5:
            return f"({self.item()})"
        if kind < 0.65:
            return f"(!{self.filter(depth + 1)})"
        return f"({self.random.choice('&|')}{''.join(self.filter(depth + 1) for _ in range(self.random.randint(1, 4)))})"

    def bytes(self, high=40):
        return self.random.randbytes(self.random.choice([0, 1, self.random.randint(0, high), 130 if high > 100 else 2]))


def long_form(raw):
    """The same element with all lengths of constructed elements in four bytes."""
    out, at = b"", 0
    while at < len(raw):
        tag, n, head = raw[at], raw[at + 1], 2
        if n > 127:
            head += n - 128
            n = int.from_bytes(raw[at + 2:at + head], "big")
        content = raw[at + head:at + head + n]
        if tag & 0x20:
            content = long_form(content)
            out += bytes([tag, 0x84]) + len(content).to_bytes(4, "big") + content
        else:
            out += raw[at:at + head] + content
        at += head + n
    return out


class Oracle:
    def __init__(self, tool, seed):
        from ldap3.protocol import rfc4511
        from ldap3.utils import asn1
        self.tool, self.make, self.asn1, self.ber = Tool(tool), Maker(seed), rfc4511, asn1
        self.failed = self.checks = self.refused = 0

    def check(self, good, *what):
        self.checks += 1
        if not good:
            self.failed += 1
            if self.failed <= 20:
                print("wrong:", *what)

    def message(self, number, kind, op, controls=None):
        from ldap3.protocol.convert import build_controls_list
        m = self.asn1.LDAPMessage()
        m["messageID"] = self.asn1.MessageID(number)
        m["protocolOp"] = self.asn1.ProtocolOp().setComponentByName(kind, op)
        built = build_controls_list(controls)
        if built is not None:
            m["controls"] = built
        return self.ber.encode(m)

    def same(self, want, *fields):
        got = self.tool.ask(*fields)
        self.check(got == want.hex(), fields, "\n  ours", got, "\n  ldap3", want.hex())

    # ---- requests

    def binds(self):
        from ldap3.operation.bind import bind_operation
        number, r = self.make.random.randint(1, 2**31 - 1), self.make.value
        name, password = r(1), r(1)
        self.same(self.message(number, "bindRequest", bind_operation(3, "SIMPLE", name, password)), "bind", number, name, password)
        token = self.make.bytes(300) or b"N"
        sasl = bind_operation(3, "SASL", "", None, "GSS-SPNEGO", token)
        self.same(self.message(number, "bindRequest", sasl), "spnego", number, token.hex())
        self.same(self.message(number, "unbindRequest", self.asn1.UnbindRequest("")), "unbind", number)
        from ldap3.operation.extended import extended_operation
        tls = extended_operation("1.3.6.1.4.1.1466.20037")
        self.same(self.message(number, "extendedReq", tls), "starttls", number)
        self.check(self.tool.ask("bind", number, name, "") == "error: LDAP_NO_PASSWORD", "an empty password")

    def searches(self):
        from ldap3.operation.search import search_operation
        from ldap3.protocol.rfc2696 import paged_search_control
        r = self.make.random
        text, number, scope, deref = self.make.filter(), r.randint(1, 2**31 - 1), r.randint(0, 2), r.randint(0, 3)
        names = r.sample(NAMES, r.randint(0, 4))
        base = "".join(f"DC={self.make.value(1)}," for _ in range(r.randint(0, 3)))
        size, limit, page, cookie = r.choice([0, 1, 127, 128, 1000]), r.choice([0, 60, 100000]), r.choice([0, 1, 500, 1000]), self.make.bytes(200)
        op = search_operation(base, text, scope, deref, names, size, limit, False, False, False)
        controls = [paged_search_control(True, page, cookie)] if page else None
        self.same(self.message(number, "searchRequest", op, controls), "search", number, base, scope, deref, text,
                  " ".join(names), page, cookie.hex(), size, limit)
        # A filter with a byte changed: what both take is the same.
        at, c = r.randrange(len(text)), r.choice("()*\\=:&|!~<>a0")
        other = text[:at] + c + text[at + 1:]
        got = self.tool.ask("filter", other)
        if got.startswith("error"):
            self.refused += 1
            return
        try:
            want = self.ber.encode(search_operation("", other, 0, 0, [], 0, 0, False, False, False)["filter"]).hex()
        except Exception:  # ldap3 refuses a little more than RFC 4515 and takes much more
            return
        if " *" not in other and "* " not in other and " )" not in other and "= " not in other:  # it trims values
            self.check(got == want, other, "\n  ours", got, "\n  ldap3", want)

    # ---- answers

    def result(self, op):
        r = self.make.random
        op["resultCode"] = self.asn1.ResultCode(r.choice([0, 1, 3, 4, 8, 10, 14, 32, 49, 51, 53, 80]))
        op["matchedDN"] = self.asn1.LDAPDN(self.make.value())
        op["diagnosticMessage"] = self.asn1.LDAPString(self.make.value() + r.choice(["", "\0", "\n\0"]))
        if r.random() < 0.3:
            referral = self.asn1.Referral()
            for i in range(r.randint(1, 3)):
                referral[i] = self.asn1.URI("ldap://" + self.make.value())
            op["referral"] = referral
        return op

    def answer(self):
        a, r, controls = self.asn1, self.make.random, None
        kind = r.choice(["bindResponse", "searchResEntry", "searchResEntry", "searchResRef", "searchResDone", "extendedResp"])
        if kind == "searchResEntry":
            op = a.SearchResultEntry()
            op["object"] = a.LDAPDN(self.make.value())
            attributes = a.PartialAttributeList()
            for i in range(r.randint(0, 4)):
                one = a.PartialAttribute()
                one["type"] = a.AttributeDescription(r.choice(NAMES))
                values = a.Vals()
                for k in range(r.randint(0, 3)):
                    values[k] = a.AttributeValue(self.make.bytes(200))
                one["vals"] = values
                attributes[i] = one
            op["attributes"] = attributes
        elif kind == "searchResRef":
            op = a.SearchResultReference()
            for i in range(r.randint(1, 3)):
                op[i] = a.URI("ldap://" + self.make.value())
        elif kind == "bindResponse":
            op = self.result(a.BindResponse())
            if r.random() < 0.5:
                op["serverSaslCreds"] = a.ServerSaslCreds(self.make.bytes(300))
        elif kind == "extendedResp":
            op = self.result(a.ExtendedResponse())
            if r.random() < 0.7:
                op["responseName"] = a.ResponseName(r.choice(["1.3.6.1.4.1.1466.20037", "1.3.6.1.4.1.1466.20036"]))
            if r.random() < 0.3:
                op["responseValue"] = a.ResponseValue(self.make.bytes())
        else:
            op = self.result(a.SearchResultDone())
            if r.random() < 0.7:
                from ldap3.protocol.rfc2696 import paged_search_control
                controls = [paged_search_control(r.random() < 0.5, r.randint(0, 1000), self.make.bytes(200))]
                if r.random() < 0.5:
                    controls.insert(r.randint(0, 1), ("1.2.3", True, b"x"))
        return self.message(r.choice([0, 1, 127, 128, 2**31 - 1]), kind, op, controls)

    def values(self, raw):
        """What pyasn1 reads, in the shape of the tool's."""
        m, rest = self.ber.decoder.decode(raw, asn1Spec=self.asn1.LDAPMessage())
        if rest:
            raise ValueError("bytes behind the message")
        kind, op = m["protocolOp"].getName(), m["protocolOp"].getComponent()
        tags = {"bindResponse": 0x61, "searchResEntry": 0x64, "searchResDone": 0x65, "searchResRef": 0x73, "extendedResp": 0x78}
        text = lambda v: bytes(v).hex() if v is not None and v.hasValue() else ""
        out = {"id": int(m["messageID"]), "op": tags.get(kind, 0), "result": 0, "paged": False, "matched_dn": "", "diagnostic": "",
               "uri": "", "credentials": "", "name": "", "dn": "", "cookie": "", "attributes": []}
        if kind == "searchResEntry":
            out["dn"] = text(op["object"])
            out["attributes"] = [[text(p["type"])] + [text(v) for v in p["vals"]] for p in op["attributes"]]
        elif kind == "searchResRef":
            out["uri"] = text(op[0])
        elif out["op"]:
            out["result"] = int(op["resultCode"])
            out["matched_dn"] = text(op["matchedDN"])
            out["diagnostic"] = bytes(op["diagnosticMessage"]).rstrip(b"\0 \t\r\n").hex()
            if op["referral"].hasValue() and len(op["referral"]):
                out["uri"] = text(op["referral"][0])
            out["credentials"] = text(op["serverSaslCreds"]) if kind == "bindResponse" else ""
            out["name"] = text(op["responseName"]) if kind == "extendedResp" else ""
        for control in m["controls"] if m["controls"].hasValue() else []:
            if str(control["controlType"]) == PAGED:
                from ldap3.protocol.rfc2696 import RealSearchControlValue
                value, _ = self.ber.decoder.decode(bytes(control["controlValue"]), asn1Spec=RealSearchControlValue())
                out["paged"], out["cookie"] = True, text(value["cookie"])
        return out

    def read(self, raw):
        got = self.tool.ask("read", raw.hex())
        if got.startswith("error") or got == "more":
            return None
        got = json.loads(got)
        del got["error"]
        return got

    def answers(self):
        raw = self.answer()
        want = self.values(raw)
        for form in (raw, long_form(raw)):
            got = self.read(form)
            self.check(got == want, form.hex(), "\n  ours", got, "\n  pyasn1", want)
            self.check(self.tool.ask("read", form[:-1].hex()) == "more", "a cut message", form.hex())
        damaged = bytearray(raw)
        damaged[self.make.random.randrange(2, len(raw))] = self.make.random.choice([0, 1, 2, 4, 0x30, 0x31, 0x80, 0x84, 0xff])
        got = self.read(bytes(damaged))
        try:
            want = self.values(bytes(damaged))
        except Exception:  # pyasn1 knows more of the operations that we pass over, and their sizes
            return
        if got is None:
            self.refused += 1
        elif want["op"]:
            self.check(got == want, "damaged", bytes(damaged).hex(), "\n  ours", got, "\n  pyasn1", want)


def main(tool, rounds=300, seed=1):
    need = pathlib.Path(__file__).parents[2] / "third_party" / "need"
    if subprocess.run([need, f"python3-ldap3:{DEBIAN}/ldap3", f"python3-pyasn1:{DEBIAN}/pyasn1"],
                      stdin=subprocess.DEVNULL).returncode:
        print("SKIP ldap_oracle: no python3-ldap3")
        return 0
    sys.path.append(DEBIAN)  # also where python3 is not Debian's
    o = Oracle(tool, int(seed))
    for _ in range(int(rounds)):
        o.binds()
        o.searches()
        o.answers()
    print(f"{'FAIL' if o.failed else 'PASS'} ldap_oracle: {o.checks} comparisons, {o.failed} wrong, "
          f"{o.refused} damaged ones refused")
    return 1 if o.failed else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))

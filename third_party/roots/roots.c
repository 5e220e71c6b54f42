// SPDX-License-Identifier: Apache-2.0
//
// Turns Mozilla's certdata.txt into the C source of the embedded root certificates.
//
// usage: roots CERTDATA RELEASE EXPECTED_ROOTS EXPECTED_DISTRUSTED >roots.c
// A program of the build, run on the building machine. It takes exactly the roots that Mozilla
// trusts to issue server certificates (CKA_TRUST_SERVER_AUTH CKT_NSS_TRUSTED_DELEGATOR), with their
// CKA_NSS_SERVER_DISTRUST_AFTER, checks the DER around each subject, and writes the index of
// src/net/roots.h. Counts other than the pinned ones stop the build: somebody must look.
// Bounds: a file of 8 MiB, 1,000 objects, certificates under 64 KiB.
// Format: https://searchfox.org/mozilla-central/source/security/nss/lib/ckfw/builtins/README
#include <ctype.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct bytes {
    const uint8_t *p;
    size_t n;
};

enum object_kind { OBJECT_OTHER, OBJECT_CERTIFICATE, OBJECT_TRUST };

// One object of the file; a certificate and its trust are two, joined by issuer and serial number.
struct object {
    enum object_kind kind;
    char label[128];
    struct bytes issuer, serial, subject, value, distrust_after;
    int server_delegator;
};

enum { FILE_MAX = 8 << 20, OBJECTS_MAX = 1000 };

static char text[FILE_MAX + 1];
static uint8_t store[FILE_MAX];
static size_t store_used;
static struct object objects[OBJECTS_MAX];
static size_t objects_used;
static const struct object *roots[OBJECTS_MAX];
static size_t roots_used;

_Noreturn static void die(const char *what, const char *which)
{
    (void)fprintf(stderr, "roots: %s: %s\n", what, which);
    exit(1);
}

static int bytes_equal(struct bytes a, struct bytes b)
{
    return a.n == b.n && memcmp(a.p, b.p, a.n) == 0;
}

static void read_file(const char *path)
{
    FILE *f = fopen(path, "rb");
    if (f == NULL) {
        die("cannot open", path);
    }
    size_t n = fread(text, 1, sizeof text, f);
    if (n == 0 || n == sizeof text || ferror(f) || fclose(f) != 0) {
        die("cannot read, or too large", path);
    }
    text[n] = '\0';
}

// Cuts the next line off *at; NULL at the end of the text.
static char *next_line(char **at)
{
    char *line = *at;
    if (*line == '\0') {
        return NULL;
    }
    char *end = strchr(line, '\n');
    if (end != NULL) {
        *end = '\0';
        *at = end + 1;
    } else {
        *at = line + strlen(line);
    }
    return line;
}

// The lines of \ooo after MULTILINE_OCTAL, up to END.
static struct bytes read_octal(char **at)
{
    struct bytes out = {store + store_used, 0};
    for (;;) {
        const char *s = next_line(at);
        if (s == NULL) {
            die("octal without END", "end of file");
        }
        if (strcmp(s, "END") == 0) {
            out.n = (size_t)(store + store_used - out.p);
            return out;
        }
        for (; *s != '\0'; s += 4) {
            if (s[0] != '\\' || s[1] < '0' || s[1] > '3' || s[2] < '0' || s[2] > '7' ||
                s[3] < '0' || s[3] > '7') {
                die("not octal", s);
            }
            store[store_used++] = (uint8_t)((s[1] - '0') * 64 + (s[2] - '0') * 8 + (s[3] - '0'));
        }
    }
}

static struct object *begin_object(const char *class)
{
    if (objects_used == OBJECTS_MAX) {
        die("too many objects", class);
    }
    struct object *o = &objects[objects_used++];
    if (strcmp(class, "CKO_CERTIFICATE") == 0) {
        o->kind = OBJECT_CERTIFICATE;
    } else if (strcmp(class, "CKO_NSS_TRUST") == 0 || strcmp(class, "CKO_TRUST") == 0) {
        o->kind = OBJECT_TRUST;
    }
    return o;
}

static void take_octal(struct object *o, const char *attribute, struct bytes value)
{
    if (strcmp(attribute, "CKA_ISSUER") == 0) {
        o->issuer = value;
    } else if (strcmp(attribute, "CKA_SERIAL_NUMBER") == 0) {
        o->serial = value;
    } else if (strcmp(attribute, "CKA_SUBJECT") == 0) {
        o->subject = value;
    } else if (strcmp(attribute, "CKA_VALUE") == 0) {
        o->value = value;
    } else if (strcmp(attribute, "CKA_NSS_SERVER_DISTRUST_AFTER") == 0) {
        o->distrust_after = value;
    }
}

// A line is ATTRIBUTE TYPE [VALUE]; comments, blank lines and the header carry none.
static void read_objects(void)
{
    struct object *o = NULL;
    char *at = text;
    for (char *line = next_line(&at); line != NULL; line = next_line(&at)) {
        char attribute[64], type[64], value[128] = "";
        if (line[0] == '#' || sscanf(line, "%63s %63s %127[^\n]", attribute, type, value) < 2) {
            continue;
        }
        if (strcmp(attribute, "CKA_CLASS") == 0) {
            o = begin_object(value);
        } else if (o == NULL) {
            continue;
        } else if (strcmp(type, "MULTILINE_OCTAL") == 0) {
            take_octal(o, attribute, read_octal(&at));
        } else if (strcmp(attribute, "CKA_LABEL") == 0) {
            memcpy(o->label, value, sizeof o->label);
        } else if (strcmp(attribute, "CKA_TRUST_SERVER_AUTH") == 0) {
            o->server_delegator = strcmp(value, "CKT_NSS_TRUSTED_DELEGATOR") == 0 ||
                                  strcmp(value, "CKT_TRUST_ANCHOR") == 0;
        }
    }
}

// The element of DER at *at: its content, with *at moved behind it, or with header the whole of it.
static struct bytes der_next(struct bytes *at, int tag, int with_header, const char *label)
{
    size_t header = 2;
    if (at->n < 2 || at->p[0] != tag) {
        die("unexpected DER", label);
    }
    size_t n = at->p[1];
    if (n >= 0x80) {
        size_t octets = n & 0x7f;
        if (octets == 0 || octets > 3 || at->n < 2 + octets) {
            die("bad DER length", label);
        }
        n = 0;
        for (size_t i = 0; i < octets; i++) {
            n = n << 8 | at->p[2 + i];
        }
        header += octets;
    }
    if (n > at->n - header) {
        die("DER runs over its end", label);
    }
    struct bytes out = {at->p + header, n};
    if (with_header) {
        out = (struct bytes){at->p, header + n};
    }
    at->p += header + n;
    at->n -= header + n;
    return out;
}

// The subject within the certificate (RFC 5280 section 4.1), equal to what the file says apart from
// it.
static struct bytes find_subject(const struct object *o)
{
    struct bytes rest = o->value;
    struct bytes certificate = der_next(&rest, 0x30, 0, o->label);
    if (rest.n != 0) {
        die("bytes after the certificate", o->label);
    }
    struct bytes tbs = der_next(&certificate, 0x30, 0, o->label);
    if (tbs.n > 0 && tbs.p[0] == 0xa0) {
        (void)der_next(&tbs, 0xa0, 0, o->label);
    }
    struct bytes serial = der_next(&tbs, 0x02, 1, o->label);
    (void)der_next(&tbs, 0x30, 0, o->label);
    struct bytes issuer = der_next(&tbs, 0x30, 1, o->label);
    (void)der_next(&tbs, 0x30, 0, o->label);
    struct bytes subject = der_next(&tbs, 0x30, 1, o->label);
    if (!bytes_equal(serial, o->serial) || !bytes_equal(issuer, o->issuer) ||
        !bytes_equal(subject, o->subject)) {
        die("certificate and attributes disagree", o->label);
    }
    return subject;
}

static int compare_roots(const void *pa, const void *pb)
{
    const struct object *a = *(const struct object *const *)pa;
    const struct object *b = *(const struct object *const *)pb;
    if (a->subject.n != b->subject.n) {
        return a->subject.n < b->subject.n ? -1 : 1;
    }
    int c = memcmp(a->subject.p, b->subject.p, a->subject.n);
    // The same subject twice: any fixed order will do, the build must be repeatable.
    return c != 0 ? c : (a < b ? -1 : 1);
}

static void choose_roots(void)
{
    for (size_t i = 0; i < objects_used; i++) {
        const struct object *trust = &objects[i];
        if (trust->kind != OBJECT_TRUST || !trust->server_delegator) {
            continue;
        }
        const struct object *found = NULL;
        for (size_t k = 0; k < objects_used && found == NULL; k++) {
            if (objects[k].kind == OBJECT_CERTIFICATE &&
                bytes_equal(objects[k].issuer, trust->issuer) &&
                bytes_equal(objects[k].serial, trust->serial)) {
                found = &objects[k];
            }
        }
        if (found == NULL || found->value.n > UINT16_MAX) {
            die("trust without a certificate of fitting size", trust->label);
        }
        roots[roots_used++] = found;
    }
    qsort(roots, roots_used, sizeof roots[0], compare_roots);
}

// YYMMDDhhmmssZ in seconds since 1970 (RFC 5280 section 4.1.2.5.1: 50 to 99 are the last century).
static long long utc_time(struct bytes t, const char *label)
{
    int f[6];
    if (t.n == 0) {
        return 0;
    }
    if (t.n != 13 || t.p[12] != 'Z') {
        die("not a UTCTime", label);
    }
    for (size_t i = 0; i < 6; i++) {
        if (!isdigit(t.p[2 * i]) || !isdigit(t.p[2 * i + 1])) {
            die("not a UTCTime", label);
        }
        f[i] = (t.p[2 * i] - '0') * 10 + (t.p[2 * i + 1] - '0');
    }
    if (f[1] < 1 || f[1] > 12) {
        die("not a month", label);
    }
    int year = f[0] < 50 ? 2000 + f[0] : 1900 + f[0];
    static const int before[] = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334};
    long long days = (year - 1970) * 365LL + (year - 1969) / 4 + before[f[1] - 1] + f[2] - 1;
    if (f[1] > 2 && year % 4 == 0) {
        days++;
    }
    return ((days * 24 + f[3]) * 60 + f[4]) * 60 + f[5];
}

// A label is UTF-8 in quotes, with the bytes beyond ASCII as \xHH: harmless within a // comment.
static void write_roots(const char *release)
{
    size_t offset = 0;
    (void)printf("// Written by third_party/roots/roots.c from certdata.txt (MPL-2.0).\n"
                 "#include \"net/roots.h\"\n\nconst char roots_release[] = \"%s\";\n"
                 "const uint32_t roots_count = %zu;\n\nconst struct root_entry roots_index[] = {\n",
                 release, roots_used);
    for (size_t i = 0; i < roots_used; i++) {
        const struct object *o = roots[i];
        struct bytes subject = find_subject(o);
        (void)printf("    // %s\n    {.offset_bytes = %zu, .subject_offset_bytes = %zu, "
                     ".length_bytes = %zu,\n     .subject_length_bytes = %zu, "
                     ".distrust_after_s = %lld},\n",
                     o->label, offset, offset + (size_t)(subject.p - o->value.p), o->value.n,
                     subject.n, utc_time(o->distrust_after, o->label));
        offset += o->value.n;
    }
    (void)printf("};\n\nconst uint8_t roots_der[%zu] = {", offset);
    size_t column = 0;
    for (size_t i = 0; i < roots_used; i++) {
        for (size_t k = 0; k < roots[i]->value.n; k++) {
            (void)printf("%s%d,", column++ % 20 == 0 ? "\n    " : "", roots[i]->value.p[k]);
        }
    }
    (void)printf("\n};\n");
}

int main(int argc, char **argv)
{
    if (argc != 5) {
        die("usage", "roots CERTDATA RELEASE EXPECTED_ROOTS EXPECTED_DISTRUSTED");
    }
    read_file(argv[1]);
    read_objects();
    choose_roots();
    size_t distrusted = 0;
    for (size_t i = 0; i < roots_used; i++) {
        distrusted += roots[i]->distrust_after.n != 0;
    }
    if (roots_used != strtoul(argv[3], NULL, 10) || distrusted != strtoul(argv[4], NULL, 10)) {
        (void)fprintf(stderr, "roots: found %zu roots, %zu of them with a distrust-after date\n",
                      roots_used, distrusted);
        die("these are not the pinned counts", argv[1]);
    }
    write_roots(argv[2]);
    return fflush(stdout) == 0 ? 0 : 1;
}

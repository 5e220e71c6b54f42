# SPDX-License-Identifier: Apache-2.0
# Writes build/gen/pins.h from third_party/pins: what `mailferry version` says about dependencies.
# expat is an oracle of the tests and not in the program.
BEGIN {
    print "// Written by third_party/pins.awk from third_party/pins."
    print "#ifndef MAILFERRY_PINS_H"
    print "#define MAILFERRY_PINS_H"
    print ""
    print "struct pin {"
    print "    const char *name, *version, *sha256;"
    print "};"
    print ""
    print "static const struct pin pins[] = {"
}
/^[a-z]/ && $1 != "expat" {
    printf "    {\"%s\", \"%s\",\n     \"%s\"},\n", $1, $2, $4
}
END {
    print "};"
    print ""
    print "#endif"
}

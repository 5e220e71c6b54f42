# SPDX-License-Identifier: Apache-2.0
# limits.h as a table: BOUND(section, NAME, "meaning") a line, for src/cli/commands.c, so that
# `mailferry limits` prints every bound with the value that the compiler gives it.
#     awk -f src/limits.awk src/limits.h
# Understood: `#define NAME value // meaning`, a value on the next line behind a backslash, a meaning
# that goes on in lines of comment only, and sections `// ---- name`. Anything else stops the build.
function put() {
    if (name != "") {
        gsub(/\\/, "\\\\", meaning)
        gsub(/"/, "\\\"", meaning)
        printf "BOUND(\"%s\", %s, \"%s\")\n", section, name, meaning
    }
    name = meaning = ""
}
function comment_of(line,   at) {
    at = index(line, "//")
    return at ? substr(line, at + 2) : ""
}
function add(text) {
    gsub(/^ +| +$/, "", text)
    if (text != "") meaning = meaning (meaning == "" ? "" : " ") text
}
/^\/\/ ---- / { put(); section = $3; continued = 0; next }
/^#define LIMITS_H$/ || /^#(ifndef|include|endif)/ || /^$/ { put(); next }
/^#define [A-Z][A-Z0-9_]* / {
    put()
    name = $2
    add(comment_of($0))
    continued = /\\$/
    if (section == "") { print "limits.h: " name " stands before the first section" >"/dev/stderr"; exit bad = 1 }
    next
}
continued && /^ / { add(comment_of($0)); continued = /\\$/; next }
name != "" && /^ *\/\// { add(comment_of($0)); next }
/^_Static_assert/ { put(); skipping = !/;$/; next }
skipping { skipping = !/;$/; next }
/^\/\// { next }
{ print "limits.h:" FNR ": not understood: " $0 >"/dev/stderr"; exit bad = 1 }
END { if (!bad) put(); exit bad }

// SPDX-License-Identifier: Apache-2.0
// Variables in config.yml, replaced in its text before it is read as YAML (spec/configuration.md
// 2):
// ${NAME}, ${NAME|default}, $NAME, $NAME|default, $$. Values come from .env, then the environment.
#ifndef CLI_INTERPOLATE_H
#define CLI_INTERPOLATE_H

#include "base/buf.h"
#include "limits.h"

struct interpolate_env {
    // The value of a variable; *found false when it is not set. Empty values count as set.
    str (*get)(void *st, str name, bool *found);
    void *st;
    str dot_env;  // text of .env, empty when there is none: beats get()
    bool lenient; // ENVYAML_STRICT_DISABLE: what is not set stays as it is
};

// CONFIG_UNSET: every missing variable is named in detail, with its line; CONFIG_TOO_LARGE.
err interpolate(str text, const struct interpolate_env *env, struct buf *out, struct buf *detail);

// CONFIG_DOT_ENV: a name that appears twice (only the strict mode asks). Lines that are not
// NAME=value are none of ours and skipped.
err interpolate_check_dot_env(str dot_env, struct buf *detail);

// The i-th variable of .env; false after the last.
bool interpolate_dot_env_at(str dot_env, isize i, str *name, str *value);

#endif

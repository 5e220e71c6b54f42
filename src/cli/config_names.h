// SPDX-License-Identifier: Apache-2.0
// How far two names are apart, for "did you mean".
#ifndef CLI_CONFIG_NAMES_H
#define CLI_CONFIG_NAMES_H

#include "base/str.h"

// Levenshtein distance, without regard to case; names longer than 96 bytes are far from everything.
int config_names_distance(str a, str b);

#endif

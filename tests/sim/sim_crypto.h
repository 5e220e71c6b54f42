// SPDX-License-Identifier: Apache-2.0
// How the far side checks a signature: over the cheap keyed hash of sim_crypto.c in build/sim, over
// real RSA in build/sim_tls. Both are made with the private key of tests/tenant/test_keys.c.
#ifndef SIM_SIM_CRYPTO_H
#define SIM_SIM_CRYPTO_H

#include "base/str.h"

bool sim_crypto_verify(void *unused, str text, str signature);

#endif

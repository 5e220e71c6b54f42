// SPDX-License-Identifier: Apache-2.0
// TEST KEYS of the fake tenant, as PEM; see make-test-keys.
#ifndef TENANT_TEST_KEYS_H
#define TENANT_TEST_KEYS_H

extern const char test_keys_ca_certificate[];
extern const char test_keys_server_certificate[];
extern const char test_keys_server_key[];
extern const char test_keys_account_key[];
extern const char test_keys_app_certificate[]; // of the application in Entra
extern const char test_keys_app_key[];
extern const char test_keys_federation_key[]; // of the issuer that Entra trusts

#endif

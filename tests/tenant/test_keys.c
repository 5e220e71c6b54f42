// SPDX-License-Identifier: Apache-2.0
// TEST KEYS, public on purpose: made by tests/tenant/make-test-keys, trusted by nobody but the
// tests. Generated; do not edit.
#include "test_keys.h"

const char test_keys_ca_certificate[] =
    "-----BEGIN CERTIFICATE-----\n"
    "MIIBtTCCAVygAwIBAgIUbb0kLO3XRNw51MMFpbDyFffw2EgwCgYIKoZIzj0EAwIw\n"
    "ODEYMBYGA1UECgwPbWFpbGZlcnJ5IHRlc3RzMRwwGgYDVQQDDBNGYWtlIHRlbmFu\n"
    "dCB0ZXN0IENBMCAXDTIwMDEwMTAwMDAwMFoYDzIxMjAwMTAxMDAwMDAwWjA4MRgw\n"
    "FgYDVQQKDA9tYWlsZmVycnkgdGVzdHMxHDAaBgNVBAMME0Zha2UgdGVuYW50IHRl\n"
    "c3QgQ0EwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAAQwpJ9MtKaKJmjnjX0kIPPU\n"
    "Jcovd4ff1zDslIr9uRVcmFfRaouL040dY8T2ll2zHyzicp4IODBQp5Q6mKrxd4Sj\n"
    "o0IwQDAPBgNVHRMBAf8EBTADAQH/MA4GA1UdDwEB/wQEAwIBBjAdBgNVHQ4EFgQU\n"
    "V17XF/4Md/XwYtmXlBQi0adn2ekwCgYIKoZIzj0EAwIDRwAwRAIgSNFxyAjs68DT\n"
    "y5CGTBF++AlI82g4O/6kphC7y2BWokECIEIlQpJtwpPknu8vLedZgcvUtUUQCLHl\n"
    "lmOADsTO2dER\n"
    "-----END CERTIFICATE-----\n";

const char test_keys_server_certificate[] =
    "-----BEGIN CERTIFICATE-----\n"
    "MIICLTCCAdOgAwIBAgIUWmzMMiRKecz5Jl2GDOJNnUgchikwCgYIKoZIzj0EAwIw\n"
    "ODEYMBYGA1UECgwPbWFpbGZlcnJ5IHRlc3RzMRwwGgYDVQQDDBNGYWtlIHRlbmFu\n"
    "dCB0ZXN0IENBMCAXDTIwMDEwMTAwMDAwMFoYDzIxMjAwMTAxMDAwMDAwWjAwMRgw\n"
    "FgYDVQQKDA9tYWlsZmVycnkgdGVzdHMxFDASBgNVBAMMC2Zha2UgdGVuYW50MFkw\n"
    "EwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEEK1Fi48B37joZrbAQ4ecqk8RBeX0kF6L\n"
    "0UTGSlOB6ns70VKEDaDRX0Rt1tOYXfOrspG5K43NtAcBpqqMdcELiaOBwDCBvTAM\n"
    "BgNVHRMBAf8EAjAAMA4GA1UdDwEB/wQEAwIHgDATBgNVHSUEDDAKBggrBgEFBQcD\n"
    "ATAfBgNVHSMEGDAWgBRXXtcX/gx39fBi2ZeUFCLRp2fZ6TBIBgNVHREEQTA/ggls\n"
    "b2NhbGhvc3SCC3RlbmFudC50ZXN0gg0qLnRlbmFudC50ZXN0hwR/AAABhxAAAAAA\n"
    "AAAAAAAAAAAAAAABMB0GA1UdDgQWBBSFD0xEqh07skD4Iun19BqFFrEZIjAKBggq\n"
    "hkjOPQQDAgNIADBFAiBKFkW2RQ4hUuP2uBdj+irPk6his7zusDYk8Akiw8bG8QIh\n"
    "AOcrJNDK6xn02dnKzKmb9tlugjaGkntpzzNBGiyUVO20\n"
    "-----END CERTIFICATE-----\n";

const char test_keys_server_key[] =
    "-----BEGIN PRIVATE KEY-----\n"
    "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgsxVf4k7B6GoaJrSZ\n"
    "sXkOBsT9r/95c8twQ3W+vdAVjEyhRANCAAQQrUWLjwHfuOhmtsBDh5yqTxEF5fSQ\n"
    "XovRRMZKU4HqezvRUoQNoNFfRG3W05hd86uykbkrjc20BwGmqox1wQuJ\n"
    "-----END PRIVATE KEY-----\n";

const char test_keys_account_key[] =
    "-----BEGIN PRIVATE KEY-----\n"
    "MIIEvAIBADANBgkqhkiG9w0BAQEFAASCBKYwggSiAgEAAoIBAQCmC4YDQcX/herk\n"
    "uAXQsSbYJJU5ttJntMKuOXPjjAE6dtVa4QzVqwB5Qnnmncz1X6HpnkLyqANwrDUL\n"
    "Yj/4BFaTNWI6VXnGEbqWTfCeFlUi5FDMpbdwIWW1CiWy0Potb6ywgMJ/OpunVB3y\n"
    "W0nxZJkjRWPux0YcNU8CMmtbHNMQlfovEAFat8EpfgGT2AMh+k8o2E0IeVPIiU8M\n"
    "WKpQmpJBs90u68fEdI5yMQNVdge7DLTU9siDAurlUDEUjZ8WX7gJXGZ1uF/k88Z3\n"
    "GhkpPTi0Q0Fnr+1MAPRKQVd0S1sQjaieJ6OF9U8VHdcHbglJsHWC60MI6sLou9uV\n"
    "zcdNxM/XAgMBAAECggEABffJD8nn52i1ShYxI1CSsFcUQ/hFtLODAccP2sBX9PV7\n"
    "cqI/F1jnkfQpNHg8ex8+TwrApj8SrJSL7YZQ/UWOpQjYqHcVAuD1P1y6xrvPwIrL\n"
    "OqfEIZQZtzmPpE8thr+KSee+1drR6GA2GVVdoX73oBRo5Jal9vKVjeMpB6PQFDr4\n"
    "6le27qTY8KSxtHoVD8z9I0zPHvTgSuQrChDANqaeXhD07Cu1EAKcOhdE75jqxe2p\n"
    "Yff7jzWz93g0ct5XntPzGW7LUnLG/7bywzQZYYbhpgHv3hjr8OLxbc+GinJ9vT8r\n"
    "6JTDMY0Miuo78tip44V+Yfktl9P1GIUf59dX1toXKQKBgQDPoBUAWDqZ8GPvO+Vq\n"
    "Va2XKZSUVAV1ZVeSZXMainFCtTVnVRJN+s7zQusIwN/tbNXnim+6a5etrDJ8joTf\n"
    "kQeMi9ittG5YFcUCthP5IR0IH7t5TShlWhCVVre/Io64aYV6BJQP9FLt96uS0KmV\n"
    "5iyU9H8qgmLvkSIwRIvHERpMPwKBgQDMu1zleWklihwLXovHmSjOWqv0uQR/Qwdb\n"
    "yoNIb2WudleNsVn3dF4DcWgaHNXAAfsaD4cpIeDQTiCYGGWeMP/tm9ksGCtjUfyq\n"
    "MoC1gob708Yfzl3LBck2DzOyu19B5llLzs/dcD4cNvTcy2CnwNTNGxqvl7Jh/VDq\n"
    "MYzPCYn2aQKBgB399uqs1BJGqnj1gwdgRwouBHuEw6EYuZS5OO5dj0zelk9N963y\n"
    "DBER2pfSHMbUUPX4hnk8b5Wz6Tsa71DIR3ni/bLh/IqW4nWozavQP7xbsR4tqicx\n"
    "4nFgLHzcxhcXjyN4I9dGKPCdNVio8cZokIoX44LFgPswUOr+C97+tnjLAoGAD7tm\n"
    "DAwkVEoklYsSWqgeRp0ZEZkWC2FvM1KAfBRzT9CwMacrLqS2hLU2Nqt4kWSVkw8W\n"
    "Z8a+q8MVJhrZ1CoXwH51VboVu3AVZk6zLT92d+tyEgedlXhAWfMZGebkDwBQZE7k\n"
    "EjQJ0ck3T7AhIULkF0654jxZ7MW2bgiYtWAaReECgYAJCvvvJZA4VSyxbZ5ekHx9\n"
    "k203uwQQSm81RO2dozXoLIf9f+edejCAdDglrUSJ/X8I+CbhHrkYNxgCwihzl38k\n"
    "gKFHoiIByRJBJNZv8MIP0mqiHNIPGHAWLAcywcpS6WViptvtoVjODfwFeVOKIO+v\n"
    "Sa4VJGLuAwy9bJ6aIY14XQ==\n"
    "-----END PRIVATE KEY-----\n";

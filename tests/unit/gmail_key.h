// SPDX-License-Identifier: Apache-2.0
// A private key made for these tests (RSA, 2,048 bits; it opens nothing), in both of its forms, as
// it stands in the JSON of a service account, and what RS256 with it makes of the example of
// spec/wire-gmail.md 2 (openssl dgst -sha256 -sign).
#ifndef TESTS_UNIT_GMAIL_KEY_H
#define TESTS_UNIT_GMAIL_KEY_H

#define GMAIL_KEY_PKCS8                                                   \
    "-----BEGIN PRIVATE KEY-----\\n"                                      \
    "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQDJX+G3E6VG6P7S\\n" \
    "j+67U8r3CcjzqNUIs8k9hURCZhHfAJ5QQct0R16YyUlTIzTegA/CHhdeffRXgusq\\n" \
    "5aLsOKRwr7NOTQGZgcFCX5VHejHZxHVN9QYJxF2gOlOCL4UpHNkgR9EEwme3cjex\\n" \
    "v5eRlz3t8iFUuPk4vNaM83/WWPtJtanX5RJfImieFNsL9ppwEut0Dg17F9dznW9Y\\n" \
    "NrXcJFq1xKTqJX3GXIMOj1ExfmkLkTRv2LGRTLKiMNqB2QlSNw33D0ujRajIvEci\\n" \
    "W31IZRpnQB5zomhH9hw63S3SNFJnLdu/P30R3GURo2YNqobdCt+dPijC+yulGr1T\\n" \
    "Shytw/GfAgMBAAECggEANRdk3I4+6HucV2pgMB5O6CO5ydfM1r8DwwcEMJdVhdxV\\n" \
    "YOZ/2/fHDnQfM16YXUMZJH4nfh+qEHpxQv2JH0ttu1Hvbajqz4yApd2qb05dn0Ln\\n" \
    "BHchsOiHIKvQAYZCzsyOyC53ApC4pIpl+aSAMv/TcY0BUaN0/Yr36/B010/dbJiT\\n" \
    "ZEgiChQwJjZVS28SOMv4m9Z2Fj4eIcGyJXAvQdaMMylTGFBqdQoXgi2vrAcByvy5\\n" \
    "lszSwkimtMS9QLncxUMQY5Ghyel2w9t9r76MFlAZRhNpixNZInaukpSv2dYogFMf\\n" \
    "+wZ++0XozJzt12AritLmWZGoytYc4qHYboDe4ZJNFQKBgQDlnOYvrNhrykkrBzml\\n" \
    "KwE5h0ma/riNdEWJ40KKkq594ToluLu3uYnJXggf/HZFHySBSEalVMWuFlUAXv+N\\n" \
    "cdMcjXOUfjBL2YKnRliAuAbB1QFGGpeK/9Uoqn0WfNJ7GnbbH/UMlNIBuNvowueg\\n" \
    "VWo5U2aee2j0HsyOHTqHJTs1UwKBgQDghDlO3Zug25yFOcRVjd9hhU41W+ZTKb3+\\n" \
    "2YNfCCdnRM9E9rRHn/2hzzWYQeO3tPIJQ+/t3KGsDQqLcsX2twihEBbNYheoKnam\\n" \
    "vO5yUSU+Umwg9jLMTid4T/VhEqpHgnkkBALPlOOCcgmOGpJhBaHF5EM7qHKYlrQS\\n" \
    "5HbRJ3idBQKBgC4w4h21J9SHXTDKw0322Mg57xS/KWFLgrG6hihaWb/5DzmHcDwF\\n" \
    "lzJrODc3EpPVMALSB2Q7KYlb9L2eXsqVm2KjEh1NRWn818vO2v8KBlH4B8mSj+nm\\n" \
    "jXsg0Qk1EyKwsDhktWdSiOzPw22PyAj5JeViYcKAER0LFRuBxcRqOP8BAoGAegmF\\n" \
    "OQgeOu6EgqomvTZTsKeMHlbouFWdL7S9wt8kw+5UF7Fdxv0BGX4PLMbL56RUV5L1\\n" \
    "DL77phCkpa3qSzOsXhfnvRXPtBn4yqMxnTPcYabdnYEVlZX5wFz+DRjfM+WIwXno\\n" \
    "qTrN+67O4M4yuMgd6fosTXY/bA+mrApBR2kEF50CgYEA3AEsLbLLTFpZrH0WTl2O\\n" \
    "8UVxG+vT7/7zJmpdihKeF9x/LuYX3wLhjQwBTz0uvt8HE3toAat26v6+5uIXo5HW\\n" \
    "dH2jqKQ5miX9CZ3KgZ+1HGcbOLfO5j/sIUP3gMMNtCNIb8U/TQux+x/2gORedZfa\\n" \
    "Iik49SL2BVJqcd/DCB8QhmA=\\n"                                         \
    "-----END PRIVATE KEY-----\\n"

#define GMAIL_KEY_PKCS1                                                   \
    "-----BEGIN RSA PRIVATE KEY-----\\n"                                  \
    "MIIEowIBAAKCAQEAyV/htxOlRuj+0o/uu1PK9wnI86jVCLPJPYVEQmYR3wCeUEHL\\n" \
    "dEdemMlJUyM03oAPwh4XXn30V4LrKuWi7DikcK+zTk0BmYHBQl+VR3ox2cR1TfUG\\n" \
    "CcRdoDpTgi+FKRzZIEfRBMJnt3I3sb+XkZc97fIhVLj5OLzWjPN/1lj7SbWp1+US\\n" \
    "XyJonhTbC/aacBLrdA4NexfXc51vWDa13CRatcSk6iV9xlyDDo9RMX5pC5E0b9ix\\n" \
    "kUyyojDagdkJUjcN9w9Lo0WoyLxHIlt9SGUaZ0Aec6JoR/YcOt0t0jRSZy3bvz99\\n" \
    "EdxlEaNmDaqG3QrfnT4owvsrpRq9U0ocrcPxnwIDAQABAoIBADUXZNyOPuh7nFdq\\n" \
    "YDAeTugjucnXzNa/A8MHBDCXVYXcVWDmf9v3xw50HzNemF1DGSR+J34fqhB6cUL9\\n" \
    "iR9LbbtR722o6s+MgKXdqm9OXZ9C5wR3IbDohyCr0AGGQs7MjsgudwKQuKSKZfmk\\n" \
    "gDL/03GNAVGjdP2K9+vwdNdP3WyYk2RIIgoUMCY2VUtvEjjL+JvWdhY+HiHBsiVw\\n" \
    "L0HWjDMpUxhQanUKF4Itr6wHAcr8uZbM0sJIprTEvUC53MVDEGORocnpdsPbfa++\\n" \
    "jBZQGUYTaYsTWSJ2rpKUr9nWKIBTH/sGfvtF6Myc7ddgK4rS5lmRqMrWHOKh2G6A\\n" \
    "3uGSTRUCgYEA5ZzmL6zYa8pJKwc5pSsBOYdJmv64jXRFieNCipKufeE6Jbi7t7mJ\\n" \
    "yV4IH/x2RR8kgUhGpVTFrhZVAF7/jXHTHI1zlH4wS9mCp0ZYgLgGwdUBRhqXiv/V\\n" \
    "KKp9FnzSexp22x/1DJTSAbjb6MLnoFVqOVNmnnto9B7Mjh06hyU7NVMCgYEA4IQ5\\n" \
    "Tt2boNuchTnEVY3fYYVONVvmUym9/tmDXwgnZ0TPRPa0R5/9oc81mEHjt7TyCUPv\\n" \
    "7dyhrA0Ki3LF9rcIoRAWzWIXqCp2przuclElPlJsIPYyzE4neE/1YRKqR4J5JAQC\\n" \
    "z5TjgnIJjhqSYQWhxeRDO6hymJa0EuR20Sd4nQUCgYAuMOIdtSfUh10wysNN9tjI\\n" \
    "Oe8UvylhS4KxuoYoWlm/+Q85h3A8BZcyazg3NxKT1TAC0gdkOymJW/S9nl7KlZti\\n" \
    "oxIdTUVp/NfLztr/CgZR+AfJko/p5o17INEJNRMisLA4ZLVnUojsz8Ntj8gI+SXl\\n" \
    "YmHCgBEdCxUbgcXEajj/AQKBgHoJhTkIHjruhIKqJr02U7CnjB5W6LhVnS+0vcLf\\n" \
    "JMPuVBexXcb9ARl+DyzGy+ekVFeS9Qy++6YQpKWt6kszrF4X570Vz7QZ+MqjMZ0z\\n" \
    "3GGm3Z2BFZWV+cBc/g0Y3zPliMF56Kk6zfuuzuDOMrjIHen6LE12P2wPpqwKQUdp\\n" \
    "BBedAoGBANwBLC2yy0xaWax9Fk5djvFFcRvr0+/+8yZqXYoSnhfcfy7mF98C4Y0M\\n" \
    "AU89Lr7fBxN7aAGrdur+vubiF6OR1nR9o6ikOZol/QmdyoGftRxnGzi3zuY/7CFD\\n" \
    "94DDDbQjSG/FP00Lsfsf9oDkXnWX2iIpOPUi9gVSanHfwwgfEIZg\\n"             \
    "-----END RSA PRIVATE KEY-----\\n"

#define GMAIL_KEY_EC                                                      \
    "-----BEGIN PRIVATE KEY-----\\n"                                      \
    "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQghA2jYdUjdd9rRMDD\\n" \
    "CIxn1SnucZPFHH1TlV92y8R19JKhRANCAARJdENcfY81xKyB5dKm4UnYItXMeLqV\\n" \
    "fF837Qw0VRjfVUX9yYESXNNM/349ocl7TjuDE/fis+QwfOq3EKRUZwBX\\n"         \
    "-----END PRIVATE KEY-----\\n"

#define GMAIL_KEY_SIGNATURE                                                                      \
    "eutfppdyuzQUuV2gQFF8GDyPu71_vQwTcLWeeefIGVMFjxgNt9BCMkuC1Y3bHNXVKWB4FRlXm0IWjorDfWhJVXP8nr" \
    "mE59nDhuC-lScmBxA5VaaWKeDpZYrEnqiJ4nPgmunb-"                                                \
    "Z8UEhlc_z6kIt46AAhZq_2Uk_EhE8t0J4wElM1yjy63PDKLyhy3Rtib0XOLeCq-"                            \
    "Mkyt30mZWrp2MGyWXwZmcvpfNkqQ-FUXKRTgGgdoYogX-qKfcIbKcYentSmjvhtFqUYf32rV7UrPBR7yvxsdLKCCCH" \
    "qSnjK0p5FSv6uxW7RVzs1v4wFzxxI89ojfWm6quR7ViKvFRhNcD-bLbQ"

#endif

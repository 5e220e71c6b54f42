// SPDX-License-Identifier: Apache-2.0
// A private key made for these tests (RSA, 2,048 bits; it opens nothing) with its certificate,
// valid for a hundred years, another that has expired, and the certificate of another key.
#ifndef TESTS_UNIT_ENTRA_KEY_H
#define TESTS_UNIT_ENTRA_KEY_H

#define ENTRA_KEY_PEM                                                    \
    "-----BEGIN PRIVATE KEY-----\n"                                      \
    "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQCqJu8AMyiWIEcu\n" \
    "SuupoVQ22JASI/KbD/O3tjPcoQj8rIA1YBHmRoEWBPj7R5yhAQy61DUdCClLfhs8\n" \
    "rki1v41wRBuII8yYokqoq+u88dnnRxGYZwWJoLvdQKfBhQRvm95a+jyEPINnar7H\n" \
    "1+5/CYFaa3fPm3/+jfU6xK31thWxvMZitpR8IllME1UHv1jCteR4/3G3FDhPkKDF\n" \
    "8i2WHUpVUiVT01L6Q4vVvsvpB6FsC8lFNNZJSEQs0zkbXpqAqiaYgb+UAYKoMREY\n" \
    "yYxF1Ti5M8rS4ntE6GOgrBl9ruGFISQTrF7mYe0XGKBmsNRwwg2z8RiCcHuEoeDd\n" \
    "LW4gJHTvAgMBAAECggEAUB9SRvFQKNVdP2bHLxMJcWQr/2bPDIaH+NfC9x8beMQQ\n" \
    "AVJSS3Giwogn6EeR8VzpriZUNm4L6AEjeUEGexMO2rEvl71nz+4IIwIF2Wy3c8lK\n" \
    "90131ZWLMUYLWLy22Il4vLV9/rTyGaYx3TAIneiPcVEO04OBU5BsTDamRgBumcko\n" \
    "3f317+OJ/+FN9H1cOxIuyFEQuBiv9HQY++62yKRX01Odjei/kJj1cKhtT+gGjrcD\n" \
    "XlNQr4hapArA6yuC2+V0q8aDSO+veEBj+Db26wXVSnAaO8mq3zA6zxpVM0xzh+CC\n" \
    "CMxevGgvqTY5X6U1n1JT0UiYWCicea1wpbW2v8Iu0QKBgQDvsxOA8PIZsBFiLK+V\n" \
    "qwviDEYm20+vDDK4/x/GTyTrSPrJGIvm+68MXbUI10Qv+MtYZHX29LcfH8H3eK1R\n" \
    "348e6X4alSTUq64YAx8lVvAateR5/ksZTlGmtt969zMLm6UYQkcol0HFG1rwiU0d\n" \
    "i+M6C5A+NDxhcTZgx52f7ofOnwKBgQC1uRuOGeHDNUzA9NuNneNwkAnekr1wZYOt\n" \
    "0QT5eOhMmhwqU4YfcALWuzgv+hK6CGxNWI7/5BoSOsrg649RZwf0Rk/5XUFsf7iU\n" \
    "g7muXFviSbnlzu44v69WhC32klDby38TILd6LxCG7/uyz41Wp54eDuXOXcY7fuAA\n" \
    "lkDkRr/HsQKBgQC56LyBz18WyVZSPLJadPWcd0SZspOVAvL8RPPSDWRnEI1iFyW7\n" \
    "Gw3jm3JjzwJV6rNcdV6BEcBN5YW9eN2EmM4afaKO34pXYGiAuzsW7N0A+n6gl7iL\n" \
    "ghEWKtQePUhcAnYD4LPsKZSbWeIomXU0K2ErjfhsJnuGYBZ67Ze1iX3PpQKBgBnD\n" \
    "K1fi7XGqPb5hODsEdjkAApYuQXMMwTVEG6tua6hodLO/cZVFYPGmSxnqHvuGtCvm\n" \
    "8Sbv5I5PDXIDkybcL3F/All80giatsU/Q3SnnVMgVp1wz6715dqjFI0PQy1V1ScW\n" \
    "DUziHTq0DP/VktkFHFJwlD3EZ5UJsKIEqyBxs0CRAoGAN69k5v1IIogM8rhZRTRu\n" \
    "F8PMwJ38ovhPu+oAEbo4GTqCJZpVrnf0wfG5j+76NQMqtNiWc+ettZERm+Z/80RI\n" \
    "78BZfXb6ZZq0dcrSz9cpSOIIHFAWk2HkLoJa5Lsrf1LttZOUgJTOPIXUTcMSKl53\n" \
    "VW9pyr9/tOUlq0A/uyVP6LU=\n"                                         \
    "-----END PRIVATE KEY-----\n"

#define ENTRA_CERTIFICATE_PEM                                            \
    "-----BEGIN CERTIFICATE-----\n"                                      \
    "MIIDFzCCAf+gAwIBAgIUFRiJArnWrrNSOedL5P2cGsMR+mgwDQYJKoZIhvcNAQEL\n" \
    "BQAwGjEYMBYGA1UEAwwPbWFpbGZlcnJ5LXRlc3RzMCAXDTI2MTEyMjE0MjI1NloY\n" \
    "DzIxMjYxMDI5MTQyMjU2WjAaMRgwFgYDVQQDDA9tYWlsZmVycnktdGVzdHMwggEi\n" \
    "MA0GCSqGSIb3DQEBAQUAA4IBDwAwggEKAoIBAQCqJu8AMyiWIEcuSuupoVQ22JAS\n" \
    "I/KbD/O3tjPcoQj8rIA1YBHmRoEWBPj7R5yhAQy61DUdCClLfhs8rki1v41wRBuI\n" \
    "I8yYokqoq+u88dnnRxGYZwWJoLvdQKfBhQRvm95a+jyEPINnar7H1+5/CYFaa3fP\n" \
    "m3/+jfU6xK31thWxvMZitpR8IllME1UHv1jCteR4/3G3FDhPkKDF8i2WHUpVUiVT\n" \
    "01L6Q4vVvsvpB6FsC8lFNNZJSEQs0zkbXpqAqiaYgb+UAYKoMREYyYxF1Ti5M8rS\n" \
    "4ntE6GOgrBl9ruGFISQTrF7mYe0XGKBmsNRwwg2z8RiCcHuEoeDdLW4gJHTvAgMB\n" \
    "AAGjUzBRMB0GA1UdDgQWBBQvUf/zEnJoiG150wvjFcpO7fdxbjAfBgNVHSMEGDAW\n" \
    "gBQvUf/zEnJoiG150wvjFcpO7fdxbjAPBgNVHRMBAf8EBTADAQH/MA0GCSqGSIb3\n" \
    "DQEBCwUAA4IBAQAQzXs8Xo9kOgEoNJMUobJO2CBBTy/TX8UuDlJ8a1wc2wOZxoKC\n" \
    "XZAdzlcg06/6s5LbUHU0HBPPIKlrac93pQojA1RyTrEhIa2EJdysrof0qAwzDCnk\n" \
    "6OADEFL3NGUg4snUSIyv6OSjl61Fs5WA/2Ytn6bwt53DARkbb1DB7FIKrX1b2xEh\n" \
    "w39uP6qkXM6o8n5FHGAqnMWXn6BRMKhmUWY9pm0Mbixd2NeoF27+5gQwlnukikT6\n" \
    "ntHybI0aFehFkxnWgqfyulqq444ZA6w383l3QiOgwp69KwakeShy8Qz/Ri2WorK2\n" \
    "zTX+GhsLn2ALnrTLqRKy8uJrLgPLuXJ8K4hs\n"                             \
    "-----END CERTIFICATE-----\n"

#define ENTRA_CERTIFICATE_OLD                                            \
    "-----BEGIN CERTIFICATE-----\n"                                      \
    "MIICuzCCAaMCFCW3yEJPPDU65beJW1s4E8eXVNCCMA0GCSqGSIb3DQEBCwUAMBox\n" \
    "GDAWBgNVBAMMD21haWxmZXJyeS10ZXN0czAeFw0yMDAxMDEwMDAwMDBaFw0yMTAx\n" \
    "MDEwMDAwMDBaMBoxGDAWBgNVBAMMD21haWxmZXJyeS10ZXN0czCCASIwDQYJKoZI\n" \
    "hvcNAQEBBQADggEPADCCAQoCggEBAKom7wAzKJYgRy5K66mhVDbYkBIj8psP87e2\n" \
    "M9yhCPysgDVgEeZGgRYE+PtHnKEBDLrUNR0IKUt+GzyuSLW/jXBEG4gjzJiiSqir\n" \
    "67zx2edHEZhnBYmgu91Ap8GFBG+b3lr6PIQ8g2dqvsfX7n8JgVprd8+bf/6N9TrE\n" \
    "rfW2FbG8xmK2lHwiWUwTVQe/WMK15Hj/cbcUOE+QoMXyLZYdSlVSJVPTUvpDi9W+\n" \
    "y+kHoWwLyUU01klIRCzTORtemoCqJpiBv5QBgqgxERjJjEXVOLkzytLie0ToY6Cs\n" \
    "GX2u4YUhJBOsXuZh7RcYoGaw1HDCDbPxGIJwe4Sh4N0tbiAkdO8CAwEAATANBgkq\n" \
    "hkiG9w0BAQsFAAOCAQEAC3gVB6yepmTfMwFVDsxK1HcvxNNWC+BBIbP8PxngniCG\n" \
    "NTQYY7KFCtltSdOzpcEv5mbi19W67wCuBJO6ZqH3rG7VBVsSieqXzTQ73q1slgZn\n" \
    "GQ5qo4HrPieJbo40MBHaYq7ofs/Z/3Wnmaktry2p/R9Io0G6Oi79Sf0rHeMgMiWm\n" \
    "EMRvpwbqJlet//Grw4eZHpSva1cDR5aSDFEn8PSK4IPyLPFsTTi8OwgJ85p6HOXW\n" \
    "AIEzD6tqfFdkE91/EupISfHPgogQCImJMTCnbyjW7jhDiM1SbUoZDwlmGr+JumJH\n" \
    "ARBYLdLtHeU37jInqQ/QdKzX9iOEl5M1RtzfnveFew==\n"                     \
    "-----END CERTIFICATE-----\n"

#define ENTRA_CERTIFICATE_OTHER                                          \
    "-----BEGIN CERTIFICATE-----\n"                                      \
    "MIIDAzCCAeugAwIBAgIULA2DUbLMvOIIuIpJEKg0/E/91FowDQYJKoZIhvcNAQEL\n" \
    "BQAwEDEOMAwGA1UEAwwFb3RoZXIwIBcNMjYxMTIyMTQyMjU2WhgPMjEyNjEwMjkx\n" \
    "NDIyNTZaMBAxDjAMBgNVBAMMBW90aGVyMIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8A\n" \
    "MIIBCgKCAQEAvnIKfVbJ1IfTBLs99LXhnoVEhTi0r9+pMvTR6CaNlY/V2VHfT5fT\n" \
    "GVSItXwTvApTDG1n1ngYbSNn9MsusUZWJjtgJ6wenGsOnZFAi6UKQwLyuXBfLGL2\n" \
    "e7217fwSPdMdhrlSy6bTLu8UnYu8JEJlu6h3s0W1I8/vOjWHoXrdURitLUFpXNaK\n" \
    "gbb1KPxSVywJR8QEhCwa40k0xTwW90S02r7m6eeeNLnkK5P9vZg+Mje2NxVjOW0z\n" \
    "y24d2VOo1P9k8skOQ5C9FE7Lu+M/86J18dztLrnYCgkHDTAGgHssRjdnUqAAp5aD\n" \
    "b5vYJz5MzdZ/SddEUBd3Xyfa4mDYseCtUwIDAQABo1MwUTAdBgNVHQ4EFgQUdh7C\n" \
    "GQLjjbML5mT5Y8Fq32Qgiy4wHwYDVR0jBBgwFoAUdh7CGQLjjbML5mT5Y8Fq32Qg\n" \
    "iy4wDwYDVR0TAQH/BAUwAwEB/zANBgkqhkiG9w0BAQsFAAOCAQEAqpKe2EYm8/Wk\n" \
    "PTwhtvEUJFfIKxCWN2b70O5dKE8sswhXQGlx4n3dN++ZoXwrKHz6abcLW/tg2ELo\n" \
    "1toi7n1LAgciZPDdMCtPmXE/cOtQsLKePxv9o900xreO8yh5MwzqBe2M+G6dueX1\n" \
    "lTcsgF/RpbKoWh+1tnGnthmuUzHCQG8POFbeeCqD5TAperTUZQeyfj2oegU5WwUD\n" \
    "vLhnxSN1RRChrmmki87d88q8oJsKYtkxC0hcxoCoZfb5JcKOWMK0PLEEpEFDOymO\n" \
    "3/BJNyf7tr9EigZy8Abj5iBQp3yaKkDjhh1qzNgA/InZ3IpBNCRd9ZhGb1JdP0P5\n" \
    "9ZypWt10UQ==\n"                                                     \
    "-----END CERTIFICATE-----\n"

// SHA-256 of the certificate, as openssl x509 -fingerprint -sha256 says it: in hex, and as
// x5t#S256.
#define ENTRA_THUMBPRINT "4876f5ddba730d6067c65251d5b6b85a1135103b8f10b8aa0fd9c7d32f82bd29"
#define ENTRA_X5T "SHb13bpzDWBnxlJR1ba4WhE1EDuPELiqD9nH0y-CvSk"

#endif

// SPDX-License-Identifier: Apache-2.0
// The cheap stand-in for TLS of build/sim: records with a type and a length, payload masked so that
// nothing travels in clear. It has what the layers above can see of the real one: a handshake of
// one round trip, resumption by ticket, alerts, and an ending that tells a close from a cut.
#ifndef SIM_TLS_FRAME_H
#define SIM_TLS_FRAME_H

#include "base/str.h"

enum {
    FRAME_HELLO = 1,    // client: ticket (8 bytes, 0: none), host
    FRAME_ACCEPTED = 2, // server: 1 byte, resumed or not
    FRAME_FINISHED = 3, // client
    FRAME_TICKET = 4,   // server: 8 bytes
    FRAME_CLOSE = 5,
    FRAME_ALERT = 6, // 1 byte
    FRAME_DATA = 7,
};
enum { FRAME_HEAD_BYTES = 3, FRAME_MASK = 0xA5 };
#define FRAME_PAYLOAD_BYTES 16384

#endif

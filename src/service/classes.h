// SPDX-License-Identifier: Apache-2.0
// What people read in Kibana when something failed (spec/elastic-protocol.md 16). Each error has a
// class token that dashboards and alerts key on: it is what the service that this one replaces says
// in the same case. What follows the colon is our own sentence.
//
// `detail` is what the error's origin wrote for people. Texts are cut where the buffer is full, at
// whole characters; a buffer that was full before stays as it is.
#ifndef SERVICE_CLASSES_H
#define SERVICE_CLASSES_H

#include "base/buf.h"

const char *classes_token(err e); // "ConfigurableFieldValueError"; never NULL

// For the `error` of a job: "Class: message". Texts that have no class (16: a refused index, idle
// and orphaned jobs) are put without one.
void classes_put_job_error(struct buf *b, err e, str detail);

// For the `error` of a connector out of the scheduler: the message without its class.
void classes_put_message(struct buf *b, err e, str detail);

// Details, for errors whose sentence needs more than the words of a server:
void classes_put_forbidden(struct buf *b, str index);                        // SYNC_JOB_FORBIDDEN
void classes_put_not_running(struct buf *b, str job, str status);            // SYNC_JOB_NOT_RUNNING
void classes_put_protocol(struct buf *b, str operation, str job, str words); // SYNC_JOB_PROTOCOL
void classes_put_incremental(struct buf *b, str connector);                  // SYNC_JOB_INCREMENTAL
void classes_put_gone(struct buf *b, str connector); // SYNC_JOB_CONNECTOR_GONE
void classes_put_idle(struct buf *b, i64 idle_s);    // SYNC_JOB_IDLE

#endif

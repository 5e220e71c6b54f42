// SPDX-License-Identifier: Apache-2.0
// extraction_service.use_file_pointers: the files by which attachments go to the text extraction
// service. Each source that runs jobs has as many as it has fetches under way; they are made as the
// last thing before the seal, so that a start that fails leaves none behind.
#ifndef CLI_START_VOLUME_H
#define CLI_START_VOLUME_H

#include "cli/start.h"
#include "os/seal.h"
#include "source/outlook/outlook.h"

// Gives a source its share, when its jobs will need one.
void start_volume_share(struct start *s, struct outlook_settings *settings);

// Makes all of them and says so in the log. CONFIG_SHARED_VOLUME, its facts in s->detail.
err start_volume_create(struct start *s);

void start_volume_put_wants(const struct start *s, struct seal_wants *wants);

// Empties all of them, whatever was under way.
void start_volume_clear(const struct start *s);

#endif

// SPDX-License-Identifier: Apache-2.0
// The product once more, with a global of its own, for two processes at once.
#ifndef SIM_SECOND_H
#define SIM_SECOND_H

struct start;

int second_main(int argc, char **argv);
void second_clear(void);
struct start *second_start(void);

#endif

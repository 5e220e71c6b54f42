// SPDX-License-Identifier: Apache-2.0
// Linked into the programs of `make coverage` (-Wl,--wrap=_exit): gcc's counters are written by
// exit(), and children of tests and of the simulation leave by _exit().
#include <unistd.h>

void __gcov_dump(void);
_Noreturn void __real__exit(int code);
_Noreturn void __wrap__exit(int code);

void __wrap__exit(int code)
{
    __gcov_dump();
    __real__exit(code);
}

// SPDX-License-Identifier: Apache-2.0
// What is in a mailbox, as Microsoft Graph shows it; see graph.h.
#include "graph.h"

void graph_mailbox_answer(struct graph_call *c)
{
    graph_not_found(c);
}

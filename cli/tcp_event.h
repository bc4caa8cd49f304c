/* SPDX-License-Identifier: MIT */
/* What the kernel says of a connection, in the event of its end. */
#ifndef PIER_CLI_TCP_EVENT_H
#define PIER_CLI_TCP_EVENT_H

#include "json.h"

/* All that is told, of what this kernel gave; nothing for other families. */
void cli_event_tcp(json_t *event, const struct pier_tcp_info *info);

#endif

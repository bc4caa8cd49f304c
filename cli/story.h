/* SPDX-License-Identifier: MIT */
/*
 * What pier connect tells about a conversation: for people (-v) and as JSON
 * events.
 */
#ifndef PIER_CLI_STORY_H
#define PIER_CLI_STORY_H

#include "talk.h"

/* Which addresses a dial tried, and what came of each; for people. */
void story_attempts(const struct talk *talk);

/* The connection stands. */
void story_connected(const struct talk *talk);

/* It is over: who closed first and how, and what the kernel counted. */
void story_closed(const struct talk *talk);

#endif

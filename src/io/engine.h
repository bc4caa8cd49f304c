/* SPDX-License-Identifier: MIT */
/* io/engine.h - the engines of the kernel behind task/engine.h's port. */
#ifndef PIER_IO_ENGINE_H
#define PIER_IO_ENGINE_H

#include "task/engine.h"

/* For fibers: epoll, edge-triggered, each descriptor added once. In place, where
   that is large enough. */
int pier__engine_epoll(struct pier__engine **out, void *place, size_t size);

/* For threads: ppoll over what the thread waits for just now. */
int pier__engine_plain(struct pier__engine **out);

#endif

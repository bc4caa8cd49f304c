/* SPDX-License-Identifier: MIT */
/*
 * io/sim_engine.h - the engine of a simulation: when every task waits, the
 * clock jumps to the next thing that happens, or to the first deadline. So a
 * test of a deadline of an hour takes no time, and every run is the same.
 *
 * When nothing is left that could happen and no task has a deadline, all
 * would wait for ever: the trace is printed and the test aborted.
 */
#ifndef PIER_IO_SIM_ENGINE_H
#define PIER_IO_SIM_ENGINE_H

#include <pier/task.h>

#include "os/sim.h"

/* pier_run() inside the simulation, on its local host. */
int pier__sim_run(struct pier__sim *sim, pier_task_fn *fn, void *arg);

/* From here on the current task, and those it starts, are on that host. */
void pier__sim_on(struct pier__sim_host *host);

#endif

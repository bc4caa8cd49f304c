/* SPDX-License-Identifier: MIT */
/* task/run_ucontext_test.c - run_test.c on the switch of other machines. */
#define PIER_UCONTEXT 1

#include "task/switch.c"

#include "task/run_test.c"

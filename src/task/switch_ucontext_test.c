/* SPDX-License-Identifier: MIT */
/* task/switch_ucontext_test.c - switch_test.c on the switch of other machines. */
#define PIER_UCONTEXT 1

#include "task/switch.c"

#include "task/switch_test.c"

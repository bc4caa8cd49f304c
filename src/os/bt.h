/* SPDX-License-Identifier: MIT */
/*
 * os/bt.h - the Bluetooth controllers of this machine, as far as who opens a
 * socket has to know: which there are, and which are on. All that there is to
 * know of them the kernel's management interface tells.
 */
#ifndef PIER_OS_BT_H
#define PIER_OS_BT_H

#include <stdbool.h>
#include <stdint.h>

/* The kernel lists no more (HCI_MAX_DEV of older ones). */
#define PIER__BT_CONTROLLERS_MAX 16

struct pier__bt_controller {
	uint16_t index; /* hci0 is 0 */
	bool on;
	uint8_t device[6]; /* as socket addresses have it */
};

/* See the entry `bt_controllers` of os/calls.h. */
int pier__real_bt_controllers(struct pier__bt_controller *list, int max);

#endif

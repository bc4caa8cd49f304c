/* SPDX-License-Identifier: MIT */
/*
 * os/bt.c - see bt.h. By ioctls of an HCI socket, which anybody may ask. The
 * structures are those of net/bluetooth/hci_sock.h of the kernel.
 */
#include "os/bt.h"

#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "os/calls.h"

#define FAMILY_BLUETOOTH 31
#define PROTOCOL_HCI     1
#define LIST             _IOR('H', 210, int)
#define INFO             _IOR('H', 211, int)
#define FLAG_UP          1U

struct list {
	uint16_t count;
	struct {
		uint16_t index;
		uint32_t flags;
	} items[PIER__BT_CONTROLLERS_MAX];
};

struct info {
	uint16_t index;
	char name[8];
	uint8_t device[6];
	uint32_t flags;
	uint8_t type;
	uint8_t features[8];
	uint32_t modes[3];
	uint16_t sizes[4];
	uint32_t counters[10];
};

_Static_assert(sizeof(struct info) == 92, "as the kernel has it");

static int
look(int fd, struct pier__bt_controller *out, int max)
{
	struct list list = { .count = PIER__BT_CONTROLLERS_MAX };
	int count = 0;
	unsigned int i;

	if (ioctl(fd, LIST, &list) < 0)
		return -errno;
	for (i = 0; i < list.count && count < max; i++) {
		struct info info = { .index = list.items[i].index };

		/* It may have gone meanwhile. */
		if (ioctl(fd, INFO, &info) < 0)
			continue;
		out[count].index = info.index;
		out[count].on = (list.items[i].flags & FLAG_UP) != 0;
		memcpy(out[count].device, info.device, sizeof(info.device));
		count++;
	}
	return count;
}

int
pier__real_bt_controllers(struct pier__bt_controller *list, int max)
{
	int fd = pier__calls_real.socket(
		FAMILY_BLUETOOTH, SOCK_RAW, PROTOCOL_HCI);
	int rc = fd < 0 ? fd : look(fd, list, max);

	if (fd >= 0)
		(void)pier__calls_real.close(fd);
	return rc;
}

/* SPDX-License-Identifier: MIT */
/* Hints for endpoints of Bluetooth: what is missing here, or to try there. */
#include "hint.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* An endpoint of it, or the kind alone, as pier opt has it. */
bool
cli_is_bluetooth(const char *endpoint)
{
	static const char *const kinds[] = { "rfcomm", "l2cap", "hci", "sco" };
	size_t i;

	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		size_t len = strlen(kinds[i]);

		if (strncmp(endpoint, kinds[i], len) == 0 &&
			(endpoint[len] == '\0' ||
				strncmp(endpoint + len, "://", 3) == 0))
			return true;
	}
	return false;
}

static bool
is_rfcomm(const char *endpoint)
{
	return endpoint[0] == 'r';
}

/* The device alone. */
static void
device_of(const char *endpoint, char *out, size_t size)
{
	const char *begin = strstr(endpoint, "://");

	begin = begin == NULL ? "" : begin + 3;
	snprintf(out, size, "%.*s", (int)strcspn(begin, "/"), begin);
}

/* By the code of an error alone. */
static const struct {
	int code;
	const char *text;
} rows[] = {
	{ -EAFNOSUPPORT,
		"load its modules: sudo modprobe -a bluetooth rfcomm; a kernel "
		"without them is built without CONFIG_BT, and a network "
		"namespace has none but the first" },
	{ -ENODEV, "ls /sys/class/bluetooth lists the controllers; of a USB "
		   "adapter: sudo modprobe btusb" },
	{ -ENETDOWN, "switch it on: bluetoothctl power on, or sudo hciconfig "
		     "hci0 up; blocked? rfkill list bluetooth" },
	{ -EHOSTUNREACH, "the controllers, and which are on: hciconfig" },
	{ -EADDRNOTAVAIL, "the controllers and their addresses: hciconfig" },
	{ -EBADE, "forget the device here and there, and pair anew: "
		  "bluetoothctl remove, bluetoothctl pair" },
	{ -EPERM, "this takes CAP_NET_ADMIN: run it with sudo" },
	{ -EMSGSIZE, "a message has to fit what the peer takes, its MTU; a "
		     "pier there takes more with ?mtu=BYTES" },
};

static void
hint_refused(const struct pier_error *error, char *text, size_t size)
{
	char device[64];

	device_of(error->endpoint, device, sizeof(device));
	if (is_rfcomm(error->endpoint))
		snprintf(text, size, "which channels it has: sdptool browse %s",
			device);
	else
		snprintf(text, size,
			"which PSMs it has: sdptool browse %s; one of Low "
			"Energy needs ?le=public or ?le=random, and that "
			"switched on here",
			device);
}

static void
hint_not_allowed(const struct pier_error *error, char *text, size_t size)
{
	char device[64];

	device_of(error->endpoint, device, sizeof(device));
	if (error->step == PIER_STEP_BIND)
		snprintf(text, size,
			"from 0x1001 on, of Low Energy from 0x80 on, anybody "
			"may listen; below: sudo setcap "
			"cap_net_bind_service=+ep \"$(command -v pier)\"");
	else
		snprintf(text, size, "pair the devices: bluetoothctl pair %s",
			device);
}

static void
hint_silent(const struct pier_error *error, char *text, size_t size)
{
	char device[64];

	device_of(error->endpoint, device, sizeof(device));
	snprintf(text, size, "does it answer at all? sudo l2ping -c 3 %s",
		device);
}

void
cli_hint_bluetooth(const struct pier_error *error, char *text, size_t size)
{
	size_t i;

	if (error->code == -ECONNREFUSED)
		hint_refused(error, text, size);
	else if (error->code == -EACCES)
		hint_not_allowed(error, text, size);
	else if (error->code == -EHOSTDOWN || error->code == -ETIMEDOUT ||
		 (error->code == -PIER_EDEADLINE &&
			 error->step == PIER_STEP_CONNECT))
		hint_silent(error, text, size);
	else if (error->code == -EADDRINUSE)
		snprintf(text, size,
			"another program listens there; %s takes a free one",
			is_rfcomm(error->endpoint) ? "channel 0" : "PSM 0");
	else if (error->code == -EPROTONOSUPPORT && is_rfcomm(error->endpoint))
		snprintf(text, size, "load its module: sudo modprobe rfcomm");
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].code == error->code)
			snprintf(text, size, "%s", rows[i].text);
}

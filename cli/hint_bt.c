/* SPDX-License-Identifier: MIT */
/* Hints for endpoints of Bluetooth: what is missing here, or to try there. */
#include "hint.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* As the kernel calls it, hci0, or all of them: hci. */
static bool
is_controller(const char *endpoint)
{
	return strncmp(endpoint, "hci", 3) == 0 &&
	       strstr(endpoint, "://") == NULL;
}

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
	return is_controller(endpoint);
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
	{ -ENODEV, "the controllers: pier bt list; of a USB adapter: sudo "
		   "modprobe btusb" },
	{ -ENETDOWN, "switch it on: bluetoothctl power on, or sudo hciconfig "
		     "hci0 up; blocked? rfkill list bluetooth" },
	{ -EHOSTUNREACH, "the controllers, and which are on: pier bt list" },
	{ -EADDRNOTAVAIL, "the controllers and their addresses: pier bt list" },
	{ -ERFKILL, "sudo rfkill unblock bluetooth" },
	{ -EBUSY, "another program searches: bluetoothctl scan off" },
	{ -EBADE, "forget the device here and there, and pair anew: "
		  "bluetoothctl remove, bluetoothctl pair" },
	{ -EMSGSIZE, "a message has to fit what the peer takes, its MTU; a "
		     "pier there takes more with ?mtu=BYTES" },
};

static void
hint_refused(const struct pier_error *error, char *text, size_t size)
{
	char device[64];

	device_of(error->endpoint, device, sizeof(device));
	if (is_rfcomm(error->endpoint))
		snprintf(text, size, "which channels it has: pier bt sdp %s",
			device);
	else
		snprintf(text, size,
			"which PSMs it has: pier bt sdp %s; one of Low "
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
	snprintf(text, size, "does it answer at all? sudo pier bt ping -c 3 %s",
		device);
}

/* A raw socket of L2CAP is made for echoes; the management interface tells what it
   forbids. */
static void
hint_no_capability(const struct pier_error *error, char *text, size_t size)
{
	snprintf(text, size,
		"sudo setcap cap_net_%s=+ep \"$(command -v pier)\", or run it "
		"with sudo",
		!is_controller(error->endpoint) &&
				error->step == PIER_STEP_CREATE
			? "raw"
			: "admin");
}

void
cli_hint_bluetooth(const struct pier_error *error, char *text, size_t size)
{
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].code == error->code)
			snprintf(text, size, "%s", rows[i].text);
	if (error->code == -EPERM)
		hint_no_capability(error, text, size);
	/* The rest is of a device. */
	if (is_controller(error->endpoint))
		return;
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
}

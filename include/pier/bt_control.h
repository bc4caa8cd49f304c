/* SPDX-License-Identifier: MIT */
/*
 * What surrounds the sockets of Bluetooth: the controllers of this machine, the
 * devices in reach of one (an inquiry), and the services of a device (SDP). By the
 * kernel's management interface and its sockets: no bluetoothd and no D-Bus take
 * part, and one that runs is not disturbed.
 *
 * What others send has bounds: PIER_BT_DEVICES_MAX devices of a scan, each with
 * PIER_BT_UUIDS_MAX services; PIER_BT_SERVICES_MAX services of one device.
 */
#ifndef PIER_BT_CONTROL_H
#define PIER_BT_CONTROL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <pier/bt.h>
#include <pier/deadline.h>

#ifdef __cplusplus
extern "C" {
#endif

#define PIER_BT_CONTROLLERS_MAX 64
#define PIER_BT_DEVICES_MAX     512
#define PIER_BT_UUIDS_MAX       24
#define PIER_BT_SERVICES_MAX    128

/* The longest name of a device, in UTF-8, with its NUL. */
#define PIER_BT_NAME_MAX 249

/* ---- Identifiers of services --------------------------------------------- */

/* A UUID as it is written: its first digits are bytes[0]. Short ones are those of
   16 or 32 bits that the Bluetooth SIG gives out, with its base UUID behind. */
struct pier_bt_uuid {
	unsigned char bytes[16];
};

/* Enough for "00001101-0000-1000-8000-00805f9b34fb", with its NUL. */
#define PIER_BT_UUID_TEXT 37

/*
 * pier_bt_uuid_parse(out, text): read a UUID: 4 or 8 hexadecimal digits, with or
 * without 0x, as 1101; all of it, as 00001101-0000-1000-8000-00805f9b34fb; or the
 * name of a service as pier_bt_uuid_name() gives it, in letters of either case.
 *
 *   out   written on success only
 *
 * Returns 0, or
 *   -EINVAL  it is none; the error says why and where
 */
int pier_bt_uuid_parse(struct pier_bt_uuid *out, const char *text);

/*
 * pier_bt_uuid_format(uuid, buf, size): write a UUID, a short one with its 4 or 8
 * digits alone.
 *
 *   buf   ends in NUL on success; PIER_BT_UUID_TEXT bytes are always enough
 *
 * Returns the length of the text, or
 *   -ENOSPC  buf is too small
 */
int pier_bt_uuid_format(
	const struct pier_bt_uuid *uuid, char *buf, size_t size);

/* pier_bt_uuid_name(uuid): what the assigned numbers of Bluetooth call it, as
   "serial-port", a constant string; NULL: none that is known here. */
const char *pier_bt_uuid_name(const struct pier_bt_uuid *uuid);

/* pier_bt_uuid_equal(a, b): are they the same? Always an answer. */
bool pier_bt_uuid_equal(
	const struct pier_bt_uuid *a, const struct pier_bt_uuid *b);

/* ---- Controllers --------------------------------------------------------- */

/* What a controller can do, or does: bits. */
enum {
	PIER_BT_SETTING_POWERED = 0x0001,
	PIER_BT_SETTING_CONNECTABLE = 0x0002,
	PIER_BT_SETTING_DISCOVERABLE = 0x0008,
	PIER_BT_SETTING_BONDABLE = 0x0010,
	PIER_BT_SETTING_LINK_SECURITY = 0x0020,
	PIER_BT_SETTING_SIMPLE_PAIRING = 0x0040,
	PIER_BT_SETTING_BREDR = 0x0080,
	PIER_BT_SETTING_LE = 0x0200, /* Low Energy */
	PIER_BT_SETTING_ADVERTISING = 0x0400,
	PIER_BT_SETTING_SECURE_CONNECTIONS = 0x0800,
	PIER_BT_SETTING_PRIVACY = 0x2000
};

struct pier_bt_controller {
	unsigned int index; /* hci0 is 0 */
	struct pier_bt_addr addr;
	char name[PIER_BT_NAME_MAX]; /* as others see it; may be empty */
	unsigned int version;        /* of the core: pier_bt_version_text() */
	unsigned int manufacturer;   /* its company identifier */
	uint32_t settings;  /* PIER_BT_SETTING_…, and others that are newer */
	uint32_t supported; /* those that it can have */
	uint32_t device_class; /* 24 bits */
};

/* All of them, read only. */
struct pier_bt_controllers {
	size_t count;
	const struct pier_bt_controller *list; /* by index */
};

/*
 * pier_bt_controllers(out, deadline): list the controllers of this machine. The
 * kernel answers at once; the deadline bounds it all the same. Needs no
 * capability.
 *
 *   out  on success the list, ended by pier_bt_controllers_free(); it may be empty
 *
 * Returns 0, or
 *   -EAFNOSUPPORT    the kernel has no Bluetooth: modprobe bluetooth
 *   -EPROTONOSUPPORT, -EINVAL  it has no management interface (Linux 3.4)
 *   -EPERM, -EACCES  a kernel that gives it to CAP_NET_ADMIN only
 *   -EBADMSG         the kernel's answer cannot be read
 *   -PIER_EDEADLINE, -ECANCELED, -EAGAIN  as any call that waits
 *   -ENOMEM, -EMFILE, -ENFILE  no memory, no descriptor
 */
int pier_bt_controllers(
	struct pier_bt_controllers **out, pier_deadline deadline);

/* pier_bt_controllers_free(controllers): free the list. NULL is fine. */
void pier_bt_controllers_free(struct pier_bt_controllers *controllers);

/* pier_bt_version_text(version): the version of Bluetooth that a controller
   implements, as "5.3"; "?" for one that is newer than pier. A constant string. */
const char *pier_bt_version_text(unsigned int version);

/* ---- Devices in reach ---------------------------------------------------- */

/* No RSSI, or no transmit power, was told. */
#define PIER_BT_RSSI_NONE 127

/* A device, by all that was heard of it. */
struct pier_bt_device {
	struct pier_bt_addr addr;
	int rssi;     /* dBm, of the last time; PIER_BT_RSSI_NONE */
	int tx_power; /* dBm at the antenna; PIER_BT_RSSI_NONE */
	bool connectable;
	char name[PIER_BT_NAME_MAX]; /* any bytes; "": none was told */
	bool name_is_short;          /* its beginning only */
	uint32_t device_class;       /* BR/EDR, 24 bits; 0: none was told */
	unsigned int appearance;     /* of LE; 0: none was told */
	bool has_company;
	unsigned int company; /* who made up what its advertisement holds */
	size_t uuid_count;    /* services that it tells of */
	struct pier_bt_uuid uuids[PIER_BT_UUIDS_MAX];
};

enum pier_bt_scan_what {
	PIER_BT_SCAN_FOUND,   /* a device */
	PIER_BT_SCAN_CHANGED, /* more is known of it: its name, a service, … */
	PIER_BT_SCAN_HEARD    /* it was heard again */
};

struct pier_bt_scan_event {
	enum pier_bt_scan_what what;
	struct pier_bt_device device;
};

struct pier_bt_scan_opts {
	/* "hci0"; NULL: the first that is powered */
	const char *controller;
	bool bredr, le; /* neither: both, as far as it can */
	/* Begin anew whenever the controller ends an inquiry, which it does
	   after some ten seconds */
	bool again;
};

struct pier_bt_scan;

/*
 * pier_bt_scan_open(out, opts, deadline): start an inquiry, and wait until it has
 * begun. Needs CAP_NET_ADMIN.
 *
 *   out   on success the caller's, ended by pier_bt_scan_close()
 *   opts  NULL for the defaults; borrowed for the call
 *
 * Returns 0, or
 *   -EPERM         CAP_NET_ADMIN is missing
 *   -EAFNOSUPPORT  the kernel has no Bluetooth: modprobe bluetooth
 *   -ENODEV        there is no controller, or none of that name
 *   -ENETDOWN      it is switched off, or all are
 *   -ERFKILL       rfkill blocks it just now; one that was blocked before is
 *                  switched off
 *   -EBUSY         another program has an inquiry run on it
 *   -EOPNOTSUPP    it has no BR/EDR, or no LE, or that is switched off
 *   -EINVAL        opts->controller is no hciN
 *   -EBADMSG       the kernel's answer cannot be read
 *   -EIO           the controller refused: the detail says how
 *   -PIER_EDEADLINE, -ECANCELED, -EAGAIN  as any call that waits
 *   -ENOMEM, -EMFILE, -ENFILE  no memory, no descriptor
 */
int pier_bt_scan_open_sized(struct pier_bt_scan **out,
	const struct pier_bt_scan_opts *opts, size_t opts_size,
	pier_deadline deadline);

static inline int
pier_bt_scan_open(struct pier_bt_scan **out,
	const struct pier_bt_scan_opts *opts, pier_deadline deadline)
{
	return pier_bt_scan_open_sized(out, opts, sizeof(*opts), deadline);
}

/*
 * pier_bt_scan_next(scan, event, deadline): wait for the next thing to tell.
 *
 *   event  written when there is one
 *
 * Returns 1: an event; 0: the controller has ended the inquiry, or was not heard to
 * for a minute, and it was stopped; or
 *   -ENODEV    the controller is gone
 *   -ENETDOWN  it was switched off
 *   -EBUSY     another task waits for this scan
 *   -EXDEV     it belongs to another scheduler
 *   -PIER_EDEADLINE, -ECANCELED, -EAGAIN  as any call that waits; call again to
 *              go on
 *   -ENOMEM    no memory for one more device
 *   as pier_bt_scan_open(), where it began anew
 */
int pier_bt_scan_next_sized(struct pier_bt_scan *scan,
	struct pier_bt_scan_event *event, size_t event_size,
	pier_deadline deadline);

static inline int
pier_bt_scan_next(struct pier_bt_scan *scan, struct pier_bt_scan_event *event,
	pier_deadline deadline)
{
	return pier_bt_scan_next_sized(scan, event, sizeof(*event), deadline);
}

/* What was done so far. */
struct pier_bt_scan_stats {
	uint64_t heard;   /* messages of devices */
	uint64_t refused; /* of devices beyond PIER_BT_DEVICES_MAX */
	uint64_t bad; /* that broke the rules, wholly or in a part: that had no
			     effect */
	size_t devices;
	unsigned int inquiries; /* that were begun */
};

/* pier_bt_scan_stats(scan, out): the numbers so far. */
void pier_bt_scan_stats_sized(const struct pier_bt_scan *scan,
	struct pier_bt_scan_stats *out, size_t size);

static inline void
pier_bt_scan_stats(
	const struct pier_bt_scan *scan, struct pier_bt_scan_stats *out)
{
	pier_bt_scan_stats_sized(scan, out, sizeof(*out));
}

/* pier_bt_scan_controller(scan): its controller, 0 for hci0. Always succeeds. */
unsigned int pier_bt_scan_controller(const struct pier_bt_scan *scan);

/* pier_bt_scan_close(scan): stop the inquiry, if it runs, and end it, while no
   task waits for it; in a cancelled task too. Waits only for one that has not
   begun yet, which cannot be stopped: 2 s at most. One that begins later still
   ends by itself. NULL is fine. */
void pier_bt_scan_close(struct pier_bt_scan *scan);

/* ---- Services of a device ------------------------------------------------ */

#define PIER_BT_CLASSES_MAX   8
#define PIER_BT_PROTOCOLS_MAX 6
#define PIER_BT_TEXT_MAX      128

/* A record of the Service Discovery Protocol. */
struct pier_bt_service {
	uint32_t handle;
	char name[PIER_BT_TEXT_MAX]; /* any bytes, mostly UTF-8; cut where
					longer; "": it has none */
	char description[PIER_BT_TEXT_MAX];
	char provider[PIER_BT_TEXT_MAX];
	unsigned int channel; /* of RFCOMM, 1 to 30; 0: it has none */
	unsigned int psm;     /* of L2CAP; 0: that of its protocols */
	size_t class_count;   /* what it is, the most special first */
	struct pier_bt_uuid classes[PIER_BT_CLASSES_MAX];
	size_t protocol_count; /* the lowest first: L2CAP, RFCOMM, … */
	struct pier_bt_uuid protocols[PIER_BT_PROTOCOLS_MAX];
	bool has_profile;
	struct pier_bt_uuid profile;
	unsigned int profile_version; /* 0x0102 is 1.2 */
};

/* All that were found, read only. */
struct pier_bt_services {
	size_t count;
	const struct pier_bt_service *list;
};

struct pier_bt_services_opts {
	/* The controller's; NULL: any. Borrowed for the call */
	const struct pier_bt_addr *bind;
};

/*
 * pier_bt_services(out, device, uuid, opts, deadline): ask a device which
 * services it has, and where: the Service Discovery Protocol (Bluetooth Core,
 * volume 3 part B) over L2CAP. Needs no capability.
 *
 *   out     on success the list, ended by pier_bt_services_free(); it may be
 *           empty
 *   device  whom to ask, of BR/EDR
 *   uuid    what to look for: a class, a protocol, anything that stands in a
 *           record; NULL: all that can be connected to
 *   opts    NULL for the defaults
 *
 * Returns 0, or
 *   -EINVAL        the device is of Low Energy, which has no such services
 *   -EAFNOSUPPORT  the kernel has no Bluetooth: modprobe bluetooth
 *   -EHOSTUNREACH  no controller is powered
 *   -EHOSTDOWN     the device does not answer
 *   -ECONNREFUSED  it has no such services
 *   -EADDRNOTAVAIL opts->bind is no controller's address
 *   -PIER_EFRAME   its answer breaks the rules: the detail says which
 *   -PIER_EEND     it ended the connection before the end of its answer
 *   -PIER_ELIMIT   more than PIER_BT_SERVICES_MAX, or 64 KiB
 *   -ECONNRESET, -ETIMEDOUT  the connection was lost
 *   -PIER_EDEADLINE, -ECANCELED, -EAGAIN  as any call that waits
 *   -ENOMEM, -EMFILE, -ENFILE  no memory, no descriptor
 */
int pier_bt_services_sized(struct pier_bt_services **out,
	const struct pier_bt_addr *device, const struct pier_bt_uuid *uuid,
	const struct pier_bt_services_opts *opts, size_t opts_size,
	pier_deadline deadline);

static inline int
pier_bt_services(struct pier_bt_services **out,
	const struct pier_bt_addr *device, const struct pier_bt_uuid *uuid,
	const struct pier_bt_services_opts *opts, pier_deadline deadline)
{
	return pier_bt_services_sized(
		out, device, uuid, opts, sizeof(*opts), deadline);
}

/* pier_bt_services_free(services): free the list. NULL is fine. */
void pier_bt_services_free(struct pier_bt_services *services);

#ifdef __cplusplus
}
#endif

#endif

/* SPDX-License-Identifier: MIT */
/*
 * The interfaces of Controller Area Networks: kind, bit timing, and how the
 * controller fares on its bus. Looked at, never changed: that is what ip(8) does.
 *
 * The kernel answers by rtnetlink(7) within the calls that ask, so that nothing
 * here waits, and nothing needs a capability. All numbers of its interface are
 * pier's own: a machine without <linux/can/netlink.h> builds it too.
 */
#ifndef PIER_CAN_LINK_H
#define PIER_CAN_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <pier/interface.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The longest kind, and name of a kind of controller, with its NUL. */
#define PIER_CAN_KIND_MAX 16

/* How the controller fares (ISO 11898-1). Its error counters decide: they go up at
   what goes wrong, and down at what goes well. */
enum pier_can_state {
	PIER_CAN_STATE_ERROR_ACTIVE,  /* both counters below 96 */
	PIER_CAN_STATE_ERROR_WARNING, /* one of 96 or more */
	PIER_CAN_STATE_ERROR_PASSIVE, /* of 128: it tells no other of errors */
	PIER_CAN_STATE_BUS_OFF, /* that of sending 256: it is off the bus */
	PIER_CAN_STATE_STOPPED, /* the interface is down */
	PIER_CAN_STATE_SLEEPING
};

/* Bits of modes: how the controller works. */
enum {
	PIER_CAN_MODE_LOOPBACK = 0x001,
	PIER_CAN_MODE_LISTEN_ONLY = 0x002, /* neither sends nor acknowledges */
	PIER_CAN_MODE_TRIPLE_SAMPLING = 0x004,
	PIER_CAN_MODE_ONE_SHOT = 0x008,       /* what fails is not sent again */
	PIER_CAN_MODE_BERR_REPORTING = 0x010, /* frames tell of bus errors */
	PIER_CAN_MODE_FD = 0x020,
	PIER_CAN_MODE_PRESUME_ACK = 0x040, /* a missing one is no error */
	PIER_CAN_MODE_FD_NON_ISO = 0x080,  /* FD as Bosch had it first */
	PIER_CAN_MODE_CC_LEN8_DLC = 0x100, /* length codes 9 to 15 pass */
	PIER_CAN_MODE_TDC_AUTO = 0x200,    /* transmitter delay compensation */
	PIER_CAN_MODE_TDC_MANUAL = 0x400
};

/* What the kernel told of an interface: bits of `has`. A virtual one has none. */
enum {
	PIER_CAN_HAS_STATE = 0x01,
	PIER_CAN_HAS_TIMING = 0x02,      /* a bit rate was set */
	PIER_CAN_HAS_DATA_TIMING = 0x04, /* the second one, of FD */
	PIER_CAN_HAS_CLOCK = 0x08,
	PIER_CAN_HAS_MODES = 0x10,
	PIER_CAN_HAS_RESTART = 0x20,
	PIER_CAN_HAS_COUNTERS = 0x40,
	PIER_CAN_HAS_EVENTS = 0x80,
	PIER_CAN_HAS_TERMINATION = 0x100,
	PIER_CAN_HAS_CONTROLLER = 0x200
};

/* How long a bit is, and where in it the controller looks. A bit is 1 quantum for
   its beginning, then the three segments. */
struct pier_can_timing {
	uint32_t bitrate;      /* bits a second */
	uint32_t sample_point; /* in tenths of a percent of a bit */
	uint32_t quantum_ns;
	uint32_t prop_seg; /* this and the next four in quanta */
	uint32_t phase_seg1;
	uint32_t phase_seg2;
	uint32_t sjw; /* the most that it moves at an edge */
	uint32_t brp; /* by which the clock is divided: not in quanta */
};

/* What happened since the interface was made. */
struct pier_can_events {
	uint32_t bus_error;
	uint32_t error_warning; /* times that it came to this state */
	uint32_t error_passive;
	uint32_t bus_off;
	uint32_t arbitration_lost;
	uint32_t restarts; /* after bus-off */
};

struct pier_can_link {
	char name[PIER_INTERFACE_NAME_MAX];
	unsigned int index; /* above 0 */
	/* "can": a controller; "vcan", "vxcan" or another kind of ip(8); "":
	   the driver has no kind */
	char kind[PIER_CAN_KIND_MAX];
	bool up;            /* it was set up; of a controller see state too */
	bool fd;            /* it takes FD frames: by its mtu */
	uint32_t mtu;       /* bytes: 16 classic, 72 FD */
	uint32_t queue_max; /* frames that wait to be sent (txqueuelen) */
	/* Of vxcan, the index of its other end, where that is in this network
	   namespace; else 0 */
	unsigned int peer;

	unsigned int has; /* PIER_CAN_HAS_…; what it has not is 0 below */
	enum pier_can_state state; /* or a number that is newer */
	struct pier_can_timing timing;
	struct pier_can_timing data_timing;
	char controller
		[PIER_CAN_KIND_MAX]; /* as its driver calls it: sja1000 */
	uint32_t clock_hz;
	uint32_t modes; /* PIER_CAN_MODE_…, and others that are newer */
	/* ms from bus-off until it is started anew; 0: when ip(8) says so */
	uint32_t restart_ms;
	uint16_t sending_errors; /* the error counters of ISO 11898-1 */
	uint16_t receiving_errors;
	uint16_t termination_ohm; /* 0: switched off */
	struct pier_can_events events;
};

/* All of them, read only. */
struct pier_can_links {
	size_t count;
	const struct pier_can_link *const *list; /* by index */
};

/*
 * pier_can_links(out): list the CAN interfaces of this network namespace. What
 * changes meanwhile may be missing, or stand there still.
 *
 *   out  on success the list, ended by pier_can_links_free(); it may be empty, as
 *        it is on a kernel without CAN
 *
 * Returns 0, or
 *   -PIER_ELIMIT      more than PIER_INTERFACES_BYTES_MAX
 *   -EBADMSG          the kernel's answer cannot be read
 *   -EMFILE, -ENFILE  no descriptor
 *   -ENOMEM, -ENOBUFS no memory
 *   -EAFNOSUPPORT     a machine without netlink
 */
int pier_can_links(struct pier_can_links **out);

/* pier_can_links_free(links): free the list. NULL is fine. */
void pier_can_links_free(struct pier_can_links *links);

/*
 * pier_can_link(out, interface): look at one CAN interface.
 *
 *   out        written on success only
 *   interface  its name
 *
 * Returns 0, or
 *   -ENODEV           there is no such interface, or it is no CAN interface
 *   -EBADMSG          the kernel's answer cannot be read
 *   -EMFILE, -ENFILE  no descriptor
 *   -ENOMEM, -ENOBUFS no memory
 *   -EAFNOSUPPORT     a machine without netlink
 */
int pier_can_link_sized(
	struct pier_can_link *out, const char *interface, size_t out_size);

static inline int
pier_can_link(struct pier_can_link *out, const char *interface)
{
	return pier_can_link_sized(out, interface, sizeof(*out));
}

/*
 * pier_can_state_name(state): "error-active" and so on, as ip(8) has it but for
 * its capitals, a constant string; NULL: a state that is not known here.
 */
const char *pier_can_state_name(enum pier_can_state state);

/*
 * pier_can_mode_name(mode): what ip(8) calls one bit of modes, as "listen-only",
 * a constant string; NULL: not one bit, or one that is not known here.
 */
const char *pier_can_mode_name(uint32_t mode);

#ifdef __cplusplus
}
#endif

#endif

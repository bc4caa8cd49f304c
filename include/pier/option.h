/* SPDX-License-Identifier: MIT */
/*
 * Socket options: one table of all that Linux has, by name, read and set on any
 * descriptor, in the unit of each.
 *
 * An option is named in full, "tcp.nodelay"; by its constant, "TCP_NODELAY"; in
 * short, "nodelay", which is the first of the table that the socket has; or by
 * level and number, "6:1", also where the table does not have it. Letters of
 * either case. A value is text:
 *
 *   on off yes no true false 1 0   a switch
 *   64k 64Ki 1M 65536              bytes: k is 1000, Ki is 1024
 *   10s 500ms 2m 300               a duration; a bare number is in the option's
 *                                  own unit, as setsockopt(2) takes it
 *   5 -1 0x1f do                   a number, or a word that stands for one
 *   a|b                            several words of one number
 *   off 5s                         socket.linger
 *   239.1.1.1,0.0.0.0,eth0         a structure: its fields in this order; each
 *   group=239.1.1.1,interface=eth0 may have its name, those left out are 0
 *   0a0b0c                         bytes, in hexadecimal
 *
 * Of a number that the table does not have it is a whole number, 'x' and bytes
 * in hexadecimal, or any other text as it stands.
 *
 * None of these calls waits. Text that is no name or no value fails at the step
 * PIER_STEP_PARSE, with its place; what the kernel says, at PIER_STEP_OPTION.
 */
#ifndef PIER_OPTION_H
#define PIER_OPTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <pier/addr.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What can be done with an option, and when. */
enum {
	PIER_OPTION_GET = 1 << 0,
	PIER_OPTION_SET = 1 << 1,
	PIER_OPTION_BEFORE_BIND = 1 << 2,    /* no effect later, or an error */
	PIER_OPTION_BEFORE_CONNECT = 1 << 3, /* the same, or before listening */
	PIER_OPTION_CONNECTED = 1 << 4,      /* needs a connection */
	PIER_OPTION_EFFECT = 1 << 5,         /* reading it changes something */
	PIER_OPTION_POINTERS = 1 << 6, /* its value points to memory: no text
					  can stand for it */
	PIER_OPTION_BITS = 1 << 7,     /* its words are added up */
	PIER_OPTION_NO_VALUE = 1 << 8, /* setting it takes no value */
	PIER_OPTION_ASKS = 1 << 9      /* reading it takes a question */
};

/* A row of the table; all of it is constant. */
struct pier_option {
	/* "tcp.nodelay"; "" of a number that the table does not have */
	const char *name;
	const char *constant; /* "TCP_NODELAY" */
	int level;
	int number;
	const char *type; /* in C: "int", "struct linger" */
	/* Its fields, each a kind and perhaps a unit and a name, with commas
	   between: "i4/B", "b4 on,i4/s seconds". Kinds: i, u and x (signed,
	   unsigned, hexadecimal) with the number of bytes; b a switch; ip4, ip6
	   and saN addresses; if4 and ifn4 interfaces; tN text, hN bytes; -N a
	   gap; tv, lg and mi: timeval, linger, multicast interface. '*': from
	   here on repeated */
	const char *layout;
	const char *words;  /* "dont=0 want=1", or NULL */
	unsigned int flags; /* PIER_OPTION_… */
	int64_t min, max; /* of a plain number, in its own unit; both 0: any */
	const char *initial;    /* of a new socket, as text; NULL: it depends */
	const char *sysctl;     /* where that, or a limit, is from; or NULL */
	const char *capability; /* needed to set it; or NULL */
	const char *since;      /* of Linux */
	const char *aliases;    /* other short names, with spaces; or NULL */
	const char *differs; /* why the kernel keeps another value; or NULL */
	const char *meaning; /* one sentence */
};

/* Most bytes of a value: longer ones are cut when they are read. */
#define PIER_OPTION_BYTES_MAX 512
/* Enough for the text of any value, the final NUL included. */
#define PIER_OPTION_TEXT_MAX 2048

/* A value; this struct does not grow. */
struct pier_option_value {
	const struct pier_option *option; /* never NULL */
	int level, number; /* as option has them, if it is in the table */
	/* Of a plain number or the first field: 0 or 1 of a switch, bytes of a
	   size, nanoseconds of a duration; else 0. Informative: bytes counts */
	int64_t integer;
	size_t len; /* bytes in use */
	union {     /* as the kernel has it */
		unsigned char bytes[PIER_OPTION_BYTES_MAX];
		int64_t aligned;
	} u;
};

/* One field of a value, decoded; this struct does not grow. */
struct pier_option_field {
	const char *name; /* "seconds"; "" of a value with one */
	size_t name_len;  /* the name does not end in NUL */
	bool is_number;   /* integer says all; else text does */
	bool is_switch;
	int64_t integer;       /* in the unit; of a duration nanoseconds */
	char unit[4];          /* "", "ns" of a duration, "B" or "B/s" */
	struct pier_addr addr; /* of an address; else len is 0 */
	char text[PIER_OPTION_TEXT_MAX]; /* as pier_option_format() has it */
};

/* What setting did. */
struct pier_option_change {
	bool has_old;     /* could it be read before */
	bool has_granted; /* could it be read afterwards */
	bool differs;     /* granted is not what was asked for */
	struct pier_option_value old;
	struct pier_option_value asked;
	struct pier_option_value granted;
	char why[256]; /* why it differs, "" when it does not */
};

/*
 * pier_option_find(name): the row of a name in full, in short, a constant, or
 * LEVEL:NUMBER. NULL: the table has none.
 */
const struct pier_option *pier_option_find(const char *name);

/* pier_option_nearest(name): the name of the table that was probably meant, in
   full or in short as name is; NULL: none is near. A constant string. */
const char *pier_option_nearest(const char *name);

/* The result goes on with the next for 0, else ends it. */
typedef int pier_option_fn(const struct pier_option *option, void *arg);

/*
 * pier_option_each(fd, fn, arg): call fn with each option that a socket of this
 * family, type and protocol can have, in the order of the table. fd -1: with
 * every one there is.
 *
 * The first result of fn that is not 0, else 0; or
 *   -EBADF, -ENOTSOCK  fd is no socket
 */
int pier_option_each(int fd, pier_option_fn *fn, void *arg);

/*
 * pier_option_get(fd, name, out): read an option of any socket.
 *
 *   name  in any form, see above; a short one is that of this socket
 *   out   written on success only
 *
 * 0, or the error, in whose detail stands what was expected:
 *   -EINVAL      no such option; or it can only be set, or its value needs
 *                memory that it points to
 *   -ENOPROTOOPT, -EOPNOTSUPP  this socket or this kernel does not have it
 *   -ENOTCONN    it needs a connection
 *   -EBADF, -ENOTSOCK  fd is no socket
 *   -EPERM, -EACCES    not allowed
 */
int pier_option_get(int fd, const char *name, struct pier_option_value *out);

/*
 * pier_option_set(fd, name, text, change): set an option of any socket.
 *
 *   text    the value, see above
 *   change  what there was, what was asked for, and what the kernel made of it;
 *           written on success only; NULL: not asked for
 *
 * 0, or an error as pier_option_get(), or
 *   -EINVAL     text is no value of this option: the detail tells what one is,
 *               and nothing was set; or the kernel does not take it
 *   -EDOM, -ERANGE, -EBUSY, -EISCONN, …  as the kernel gave it
 *   -ENODEV     there is no such interface
 *   -ENOENT     no such congestion control, or no such layer
 */
int pier_option_set_sized(int fd, const char *name, const char *text,
	struct pier_option_change *change, size_t size);

static inline int
pier_option_set(int fd, const char *name, const char *text,
	struct pier_option_change *change)
{
	return pier_option_set_sized(fd, name, text, change, sizeof(*change));
}

/*
 * pier_option_put(fd, value, change): the same with a value that was read, or
 * parsed, or whose bytes and len the caller has filled.
 *
 * 0, or an error as pier_option_set().
 */
int pier_option_put_sized(int fd, const struct pier_option_value *value,
	struct pier_option_change *change, size_t size);

static inline int
pier_option_put(int fd, const struct pier_option_value *value,
	struct pier_option_change *change)
{
	return pier_option_put_sized(fd, value, change, sizeof(*change));
}

/*
 * pier_option_parse(out, name, text): the value of a text. Touches no socket; a
 * short name is the first of the table.
 *
 * 0, or
 *   -EINVAL  no such option, or no value of it; the detail tells what one is
 *   -ENODEV  there is no such interface
 */
int pier_option_parse(
	struct pier_option_value *out, const char *name, const char *text);

/*
 * pier_option_format(value, buf, size): the value as text that
 * pier_option_parse() reads.
 *
 *   buf  ends in NUL on success; PIER_OPTION_TEXT_MAX bytes are enough
 *
 * Its length, or -ENOSPC.
 */
int pier_option_format(
	const struct pier_option_value *value, char *buf, size_t size);

/*
 * pier_option_field(value, index, out): field number index of a value, from 0.
 * A value that is shorter than its structure has fewer.
 *
 * 1; 0: it has no more.
 */
int pier_option_field(const struct pier_option_value *value, size_t index,
	struct pier_option_field *out);

/*
 * pier_option_sysctl(option, buf, size): what the sysctl of an option says on
 * this machine, or in this network namespace.
 *
 * Its length, or
 *   -EINVAL   no sysctl is about it
 *   -ENOENT   this kernel has none of that name
 *   -EACCES   not allowed to read it
 *   -ENOSPC   buf is too small
 */
int pier_option_sysctl(
	const struct pier_option *option, char *buf, size_t size);

/*
 * pier_option_socket(kind): a new socket of a kind, to look at its options:
 * tcp, tcp4, tcp6, udp, udp4, udp6, udplite, unix, unixgram, seqpacket, vsock,
 * pair, icmp, icmp4, icmp6, igmp, raw, raw4, raw6, packet, netlink, can, isotp,
 * j1939, bcm, hci, l2cap, rfcomm, sco, iso, mptcp, sctp, tipc; tls, http, https
 * and svc are tcp. tcp, udp and others without a number are IPv6 sockets, IPv4
 * ones where IPv6 is off. raw may have its protocol behind it: raw/gre, raw6/58.
 *
 * The descriptor, which the caller closes, or
 *   -EINVAL           no such kind: the detail has those there are
 *   -EAFNOSUPPORT, -EPROTONOSUPPORT, -ESOCKTNOSUPPORT  this kernel lacks it
 *   -EPERM, -EACCES   it takes a capability: the detail names it
 *   -EMFILE, -ENFILE, -ENOMEM  no descriptor or memory left
 */
int pier_option_socket(const char *kind);

/*
 * pier_fd_copy(pid, number): a descriptor of another process, as a second one
 * for the same socket or file (pidfd_getfd(2), Linux 5.6). It takes the right
 * to trace that process.
 *
 * The descriptor, close-on-exec, which the caller closes, or
 *   -ESRCH   there is no such process
 *   -EBADF   it has no such descriptor
 *   -EPERM   not allowed: CAP_SYS_PTRACE, or the same user
 *   -EINVAL  pid is below 1
 *   -ENOSYS  this kernel does not have it
 *   -EMFILE, -ENFILE, -ENOMEM  no descriptor or memory left
 */
int pier_fd_copy(int pid, int number);

#ifdef __cplusplus
}
#endif

#endif

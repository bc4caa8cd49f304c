/* SPDX-License-Identifier: MIT */
/*
 * pier/sntp.h - what time is it? Asks one or several servers of NTP, checks
 * every answer, and tells how far this machine's clock is off and how sure that
 * is (RFC 5905, RFC 4330). It never sets the clock.
 *
 * A request carries nothing about who asks: every field is 0 but version, mode
 * and transmit, which is a random number (RFC 9109 and "data minimization"), and
 * each server is asked from a port of its own that the kernel picks. So only
 * who has seen the request can answer it.
 *
 * Servers are asked politely: at most PIER_SNTP_BURST requests in a row, 2 s
 * apart, then no more often than every 15 s (RFC 4330 section 10). Who polls asks
 * half as often for each request without an answer, and when a server says RATE;
 * who does not is done with it at RATE. DENY and RSTR end it for both. That is
 * counted for this object: who opens one after the other has to space them.
 */
#ifndef PIER_SNTP_H
#define PIER_SNTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <pier/addr.h>
#include <pier/deadline.h>
#include <pier/ntp.h>
#include <pier/resolve.h>

#ifdef __cplusplus
extern "C" {
#endif

struct pier_sntp;

/* Servers of one object, addresses of one name, samples of one server. */
#define PIER_SNTP_SERVERS_MAX PIER_NTP_CLOCKS_MAX
#define PIER_SNTP_SAMPLES_MAX 8
#define PIER_SNTP_BURST       8
#define PIER_SNTP_PORT        123

/* The shortest times between two requests to a server: of a burst, after it, and
   of servers that are the caller's own. The longest. */
#define PIER_SNTP_BURST_NS INT64_C(2000000000)
#define PIER_SNTP_POLL_NS  INT64_C(15000000000)
#define PIER_SNTP_OWN_NS   INT64_C(1000000)
#define PIER_SNTP_MAX_NS   INT64_C(131072000000000)

struct pier_sntp_opts {
	unsigned int samples; /* of each server; 0: 1 */
	int64_t interval_ns;  /* between two requests of the samples; 0: 2 s */
	/* Go on for ever after the samples, asking so often; 0: they are all */
	int64_t poll_ns;
	int64_t wait_ns; /* for one answer; 0: 2 s, less than an hour */
	/* Requests in a row without a sample until a server is given up; 0: 3.
	   With poll_ns none is, but for DENY and RSTR; without, RATE is the
	   end too */
	unsigned int tries;
	/* The servers are the caller's own, who may be asked every millisecond.
	   Those on loopback addresses always are */
	bool own;
	unsigned int addresses; /* to ask of each name, at most; 0: 1 */
	int version;            /* of the requests: 0: 4, or 3 */
	int family;             /* AF_UNSPEC, AF_INET or AF_INET6 */
	const char *bind;       /* local address "ADDR"; NULL: the kernel's */
	pier_lookup_fn *lookup; /* in place of names by getaddrinfo */
	void *lookup_arg;
	const char *const *options; /* as of struct pier_dial_opts */
	/* With poll_ns: requests to each server in all, answered or not; 0: for
	   ever */
	uint64_t polls;
};

/*
 * pier_sntp_open(out, hosts, count, opts, deadline): get ready to ask: look the
 * names up, one after the other, each within its share of the deadline, and make
 * a socket for each address. Nothing is sent yet. A server for which that fails
 * is told of as PIER_SNTP_FAILED; only when it fails for all is it an error. One
 * whose address came before is told of as PIER_SNTP_FAILED, too, with -EEXIST:
 * it is asked once, and has one vote.
 *
 *   out       on success the caller's, ended by pier_sntp_close()
 *   hosts     count of them: "HOST", "HOST:PORT", "[ADDR6]:PORT", or an endpoint
 *             udp://HOST:PORT udp4:// udp6://; copied
 *   opts      NULL for the defaults; borrowed for the call
 *
 * Returns 0, or the error of the first host:
 *   -EINVAL          what is no host, no hosts, more servers than
 *                    PIER_SNTP_SERVERS_MAX, or a field of opts that is out of
 *                    its range: the detail says which; bind or one of options
 *                    cannot be read: that is the endpoint of the error
 *   -PIER_ENONAME, -PIER_EAGAINNAME, -PIER_ENAMEFAIL  see pier_resolve()
 *   -ENETUNREACH, -EHOSTUNREACH  no way there from here
 *   -EADDRNOTAVAIL   opts->bind is no address of this machine
 *   -EAFNOSUPPORT    this machine has no IPv6
 *   -PIER_EDEADLINE, -ECANCELED, -EAGAIN  as any call that waits
 *   -ENOMEM, -EMFILE, -ENFILE  no memory, no descriptor
 */
int pier_sntp_open_sized(struct pier_sntp **out, const char *const *hosts,
	size_t count, const struct pier_sntp_opts *opts, size_t opts_size,
	pier_deadline deadline);

static inline int
pier_sntp_open(struct pier_sntp **out, const char *const *hosts, size_t count,
	const struct pier_sntp_opts *opts, pier_deadline deadline)
{
	return pier_sntp_open_sized(
		out, hosts, count, opts, sizeof(*opts), deadline);
}

/* ---- What a message must be --------------------------------------------- */

/* In the order in which they are made. The first ones find out whether it is an
   answer to what was asked at all: what fails one of them is passed over, and
   the true answer is still waited for. */
enum pier_sntp_check {
	PIER_SNTP_SOURCE,     /* it comes from the address that was asked */
	PIER_SNTP_LENGTH,     /* 48 bytes, and fields of 4 behind them */
	PIER_SNTP_MODE,       /* 4: a server's */
	PIER_SNTP_VERSION,    /* that of the request, 3 or 4 */
	PIER_SNTP_ORIGINATE,  /* it is our random transmit, bit by bit */
	PIER_SNTP_FRESH,      /* no answer to this request came before */
	PIER_SNTP_KISS,       /* it is no kiss code: stratum is not 0 */
	PIER_SNTP_SYNCED,     /* the leap indicator is not 3 */
	PIER_SNTP_STRATUM,    /* 1 to 15 */
	PIER_SNTP_RECEIVE,    /* the time at which it came is not 0 */
	PIER_SNTP_TRANSMIT,   /* nor that at which it left, */
	PIER_SNTP_ORDER,      /* which is not before it came */
	PIER_SNTP_REFERENCE,  /* the clock was not set after it left */
	PIER_SNTP_ROOT,       /* root_delay / 2 + root_dispersion < 16 s */
	PIER_SNTP_ROUND_TRIP, /* delay is not below 0, but for precision */
	PIER_SNTP_CHECKS      /* how many there are */
};

/* How far they got: a bit 1 << check in passed or failed, or not made. */
struct pier_sntp_checks {
	uint32_t passed;
	uint32_t failed;
};

/*
 * pier_sntp_check_name(check): "source", "length", "mode"…
 * pier_sntp_check_text(check): what it asks for, as in the list above.
 * Constant strings; NULL for what is none.
 */
const char *pier_sntp_check_name(enum pier_sntp_check check);
const char *pier_sntp_check_text(enum pier_sntp_check check);

/* ---- Asking ------------------------------------------------------------- */

enum pier_sntp_what {
	PIER_SNTP_SAMPLE,   /* an answer that passed every check */
	PIER_SNTP_IGNORED,  /* a message that is no answer; one is waited for */
	PIER_SNTP_LATE,     /* the answer to a request that was lost already */
	PIER_SNTP_REJECTED, /* an answer that failed a check: no sample */
	PIER_SNTP_DENIED,   /* a kiss code, in kiss */
	PIER_SNTP_LOST,     /* no answer within wait_ns */
	PIER_SNTP_ERROR, /* a request could not be sent, or came back: error */
	PIER_SNTP_FAILED /* this server is not asked at all: error */
};

/* One exchange. Moments are nanoseconds since 1970, of the clock they were read
   from: t1 and t4 of this machine's, t2 and t3 of the server's. */
struct pier_sntp_sample {
	int64_t t1_ns, t2_ns, t3_ns, t4_ns;
	int64_t offset_ns; /* the true time is this much later than our clock */
	int64_t delay_ns;  /* there and back, without the time at the server */
	/* How far off offset_ns may be, if the server is right: half of the
	   way to the root and back, and what dispersed since (RFC 5905: root
	   distance) */
	int64_t bound_ns;
	/* t4 is when the kernel took the answer in, not when this process came
	   to read it; t1 when it gave the request to the device, not read
	   right before it was sent */
	bool t4_by_kernel;
	bool t1_by_kernel;
};

/* Something that happened. */
struct pier_sntp_event {
	enum pier_sntp_what what;
	size_t server;     /* which one, from 0: pier_sntp_server() */
	uint64_t sequence; /* of the request to it, from 1; 0: to none */
	/* Of a message: who sent it, how long it was, its header (0 when it was
	   too short), what it passed and the check that it failed */
	struct pier_addr from; /* len 0: none came */
	size_t size;
	struct pier_ntp_message message;
	struct pier_sntp_checks checks;
	enum pier_sntp_check failed; /* PIER_SNTP_CHECKS: none */
	/* Of PIER_SNTP_SAMPLE; of others that passed so far as to have one */
	struct pier_sntp_sample sample;
	char kiss[5]; /* "RATE", "DENY"…; "" where it is none */
	int error;    /* of PIER_SNTP_ERROR and _FAILED: -ECONNREFUSED… */
	/* The failed check with its values, or what the error means: "leap 3:
	   the server's clock is not synchronised" */
	char text[128];
};

/*
 * pier_sntp_next(sntp, event, deadline): ask who is to be asked, and wait for the
 * next thing to happen.
 *
 *   event  written when there is one
 *
 * Returns 1: an event; 0: each server has given its samples, or was given up; or
 *   -PIER_EDEADLINE, -ECANCELED, -EAGAIN  as any call that waits; call again
 *                    to go on
 *   -EBUSY           another task waits for these servers
 *   -EXDEV           they belong to another scheduler
 *   -ENOMEM, -EMFILE, -ENFILE  no memory or descriptor to go on with
 */
int pier_sntp_next_sized(struct pier_sntp *sntp, struct pier_sntp_event *event,
	size_t event_size, pier_deadline deadline);

static inline int
pier_sntp_next(struct pier_sntp *sntp, struct pier_sntp_event *event,
	pier_deadline deadline)
{
	return pier_sntp_next_sized(sntp, event, sizeof(*event), deadline);
}

/* ---- What is known by now ----------------------------------------------- */

enum pier_sntp_state {
	PIER_SNTP_ASKING,   /* more requests will follow */
	PIER_SNTP_COMPLETE, /* it gave all samples that were wanted */
	PIER_SNTP_SILENT,   /* no answer to several requests: given up */
	PIER_SNTP_REFUSED,  /* it answered, but is no good: see failed */
	/* By a kiss code: not to be asked again, or, RATE, not so soon */
	PIER_SNTP_SENT_AWAY,
	PIER_SNTP_UNUSABLE, /* not asked at all, or a socket error */
	PIER_SNTP_SAME      /* not asked: its address is that of another */
};

struct pier_sntp_server {
	const char *host;      /* as it was given; borrowed until the close */
	struct pier_addr addr; /* len 0: its name could not be looked up */
	enum pier_sntp_state state;
	enum pier_ntp_vote vote; /* by the last pier_sntp_result() */
	/* Requests; samples; messages that were passed over or failed a check;
	   requests without an answer; kiss codes */
	uint64_t sent, samples, ignored, rejected, lost, kisses;
	/* Of the last samples, at most PIER_SNTP_SAMPLES_MAX of them, the one
	   with the shortest delay, whose error by the way is the smallest, and
	   what came with it. All 0 while there is none */
	struct pier_sntp_sample best;
	struct pier_ntp_message message;
	int64_t jitter_ns; /* their root mean square distance from the best's
			      offset; 0: there is one only */
	bool own;          /* asked as one of the caller's own */
	int64_t next_ns;   /* when it is asked again, as pier_now(); INT64_MAX:
			      never */
	/* Why it is not usable, else PIER_SNTP_CHECKS, "" and 0 */
	enum pier_sntp_check failed;
	char kiss[5];
	int error;
	size_t same; /* of PIER_SNTP_SAME: the server that is asked there */
};

/*
 * pier_sntp_count(sntp): how many servers there are: the addresses of all hosts,
 * and a host that has none.
 */
size_t pier_sntp_count(const struct pier_sntp *sntp);

/* pier_sntp_server(sntp, i, out): what is known of server i, from 0. 0, or
   -EINVAL: there is none such. */
int pier_sntp_server_sized(const struct pier_sntp *sntp, size_t i,
	struct pier_sntp_server *out, size_t out_size);

static inline int
pier_sntp_server(
	const struct pier_sntp *sntp, size_t i, struct pier_sntp_server *out)
{
	return pier_sntp_server_sized(sntp, i, out, sizeof(*out));
}

/*
 * pier_sntp_result(sntp, out): compare the best samples of all servers, by
 * pier_ntp_select(). The bound of each grows by 15 us for every second since it
 * was taken, as two clocks may drift apart (RFC 5905: PHI), and has its jitter.
 *
 * How many servers agree; 0: no majority does, or none gave a sample:
 * out->usable tells which.
 */
int pier_sntp_result_sized(
	struct pier_sntp *sntp, struct pier_ntp_verdict *out, size_t out_size);

static inline int
pier_sntp_result(struct pier_sntp *sntp, struct pier_ntp_verdict *out)
{
	return pier_sntp_result_sized(sntp, out, sizeof(*out));
}

/* pier_sntp_close(sntp): end it, on the scheduler that used it, while no task
   waits for it. NULL is fine. */
void pier_sntp_close(struct pier_sntp *sntp);

#ifdef __cplusplus
}
#endif

#endif

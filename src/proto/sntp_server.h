/* SPDX-License-Identifier: MIT */
/*
 * proto/sntp_server.h - one server that is asked: when the next request is due,
 * what became of those before, and its samples. Pure: the time is an argument.
 */
#ifndef PIER_PROTO_SNTP_SERVER_H
#define PIER_PROTO_SNTP_SERVER_H

#include <pier/packet.h>
#include <pier/sntp.h>

#include "proto/sntp_wire.h"

struct pier__sntp_server {
	const char *host;           /* as it was given */
	struct pier_packet *packet; /* connected; NULL: there is none */
	bool readable; /* a message may be there: no attempt showed otherwise */
	bool own;
	bool untold; /* that it failed is still to be told */
	bool spent;  /* the burst is over */
	enum pier_sntp_state state;
	size_t same; /* of PIER_SNTP_SAME: whose address it has */
	enum pier_ntp_vote vote;
	struct pier__sntp_asked asked;
	int64_t sent_ns;  /* the last request, monotonic as all that follow */
	int64_t next_ns;  /* the next one */
	int64_t slow_ns;  /* what RATE asks for, at least; 0: nothing */
	unsigned int run; /* requests since the last sample */
	uint64_t sent, samples, ignored, rejected, lost, kisses;
	/* The last samples, and when they were taken */
	struct pier_sntp_sample sample[PIER_SNTP_SAMPLES_MAX];
	struct pier_ntp_message message[PIER_SNTP_SAMPLES_MAX];
	int64_t taken_ns[PIER_SNTP_SAMPLES_MAX];
	/* Why it is no good */
	enum pier_sntp_check failed;
	char kiss[5];
	int error;
	enum pier_step step; /* that failed */
	char text[128];
};

/* Options without a 0 that stands for something else. What is wrong with them,
   or NULL. */
const char *pier__sntp_check_opts(struct pier_sntp_opts *opts);

/* Its name or its socket is not to be had. */
void pier__sntp_fail(struct pier__sntp_server *server, int rc,
	enum pier_step step, const char *text);

/* A request left, or could not: rc. */
void pier__sntp_sent(struct pier__sntp_server *server,
	const struct pier_sntp_opts *opts, int64_t now);

/* wait_ns have passed. */
void pier__sntp_lost(
	struct pier__sntp_server *server, const struct pier_sntp_opts *opts);

/* The request came back, or could not leave. */
void pier__sntp_broke(struct pier__sntp_server *server,
	const struct pier_sntp_opts *opts, int rc);

/* What pier__sntp_judge() made of a message. */
void pier__sntp_took(struct pier__sntp_server *server,
	const struct pier_sntp_opts *opts, const struct pier_sntp_event *event,
	int64_t now);

/* When something is to be done, whatever comes; INT64_MAX: never. */
int64_t pier__sntp_moment(const struct pier__sntp_server *server,
	const struct pier_sntp_opts *opts);

void pier__sntp_describe(
	const struct pier__sntp_server *server, struct pier_sntp_server *out);

/* As a clock to be compared, at that moment. */
void pier__sntp_clock(const struct pier__sntp_server *server, int64_t now,
	struct pier_ntp_clock *out);

#endif

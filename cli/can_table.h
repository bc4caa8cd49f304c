/* SPDX-License-Identifier: MIT */
/*
 * pier can watch: what is known of each identifier, and what of it is news. Pure:
 * frames and times are given.
 *
 * Its clock is the caller's: `now` is in nanoseconds, and never negative. Rows are
 * in the order of their interface, error frames behind the others, then short
 * identifiers before extended ones.
 */
#ifndef PIER_CLI_CAN_TABLE_H
#define PIER_CLI_CAN_TABLE_H

#include <pier.h>

/* The most identifiers: what comes besides is counted, and not looked at. */
#define CAN_TABLE_MAX 4096

struct can_row_key {
	char interface[PIER_INTERFACE_NAME_MAX];
	uint32_t id;
	bool extended, remote, error;
};

struct can_row {
	struct can_row_key key;
	struct pier_can_frame last;
	struct pier_can_frame told; /* what is known to whom news are told */
	uint64_t count;             /* 0: it is expected, and never came */
	int64_t seen_ns;            /* or since when it is expected */
	int64_t stamp_ns;           /* of the last frame, by the kernel */
	int64_t gap_ns;  /* between the last two; 0: there were no two */
	int64_t told_ns; /* when its last change was told */
	bool silent, pending;
	uint8_t noise[PIER_CAN_DATA_MAX];     /* bits that do not count */
	int64_t marked_ns[PIER_CAN_DATA_MAX]; /* of its last change; -1: none */
};

struct can_table_opts {
	int64_t silent_ns;   /* tell when none came for so long; 0: do not */
	int64_t throttle_ns; /* of one identifier one change each; 0: all */
	/* Bits that change within so long of the beginning never count */
	int64_t learn_ns;
};

enum can_news_kind {
	CAN_NEWS_NEW,
	CAN_NEWS_CHANGED,
	CAN_NEWS_RESUMED, /* the first one after a silence, changed or not */
	CAN_NEWS_SILENT,
};

struct can_news {
	enum can_news_kind what;
	struct can_row_key key;
	struct pier_can_frame frame; /* of a silence the last one */
	struct pier_can_frame
		before;    /* what was told before; of the new: none */
	uint64_t changed;  /* bit i: the byte i of the data */
	bool resized;      /* size, length code, or FD or not */
	uint64_t count;    /* frames so far */
	int64_t at_ns;     /* by the clock */
	int64_t stamp_ns;  /* of the frame, by the kernel */
	int64_t silent_ns; /* of a silence and its end: how long */
};

struct can_table;

/* 0 or -ENOMEM. */
int can_table_open(struct can_table **out, const struct can_table_opts *opts);

/* It begins now. */
void can_table_start(struct can_table *table, int64_t now);

/* A frame that should come: its silence counts from now. 0, -ENOSPC or
   -ENOMEM. */
int can_table_expect(
	struct can_table *table, const struct can_row_key *key, int64_t now);

/*
 * can_table_put(table, message, now, news): a frame that came.
 *
 * 1: it is news; 0: it is none; or
 *   -ENOSPC  it is of an identifier that there is no room for
 *   -ENOMEM  no memory
 */
int can_table_put(struct can_table *table,
	const struct pier_can_message *message, int64_t now,
	struct can_news *news);

/* News of time alone: a change that had to wait, or a silence. 1: one of them, and
   there may be more; 0: none by now. */
int can_table_due(struct can_table *table, int64_t now, struct can_news *news);

/* When can_table_due() can first have some; INT64_MAX: never as it is. */
int64_t can_table_wake(const struct can_table *table);

size_t can_table_count(const struct can_table *table);
const struct can_row *can_table_row(const struct can_table *table, size_t i);

/* Frames that there was no room for. */
uint64_t can_table_missed(const struct can_table *table);

/* NULL is fine. */
void can_table_close(struct can_table *table);

#endif

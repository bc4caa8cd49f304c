/* SPDX-License-Identifier: MIT */
/* cli/can_table.c - see can_table.h. */
#include "can_table.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct can_table {
	struct can_table_opts opts;
	int64_t learned_ns; /* from then on bits count */
	int64_t wake_ns;    /* nothing is due before */
	uint64_t missed;
	size_t count;
	struct can_row *rows[CAN_TABLE_MAX];
};

/* A log may have any time in it. */
static int64_t
later(int64_t now, int64_t ns)
{
	return now > INT64_MAX - ns ? INT64_MAX : now + ns;
}

int
can_table_open(struct can_table **out, const struct can_table_opts *opts)
{
	struct can_table *table = calloc(1, sizeof(*table));

	if (table == NULL)
		return -ENOMEM;
	table->opts = *opts;
	table->wake_ns = INT64_MAX;
	*out = table;
	return 0;
}

void
can_table_start(struct can_table *table, int64_t now)
{
	table->learned_ns = later(now, table->opts.learn_ns);
}

void
can_table_close(struct can_table *table)
{
	size_t i;

	if (table == NULL)
		return;
	for (i = 0; i < table->count; i++)
		free(table->rows[i]);
	free(table);
}

static int
compare(const struct can_row_key *a, const struct can_row_key *b)
{
	int order = strcmp(a->interface, b->interface);

	if (order == 0)
		order = a->error - b->error;
	if (order == 0)
		order = a->extended - b->extended;
	if (order == 0)
		order = (a->id > b->id) - (a->id < b->id);
	return order != 0 ? order : a->remote - b->remote;
}

/* Where it is, or where it should be. */
static size_t
find(const struct can_table *table, const struct can_row_key *key, bool *found)
{
	size_t low = 0, high = table->count;

	*found = false;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = compare(key, &table->rows[middle]->key);

		if (order == 0) {
			*found = true;
			return middle;
		}
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

static int
find_or_add(struct can_row **out, struct can_table *table,
	const struct can_row_key *key)
{
	struct can_row *row;
	bool found;
	size_t at = find(table, key, &found), i;

	if (found) {
		*out = table->rows[at];
		return 0;
	}
	if (table->count == CAN_TABLE_MAX)
		return -ENOSPC;
	row = calloc(1, sizeof(*row));
	if (row == NULL)
		return -ENOMEM;
	row->key = *key;
	for (i = 0; i < PIER_CAN_DATA_MAX; i++)
		row->marked_ns[i] = -1;
	memmove(&table->rows[at + 1], &table->rows[at],
		(table->count - at) * sizeof(row));
	table->rows[at] = row;
	table->count++;
	*out = row;
	return 0;
}

static void
wake_by(struct can_table *table, int64_t ns)
{
	if (ns < table->wake_ns)
		table->wake_ns = ns;
}

static void
await_silence(struct can_table *table, struct can_row *row, int64_t now)
{
	row->seen_ns = now;
	row->silent = false;
	if (table->opts.silent_ns > 0)
		wake_by(table, later(now, table->opts.silent_ns));
}

int
can_table_expect(
	struct can_table *table, const struct can_row_key *key, int64_t now)
{
	struct can_row *row;
	int rc = find_or_add(&row, table, key);

	if (rc == 0)
		await_silence(table, row, now);
	return rc;
}

/* Of the bits that count, which bytes differ. What lies behind the size of a frame
   is 0. */
static uint64_t
differ(const struct can_row *row, const struct pier_can_frame *a,
	const struct pier_can_frame *b)
{
	uint64_t bytes = 0;
	size_t i;

	for (i = 0; i < PIER_CAN_DATA_MAX; i++)
		if (((a->data[i] ^ b->data[i]) & ~row->noise[i] & 0xff) != 0)
			bytes |= UINT64_C(1) << i;
	return bytes;
}

static bool
is_resized(const struct pier_can_frame *a, const struct pier_can_frame *b)
{
	return a->size != b->size || a->fd != b->fd ||
	       a->raw_code != b->raw_code;
}

/* Bits that changed while it is learned which do. */
static void
learn(struct can_row *row, const struct pier_can_frame *frame)
{
	size_t i;

	for (i = 0; i < PIER_CAN_DATA_MAX; i++)
		row->noise[i] |= row->last.data[i] ^ frame->data[i];
}

static void
mark(struct can_row *row, uint64_t changed, int64_t now)
{
	size_t i;

	for (i = 0; i < PIER_CAN_DATA_MAX; i++)
		if ((changed & UINT64_C(1) << i) != 0)
			row->marked_ns[i] = now;
}

/* What there is to say of a row, against what was told before. */
static void
describe(struct can_news *news, enum can_news_kind what,
	const struct can_row *row, int64_t now)
{
	*news = (struct can_news){ .what = what,
		.key = row->key,
		.frame = row->last,
		.count = row->count,
		.at_ns = now,
		.stamp_ns = row->stamp_ns };
	if (what == CAN_NEWS_NEW || what == CAN_NEWS_SILENT)
		return;
	news->before = row->told;
	news->changed = differ(row, &row->last, &row->told);
	news->resized = is_resized(&row->last, &row->told);
}

/* It is told by news, and known from now on. 1. */
static int
tell(struct can_row *row, int64_t now)
{
	row->told = row->last;
	row->told_ns = now;
	row->pending = false;
	return 1;
}

/* A frame of a row that had some before: is it news? */
static int
consider(struct can_table *table, struct can_row *row, bool was_silent,
	int64_t silent_ns, int64_t now, struct can_news *news)
{
	describe(news, was_silent ? CAN_NEWS_RESUMED : CAN_NEWS_CHANGED, row,
		now);
	if (was_silent) {
		news->silent_ns = silent_ns;
		return tell(row, now);
	}
	row->pending = false;
	if (news->changed == 0 && !news->resized)
		return 0;
	if (table->opts.throttle_ns > 0 &&
		now - row->told_ns < table->opts.throttle_ns) {
		row->pending = true;
		wake_by(table, later(row->told_ns, table->opts.throttle_ns));
		return 0;
	}
	return tell(row, now);
}

/* The next one of a row that is there. */
static int
put_again(struct can_table *table, struct can_row *row,
	const struct pier_can_message *message, int64_t now,
	struct can_news *news)
{
	bool was_silent = row->silent;
	int64_t silent_ns = now - row->seen_ns;

	if (now < table->learned_ns) {
		learn(row, &message->frame);
		row->told = message->frame;
	}
	mark(row, differ(row, &row->last, &message->frame), now);
	row->last = message->frame;
	row->gap_ns = message->time_ns - row->stamp_ns;
	row->stamp_ns = message->time_ns;
	row->count++;
	await_silence(table, row, now);
	return consider(table, row, was_silent, silent_ns, now, news);
}

int
can_table_put(struct can_table *table, const struct pier_can_message *message,
	int64_t now, struct can_news *news)
{
	struct can_row_key key = { .id = message->frame.id,
		.extended = message->frame.extended,
		.remote = message->frame.remote,
		.error = message->frame.error };
	struct can_row *row;
	int rc;

	memcpy(key.interface, message->interface, sizeof(key.interface));
	rc = find_or_add(&row, table, &key);
	if (rc == -ENOSPC)
		table->missed++;
	if (rc < 0)
		return rc;
	if (row->count > 0)
		return put_again(table, row, message, now, news);
	row->last = message->frame;
	row->stamp_ns = message->time_ns;
	row->count = 1;
	await_silence(table, row, now);
	describe(news, CAN_NEWS_NEW, row, now);
	return tell(row, now);
}

static int64_t
change_due(const struct can_table *table, const struct can_row *row)
{
	return row->pending ? later(row->told_ns, table->opts.throttle_ns)
			    : INT64_MAX;
}

static int64_t
silence_due(const struct can_table *table, const struct can_row *row)
{
	return table->opts.silent_ns > 0 && !row->silent
		       ? later(row->seen_ns, table->opts.silent_ns)
		       : INT64_MAX;
}

/* When a row has news without a frame; INT64_MAX: as it is, never. */
static int64_t
due_at(const struct can_table *table, const struct can_row *row)
{
	int64_t change = change_due(table, row);
	int64_t silence = silence_due(table, row);

	return change < silence ? change : silence;
}

static int
tell_due(const struct can_table *table, struct can_row *row, int64_t at,
	struct can_news *news)
{
	if (change_due(table, row) == at) {
		describe(news, CAN_NEWS_CHANGED, row, at);
		return tell(row, at);
	}
	row->silent = true;
	describe(news, CAN_NEWS_SILENT, row, at);
	news->silent_ns = table->opts.silent_ns;
	return 1;
}

/* The earliest first. */
int
can_table_due(struct can_table *table, int64_t now, struct can_news *news)
{
	struct can_row *first = NULL;
	int64_t first_ns = INT64_MAX;
	size_t i;

	if (now < table->wake_ns)
		return 0;
	for (i = 0; i < table->count; i++) {
		int64_t at = due_at(table, table->rows[i]);

		if (at < first_ns) {
			first = table->rows[i];
			first_ns = at;
		}
	}
	if (first != NULL && first_ns <= now)
		return tell_due(table, first, first_ns, news);
	table->wake_ns = first_ns;
	return 0;
}

int64_t
can_table_wake(const struct can_table *table)
{
	return table->wake_ns;
}

size_t
can_table_count(const struct can_table *table)
{
	return table->count;
}

const struct can_row *
can_table_row(const struct can_table *table, size_t i)
{
	return table->rows[i];
}

uint64_t
can_table_missed(const struct can_table *table)
{
	return table->missed;
}

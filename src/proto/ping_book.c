/* SPDX-License-Identifier: MIT */
/*
 * proto/ping_book.c - see ping_book.h.
 *
 * Runs of lost probes are counted in the order of their numbers, and so only
 * once all before are judged: an answer may overtake another.
 */
#include "proto/ping_book.h"

#include <errno.h>
#include <string.h>

#include "os/calls.h"

int
pier__ping_book_open(
	struct pier__ping_book **out, uint64_t count, size_t window)
{
	struct pier__ping_book *book = pier__alloc(sizeof(*book));
	size_t size = PIER__PING_RING_MIN;

	if (book == NULL)
		return -ENOMEM;
	while (size < window)
		size *= 2;
	book->ring = pier__alloc(size * sizeof(*book->ring));
	if (book->ring == NULL) {
		pier__free(book);
		return -ENOMEM;
	}
	book->mask = size - 1;
	book->count = count;
	book->previous_ns = -1;
	*out = book;
	return 0;
}

void
pier__ping_book_close(struct pier__ping_book *book)
{
	if (book == NULL)
		return;
	pier__free(book->ring);
	pier__free(book);
}

static struct pier__ping_probe *
place_of(const struct pier__ping_book *book, uint64_t sequence)
{
	return &book->ring[sequence & book->mask];
}

bool
pier__ping_book_has_more(const struct pier__ping_book *book)
{
	return book->count == 0 || book->last < book->count;
}

bool
pier__ping_book_has_room(const struct pier__ping_book *book)
{
	const struct pier__ping_probe *probe = place_of(book, book->last + 1);

	return probe->sequence == 0 || probe->state != PIER__PING_WAITS;
}

struct pier__ping_probe *
pier__ping_book_send(struct pier__ping_book *book, int64_t now_ns)
{
	struct pier__ping_probe *probe = place_of(book, ++book->last);

	*probe = (struct pier__ping_probe){ .sent_ns = now_ns,
		.sequence = book->last,
		.state = PIER__PING_WAITS };
	if (book->last == 1)
		book->first_ns = now_ns;
	book->end_ns = now_ns;
	book->sums.sent++;
	book->waiting++;
	return probe;
}

struct pier__ping_probe *
pier__ping_book_find(const struct pier__ping_book *book, uint16_t sequence)
{
	uint64_t ago = (uint16_t)((uint16_t)book->last - sequence);
	struct pier__ping_probe *probe;

	if (ago >= book->last)
		return NULL;
	probe = place_of(book, book->last - ago);
	return probe->sequence == book->last - ago ? probe : NULL;
}

struct pier__ping_probe *
pier__ping_book_oldest(const struct pier__ping_book *book)
{
	return book->judged < book->last ? place_of(book, book->judged + 1)
					 : NULL;
}

/* Go on to the next probe that waits. A run of lost ones is told of as it
   grows: it may never end. */
static void
judge(struct pier__ping_book *book)
{
	struct pier_ping_stats *sums = &book->sums;

	while (book->judged < book->last) {
		const struct pier__ping_probe *probe =
			place_of(book, book->judged + 1);

		if (probe->state == PIER__PING_WAITS)
			return;
		book->judged++;
		if (probe->state == PIER__PING_ANSWERED) {
			book->burst = 0;
			continue;
		}
		if (book->burst++ == 0)
			sums->bursts++;
		if (book->burst > sums->burst_max)
			sums->burst_max = book->burst;
	}
}

static void
add_step(struct pier__ping_book *book, int64_t ns)
{
	const int64_t max = (INT64_C(1) << (PIER__PING_DOUBLINGS +
					    PIER__PING_STEP_BITS - 1)) -
			    1;
	unsigned int shift;

	if (ns > max)
		ns = max;
	/* The leading bit and the bits behind it name the step. */
	shift = 63 - PIER__PING_STEP_BITS -
		(unsigned int)__builtin_clzll(
			(unsigned long long)ns | PIER__PING_STEPS);
	book->steps_total++;
	book->steps[shift * PIER__PING_STEPS + (unsigned int)(ns >> shift)]++;
}

static void
add_rtt(struct pier__ping_book *book, int64_t ns)
{
	struct pier_ping_stats *sums = &book->sums;
	double away = (double)ns - book->mean;
	int64_t change;

	book->mean += away / (double)sums->answered;
	book->squares += away * ((double)ns - book->mean);
	if (sums->answered == 1 || ns < sums->min_ns)
		sums->min_ns = ns;
	if (ns > sums->max_ns)
		sums->max_ns = ns;
	if (book->previous_ns >= 0) {
		change = ns - book->previous_ns;
		if (change < 0)
			change = -change;
		book->jitter_sum += (double)change;
		book->jitters++;
		if (change > sums->jitter_max_ns)
			sums->jitter_max_ns = change;
	}
	book->previous_ns = ns;
	add_step(book, ns);
}

enum pier_ping_what
pier__ping_book_answer(struct pier__ping_book *book,
	struct pier__ping_probe *probe, int64_t rtt_ns, bool closed)
{
	struct pier_ping_stats *sums = &book->sums;

	if (rtt_ns < 0)
		rtt_ns = 0;
	if (probe->sent_ns + rtt_ns > book->end_ns)
		book->end_ns = probe->sent_ns + rtt_ns;
	if (probe->state == PIER__PING_GONE) {
		probe->state = PIER__PING_CAME_LATE;
		sums->late++;
		return PIER_PING_LATE;
	}
	if (probe->state != PIER__PING_WAITS) {
		sums->duplicates++;
		return PIER_PING_DUPLICATE;
	}
	probe->state = PIER__PING_ANSWERED;
	book->waiting--;
	sums->answered++;
	sums->closed += closed;
	if (probe->sequence < book->highest)
		sums->reordered++;
	else
		book->highest = probe->sequence;
	add_rtt(book, rtt_ns);
	judge(book);
	return closed ? PIER_PING_CLOSED : PIER_PING_REPLY;
}

void
pier__ping_book_lose(struct pier__ping_book *book,
	struct pier__ping_probe *probe, int64_t now_ns, bool by_error)
{
	probe->state = PIER__PING_GONE;
	book->end_ns = now_ns;
	book->waiting--;
	book->sums.lost++;
	book->sums.errors += by_error;
	judge(book);
}

int64_t
pier__ping_book_percentile(const struct pier__ping_book *book, double share)
{
	const unsigned int cells = PIER__PING_DOUBLINGS * PIER__PING_STEPS;
	double wanted = share * (double)book->steps_total;
	uint64_t seen = 0;
	unsigned int i, shift;
	int64_t ns;

	if (book->steps_total == 0)
		return 0;
	for (i = 0; i < cells - 1; i++) {
		seen += book->steps[i];
		if (seen > 0 && (double)seen >= wanted)
			break;
	}
	if (i < 2 * PIER__PING_STEPS) {
		ns = i;
	} else {
		/* Step i begins at (steps + i % steps) << shift. */
		shift = i / PIER__PING_STEPS - 1;
		ns = ((int64_t)(PIER__PING_STEPS + i % PIER__PING_STEPS)
			     << shift) +
		     (INT64_C(1) << shift) / 2;
	}
	if (ns < book->sums.min_ns)
		return book->sums.min_ns;
	return ns > book->sums.max_ns ? book->sums.max_ns : ns;
}

/* By Newton's method: libm would be one more library, for this. */
static double
root(double square)
{
	double guess = square > 1 ? square : 1, next = guess;

	do {
		guess = next;
		next = (guess + square / guess) / 2;
	} while (next < guess);
	return guess;
}

void
pier__ping_book_stats(
	const struct pier__ping_book *book, struct pier_ping_stats *out)
{
	double answered = (double)book->sums.answered;

	*out = book->sums;
	out->pending = book->waiting;
	out->elapsed_ns = book->last > 0 ? book->end_ns - book->first_ns : 0;
	if (out->answered == 0)
		return;
	out->mean_ns = (int64_t)book->mean;
	out->mdev_ns = (int64_t)root(book->squares / answered);
	out->median_ns = pier__ping_book_percentile(book, 0.5);
	out->p90_ns = pier__ping_book_percentile(book, 0.9);
	out->p99_ns = pier__ping_book_percentile(book, 0.99);
	if (book->jitters > 0)
		out->jitter_ns =
			(int64_t)(book->jitter_sum / (double)book->jitters);
}

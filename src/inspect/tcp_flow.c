/* SPDX-License-Identifier: MIT */
/*
 * inspect/tcp_flow.c - what two samples of a connection say together.
 *
 * The samples are the program's, of the size that it was compiled with: only
 * members are read here that were there when pier_tcp_flow() came. `have` may
 * well speak of later ones.
 */
#include <pier/info.h>

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#define MILLION   1000000
#define NS_PER_US 1000
#define NS_PER_S  1e9

/* A congestion window of which half is unused holds nothing up. */
#define UNFILLED 2

static const char *const limit_names[PIER_LIMIT_COUNT] = {
	[PIER_LIMIT_IDLE] = "idle",
	[PIER_LIMIT_APP] = "app",
	[PIER_LIMIT_RECEIVER] = "receiver",
	[PIER_LIMIT_SEND_BUFFER] = "send-buffer",
	[PIER_LIMIT_CONGESTION] = "congestion",
	[PIER_LIMIT_LOSS] = "loss",
};

const char *
pier_tcp_limit_name(unsigned int limit)
{
	return limit < PIER_LIMIT_COUNT ? limit_names[limit] : NULL;
}

/* part of whole in millionths. */
static uint32_t
ppm(uint64_t part, uint64_t whole)
{
	if (whole == 0)
		return 0;
	if (part >= whole)
		return MILLION;
	return (uint32_t)((double)part * MILLION / (double)whole);
}

/* So many in so long, a second. */
static uint64_t
rate(uint64_t count, int64_t interval_ns)
{
	double in_a_second;

	if (interval_ns <= 0)
		return 0;
	in_a_second = (double)count * NS_PER_S / (double)interval_ns;
	return in_a_second < (double)UINT64_MAX ? (uint64_t)in_a_second
						: UINT64_MAX;
}

/* What only grows. */
static bool
is_later(const struct pier_tcp_info *before, const struct pier_tcp_info *after)
{
	return after->bytes_sent >= before->bytes_sent &&
	       after->bytes_acked >= before->bytes_acked &&
	       after->bytes_received >= before->bytes_received &&
	       after->bytes_retrans >= before->bytes_retrans &&
	       after->busy_time_us >= before->busy_time_us &&
	       after->rwnd_limited_us >= before->rwnd_limited_us &&
	       after->sndbuf_limited_us >= before->sndbuf_limited_us;
}

/* With data under way that neither window nor buffer held up. */
static enum pier_tcp_limit
limit_under_way(
	const struct pier_tcp_info *before, const struct pier_tcp_info *after)
{
	/* 32 bits, which may have run over. */
	if (after->retransmits != before->retransmits ||
		after->ca_state >= PIER_TCP_CA_RECOVERY)
		return PIER_LIMIT_LOSS;
	if (after->app_limited && after->unacked < after->snd_cwnd / UNFILLED)
		return PIER_LIMIT_APP;
	return PIER_LIMIT_CONGESTION;
}

/* Gives a part of what is left to one of the limits. */
static void
give(struct pier_tcp_flow *flow, enum pier_tcp_limit limit, uint32_t part,
	uint32_t *left)
{
	if (part > *left)
		part = *left;
	flow->share_ppm[limit] += part;
	*left -= part;
}

static void
share_out(struct pier_tcp_flow *flow, const struct pier_tcp_info *before,
	const struct pier_tcp_info *after)
{
	uint64_t busy = after->busy_time_us - before->busy_time_us;
	uint64_t rwnd = after->rwnd_limited_us - before->rwnd_limited_us;
	uint64_t sndbuf = after->sndbuf_limited_us - before->sndbuf_limited_us;
	uint64_t all = (uint64_t)flow->interval_ns / NS_PER_US;
	uint32_t left = MILLION;
	size_t i;

	/* The kernel counts in ticks of some ms: it may count past the end. */
	if (all < busy)
		all = busy;
	give(flow, PIER_LIMIT_RECEIVER, ppm(rwnd, all), &left);
	give(flow, PIER_LIMIT_SEND_BUFFER, ppm(sndbuf, all), &left);
	if (busy > rwnd && busy - rwnd > sndbuf)
		give(flow, limit_under_way(before, after),
			ppm(busy - rwnd - sndbuf, all), &left);
	give(flow, flow->sent_bytes > 0 ? PIER_LIMIT_APP : PIER_LIMIT_IDLE,
		left, &left);
	for (i = 1; i < PIER_LIMIT_COUNT; i++) {
		if (flow->share_ppm[i] > flow->share_ppm[flow->limit])
			flow->limit = (enum pier_tcp_limit)i;
	}
}

static uint32_t
loss_ppm(const struct pier_tcp_info *before, const struct pier_tcp_info *after)
{
	const uint32_t bytes = PIER_INFO_BYTES_SENT | PIER_INFO_BYTES_RETRANS;

	if ((after->have & bytes) == bytes)
		return ppm(after->bytes_retrans - before->bytes_retrans,
			after->bytes_sent - before->bytes_sent);
	return ppm(after->retransmits - before->retransmits,
		(uint32_t)(after->data_segs_out - before->data_segs_out));
}

static void
flow_of(struct pier_tcp_flow *flow, const struct pier_tcp_info *before,
	const struct pier_tcp_info *after, int64_t interval_ns)
{
	memset(flow, 0, sizeof(*flow));
	flow->interval_ns = interval_ns;
	if (after->min_rtt_us > 0 && after->rtt_us > after->min_rtt_us)
		flow->queue_us = after->rtt_us - after->min_rtt_us;
	flow->sent_bytes = after->bytes_sent - before->bytes_sent;
	flow->acked_bytes = after->bytes_acked - before->bytes_acked;
	flow->received_bytes = after->bytes_received - before->bytes_received;
	/* Before Linux 4.19 only what arrived was counted. */
	if ((after->have & PIER_INFO_BYTES_SENT) == 0)
		flow->sent_bytes = flow->acked_bytes;
	flow->send_rate = rate(flow->acked_bytes, interval_ns);
	flow->receive_rate = rate(flow->received_bytes, interval_ns);
	flow->loss_ppm = loss_ppm(before, after);
	share_out(flow, before, after);
}

int
pier_tcp_flow_sized(struct pier_tcp_flow *flow, size_t size,
	const struct pier_tcp_info *before, const struct pier_tcp_info *after,
	int64_t interval_ns)
{
	static const struct pier_tcp_info birth = { .have = PIER_INFO_LIMITS };
	struct pier_tcp_flow full;

	if (before == NULL)
		before = &birth;
	if ((before->have & after->have & PIER_INFO_LIMITS) == 0)
		return -ENODATA;
	if (interval_ns < 0 || !is_later(before, after))
		return -EINVAL;
	flow_of(&full, before, after, interval_ns);
	memset(flow, 0, size);
	memcpy(flow, &full, size < sizeof(full) ? size : sizeof(full));
	return 0;
}

/* SPDX-License-Identifier: MIT */
/* See tcp_event.h. */
#include "tcp_event.h"

#define US INT64_C(1000)

/* As the kernel writes that it has none. */
#define NO_RTT UINT32_MAX

void
cli_event_tcp(json_t *event, const struct pier_tcp_info *info)
{
	if (info->have & PIER_INFO_RTT)
		cli_event_seconds(event, "rtt_s", info->rtt_us * US);
	if ((info->have & PIER_INFO_MIN_RTT) && info->min_rtt_us != NO_RTT)
		cli_event_seconds(event, "min_rtt_s", info->min_rtt_us * US);
	if (info->have & PIER_INFO_RETRANSMITS)
		cli_event_number(event, "retransmissions", info->retransmits);
	if (info->have & PIER_INFO_BYTES_RETRANS)
		cli_event_number(event, "retransmitted_bytes",
			(int64_t)info->bytes_retrans);
	if (info->have & PIER_INFO_CORE) {
		cli_event_number(event, "cwnd_segments", info->snd_cwnd);
		cli_event_number(event, "segment_bytes", info->snd_mss);
	}
	if (info->have & PIER_INFO_DELIVERY)
		cli_event_number(event, "delivery_bytes_per_s",
			(int64_t)info->delivery_rate);
	if (info->have & PIER_INFO_LIMITS) {
		cli_event_seconds(
			event, "busy_s", (int64_t)info->busy_time_us * US);
		cli_event_seconds(event, "rwnd_limited_s",
			(int64_t)info->rwnd_limited_us * US);
		cli_event_seconds(event, "sndbuf_limited_s",
			(int64_t)info->sndbuf_limited_us * US);
	}
}

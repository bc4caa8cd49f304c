/* SPDX-License-Identifier: MIT */
/*
 * TCP_INFO of any length. What is flagged lies inside the bytes given, what is
 * not is 0, and more bytes never take a field away.
 */
#include <pier/info.h>

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check(int holds)
{
	if (!holds)
		abort();
}

/* Two samples of whatever: shares add up, and no sum of them overflows. */
static void
check_flow(
	const struct pier_tcp_info *before, const struct pier_tcp_info *after)
{
	struct pier_tcp_flow flow;
	uint64_t sum = 0;

	if (pier_tcp_flow(&flow, before, after, after->rto_us) < 0)
		return;
	for (size_t i = 0; i < PIER_LIMIT_COUNT; i++)
		sum += flow.share_ppm[i];
	check(sum == 1000000 && flow.loss_ppm <= 1000000);
	check(flow.share_ppm[flow.limit] >= sum / PIER_LIMIT_COUNT);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pier_tcp_info info, shorter;
	const struct pier_tcp_field *field;

	memset(&info, 0xee, sizeof(info));
	check(pier_tcp_info_decode(&info, data, size) == 0);
	check(((info.have & PIER_INFO_BYTES_SENT) != 0) == (size >= 208));
	if ((info.have & PIER_INFO_BYTES_SENT) != 0)
		check(memcmp(&info.bytes_sent, data + 200, 8) == 0);
	for (size_t i = 0; (field = pier_tcp_field_at(i)) != NULL; i++)
		check((info.have & field->have) != 0 ||
			pier_tcp_field_value(field, &info) == 0);
	check(pier_tcp_info_decode(&shorter, data, size / 2) == 0);
	check((shorter.have & ~info.have) == 0);
	check_flow(NULL, &info);
	if (pier_tcp_info_decode(&shorter, data + size / 2, size - size / 2) ==
		0)
		check_flow(&shorter, &info);
	return 0;
}

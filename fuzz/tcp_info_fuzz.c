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

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pier_tcp_info info, shorter;

	memset(&info, 0xee, sizeof(info));
	check(pier_tcp_info_decode(&info, data, size) == 0);
	check(((info.have & PIER_INFO_BYTES_SENT) != 0) == (size >= 208));
	if ((info.have & PIER_INFO_BYTES_SENT) == 0)
		check(info.bytes_sent == 0);
	else
		check(memcmp(&info.bytes_sent, data + 200, 8) == 0);
	if ((info.have & PIER_INFO_RTT) == 0)
		check(info.rtt_us == 0 && info.rttvar_us == 0);
	check(pier_tcp_info_decode(&shorter, data, size / 2) == 0);
	check((shorter.have & ~info.have) == 0);
	return 0;
}

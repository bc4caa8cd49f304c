/* SPDX-License-Identifier: MIT */
/*
 * Idle memory: open the connections, let each echo one message, be silent,
 * and see by how much the server's resident memory grew meanwhile.
 */
#include "load.h"

#include "common.h"

#include <time.h>

void
load_idle(struct load *load)
{
	struct timespec silence = {
		.tv_sec = load->silent_ns / NS_PER_S,
		.tv_nsec = load->silent_ns % NS_PER_S,
	};
	int64_t began_ns;
	int i;

	load->resident_before = meter_resident(&load->meter);
	load->warm_ns = 0;
	(void)load_goes_on(load, bench_now_ns());
	load_open_all(load);
	for (i = 0; i < load->connections; i++) {
		began_ns = bench_now_ns();
		load_due(load, &load->conns[i], 1, began_ns);
		load_take_all(load, &load->conns[i]);
		load_count(load, began_ns, bench_now_ns());
	}
	meter_read(&load->meter, &load->after);
	nanosleep(&silence, NULL);
	load->resident_after = meter_resident(&load->meter);
}

/* SPDX-License-Identifier: MIT */
/* inspect/tcp_names.c - the states of TCP and of its congestion control. */
#include <pier/info.h>

static const char *const states[] = {
	[PIER_TCP_ESTABLISHED] = "ESTABLISHED",
	[PIER_TCP_SYN_SENT] = "SYN-SENT",
	[PIER_TCP_SYN_RECV] = "SYN-RECEIVED",
	[PIER_TCP_FIN_WAIT1] = "FIN-WAIT-1",
	[PIER_TCP_FIN_WAIT2] = "FIN-WAIT-2",
	[PIER_TCP_TIME_WAIT] = "TIME-WAIT",
	[PIER_TCP_CLOSE] = "CLOSED",
	[PIER_TCP_CLOSE_WAIT] = "CLOSE-WAIT",
	[PIER_TCP_LAST_ACK] = "LAST-ACK",
	[PIER_TCP_LISTEN] = "LISTEN",
	[PIER_TCP_CLOSING] = "CLOSING",
	[PIER_TCP_NEW_SYN_RECV] = "SYN-RECEIVED",
	[PIER_TCP_BOUND_INACTIVE] = "BOUND",
};

static const char *const ca_states[] = {
	[PIER_TCP_CA_OPEN] = "open",
	[PIER_TCP_CA_DISORDER] = "disorder",
	[PIER_TCP_CA_CWR] = "cwr",
	[PIER_TCP_CA_RECOVERY] = "recovery",
	[PIER_TCP_CA_LOSS] = "loss",
};

const char *
pier_tcp_state_name(unsigned int state)
{
	return state < sizeof(states) / sizeof(states[0]) ? states[state]
							  : NULL;
}

const char *
pier_tcp_ca_state_name(unsigned int state)
{
	return state < sizeof(ca_states) / sizeof(ca_states[0])
		       ? ca_states[state]
		       : NULL;
}

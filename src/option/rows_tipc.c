/* SPDX-License-Identifier: MIT */
/*
 * Options of TIPC.
 */
#include "option/row.h"

#define GROUP "tipc."
#define LEVEL 271

const struct pier_option pier__options_tipc[] = {
	ROW("importance", "TIPC_IMPORTANCE", 127, INT, RW, .since = "2.6.16",
		.max = 3, .words = "low=0 medium=1 high=2 critical=3",
		.meaning = "which messages are dropped last when there is no "
			   "room"),
	ROW("src_droppable", "TIPC_SRC_DROPPABLE", 128, BOOL, RW,
		.since = "2.6.16",
		.meaning = "a message may be dropped at this machine when "
			   "there is no room"),
	ROW("dest_droppable", "TIPC_DEST_DROPPABLE", 129, BOOL, RW,
		.since = "2.6.16",
		.meaning = "a message that cannot be delivered is dropped, not "
			   "sent back"),
	ROW("conn_timeout", "TIPC_CONN_TIMEOUT", 130, MS, RW | CONNECT,
		.since = "2.6.16", .initial = "8000ms",
		.meaning = "how long connect waits for the peer"),
	ROW("node_recvq_depth", "TIPC_NODE_RECVQ_DEPTH", 131, INT, GET,
		.since = "2.6.27",
		.meaning = "messages that wait on this machine"),
	ROW("sock_recvq_depth", "TIPC_SOCK_RECVQ_DEPTH", 132, INT, GET,
		.since = "2.6.27", .initial = "0",
		.meaning = "messages that wait at this socket"),
	ROW("mcast_broadcast", "TIPC_MCAST_BROADCAST", 133, BOOL,
		SET | NO_VALUE, .since = "4.11",
		.meaning = "send to groups by broadcast"),
	ROW("mcast_replicast", "TIPC_MCAST_REPLICAST", 134, BOOL,
		SET | NO_VALUE, .since = "4.11",
		.meaning = "send to groups by one copy for each member"),
	ROW("group_join", "TIPC_GROUP_JOIN", 135, TIPCGROUP, RW,
		.since = "4.15", .meaning = "join a group of sockets"),
	ROW("group_leave", "TIPC_GROUP_LEAVE", 136, BOOL, SET | NO_VALUE,
		.since = "4.15", .meaning = "leave the group"),
	ROW("sock_recvq_used", "TIPC_SOCK_RECVQ_USED", 137, SIZE, GET,
		.since = "5.2", .initial = "0",
		.meaning = "bytes that wait at this socket"),
	ROW("nodelay", "TIPC_NODELAY", 138, BOOL, RW, .since = "5.5",
		.initial = "0", .meaning = "send small messages at once"),
	{ .name = NULL },
};

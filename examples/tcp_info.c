/* SPDX-License-Identifier: MIT */
/* tcp_info ENDPOINT: what the kernel knows of a connection, every field of
   TCP_INFO that this kernel gives. `tcp_info fd://0 <&3` asks about a socket
   that another program made. */
#include <inttypes.h>
#include <stdio.h>

#include <pier.h>

static const char *const units[] = {
	[PIER_UNIT_NUMBER] = "",
	[PIER_UNIT_BYTES] = " bytes",
	[PIER_UNIT_RATE] = " bytes/s",
	[PIER_UNIT_MS] = " ms",
	[PIER_UNIT_US] = " us",
};

static void
show(const struct pier_tcp_info *info)
{
	const struct pier_tcp_field *field;
	struct pier_tcp_flow flow;
	size_t i;

	printf("%s, %s\n", pier_tcp_state_name(info->state),
		pier_tcp_ca_state_name(info->ca_state));
	for (i = 0; (field = pier_tcp_field_at(i)) != NULL; i++) {
		if ((info->have & field->have) != 0)
			printf("%s: %" PRIu64 "%s\n", field->name,
				pier_tcp_field_value(field, info),
				units[field->unit]);
	}
	if (pier_tcp_flow(&flow, NULL, info, 0) == 0)
		printf("limit: %s\n", pier_tcp_limit_name(flow.limit));
}

int
main(int argc, char **argv)
{
	struct pier_stream *peer = NULL;
	struct pier_tcp_info info;
	int rc;

	if (argc != 2) {
		fprintf(stderr, "usage: tcp_info ENDPOINT\n");
		return 2;
	}
	rc = pier_dial(&peer, argv[1], NULL, pier_in_s(10));
	if (rc == 0)
		rc = pier_tcp_info(pier_fd(peer), &info);
	if (rc == 0)
		show(&info);
	else
		fprintf(stderr, "%s\n", pier_error_line());
	pier_close(peer);
	return rc < 0;
}

/* SPDX-License-Identifier: MIT */
/* buffer_sizes SIZE: asks for send and receive buffers of SIZE (64k, 1Mi) and
   tells what there was, what the kernel made of it, and why. */
#include <stdio.h>
#include <unistd.h>

#include <pier.h>

int
main(int argc, char **argv)
{
	static const char *const names[] = { "socket.sndbuf", "socket.rcvbuf" };
	struct pier_option_change change;
	int fd = pier_option_socket("tcp4");
	int rc = fd < 0 ? fd : 0;
	size_t i;

	if (argc != 2) {
		fprintf(stderr, "usage: buffer_sizes SIZE\n");
		return 2;
	}
	for (i = 0; i < 2 && rc == 0; i++) {
		rc = pier_option_set(fd, names[i], argv[1], &change);
		if (rc < 0)
			break;
		printf("%s: old %lld, asked %lld, granted %lld%s%s\n", names[i],
			(long long)change.old.integer,
			(long long)change.asked.integer,
			(long long)change.granted.integer,
			change.differs ? ": " : "", change.why);
	}
	if (rc < 0)
		fprintf(stderr, "%s\n", pier_error_line());
	close(fd);
	return rc < 0;
}

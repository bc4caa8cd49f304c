/* SPDX-License-Identifier: MIT */
/*
 * inspect/cbpf.h - for tests: a machine for programs of classic BPF, as strict as
 * the kernel, and packets made up from a seed.
 */
#ifndef PIER_INSPECT_CBPF_H
#define PIER_INSPECT_CBPF_H

#include <pier/dump.h>

/* What the kernel knows of a packet besides its bytes. */
struct pier__cbpf_packet {
	const unsigned char *bytes;
	size_t size;
	uint32_t protocol, packet_type, hardware;
	bool has_tag;
	uint32_t tag;
};

/*
 * pier__cbpf_check(code, count): would the kernel take the program? Every jump
 * within it, every way ends in a return, and no memory is read that was not
 * written on each way there. NULL, or what is wrong.
 */
const char *pier__cbpf_check(const struct pier_dump_code *code, size_t count);

/* What the program, which was checked, returns. *refused_short: by a load from
   beyond the packet. */
uint32_t pier__cbpf_run(const struct pier_dump_code *code,
	const struct pier__cbpf_packet *packet, bool *refused_short);

/* A packet that begins with Ethernet: mostly right, sometimes broken. Returns
   its size, at most max, which is 512 at least. */
size_t pier__cbpf_packet(unsigned char *out, size_t max, uint64_t seed);

#endif

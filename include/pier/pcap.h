/* SPDX-License-Identifier: MIT */
/*
 * Files of captured packets, in the classic format of libpcap (pcap-savefile(5)):
 * a head, then for each packet a record. Read with either byte order, and times
 * in micro- or nanoseconds; written with nanoseconds.
 *
 * Pure: bytes to structs and back. Reading and writing the file is the
 * program's.
 */
#ifndef PIER_PCAP_H
#define PIER_PCAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <pier/layers.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Bytes of the head of a file, and of what stands before each packet. */
#define PIER_PCAP_HEAD   24
#define PIER_PCAP_RECORD 16

/* The most bytes of one packet; a record that tells of more is no record. */
#define PIER_PCAP_SIZE_MAX 262144

/* The head of a file. */
struct pier_pcap {
	uint32_t link;    /* enum pier_link, or another LINKTYPE_ number */
	uint32_t snap;    /* bytes that were taken of each packet */
	bool nanoseconds; /* else times are in microseconds */
	bool swapped;     /* numbers are in the other byte order */
};

/*
 * pier_pcap_head_read(out, bytes, why): read the head of a file.
 *
 *   bytes  PIER_PCAP_HEAD of them
 *   why    on failure, what is wrong: a constant string
 *
 * Returns 0, or
 *   -PIER_EFRAME  it is no such file, and why says what it seems to be
 */
int pier_pcap_head_read(struct pier_pcap *out,
	const unsigned char bytes[PIER_PCAP_HEAD], const char **why);

/*
 * pier_pcap_head_write(bytes, pcap): the head of a file with times in
 * nanoseconds, in the byte order of this machine. Always succeeds.
 */
void pier_pcap_head_write(
	unsigned char bytes[PIER_PCAP_HEAD], const struct pier_pcap *pcap);

/*
 * pier_pcap_record_read(pcap, out, bytes, why): read what stands before a packet:
 * its size, of which so many bytes follow, full size, time and link.
 *
 *   out    its data is NULL, interface 0 and direction unknown
 *   bytes  PIER_PCAP_RECORD of them
 *   why    on failure, what is wrong: a constant string
 *
 * Returns 0, or
 *   -PIER_EFRAME  it cannot be: the file is damaged
 */
int pier_pcap_record_read(const struct pier_pcap *pcap,
	struct pier_captured *out, const unsigned char bytes[PIER_PCAP_RECORD],
	const char **why);

/*
 * pier_pcap_record_write(bytes, packet): what stands before a packet, whose
 * packet->size bytes follow. A time before 1970 becomes 1970, one after 2106
 * the last that there is. Always succeeds.
 */
void pier_pcap_record_write(unsigned char bytes[PIER_PCAP_RECORD],
	const struct pier_captured *packet);

#ifdef __cplusplus
}
#endif

#endif

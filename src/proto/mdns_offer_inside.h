/* SPDX-License-Identifier: MIT */
/* proto/mdns_offer_inside.h - what the files of mdns_offer.h share. */
#ifndef PIER_PROTO_MDNS_OFFER_INSIDE_H
#define PIER_PROTO_MDNS_OFFER_INSIDE_H

#include "proto/mdns_offer.h"

#define PIER__MDNS_MS INT64_C(1000000)

/* Records of one interface, by number; sets of them are bits. */
enum {
	PIER__RECORD_PTR,   /* the type has this instance */
	PIER__RECORD_TYPES, /* there is this type (RFC 6763 section 9) */
	PIER__RECORD_SRV,
	PIER__RECORD_TXT,
	PIER__RECORD_INSTANCE_NSEC, /* the instance has nothing else */
	PIER__RECORD_HOST_NSEC,     /* nor has the host */
	PIER__RECORD_SUBTYPE,       /* and the next ones */
	PIER__RECORD_ADDR = PIER__RECORD_SUBTYPE + PIER__MDNS_SUBTYPES_MAX,
	PIER__RECORD_ALIAS = PIER__RECORD_ADDR + PIER__LINK_ADDRS_MAX,
	PIER__RECORD_COUNT = PIER__RECORD_ALIAS + PIER__MDNS_ALIASES_MAX
};

#define PIER__RECORD_BIT(number) (UINT64_C(1) << (number))

/* Room for the data of any of them. */
#define PIER__MDNS_DATA (PIER__NAME_MAX + 1300)

struct pier__mdns_address {
	int family;
	unsigned char bytes[16];
};

/* Questions of one legacy query that are repeated in its answer. */
#define PIER__MDNS_ASKS_MAX 4

/* One who is answered alone. */
struct pier__mdns_asker {
	struct pier__link_id link;
	struct pier_addr to;
	int64_t due_ns;
	uint64_t records;
	bool legacy;
	uint16_t id;
	size_t ask_count;
	struct pier__dns_ask asks[PIER__MDNS_ASKS_MAX];
};

#define PIER__MDNS_ASKERS_MAX 32

enum pier__mdns_phase {
	PIER__MDNS_PROBING, /* nobody is answered yet */
	PIER__MDNS_TELLING,
	PIER__MDNS_LIVING
};

/* An interface, with a link of one family or of both. */
struct pier__mdns_face {
	unsigned int interface;
	unsigned int mtu;
	bool up4, up6;
	size_t counts[2]; /* of addresses: IPv4, IPv6 */
	struct pier__mdns_address addrs[2][PIER__LINK_ADDRS_MAX];
	enum pier__mdns_phase phase;
	unsigned int done; /* probes, or tellings */
	int64_t next_ns;   /* the next one; INT64_MAX: none */
	/* What is to be multicast, when each of it, and when the first */
	uint64_t pending;
	int64_t due_ns[PIER__RECORD_COUNT];
	int64_t pending_ns;
	bool telling; /* it is a telling, no answer */
	/* Until then nothing is said of the host: who shares its name probes */
	int64_t quiet_ns;
	/* Until then what this one knows already may still come (7.2) */
	struct pier_addr more_from;
	int64_t more_ns;
	int64_t sent_ns[PIER__RECORD_COUNT]; /* when last multicast */
	bool ended;                          /* goodbye was said */
};

struct pier__mdns_offer {
	struct pier__dnssd_type type;
	struct pier__name types; /* PIER__DNSSD_TYPES of the domain */
	struct pier__name zone;
	struct pier__name instance, host;
	struct pier__name subtypes[PIER__MDNS_SUBTYPES_MAX];
	size_t subtype_count;
	uint16_t port, priority, weight;
	size_t txt_len;
	unsigned char txt[PIER__MDNS_DATA - PIER__NAME_MAX];
	/* Labels: as they were given, and what was added: 2 for " (2)" */
	char instance_label[PIER__LABEL_MAX + 1],
		instance_now[PIER__LABEL_MAX + 1];
	char host_label[PIER__LABEL_MAX + 1];
	unsigned int instance_number, host_number;
	/* Other names of the host (CNAME) */
	size_t alias_count;
	struct pier__name aliases[PIER__MDNS_ALIASES_MAX];
	char alias_labels[PIER__MDNS_ALIASES_MAX][PIER__LABEL_MAX + 1];
	unsigned int alias_numbers[PIER__MDNS_ALIASES_MAX];
	bool renamed;
	bool ending;
	unsigned int conflicts; /* since conflicts_ns */
	int64_t conflicts_ns;
	uint64_t chance;
	size_t face_count;
	struct pier__mdns_face *faces[PIER__LAN_MAX];
	size_t asker_count;
	struct pier__mdns_asker askers[PIER__MDNS_ASKERS_MAX];
	/* A packet, and the links that it is yet to leave by */
	struct pier__mdns_offer_event event;
	bool left4, left6;
	unsigned int out_interface;
	size_t out_len;
	unsigned char out[1500];
};

/* ---- mdns_records.c ----------------------------------------------------- */

/* Is there a record of that number? */
bool pier__mdns_has_record(const struct pier__mdns_offer *it,
	const struct pier__mdns_face *face, unsigned int number);

/* All there are. */
uint64_t pier__mdns_all_records(
	const struct pier__mdns_offer *it, const struct pier__mdns_face *face);

/* The record; its data goes to room. */
void pier__mdns_record(const struct pier__mdns_offer *it,
	const struct pier__mdns_face *face, unsigned int number,
	struct pier__dns_record *out, unsigned char room[PIER__MDNS_DATA]);

/* Those that answer a question. */
uint64_t pier__mdns_matches(const struct pier__mdns_offer *it,
	const struct pier__mdns_face *face, const struct pier__dns_ask *ask);

/* Those that go along with the answers, without being asked for (RFC 6763
   section 12). */
uint64_t pier__mdns_additional(const struct pier__mdns_offer *it,
	const struct pier__mdns_face *face, uint64_t answers);

/* The number of the same record; -1: it is none of ours. */
int pier__mdns_number(const struct pier__mdns_offer *it,
	const struct pier__mdns_face *face,
	const struct pier__dns_record *record);

/* Is it one of which there may be several, by several hosts? */
bool pier__mdns_is_shared(unsigned int number);

/* Does it say what there is not? It is no answer but where there is none. */
bool pier__mdns_is_nsec(unsigned int number);

/* Is it about the host: its addresses, and that there are no others? */
bool pier__mdns_is_of_host(unsigned int number);

/* Names for instance_number and host_number. */
void pier__mdns_make_names(struct pier__mdns_offer *it);

/* Takes over the addresses of a link: true, they have changed. */
bool pier__mdns_take_addresses(
	struct pier__mdns_face *face, const struct pier__link_state *link);

/* ---- mdns_conflict.c ----------------------------------------------------- */

/* Do we say so on any interface? With two on one link we hear ourselves: by the
   other one, and with the addresses of that. */
bool pier__mdns_is_said(const struct pier__mdns_offer *it,
	const struct pier__dns_record *record);

/* A response came: does it hold our names, otherwise than we do? */
void pier__mdns_offer_response(struct pier__mdns_offer *it,
	struct pier__mdns_face *face, int64_t now_ns,
	struct pier__dns_reader *reader);

/* A query came while we probe: is it a probe for the same names (8.2)? */
void pier__mdns_offer_probe(struct pier__mdns_offer *it,
	struct pier__mdns_face *face, int64_t now_ns,
	const struct pier__datagram *datagram);

/* ---- mdns_answer.c ------------------------------------------------------- */

/* A query came: what is to be answered becomes pending. */
void pier__mdns_offer_query(struct pier__mdns_offer *it,
	struct pier__mdns_face *face, int64_t now_ns,
	const struct pier__datagram *datagram, struct pier__dns_reader *reader);

/*
 * Another responder of this machine probes for the host's name with addresses that
 * are ours too, which is no conflict (8.2): it is to have the name as well. But
 * whatever it hears of that name meanwhile systemd-resolved takes for one: so
 * nothing is said of the host until its three probes are over.
 */
void pier__mdns_share_host(struct pier__mdns_face *face, int64_t now_ns);

/* These are to be multicast at that moment, but none within less than least_ns of
   the last time (6). */
void pier__mdns_pend(struct pier__mdns_face *face, uint64_t records,
	int64_t due_ns, int64_t least_ns);

/* ---- mdns_offer.c --------------------------------------------------------- */

/* Everything is probed from the start, after so long. */
void pier__mdns_probe_again(
	struct pier__mdns_offer *it, int64_t now_ns, int64_t after_ns);

/* The next probe or telling of a face is due: true: it is a probe; false: what is
   to be told is pending. */
bool pier__mdns_face_step(struct pier__mdns_offer *it,
	struct pier__mdns_face *face, int64_t now_ns);

/* Pseudo-random, below `below`. */
int64_t pier__mdns_offer_chance(struct pier__mdns_offer *it, int64_t below);

#endif

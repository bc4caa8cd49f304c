/* SPDX-License-Identifier: MIT */
/*
 * proto/mdns_browse_inside.h - the browse engine from inside. mdns_browse.c takes
 * in links and messages, mdns_browse_view.c keeps what follows from the records,
 * mdns_browse_tell.c tells it, mdns_browse_ask.c asks, mdns_browse_hear.c hears
 * what others ask.
 *
 * Invariants:
 *   1. an instance stands in its lan's list and chain as long as a PTR record of
 *      it is in the cache, or its end was not told yet;
 *   2. a host stands in its lan's list as long as an instance points at it;
 *   3. `due` of a lan is not later than the moment of any question of it; of one
 *      that is held back, which is past, a second after that was seen.
 */
#ifndef PIER_PROTO_MDNS_BROWSE_INSIDE_H
#define PIER_PROTO_MDNS_BROWSE_INSIDE_H

#include "base/list.h"
#include "proto/mdns_browse.h"
#include "proto/mdns_budget.h"
#include "proto/mdns_cache.h"

#define PIER__MDNS_NEVER INT64_MAX

/* The first question of a row is so late, so that hosts which see the same thing
   at once do not all ask at once (RFC 6762 section 5.2). */
#define PIER__MDNS_FIRST_NS  INT64_C(20000000)
#define PIER__MDNS_SPREAD_NS 100000000

/* By which ways a question is to leave; each for IPv4, and twice that, IPv6. */
enum pier__mdns_way {
	PIER__WAY_ASK4 = 1, /* from the ephemeral port */
	PIER__WAY_ASK6 = 2,
	PIER__WAY_GROUP4 = 4, /* from port 5353 */
	PIER__WAY_GROUP6 = 8
};

/* One question, and when it is asked. */
struct pier__mdns_ask {
	int64_t next_ns;      /* PIER__MDNS_NEVER: it rests */
	int64_t heard_ns[2];  /* when somebody else asked it, by family */
	int64_t asked_ns[2];  /* when it left last, by family; 0: never */
	unsigned int sent;    /* how often, in this row */
	unsigned int pending; /* enum pier__mdns_way */
	bool extra;           /* now, whatever the row says: to refresh */
	bool running;         /* its known answers are being sent */
};

struct pier__mdns_host {
	struct pier__list node;
	struct pier__name name;
	unsigned int users;
	struct pier__mdns_ask ip4, ip6;
};

struct pier__mdns_instance {
	struct pier__list node;
	struct pier__list changed; /* of the engine's, when there may be news */
	struct pier__mdns_instance *next; /* of its chain */
	struct pier__mdns_lan *lan;
	struct pier__name name;
	uint32_t hash;
	bool is_type; /* it is a type, which is all there is to it */
	bool there;   /* there is a PTR record */
	bool told;    /* as `signature` */
	enum pier__gone_reason reason; /* of its end */
	uint64_t signature;
	struct pier__mdns_host *host; /* of its SRV record, or NULL */
	struct pier__mdns_ask srv, txt;
};

#define PIER__MDNS_INSTANCE_CHAINS 256

/* An interface. */
struct pier__mdns_lan {
	struct pier__list node;
	unsigned int interface;
	bool up[2];          /* IPv4, IPv6 */
	unsigned int mtu[2]; /* bytes that a message has */
	int64_t due;
	int64_t first_ns;     /* when rows begin that begin now */
	unsigned int pending; /* of all questions: enum pier__mdns_way */
	struct pier__mdns_cache cache;
	size_t instance_count;
	struct pier__list instances;
	struct pier__mdns_instance *chains[PIER__MDNS_INSTANCE_CHAINS];
	struct pier__list hosts;
	struct pier__mdns_ask ask; /* for the type */
	struct pier__mdns_budget budget;
};

/* A question under way whose known answers need more than one packet. */
struct pier__mdns_train {
	struct pier__mdns_lan *lan; /* NULL: none */
	unsigned int way;
	size_t slot; /* of the cache: what comes next */
};

struct pier__mdns_browse {
	uint64_t chance;
	uint16_t id; /* of questions that leave from the ephemeral port */
	struct pier__dnssd_type type; /* that is looked for */
	bool lists_types;             /* it is PIER__DNSSD_TYPES */
	struct pier__list lans;
	struct pier__list changed; /* instances */
	struct pier__mdns_browse_stats stats;
	struct pier__mdns_train train;
	struct pier__dns_reader reader;
	struct pier__dns_writer writer;
	unsigned char bytes[PIER__MDNS_MESSAGE_MAX];
	/* Of the sighting that was told last; NULL: it has gone */
	struct pier__mdns_instance *last;
	char instance[PIER__LABEL_MAX + 1];
	char type_text[PIER__DNS_NAME_TEXT];
	char domain[PIER__DNS_NAME_TEXT];
	char host[PIER__DNS_NAME_TEXT];
	struct pier_addr addrs[PIER__MDNS_ADDRS_MAX];
};

/* ---- mdns_browse_view.c ------------------------------------------------- */

struct pier__mdns_instance *pier__mdns_find_instance(
	const struct pier__mdns_lan *lan, const struct pier__name *name);
struct pier__mdns_host *pier__mdns_find_host(
	const struct pier__mdns_lan *lan, const struct pier__name *name);

/* A PTR record says so: there is an instance. 0, -ENOMEM, -ENOSPC. */
int pier__mdns_see_instance(struct pier__mdns_browse *browse,
	struct pier__mdns_lan *lan, int64_t now_ns,
	const struct pier__name *name, bool is_type);

/* There may be news of what has this name. */
void pier__mdns_touch(struct pier__mdns_browse *browse,
	struct pier__mdns_lan *lan, const struct pier__name *name);

/* There may be other records of this name: what is still to be asked. 0 or
   -ENOMEM. */
int pier__mdns_follow(struct pier__mdns_browse *browse,
	struct pier__mdns_lan *lan, int64_t now_ns,
	const struct pier__name *name);

/* The time of a record is over, which is out of the cache already. */
void pier__mdns_lost(struct pier__mdns_browse *browse,
	struct pier__mdns_lan *lan, int64_t now_ns,
	const struct pier__mdns_entry *entry);

/* The link has gone. */
void pier__mdns_drop_lan(
	struct pier__mdns_browse *browse, struct pier__mdns_lan *lan);
void pier__mdns_free_lan(struct pier__mdns_lan *lan);

/* The newest record of that name and type, or NULL. */
const struct pier__mdns_entry *pier__mdns_latest(
	const struct pier__mdns_lan *lan, const struct pier__name *name,
	uint16_t type);

/* There may be news of this one. */
void pier__mdns_mark(
	struct pier__mdns_browse *browse, struct pier__mdns_instance *instance);

/* It is over and told, or never was: out of all lists, and freed. */
void pier__mdns_forget(struct pier__mdns_instance *instance);

/* ---- mdns_browse_ask.c -------------------------------------------------- */

/* A row of questions begins, unless it runs already. */
void pier__mdns_start(struct pier__mdns_browse *browse,
	struct pier__mdns_lan *lan, struct pier__mdns_ask *ask, int64_t now_ns);
void pier__mdns_rest(struct pier__mdns_ask *ask);

/* Each question of a lan. */
struct pier__mdns_asked {
	struct pier__mdns_ask *ask;
	const struct pier__name *name;
	uint16_t type;
};
typedef int pier__mdns_each_fn(
	void *ctx, struct pier__mdns_lan *lan, struct pier__mdns_asked it);
/* Until each gives something else than 0, which is the result. */
int pier__mdns_each_ask(struct pier__mdns_browse *browse,
	struct pier__mdns_lan *lan, pier__mdns_each_fn *each, void *ctx);

/* ---- mdns_browse_hear.c ------------------------------------------------- */

/* Somebody else asks, with these known answers (7.3, 10.5). */
void pier__mdns_hear_query(struct pier__mdns_browse *browse,
	struct pier__mdns_lan *lan, int64_t now_ns, int family);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * proto/found_book.c - see found_book.h.
 *
 * Invariants:
 *   1. a service is in one chain of the table, and on `news` exactly while it
 *      has some to tell;
 *   2. one without views is on `news`, or is `gone`, whose end the last event
 *      told: it is freed by the next call;
 *   3. a type that was told is on `types`, the oldest first: nobody says that
 *      there are no such services any more, so that one goes when there is no
 *      room for another.
 */
#include "proto/found_book.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

#include "base/list.h"
#include "base/siphash.h"
#include "os/calls.h"
#include "proto/mdns_wire.h"

#define CHAINS 1024

/* Instance, type and domain, each with its NUL. */
#define KEY_MAX 2048

/* What one protocol sees on one link. The data stands behind it. */
struct view {
	struct pier__list node;
	unsigned int by;
	struct pier__link_id link;
	uint16_t port, priority, weight;
	size_t addr_count, txt_len;
	const struct pier_addr *addrs;
	const unsigned char *txt;
	const char *host;
};

struct service {
	struct pier__list chain, news, views;
	struct pier__list types; /* invariant 3 */
	bool is_type;            /* without an instance */
	bool told;               /* that it is there */
	enum pier__gone_reason reason;
	uint64_t print; /* of what was told last */
	const char *type, *domain;
	size_t key_len;
	char key[]; /* instance, type, domain */
};

struct pier__found_book {
	uint64_t seed[2];
	size_t count;
	struct pier__list news, types;
	struct service *gone;
	/* What the last event points to */
	struct pier_addr addrs[PIER_FIND_ADDRS_MAX];
	struct pier_text texts[PIER_FIND_TEXT_MAX / 2];
	char bytes[2 * PIER_FIND_TEXT_MAX];
	struct pier__list table[CHAINS];
};

int
pier__found_book_open(struct pier__found_book **out, const uint64_t seed[2])
{
	struct pier__found_book *book = pier__alloc(sizeof(*book));
	size_t i;

	if (book == NULL)
		return -ENOMEM;
	memcpy(book->seed, seed, sizeof(book->seed));
	pier__list_init(&book->news);
	pier__list_init(&book->types);
	for (i = 0; i < CHAINS; i++)
		pier__list_init(&book->table[i]);
	*out = book;
	return 0;
}

static void
drop_views(struct service *service)
{
	struct pier__list *at;

	while ((at = pier__list_pop_front(&service->views)) != NULL)
		pier__free(pier__container_of(at, struct view, node));
}

static void
drop(struct pier__found_book *book, struct service *service)
{
	drop_views(service);
	pier__list_remove(&service->chain);
	pier__list_remove(&service->news);
	pier__list_remove(&service->types);
	book->count--;
	pier__free(service);
}

static void
drop_gone(struct pier__found_book *book)
{
	struct service *gone = book->gone;

	book->gone = NULL;
	/* It may have come back. */
	if (gone != NULL && pier__list_empty(&gone->views) && !gone->is_type)
		drop(book, gone);
}

void
pier__found_book_close(struct pier__found_book *book)
{
	struct pier__list *at;
	size_t i;

	if (book == NULL)
		return;
	for (i = 0; i < CHAINS; i++)
		while ((at = pier__list_pop_front(&book->table[i])) != NULL) {
			struct service *service =
				pier__container_of(at, struct service, chain);

			pier__list_init(&service->chain);
			drop(book, service);
		}
	pier__free(book);
}

size_t
pier__found_book_count(const struct pier__found_book *book)
{
	return book->count - (book->gone != NULL);
}

/* ---- Which service ------------------------------------------------------- */

struct key {
	size_t len, type, domain; /* where these begin */
	uint64_t hash;
	char text[KEY_MAX];
};

/* 0 or -EMSGSIZE. */
static int
key_of(struct key *key, const struct pier__found_book *book,
	const struct pier__sighting *sighting)
{
	char folded[KEY_MAX];
	size_t instance = strlen(sighting->instance) + 1;
	size_t type = strlen(sighting->type) + 1;
	size_t domain = strlen(sighting->domain) + 1;
	size_t i;

	if (instance + type + domain > KEY_MAX)
		return -EMSGSIZE;
	memcpy(key->text, sighting->instance, instance);
	memcpy(key->text + instance, sighting->type, type);
	memcpy(key->text + instance + type, sighting->domain, domain);
	key->type = instance;
	key->domain = instance + type;
	key->len = instance + type + domain;
	/* Letters of ASCII are equal in either case (RFC 6762 section 16). */
	for (i = 0; i < key->len; i++) {
		char c = key->text[i];

		folded[i] = c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
	}
	key->hash = pier__siphash(book->seed, folded, key->len);
	return 0;
}

static bool
is_same(const struct service *service, const struct key *key)
{
	return service->key_len == key->len &&
	       (size_t)(service->type - service->key) == key->type &&
	       (size_t)(service->domain - service->key) == key->domain &&
	       strcasecmp(service->key, key->text) == 0 &&
	       strcasecmp(service->type, key->text + key->type) == 0 &&
	       strcasecmp(service->domain, key->text + key->domain) == 0;
}

static struct service *
find(struct pier__found_book *book, const struct key *key)
{
	struct pier__list *at, *chain = &book->table[key->hash % CHAINS];

	pier__list_each(at, chain) {
		struct service *service =
			pier__container_of(at, struct service, chain);

		if (is_same(service, key))
			return service;
	}
	return NULL;
}

static struct service *
add(struct pier__found_book *book, const struct key *key)
{
	struct service *service = pier__alloc(sizeof(*service) + key->len);

	if (service == NULL)
		return NULL;
	memcpy(service->key, key->text, key->len);
	service->key_len = key->len;
	service->type = service->key + key->type;
	service->domain = service->key + key->domain;
	pier__list_init(&service->views);
	pier__list_init(&service->news);
	pier__list_init(&service->types);
	pier__list_push_back(&book->table[key->hash % CHAINS], &service->chain);
	book->count++;
	return service;
}

/* ---- What is seen of it --------------------------------------------------- */

static struct view *
view_of(const struct service *service, const struct pier__sighting *sighting)
{
	struct pier__list *at;

	pier__list_each(at, &service->views) {
		struct view *view = pier__container_of(at, struct view, node);

		if (view->by == sighting->by &&
			view->link.interface == sighting->link.interface &&
			view->link.family == sighting->link.family)
			return view;
	}
	return NULL;
}

static struct view *
view_new(const struct pier__sighting *from)
{
	size_t count = from->addr_count < PIER_FIND_ADDRS_MAX
			       ? from->addr_count
			       : PIER_FIND_ADDRS_MAX;
	size_t txt_len = from->txt_len < PIER_FIND_TEXT_MAX
				 ? from->txt_len
				 : PIER_FIND_TEXT_MAX;
	size_t addrs = count * sizeof(struct pier_addr);
	size_t host = strlen(from->host) + 1;
	struct view *view = pier__alloc(sizeof(*view) + addrs + txt_len + host);
	char *at;

	if (view == NULL)
		return NULL;
	at = (char *)(view + 1);
	view->by = from->by;
	view->link = from->link;
	view->port = from->port;
	view->priority = from->priority;
	view->weight = from->weight;
	view->addr_count = count;
	view->txt_len = txt_len;
	if (count > 0)
		memcpy(at, from->addrs, addrs);
	view->addrs = (const struct pier_addr *)(const void *)at;
	if (txt_len > 0)
		memcpy(at + addrs, from->txt, txt_len);
	view->txt = (const unsigned char *)at + addrs;
	memcpy(at + addrs + txt_len, from->host, host);
	view->host = at + addrs + txt_len;
	return view;
}

static void
has_news(struct pier__found_book *book, struct service *service)
{
	if (pier__list_empty(&service->news))
		pier__list_push_back(&book->news, &service->news);
}

/* Room for one more: a type that was told long ago may go. */
static bool
has_room(struct pier__found_book *book)
{
	if (book->count >= PIER_FIND_MAX && !pier__list_empty(&book->types))
		drop(book, pier__container_of(
				   book->types.next, struct service, types));
	return book->count < PIER_FIND_MAX;
}

static int
put_seen(struct pier__found_book *book, const struct key *key,
	const struct pier__sighting *sighting)
{
	struct service *service = find(book, key);
	struct view *view, *old;

	if (service == NULL && !has_room(book))
		return -ENOSPC;
	view = view_new(sighting);
	if (view == NULL)
		return -ENOMEM;
	if (service == NULL)
		service = add(book, key);
	if (service == NULL) {
		pier__free(view);
		return -ENOMEM;
	}
	service->is_type = sighting->what == PIER__SEEN_TYPE;
	old = view_of(service, sighting);
	/* Each stays in its place: what the first one says is told. */
	if (old != NULL) {
		pier__list_insert_after(&old->node, &view->node);
		pier__list_remove(&old->node);
		pier__free(old);
	} else {
		pier__list_push_back(&service->views, &view->node);
	}
	has_news(book, service);
	return 0;
}

int
pier__found_book_put(
	struct pier__found_book *book, const struct pier__sighting *sighting)
{
	struct service *service;
	struct view *view;
	struct key key;
	int rc = key_of(&key, book, sighting);

	if (rc < 0)
		return -ENOSPC;
	if (sighting->what != PIER__GONE)
		return put_seen(book, &key, sighting);
	service = find(book, &key);
	view = service == NULL ? NULL : view_of(service, sighting);
	if (view == NULL)
		return 0;
	service->reason = sighting->reason;
	pier__list_remove(&view->node);
	pier__free(view);
	has_news(book, service);
	return 0;
}

/* ---- What is told ---------------------------------------------------------- */

static void
add_addr(struct pier__found_book *book, size_t *count,
	const struct pier_addr *addr)
{
	size_t i;

	for (i = 0; i < *count; i++)
		if (pier_addr_equal(&book->addrs[i], addr))
			return;
	if (*count == PIER_FIND_ADDRS_MAX)
		return;
	/* IPv6 first, each family in the order in which it came. */
	i = *count;
	if (pier_addr_family(addr) == AF_INET6)
		while (i > 0 &&
			pier_addr_family(&book->addrs[i - 1]) == AF_INET)
			i--;
	memmove(&book->addrs[i + 1], &book->addrs[i],
		(*count - i) * sizeof(*addr));
	book->addrs[i] = *addr;
	++*count;
}

/* A piece of text with a NUL behind it, at bytes + *used. */
static const char *
keep(struct pier__found_book *book, size_t *used, const void *data, size_t len)
{
	char *at = book->bytes + *used;

	if (len > 0)
		memcpy(at, data, len);
	at[len] = '\0';
	*used += len + 1;
	return at;
}

static size_t
read_texts(struct pier__found_book *book, const struct view *view)
{
	struct pier__txt_item item;
	size_t at = 0, used = 0, count = 0;

	while (pier__txt_next(view->txt, view->txt_len, &at, &item) == 1) {
		struct pier_text *text = &book->texts[count++];

		text->key = keep(book, &used, item.key, item.key_len);
		text->value = NULL;
		text->value_len = item.value_len;
		if (item.value != NULL)
			text->value =
				keep(book, &used, item.value, item.value_len);
	}
	return count;
}

static void
gather(struct pier__found_book *book, const struct service *service,
	struct pier_found *out)
{
	const struct view *first;
	struct pier__list *at;
	size_t i;

	*out = (struct pier_found){ .instance = service->key,
		.type = service->type,
		.domain = service->domain,
		.host = "",
		.addrs = book->addrs,
		.texts = book->texts };
	if (pier__list_empty(&service->views))
		return;
	first = pier__container_of(service->views.next, struct view, node);
	out->port = first->port;
	out->priority = first->priority;
	out->weight = first->weight;
	out->interface = first->link.interface;
	out->text_count = read_texts(book, first);
	pier__list_each(at, &service->views) {
		const struct view *view =
			pier__container_of(at, struct view, node);

		out->by |= view->by;
		if (out->host[0] == '\0')
			out->host = view->host;
		for (i = 0; i < view->addr_count; i++)
			add_addr(book, &out->addr_count, &view->addrs[i]);
	}
}

static uint64_t
mix(const struct pier__found_book *book, uint64_t print, const void *data,
	size_t len)
{
	const uint64_t key[2] = { book->seed[0] ^ print, book->seed[1] };

	return pier__siphash(key, data, len);
}

/* Two with the same one are told alike. */
static uint64_t
print_of(const struct pier__found_book *book, const struct pier_found *it)
{
	const uint32_t numbers[] = { it->port, it->priority, it->weight, it->by,
		it->interface };
	uint64_t print = mix(book, 0, numbers, sizeof(numbers));
	size_t i;

	print = mix(book, print, it->host, strlen(it->host));
	for (i = 0; i < it->addr_count; i++)
		print = mix(book, print, &it->addrs[i].u, it->addrs[i].len);
	for (i = 0; i < it->text_count; i++) {
		const struct pier_text *text = &it->texts[i];

		print = mix(book, print, text->key, strlen(text->key) + 1);
		print = mix(book, print, text->value != NULL ? text->value : "",
			text->value_len + (text->value != NULL));
	}
	return print;
}

/* Is there something to tell of it? */
static bool
tell(struct pier__found_book *book, struct service *service,
	struct pier_find_event *event)
{
	bool told = service->told;
	uint64_t print;

	event->reason = (enum pier_find_reason)service->reason;
	gather(book, service, &event->service);
	if (pier__list_empty(&service->views)) {
		event->what = PIER_FIND_REMOVED;
		book->gone = service;
		service->told = false;
		return told;
	}
	print = print_of(book, &event->service);
	event->what = told ? PIER_FIND_CHANGED : PIER_FIND_ADDED;
	if (told && print == service->print)
		return false;
	if (service->is_type && pier__list_empty(&service->types))
		pier__list_push_back(&book->types, &service->types);
	service->told = true;
	service->print = print;
	return true;
}

int
pier__found_book_next(
	struct pier__found_book *book, struct pier_find_event *event)
{
	struct pier__list *at;
	bool tells;

	do {
		drop_gone(book);
		at = pier__list_pop_front(&book->news);
		if (at == NULL)
			return 0;
		pier__list_init(at);
		tells = tell(book, pier__container_of(at, struct service, news),
			event);
	} while (!tells);
	return 1;
}

size_t
pier__found_book_each(struct pier__found_book *book,
	int (*each)(const struct pier_found *, void *), void *arg)
{
	struct pier_found found;
	struct pier__list *at;
	size_t i, count = 0;
	int rc = 0;

	for (i = 0; i < CHAINS && rc == 0; i++)
		pier__list_each(at, &book->table[i]) {
			const struct service *service =
				pier__container_of(at, struct service, chain);

			/* The end of one without views is to be told yet. */
			if (!service->told || pier__list_empty(&service->views))
				continue;
			gather(book, service, &found);
			count++;
			rc = each(&found, arg);
			if (rc != 0)
				break;
		}
	return count;
}

/* SPDX-License-Identifier: MIT */
/*
 * Ports and the names of the services at them, by protocol.
 *
 * What /etc/services says counts (services(5)), as it does for getent(1) where
 * nsswitch.conf has "files" for services. A machine without that file has
 * the names of a list that is built in, after the registry of IANA. Nobody
 * else is asked, so that none of these calls waits.
 */
#ifndef PIER_PORT_H
#define PIER_PORT_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The most of /etc/services that is read, and of its services. */
#define PIER_SERVICES_BYTES_MAX (4 * 1024 * 1024)
#define PIER_SERVICES_MAX       65536

/* The longest name of a service that is looked for. */
#define PIER_SERVICE_NAME_MAX 255

enum pier_services_source {
	PIER_SERVICES_FILE,    /* /etc/services */
	PIER_SERVICES_BUILT_IN /* there is no such file */
};

/* One line of the list. Texts end in NUL. */
struct pier_service {
	const char *name;
	const char *protocol; /* "tcp", "udp", "sctp", … */
	unsigned int port;    /* 0 to 65535 */
	size_t alias_count;
	const char *const *aliases; /* other names for the same */
};

/* A list of services, read only. */
struct pier_services {
	enum pier_services_source source;
	size_t count;
	const struct pier_service *list; /* in the order of the file */
};

/*
 * pier_services_open(out): read the whole list, as getservent(3) goes through
 * it, in an order that stays.
 *
 *   out  on success the list, ended by pier_services_close()
 *
 * Returns 0, or
 *   -EACCES, -EIO, …  the file is there and cannot be read
 *   -PIER_ELIMIT      it is longer than PIER_SERVICES_BYTES_MAX, or has more
 *                     than PIER_SERVICES_MAX services
 *   -ENOMEM           no memory
 *   -EMFILE, -ENFILE  no descriptor
 */
int pier_services_open(struct pier_services **out);

/* pier_services_built_in(out): the same of the list that is built in. 0 or
   -ENOMEM: no memory. */
int pier_services_built_in(struct pier_services **out);

/* pier_services_close(services): free the list. NULL is fine. */
void pier_services_close(struct pier_services *services);

/*
 * pier_services_by_name(services, name, protocol),
 * pier_services_by_port(services, port, protocol): the first service in the
 * list of that name, which may be an alias, or at that port. NULL: there is
 * none. protocol NULL: of any.
 */
const struct pier_service *pier_services_by_name(
	const struct pier_services *services, const char *name,
	const char *protocol);
const struct pier_service *pier_services_by_port(
	const struct pier_services *services, unsigned int port,
	const char *protocol);

/*
 * pier_service_port(name, protocol): the port of a service, as
 * getservbyname(3). Whoever asks often opens the list.
 *
 *   protocol  "tcp", "udp", …; NULL: any, the first in the file
 *
 * Returns the port, or
 *   -PIER_ENONAME  there is no such service
 *   -ENOMEM, …     as pier_services_open()
 */
int pier_service_port(const char *name, const char *protocol);

/*
 * pier_service_name(port, protocol, buf, size): the name of the service at a
 * port, as getservbyport(3), which takes it in the order of the network; here
 * it is a plain number.
 *
 *   buf   on success the name, which ends in NUL
 *   size  bytes of buf; PIER_SERVICE_NAME_MAX + 1 are enough
 *
 * Returns the length of the name, or
 *   -PIER_ENONAME  no service has that port
 *   -EINVAL        port is above 65535
 *   -ENOSPC        the name is longer than buf
 *   -ENOMEM, …     as pier_services_open()
 */
int pier_service_name(
	unsigned int port, const char *protocol, char *buf, size_t size);

#ifdef __cplusplus
}
#endif

#endif

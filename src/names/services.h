/* SPDX-License-Identifier: MIT */
/* names/services.h - the list of services, from text. Pure but for memory. */
#ifndef PIER_NAMES_SERVICES_H
#define PIER_NAMES_SERVICES_H

#include <pier/port.h>

/*
 * pier__services_parse(out, text, len, source): lines of services(5). A line
 * that is none is passed over, as libc does. 0, -ENOMEM, or -PIER_ELIMIT.
 */
int pier__services_parse(struct pier_services **out, const char *text,
	size_t len, enum pier_services_source source);

/* What IANA calls the common ones, in the form of services(5). */
extern const char pier__services_text[];
extern const size_t pier__services_text_len;

#endif

/* SPDX-License-Identifier: MIT */
/*
 * proto/service_name.h - the texts that name a service (RFC 6335 section 5.1, RFC
 * 6763 section 4.1.1), as they stand in beacons. Pure.
 */
#ifndef PIER_PROTO_SERVICE_NAME_H
#define PIER_PROTO_SERVICE_NAME_H

#include <stdbool.h>
#include <stddef.h>

/* "_http._tcp", and nothing else: no subtype, no domain, no short form. */
bool pier__service_type_is_plain(const char *text, size_t len);

/* 1 to 63 bytes of UTF-8 (RFC 3629) without control characters. */
bool pier__service_instance_is_right(const char *text, size_t len);

/* One label of a host's name (RFC 1123 section 2.1): 1 to 63 letters, digits and
   hyphens, none of these first or last. */
bool pier__service_label_is_right(const char *text, size_t len);

/* What others say that their host is: 1 to 63 letters, digits, hyphens and dots. */
bool pier__service_host_is_right(const char *text, size_t len);

#endif

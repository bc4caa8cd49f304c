/* SPDX-License-Identifier: MIT */
/*
 * Numbers in bytes, most significant first (big endian, the order of the
 * network) or last (little endian), on any machine and at any alignment.
 *
 * htons() and its kin give a number whose bytes in memory have the other
 * order; these read and write the bytes themselves, so that no number ever
 * stands in the wrong order.
 */
#ifndef PIER_ORDER_H
#define PIER_ORDER_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * pier_be16_get(bytes), pier_be32_get(bytes), pier_be64_get(bytes): the number
 * in the first 2, 4 or 8 bytes, the most significant first. Always succeeds.
 */
static inline uint16_t
pier_be16_get(const void *bytes)
{
	const unsigned char *b = (const unsigned char *)bytes;

	return (uint16_t)(b[0] << 8 | b[1]);
}
static inline uint32_t
pier_be32_get(const void *bytes)
{
	const unsigned char *b = (const unsigned char *)bytes;

	return (uint32_t)pier_be16_get(b) << 16 | pier_be16_get(b + 2);
}
static inline uint64_t
pier_be64_get(const void *bytes)
{
	const unsigned char *b = (const unsigned char *)bytes;

	return (uint64_t)pier_be32_get(b) << 32 | pier_be32_get(b + 4);
}

/*
 * pier_le16_get(bytes), pier_le32_get(bytes), pier_le64_get(bytes): the number
 * in the first 2, 4 or 8 bytes, the least significant first. Always succeeds.
 */
static inline uint16_t
pier_le16_get(const void *bytes)
{
	const unsigned char *b = (const unsigned char *)bytes;

	return (uint16_t)(b[1] << 8 | b[0]);
}
static inline uint32_t
pier_le32_get(const void *bytes)
{
	const unsigned char *b = (const unsigned char *)bytes;

	return (uint32_t)pier_le16_get(b + 2) << 16 | pier_le16_get(b);
}
static inline uint64_t
pier_le64_get(const void *bytes)
{
	const unsigned char *b = (const unsigned char *)bytes;

	return (uint64_t)pier_le32_get(b + 4) << 32 | pier_le32_get(b);
}

/*
 * pier_be16_put(bytes, value), pier_be32_put(bytes, value),
 * pier_be64_put(bytes, value): write value to the first 2, 4 or 8 bytes, the
 * most significant first.
 */
static inline void
pier_be16_put(void *bytes, uint16_t value)
{
	unsigned char *b = (unsigned char *)bytes;

	b[0] = (unsigned char)(value >> 8);
	b[1] = (unsigned char)(value & 255);
}
static inline void
pier_be32_put(void *bytes, uint32_t value)
{
	pier_be16_put(bytes, (uint16_t)(value >> 16));
	pier_be16_put((unsigned char *)bytes + 2, (uint16_t)(value & 0xffff));
}
static inline void
pier_be64_put(void *bytes, uint64_t value)
{
	pier_be32_put(bytes, (uint32_t)(value >> 32));
	pier_be32_put(
		(unsigned char *)bytes + 4, (uint32_t)(value & 0xffffffffU));
}

/*
 * pier_le16_put(bytes, value), pier_le32_put(bytes, value),
 * pier_le64_put(bytes, value): write value to the first 2, 4 or 8 bytes, the
 * least significant first.
 */
static inline void
pier_le16_put(void *bytes, uint16_t value)
{
	unsigned char *b = (unsigned char *)bytes;

	b[0] = (unsigned char)(value & 255);
	b[1] = (unsigned char)(value >> 8);
}
static inline void
pier_le32_put(void *bytes, uint32_t value)
{
	pier_le16_put(bytes, (uint16_t)(value & 0xffff));
	pier_le16_put((unsigned char *)bytes + 2, (uint16_t)(value >> 16));
}
static inline void
pier_le64_put(void *bytes, uint64_t value)
{
	pier_le32_put(bytes, (uint32_t)(value & 0xffffffffU));
	pier_le32_put((unsigned char *)bytes + 4, (uint32_t)(value >> 32));
}

#ifdef __cplusplus
}
#endif

#endif

/* SPDX-License-Identifier: MIT */
/*
 * SipHash-2-4 (Aumasson and Bernstein, 2012): a hash for tables whose keys a
 * stranger chooses. Without the key nobody can find inputs that collide.
 */
#ifndef PIER_BASE_SIPHASH_H
#define PIER_BASE_SIPHASH_H

#include <stddef.h>
#include <stdint.h>

uint64_t pier__siphash(const uint64_t key[2], const void *data, size_t len);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * addr/ip_math.h - addresses as numbers: 4 or 16 bytes, the most significant
 * first, so that comparing bytes compares numbers. Pure.
 */
#ifndef PIER_ADDR_IP_MATH_H
#define PIER_ADDR_IP_MATH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Decimal digits of 128 bits, and a NUL. */
#define PIER__IP_NUMBER_MAX 40

/* bytes += n, or false and bytes are as they were: it goes over an end. */
bool pier__ip_add(unsigned char *bytes, size_t size, int64_t n);

/* bytes = bytes * base + digit; false: it does not fit, bytes are spoilt. */
bool pier__ip_push(unsigned char *bytes, size_t size, unsigned int base,
	unsigned int digit);

/* The bits from `bits` on as 0, and as 1. */
void pier__ip_zero_tail(unsigned char *bytes, size_t size, unsigned int bits);
void pier__ip_fill_tail(unsigned char *bytes, size_t size, unsigned int bits);

/* The number of 0 bits at the end. */
unsigned int pier__ip_trailing_zeros(const unsigned char *bytes, size_t size);

/* The bytes as one decimal number; its length. */
size_t pier__ip_decimal(
	char out[PIER__IP_NUMBER_MAX], const unsigned char *bytes, size_t size);

#endif

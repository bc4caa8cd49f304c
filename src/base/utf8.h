/* SPDX-License-Identifier: MIT */
/* Text in UTF-8 (RFC 3629), a character at a time. */
#ifndef PIER_BASE_UTF8_H
#define PIER_BASE_UTF8_H

#include <stddef.h>
#include <stdint.h>

/* Bytes of the character at text, which has len of them, and its number in *code;
   0: there is none, or not in its shortest form, or it is a surrogate. */
size_t pier__utf8_get(const void *text, size_t len, uint32_t *code);

#endif

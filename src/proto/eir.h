/* SPDX-License-Identifier: MIT */
/*
 * proto/eir.h - what a device tells of itself: the fields of an Extended Inquiry
 * Response or of an advertisement (Core, volume 3 part C section 8; Supplement to
 * the Core, part A). Pure.
 */
#ifndef PIER_PROTO_EIR_H
#define PIER_PROTO_EIR_H

#include <pier/bt_control.h>

#include <stddef.h>

/*
 * pier__eir_read(device, bytes, len): add what the fields tell to what is known of
 * the device. What does not tell of something leaves it as it was: a response to a
 * scan follows an advertisement, and has other fields.
 *
 * 1: something is new; 0: nothing is; -EBADMSG: a field does not end inside, the
 * ones before it are taken.
 */
int pier__eir_read(
	struct pier_bt_device *device, const unsigned char *bytes, size_t len);

#endif

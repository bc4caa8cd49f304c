/* SPDX-License-Identifier: MIT */
/*
 * proto/mgmt_wire.h - messages of the kernel's management interface of Bluetooth
 * (BlueZ doc/mgmt-api.txt), as bytes. Pure.
 *
 * A command and an event look alike: a code, the controller, the length of what
 * follows. A command is answered by one of two events.
 */
#ifndef PIER_PROTO_MGMT_WIRE_H
#define PIER_PROTO_MGMT_WIRE_H

#include <pier/bt_control.h>

#include <stddef.h>
#include <stdint.h>

#define PIER__MGMT_HEADER 6
#define PIER__MGMT_NONE   0xffff /* no controller: about all of them */

/* The most that a command of ours, or a message that is of use, is long. */
#define PIER__MGMT_COMMAND_MAX 16
#define PIER__MGMT_MESSAGE_MAX 4096

enum pier__mgmt_command {
	PIER__MGMT_READ_INDEX_LIST = 0x0003,
	PIER__MGMT_READ_INFO = 0x0004,
	PIER__MGMT_START_DISCOVERY = 0x0023,
	PIER__MGMT_STOP_DISCOVERY = 0x0024
};

enum pier__mgmt_event {
	PIER__MGMT_COMPLETE = 0x0001,
	PIER__MGMT_STATUS = 0x0002,
	PIER__MGMT_INDEX_REMOVED = 0x0005,
	PIER__MGMT_NEW_SETTINGS = 0x0006,
	PIER__MGMT_DEVICE_FOUND = 0x0012,
	PIER__MGMT_DISCOVERING = 0x0013
};

/* Address types of a discovery: bits. */
#define PIER__MGMT_BREDR 0x01
#define PIER__MGMT_LE    0x06 /* public and random */

struct pier__mgmt_message {
	unsigned int code;
	unsigned int index;
	const unsigned char *bytes; /* inside what was read */
	size_t size;
};

/* The answer to a command. */
struct pier__mgmt_answer {
	unsigned int command;
	unsigned int status; /* 0: done */
	const unsigned char *bytes;
	size_t size;
};

/* A device that was heard. */
struct pier__mgmt_found {
	struct pier_bt_addr addr;
	int rssi;
	uint32_t flags;
	const unsigned char *eir;
	size_t eir_len;
};

/* Of struct pier__mgmt_found: flags. */
#define PIER__MGMT_NOT_CONNECTABLE 0x04

/* A command with at most PIER__MGMT_COMMAND_MAX - PIER__MGMT_HEADER bytes. Its
   length. */
size_t pier__mgmt_write(unsigned char out[PIER__MGMT_COMMAND_MAX],
	unsigned int command, unsigned int index, const void *bytes,
	size_t size);

/* Each 0, or -EBADMSG: it cannot be that. */
int pier__mgmt_read(
	struct pier__mgmt_message *out, const unsigned char *bytes, size_t len);
int pier__mgmt_read_answer(struct pier__mgmt_answer *out,
	const struct pier__mgmt_message *message);
int pier__mgmt_read_controller(struct pier_bt_controller *out,
	unsigned int index, const struct pier__mgmt_answer *answer);
int pier__mgmt_read_found(
	struct pier__mgmt_found *out, const struct pier__mgmt_message *message);
int pier__mgmt_read_discovering(
	bool *out, const struct pier__mgmt_message *message);
int pier__mgmt_read_settings(
	uint32_t *out, const struct pier__mgmt_message *message);

/* The controllers: how many, at most max, of the numbers in list; or -EBADMSG. */
int pier__mgmt_read_list(
	uint16_t *list, size_t max, const struct pier__mgmt_answer *answer);

/* A status other than 0 as an error, and in words. */
int pier__mgmt_error(unsigned int status);
const char *pier__mgmt_text(unsigned int status);

#endif

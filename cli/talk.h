/* SPDX-License-Identifier: MIT */
/*
 * One conversation of pier connect with a stream: the state its fibers share,
 * and the moves they make on it. Who makes which move when is in
 * connect_stream.c, what is said about it in story.c.
 */
#ifndef PIER_CLI_TALK_H
#define PIER_CLI_TALK_H

#include "connect.h"

enum {
	TALK_CHUNK = 65536,
};

/* Why a conversation ended; the JSON event has them as words. */
enum talk_reason {
	TALK_GOES_ON,
	TALK_STDIN_END,
	TALK_PEER_END,
	TALK_STDOUT_CLOSE,
	TALK_DEADLINE,
	TALK_ERROR,
	TALK_SIGNAL,
};

/* How one side of the connection ended. */
enum talk_end {
	TALK_OPEN,
	TALK_FIN,
	TALK_RST,
	TALK_DEAD, /* the kernel gave up on it */
};

enum talk_side {
	TALK_NOBODY,
	TALK_US,
	TALK_PEER,
};

struct talk;

/* What a conversation over streams and one over packets do differently. */
struct talk_kind {
	int (*open)(struct talk *talk, pier_deadline deadline);
	void (*run)(struct talk *talk); /* to the end; read_up is running */
	pier_task_fn *read_up; /* in a fiber of its own, gets the talk */
};

/*
 * Messages, where --frame or --stdio-frame asks for them; see talk_frames.c.
 * The frames end with their streams.
 */
struct talk_frames {
	struct pier_framing wire, stdio;
	bool has_wire, has_stdio;
	struct pier_frame *net, *in, *out; /* NULL: bytes, or packets */
	bool pending;  /* a message was read up, and not sent */
	bool in_ended; /* the last one had no end of its own */
	char *last;    /* that one */
	uint64_t skipped_in, skipped_net;
};

/*
 * On the heap: nothing here may lie on the stack of one of the fibers.
 *
 * 1. up_data[up_at] to up_data[up_len - 1] was read from standard input and
 *    not sent; of messages, all of it or nothing.
 * 2. first is the side whose end was seen first; it changes once.
 * 3. reason and code change once, together, by talk_stop(); at the end they may
 *    become those of standard input.
 */
struct talk {
	struct cli_tool *tool;
	const struct connect_settings *settings;
	const struct talk_kind *kind;
	const char *endpoint;
	struct cli_sockopts_list sockopts;
	struct pier_group *group;    /* every fiber of the conversation */
	struct pier_group *up_group; /* the one that reads standard input */
	struct pier_stream *net;     /* this, or */
	struct pier_packet *packet;
	struct pier_stream *in, *out;
	pier_deadline until; /* --timeout */
	int64_t started_ns, connected_ns;
	int64_t active_ns;       /* when the last byte moved */
	uint64_t sent, received; /* bytes */
	uint64_t sent_messages, received_messages; /* datagrams */
	enum talk_side first;
	enum talk_end us, peer;
	enum talk_reason reason;
	int code;
	int stdin_code;   /* what was wrong with standard input; 0: nothing */
	bool stdin_ended; /* or nothing more can be sent */
	bool discard;     /* standard output is gone, which is fine */
	bool reader_gone; /* standard output is gone, and ends it */
	bool after_cr;    /* the last byte read was a CR */
	size_t chunk;     /* most that is read from standard input at once */
	bool has_end;     /* messages: over a connection */
	size_t up_at, up_len;
	const char *up_data; /* what was read there, as it is sent */
	const char *down_data;
	size_t down_len;
	struct talk_frames frames;
	struct pier_dial_report report;
	char raw[TALK_CHUNK + 1]; /* standard input as it was read; a line has a
				     NUL behind it */
	char up[2 * TALK_CHUNK];  /* as it is sent: --crlf doubles at most */
	char down[TALK_CHUNK];
};

/* Note that a side has ended, first or second. */
void talk_ended(struct talk *talk, enum talk_side side, enum talk_end how);

/* End the conversation: cancels its fibers. Only the first call counts. */
void talk_stop(struct talk *talk, enum talk_reason reason, int code);

/* Report the current task's last failure, and end the conversation by it. */
void talk_fail(struct talk *talk);

/* Standard input cannot be read on: report it, and note the exit code that is the
   conversation's unless it has another. For who reads it that is its end; what
   was sent before is still answered. */
void talk_stdin_failed(struct talk *talk, int rc);

/*
 * talk_limit(talk): until when the peer may be silent now, by whichever of
 * the time limits is due first.
 */
pier_deadline talk_limit(const struct talk *talk);

/*
 * talk_over_limit(talk): after a -PIER_EDEADLINE of that limit: true when it
 * still stands, and the conversation was ended by it; false when bytes have
 * moved the other way meanwhile and it is worth trying again.
 */
bool talk_over_limit(struct talk *talk);

/*
 * talk_read_up(talk, deadline): read up_data from standard input: what there
 * is, or one message. 1 or more; 0 at its end; or as pier_read() and
 * pier_frame_view().
 */
ssize_t talk_read_up(struct talk *talk, pier_deadline deadline);

/* talk_send_up(talk): send it. 0, or as pier_write_some(); -ECANCELED: it is no
   message of the framing, which was told and noted as of standard input. */
int talk_send_up(struct talk *talk, pier_deadline deadline);

/* talk_read_down(talk, deadline): the same from the peer, into down_data. */
ssize_t talk_read_down(struct talk *talk, pier_deadline deadline);

/*
 * talk_open_standard(talk): open standard input and output, start the kind's
 * read_up in a group of its own, and watch for the end of standard output. 0,
 * or a negative error.
 */
int talk_open_standard(struct talk *talk);

/*
 * talk_put_down(talk, msg): hand what is in down_data to standard output; msg is
 * the datagram that it is, or NULL. When it takes them no more, that is
 * dealt with here, and may have ended the conversation.
 */
void talk_put_down(struct talk *talk, const struct pier_msg *msg);

/* talk_flush_down(talk): wait until standard output has all messages. */
void talk_flush_down(struct talk *talk);

/* talk_frames.c: the framings of the command line: CLI_EXIT_OK, or it was told
   what is wrong with them. */
int talk_frames_read(struct talk *talk);

/* Attach them, once the streams are there: 0, or a negative error. */
int talk_frames_attach(struct talk *talk);

/* The four moves, of messages: as talk_read_up() and its kin. */
ssize_t talk_frames_read_up(struct talk *talk, pier_deadline deadline);
int talk_frames_send_up(struct talk *talk, pier_deadline deadline);
ssize_t talk_frames_read_down(struct talk *talk, pier_deadline deadline);
int talk_frames_put_down(struct talk *talk);

/* Is it what a peer has done to a framing, not to the connection? */
bool talk_frames_broken(int rc);

/* Cancel the fiber that reads standard input, and wait for its end. */
void talk_join_up(struct talk *talk);

/* Hold a conversation of that kind, from its opening to its end. The exit
   code. */
int talk_hold(struct cli_tool *tool, const struct connect_settings *settings,
	const struct talk_kind *kind);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * pier serve: its settings, and the parts of one run.
 */
#ifndef PIER_CLI_SERVE_H
#define PIER_CLI_SERVE_H

#include "frames.h"
#include "json.h"
#include "networks.h"
#include "options.h"
#include "report.h"
#include "sockopts.h"

#include <pier.h>

#include <stdatomic.h>
#include <sys/types.h>

enum serve_what {
	SERVE_NOTHING, /* a program answers */
	SERVE_ECHO,
	SERVE_UPPER,
	SERVE_DISCARD,
	SERVE_BROKER,
	SERVE_DAYTIME,
	SERVE_TIME,
	SERVE_CHARGEN,
	SERVE_SOURCE,
	SERVE_SINK,
	SERVE_NTP,
};

/* How ntp goes wrong: the check of a client that it fails. */
enum serve_ntp_fault {
	SERVE_NTP_NO_FAULT,
	SERVE_NTP_SILENT,
	SERVE_NTP_SOURCE,
	SERVE_NTP_LENGTH,
	SERVE_NTP_MODE,
	SERVE_NTP_VERSION,
	SERVE_NTP_ORIGINATE,
	SERVE_NTP_FRESH,
	SERVE_NTP_RECEIVE,
	SERVE_NTP_TRANSMIT,
	SERVE_NTP_ORDER,
	SERVE_NTP_REFERENCE,
	SERVE_NTP_ROOT,
	SERVE_NTP_ROUND_TRIP,
};

/* What options are of use for. */
enum {
	SERVE_NEEDS_HUB = 1,
	SERVE_NEEDS_SOURCE = 2,
	SERVE_NEEDS_PROGRAM = 4,
	SERVE_NEEDS_PTY = 8,
	SERVE_NEEDS_RATE = 16,
	SERVE_NEEDS_CONNECTIONS = 32,
	SERVE_NEEDS_UNIX = 64,
	SERVE_NEEDS_ADDRESS_RATE = 128,
	SERVE_NEEDS_FRAME = 256,
	SERVE_NEEDS_SESSIONS = 512,
	SERVE_NEEDS_NTP = 1024,
};

/* Ports that --announce tells of. */
#define SERVE_ANNOUNCED_MAX 32

/* Counts, and durations in nanoseconds; 0 is libpier's default, PIER_OFF
   none. */
struct serve_settings {
	struct cli_common common;
	int64_t what; /* enum serve_what */
	struct cli_texts endpoints;
	int64_t model; /* enum pier_model */
	int64_t workers;
	int64_t processes;
	int64_t backlog;
	struct cli_sockopts sockopts;
	struct cli_frames frames;
	int64_t max_connections;
	int64_t max_per_address;
	int64_t rate_per_address;
	int64_t burst_per_address;
	int64_t first_byte_timeout;
	int64_t idle_timeout;
	int64_t session_idle;
	int64_t lifetime;
	int64_t drain;
	int64_t linger;
	int64_t size; /* of what source sends; 0: without end */
	/* Programs */
	struct cli_command exec;
	const char *shell;
	bool exec_direct;
	bool pty;
	bool no_echo;
	bool error_to_peer; /* --stderr */
	const char *window;
	int64_t grace;
	const char *ready_file;
	const char *announce;      /* the name of the service */
	const char *announce_type; /* "http"; NULL: that of the handler */
	const char *control;
	const char *replace;
	struct cli_texts allow;
	struct cli_texts deny;
	struct cli_texts allow_user;
	struct cli_texts proxy_from;
	bool proxy_header;
	int64_t accept_rate;
	int64_t accept_burst;
	int64_t rate;  /* bytes per second, both ways */
	int64_t queue; /* bytes, of the broker, for one client */
	/* What ntp says of its clock, and how */
	const char *ntp_offset; /* a duration with its sign */
	int64_t ntp_stratum;    /* 0: 1; PIER_OFF: 0 */
	int64_t ntp_leap;
	const char *ntp_kiss;
	int64_t ntp_delay;
	int64_t ntp_fault; /* enum serve_ntp_fault */
};

/* One run; hooks and handlers of several threads share it and only read it,
   but for what is atomic. Each of several processes has its own copy. */
struct serve {
	struct cli_tool *tool;
	const struct serve_settings *settings;
	struct pier_server *server;
	struct pier_hub *hub;     /* of the broker */
	struct pier_framing wire; /* of --frame */
	struct cli_networks allow;
	struct cli_networks deny;
	struct cli_networks proxy_from;
	struct cli_sockopts_list sockopts;
	uid_t users[CLI_TEXTS_MAX]; /* of --allow-user */
	int64_t start_ns;
	long backlog; /* as the kernel has it; 0 when that cannot be known */
	bool ready_written;     /* the ready file is there and is ours */
	int64_t handed_over_ns; /* when another server took its place; 0: none */
	size_t announcer_count;
	pid_t announcers[SERVE_ANNOUNCED_MAX]; /* processes of --announce */
	atomic_int code;                       /* what the hooks found wrong */
};

/* Room for "fd://NUMBER". */
enum {
	SERVE_HANDED_TEXT = 24,
};

int serve_run(struct cli_tool *tool, const void *settings);

/* The quiet one; ctx is the struct serve. */
pier_datagram_handler *serve_datagram_handler(
	const struct serve_settings *settings);

/*
 * Handlers that tell each message (-vv); the quiet ones are libpier's. ctx is
 * the struct serve.
 */
int serve_loud_stream(struct pier_stream *stream, void *ctx);
int serve_loud_packets(struct pier_packet *packet, void *ctx);
int serve_loud_datagram(
	struct pier_packet *packet, const struct pier_msg *msg, void *ctx);

/*
 * serve_handed(tool, settings, texts): without endpoints, take those that a
 * service manager handed down (LISTEN_FDS).
 *
 *   texts  where they are written, and borrowed as long as settings
 *
 * CLI_EXIT_OK, or it was told that there are none.
 */
int serve_handed(const struct cli_tool *tool, struct serve_settings *settings,
	char texts[CLI_TEXTS_MAX][SERVE_HANDED_TEXT]);

/* ntp. Its settings can be used: CLI_EXIT_OK, or it was told which cannot. Its
   handler. */
int serve_ntp_check(
	const struct cli_tool *tool, const struct serve_settings *settings);
int serve_ntp(
	struct pier_packet *packet, const struct pier_msg *msg, void *ctx);

/*
 * --announce. It fits the rest: CLI_EXIT_OK, or it was told what does not. Once
 * the server is open, before it runs: begin, with the same results. At the end,
 * also when begin failed: goodbye.
 */
int serve_announce_check(
	const struct cli_tool *tool, const struct serve_settings *settings);
int serve_announce_begin(struct serve *serve);
void serve_announce_end(struct serve *serve);

/*
 * The broker. Its settings fit together: CLI_EXIT_OK, or it was told what does
 * not. Its hub: 0 or an error, noted. Its handlers, quiet and loud.
 */
int serve_broker_check(
	const struct cli_tool *tool, const struct serve_settings *settings);
int serve_broker_open(struct serve *serve);
int serve_broker(struct pier_stream *stream, void *ctx);
int serve_loud_broker(struct pier_stream *stream, void *ctx);
int serve_broker_packets(struct pier_packet *packet, void *ctx);

/*
 * serve_frames.c: messages by --frame. What fits together, and the framing:
 * CLI_EXIT_OK, or it was told what does not. Handlers of messages, which tell
 * each of them under -vv; NULL: this service has none.
 */
int serve_frames_check(struct serve *serve);
pier_handler *serve_frames_handler(const struct serve_settings *settings);

/* The most that a message of so many bytes takes on the wire, by any kind; of
   0 the longest that --frame-max lets in without being given. */
size_t serve_frames_room(size_t size);

/*
 * Programs in place of a handler: is there one; what is wrong with what was
 * asked for, as an exit code, CLI_EXIT_OK for nothing; the handler.
 */
bool serve_has_program(const struct serve_settings *settings);
bool serve_has_sessions(const struct serve_settings *settings);
int serve_check_program(
	const struct cli_tool *tool, const struct serve_settings *settings);
int serve_exec_stream(struct pier_stream *stream, void *ctx);
int serve_exec_packets(struct pier_packet *packet, void *ctx);

/* serve_program.c: can the program be run, as far as can be seen from here?
   CLI_EXIT_OK, or it was told. */
int serve_find_program(
	const struct cli_tool *tool, const struct serve_settings *settings);

/* serve_users.c: the users of --allow-user: CLI_EXIT_OK, or it was told; and the
   hook that asks who connected. */
int serve_find_users(struct serve *serve);
int serve_verify_user(struct pier_stream *stream, void *ctx);

/* Hooks of the server that tell what happens; ctx is the struct serve. */
void serve_tell_listening(struct pier_server *server, void *ctx);
int serve_tell_open(struct pier_stream *stream, void *ctx);
void serve_tell_close(struct pier_stream *stream, void *ctx);
void serve_tell_hand_over(const struct pier_hand_over *told, void *ctx);
void serve_tell_refusal(const struct pier_refusal *refusal, void *ctx);
void serve_tell_error(const struct pier_conn *conn, int rc, void *ctx);
void serve_tell_process(const struct pier_process *process, void *ctx);
void serve_tell_summary(struct serve *serve);

/* serve_tell.c: an event goes out; the words for why a connection ended. */
void serve_print_event(struct serve *serve, json_t *event);
extern const char *const serve_reason_names[];

/* A program has ended: that of a connection, or, conn NULL, of a peer's session
   over UDP. */
void serve_tell_exit(struct serve *serve, const struct pier_conn *conn,
	const char *peer, const struct pier_exec_result *result);

/* A message that came, or an answer: which of the two is in type. conn may be
   NULL for datagrams. */
void serve_tell_message(struct serve *serve, const struct pier_conn *conn,
	const struct pier_addr *peer, const void *data, size_t size);

/*
 * serve_write_ready(serve): write the endpoints to the ready file, in one
 * step, so that who waits for the file never reads half of it. 0 or -errno.
 */
int serve_write_ready(struct serve *serve);
/* Can it be written? Before anybody can connect. CLI_EXIT_OK, or it was told. */
int serve_check_ready(
	const struct cli_tool *tool, const struct serve_settings *settings);
void serve_remove_ready(struct serve *serve);

#endif

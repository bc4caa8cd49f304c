/* SPDX-License-Identifier: MIT */
/*
 * pier dump: pcap files, read and written through streams, so that a pipe which
 * is slow holds up neither a signal nor a time limit. Files that are written are
 * for their owner alone: what passes on a network may be anything.
 */
#include "dump.h"

#include "output.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* What is gathered before it is written down. */
#define GATHERED 65536

struct dump_source {
	const struct cli_tool *tool;
	const char *path;
	struct pier_stream *stream;
	struct pier_pcap head;
	struct pier_captured packet;
	uint64_t offset; /* in the file, of what is read next */
	unsigned char data[PIER_PCAP_SIZE_MAX];
};

struct dump_sink {
	const struct cli_tool *tool;
	const char *path;
	struct pier_stream *stream; /* NULL: standard output */
	bool begun; /* something was written: what was there has gone */
	size_t held;
	unsigned char data[GATHERED];
};

static bool
is_standard(const char *path)
{
	return strcmp(path, "-") == 0;
}

static int
adopt(struct pier_stream **out, const struct cli_tool *tool, const char *path,
	int flags)
{
	int fd = is_standard(path) ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3)
				   : open(path, flags | O_CLOEXEC, 0600);

	if (fd < 0)
		return cli_own_failure(tool,
			flags == O_RDONLY ? PIER_STEP_RECEIVE
					  : PIER_STEP_CREATE,
			path, -errno, "");
	if (pier_adopt(out, fd) < 0) {
		close(fd);
		return cli_failure(tool, pier_last_error());
	}
	return 0;
}

static const char *
read_name(const struct dump_source *source)
{
	return is_standard(source->path) ? "standard input" : source->path;
}

/* All of size bytes: 1; 0: the file ends before the first; or an error. */
static int
read_all(struct dump_source *source, void *buf, size_t size, int *code)
{
	ssize_t n = size == 0 ? 0
			      : pier_read_full(source->stream, buf, size,
					PIER_FOREVER);
	char where[96];
	uint64_t stop;

	if (n >= 0) {
		source->offset += size;
		return 1;
	}
	if (pier_is_cancelled((int)n))
		return (int)n;
	if (n == -PIER_EEND && pier_last_error()->done == 0)
		return 0;
	stop = source->offset + pier_last_error()->done;
	snprintf(where, sizeof(where),
		"at byte %" PRIu64 ": it ends inside a packet or its head",
		stop);
	*code = cli_own_failure(source->tool, PIER_STEP_RECEIVE,
		read_name(source), (int)n, n == -PIER_EEND ? where : "");
	return (int)n;
}

/* What the file holds makes no sense. */
static int
damaged(const struct dump_source *source, size_t before, const char *why)
{
	char where[192];

	snprintf(where, sizeof(where), "at byte %" PRIu64 ": %s",
		source->offset - before, why);
	return cli_own_failure(source->tool, PIER_STEP_RECEIVE,
		read_name(source), -PIER_EFRAME, where);
}

static int
read_head(struct dump_source *source)
{
	unsigned char bytes[PIER_PCAP_HEAD];
	const char *why;
	int code = 0, rc;

	rc = read_all(source, bytes, sizeof(bytes), &code);
	if (rc == 0)
		return damaged(source, 0, "it is empty");
	if (rc < 0)
		return code != 0 ? code : CLI_EXIT_RESOURCE;
	rc = pier_pcap_head_read(&source->head, bytes, &why);
	return rc < 0 ? damaged(source, sizeof(bytes), why) : 0;
}

int
dump_source_open(
	struct dump_source **out, const struct cli_tool *tool, const char *path)
{
	struct dump_source *source = malloc(sizeof(*source));
	int code;

	if (source == NULL)
		return cli_own_failure(
			tool, PIER_STEP_CREATE, path, -ENOMEM, "");
	source->tool = tool;
	source->path = path;
	source->offset = 0;
	source->stream = NULL;
	code = adopt(&source->stream, tool, path, O_RDONLY);
	if (code != 0)
		goto free_source;
	code = read_head(source);
	if (code != 0)
		goto close_stream;
	*out = source;
	return 0;

close_stream:
	pier_close(source->stream);
free_source:
	free(source);
	return code;
}

int
dump_source_next(struct dump_source *source,
	const struct pier_captured **packet, int *code)
{
	unsigned char bytes[PIER_PCAP_RECORD];
	const char *why;
	int rc;

	rc = read_all(source, bytes, sizeof(bytes), code);
	if (rc <= 0)
		return rc;
	rc = pier_pcap_record_read(&source->head, &source->packet, bytes, &why);
	if (rc < 0) {
		*code = damaged(source, sizeof(bytes), why);
		return rc;
	}
	rc = read_all(source, source->data, source->packet.size, code);
	if (rc == 0) {
		*code = cli_own_failure(source->tool, PIER_STEP_RECEIVE,
			read_name(source), -PIER_EEND,
			"it ends where a packet should begin");
		return -PIER_EEND;
	}
	source->packet.data = source->data;
	*packet = &source->packet;
	return rc;
}

const struct pier_pcap *
dump_source_head(const struct dump_source *source)
{
	return &source->head;
}

void
dump_source_close(struct dump_source *source)
{
	pier_close(source->stream);
	free(source);
}

int
dump_sink_open(struct dump_sink **out, const struct cli_tool *tool,
	const char *path, const struct pier_pcap *head)
{
	struct dump_sink *sink = malloc(sizeof(*sink));
	int code = 0;

	if (sink == NULL)
		return cli_own_failure(
			tool, PIER_STEP_CREATE, path, -ENOMEM, "");
	sink->tool = tool;
	sink->path = is_standard(path) ? "standard output" : path;
	sink->stream = NULL;
	if (!is_standard(path))
		code = adopt(&sink->stream, tool, path, O_WRONLY | O_CREAT);
	sink->begun = false;
	if (code != 0) {
		free(sink);
		return code;
	}
	/* Written down at the first pause, so that a reader can begin. */
	pier_pcap_head_write(sink->data, head);
	sink->held = PIER_PCAP_HEAD;
	*out = sink;
	return 0;
}

/* 0 or an error, which was said unless it is the end of a signal or reader. */
static int
write_down(struct dump_sink *sink, const void *bytes, size_t len)
{
	int rc;

	if (len == 0)
		return 0;
	/* What was there goes now, and not where nothing comes in its place. What
	   is no file has no length. */
	if (!sink->begun && sink->stream != NULL)
		(void)!ftruncate(pier_fd(sink->stream), 0);
	sink->begun = true;
	rc = sink->stream == NULL
		     ? cli_output(bytes, len, sink->tool->until)
		     : pier_write(sink->stream, bytes, len, PIER_FOREVER);
	if (rc < 0 && rc != -EPIPE && !cli_output_no_room(rc))
		(void)cli_own_failure(
			sink->tool, PIER_STEP_WRITE, sink->path, rc, "");
	return rc;
}

int
dump_sink_flush(struct dump_sink *sink)
{
	size_t held = sink->held;

	sink->held = 0;
	return write_down(sink, sink->data, held);
}

int
dump_sink_put(struct dump_sink *sink, const struct pier_captured *packet)
{
	int rc = 0;

	if (sizeof(sink->data) - sink->held < PIER_PCAP_RECORD + packet->size)
		rc = dump_sink_flush(sink);
	if (rc < 0)
		return rc;
	pier_pcap_record_write(sink->data + sink->held, packet);
	sink->held += PIER_PCAP_RECORD;
	if (packet->size <= sizeof(sink->data) - sink->held) {
		memcpy(sink->data + sink->held, packet->data, packet->size);
		sink->held += packet->size;
		return 0;
	}
	rc = dump_sink_flush(sink);
	return rc < 0 ? rc : write_down(sink, packet->data, packet->size);
}

bool
dump_is_same_file(const char *a, const char *b)
{
	struct stat one, other;

	return a != NULL && b != NULL && !is_standard(a) && !is_standard(b) &&
	       stat(a, &one) == 0 && stat(b, &other) == 0 &&
	       S_ISREG(one.st_mode) && one.st_dev == other.st_dev &&
	       one.st_ino == other.st_ino;
}

bool
dump_sink_holds(const struct dump_sink *sink)
{
	return sink->held > 0;
}

void
dump_sink_close(struct dump_sink *sink)
{
	if (sink == NULL)
		return;
	pier_close(sink->stream);
	free(sink);
}

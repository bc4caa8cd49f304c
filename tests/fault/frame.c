/* SPDX-License-Identifier: MIT */
/*
 * tests/fault/frame.c - framed messages, short, long and encoded, in which every
 * call goes wrong once; see each.h.
 */
#include "each.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#define SOON pier_in_s(5)
/* More than a stream reads ahead, and than is gathered. */
#define LONG 70000

struct talk {
	struct pier_stream *here, *there;
	struct pier_frame *out, *in;
};

static unsigned char data[LONG];

/* The next message is of `size` bytes of the data. */
static long
expect(struct fault_story *story, struct talk *talk, size_t size)
{
	const void *came = NULL;
	size_t length = 0;
	long rc = met(
		story, "view", pier_frame_view(talk->in, &came, &length, SOON));

	if (rc == 1 && (length != size || memcmp(came, data, size) != 0))
		(void)met(story, "message", -EBADMSG);
	return rc == 1 ? 0 : rc < 0 ? rc : met(story, "end", -EPIPE);
}

static long
copy(struct fault_story *story, struct talk *talk, size_t size)
{
	unsigned char buf[16];
	size_t length = 0;
	long rc = met(story, "recv",
		pier_frame_recv(talk->in, buf, sizeof(buf), &length, SOON));

	if (rc == 1 && (length != size || memcmp(buf, data, size) != 0))
		(void)met(story, "copy", -EBADMSG);
	return rc == 1 ? 0 : rc < 0 ? rc : met(story, "end", -EPIPE);
}

static void
talk_on(struct fault_story *story, struct talk *talk)
{
	long rc =
		met(story, "short", pier_frame_send(talk->out, data, 10, SOON));

	if (rc == 0)
		rc = met(story, "next",
			pier_frame_send(talk->out, data, 11, SOON));
	if (rc == 0)
		rc = met(story, "long",
			pier_frame_send(talk->out, data, LONG, SOON));
	if (rc == 0)
		rc = expect(story, talk, 10);
	if (rc == 0)
		rc = copy(story, talk, 11);
	if (rc == 0)
		rc = expect(story, talk, LONG);
	/* A part stays behind when it is detached. */
	if (rc == 0)
		rc = met(story, "part",
			pier_write(talk->here, "\0\0\1\1part", 8, SOON));
	if (rc == 0 &&
		met(story, "half",
			pier_shutdown(talk->here, PIER_WRITING, SOON)) == 0 &&
		pier_frame_view(talk->in, &(const void *){ NULL },
			&(size_t){ 0 }, SOON) >= 0)
		(void)met(story, "part is whole", -EBADMSG);
}

static void
talks(struct fault_story *story, const char *kind)
{
	struct talk talk = { NULL };
	struct pier_framing framing;

	for (size_t i = 0; i < LONG; i++)
		data[i] = (unsigned char)(i * 7);
	if (pier_frame_parse(&framing, kind) < 0)
		(void)met(story, "parse", -EBADMSG);
	if (met(story, "pair", pier_pair(&talk.here, &talk.there)) == 0 &&
		met(story, "attach",
			pier_frame_attach(&talk.out, talk.here, &framing)) ==
			0 &&
		met(story, "attach",
			pier_frame_attach(&talk.in, talk.there, &framing)) == 0)
		talk_on(story, &talk);
	/* One of them ends with its stream. */
	(void)pier_frame_detach(talk.in);
	pier_close(talk.here);
	pier_close(talk.there);
}

static void
by_length(struct fault_story *story)
{
	talks(story, "u32be");
}

static void
encoded(struct fault_story *story)
{
	talks(story, "cobs");
}

EACH_INSIDE(by_length)
EACH_INSIDE(encoded)

static const struct fault_scenario scenarios[] = {
	{ "by length, fibers", by_length_by_fibers, NULL, true },
	{ "by length, threads", by_length_by_threads, NULL, true },
	{ "encoded, fibers", encoded_by_fibers, NULL, true },
	{ "encoded, threads", encoded_by_threads, NULL, true },
};

int
main(void)
{
	return each_run(scenarios, sizeof(scenarios) / sizeof(scenarios[0]));
}

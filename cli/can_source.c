/* SPDX-License-Identifier: MIT */
/* pier can: words such as "vcan0,123:7FF": interfaces that are heard, and what of
   them passes. */
#include "can.h"

#include <string.h>

static int
read_source(struct can_source *source, const struct cli_tool *tool,
	const char *word)
{
	size_t len = strcspn(word, ",");

	if (len == 0 || len >= sizeof(source->name))
		return can_wrong_words(tool,
			"expected the name of an interface, or any, before "
			"the filters: vcan0,123:7FF");
	if (len != 3 || strncmp(word, "any", len) != 0)
		memcpy(source->name, word, len);
	if (word[len] == '\0')
		return 0;
	source->has_filters = true;
	if (pier_can_filters_parse(&source->filters, word + len + 1) < 0)
		return can_wrong_words(tool, pier_error_line());
	return 0;
}

int
can_sources_read(struct can_sources *sources, const struct cli_tool *tool,
	const struct cli_texts *words)
{
	size_t i;
	int code = 0;

	for (i = 0; i < words->n && code == 0; i++)
		code = read_source(&sources->list[i], tool, words->item[i]);
	sources->count = words->n;
	return code;
}

int
can_sources_open(struct can_sources *sources, const struct cli_tool *tool,
	int64_t buffer)
{
	size_t i;

	for (i = 0; i < sources->count; i++) {
		struct can_source *source = &sources->list[i];
		const struct pier_can_opts opts = {
			.filters =
				source->has_filters ? &source->filters : NULL,
			.buffer = (uint32_t)buffer
		};
		int rc = pier_can_open(&source->can,
			source->name[0] != '\0' ? source->name : NULL, &opts);

		if (rc < 0)
			return can_failure(tool, rc);
	}
	return 0;
}

int64_t
can_sources_dropped(const struct can_sources *sources)
{
	int64_t sum = 0;
	uint32_t dropped;
	size_t i;

	for (i = 0; i < sources->count; i++)
		if (sources->list[i].can != NULL &&
			pier_can_dropped(sources->list[i].can, &dropped) == 0)
			sum += dropped;
	return sum;
}

void
can_sources_close(struct can_sources *sources)
{
	size_t i;

	for (i = 0; i < sources->count; i++)
		pier_can_close(sources->list[i].can);
}

bool
can_sources_pass(const struct can_sources *sources,
	const struct pier_can_message *message)
{
	size_t i;

	for (i = 0; i < sources->count; i++) {
		const struct can_source *source = &sources->list[i];

		if ((source->name[0] == '\0' ||
			    strcmp(source->name, message->interface) == 0) &&
			(!source->has_filters ||
				pier_can_filters_match(
					&source->filters, &message->frame)))
			return true;
	}
	return sources->count == 0;
}

/* SPDX-License-Identifier: MIT */
/* dump INTERFACE [FILTER]: ten packets, with the headers of each layer one inside
   the other. Needs CAP_NET_RAW. */
#include <stdio.h>

#include <pier.h>

static void
show(const struct pier_layers *layers)
{
	const struct pier_layer *layer;
	const struct pier_field *field;
	char text[PIER_FIELD_TEXT_MAX];
	size_t i, j;

	for (i = 0; (layer = pier_layer_at(layers, i)) != NULL; i++) {
		printf("%*s%s\n", (int)(2 * i), "", layer->name);
		for (j = 0;
			(field = pier_layer_field(layers, layer, j)) != NULL;
			j++) {
			(void)pier_field_format(
				layers, field, text, sizeof(text));
			printf("%*s%s: %s\n", (int)(2 * i + 4), "", field->name,
				text);
		}
		if (layer->wrong != NULL)
			printf("%*s%s\n", (int)(2 * i + 4), "", layer->wrong);
	}
}

static int
capture(struct pier_dump *dump, struct pier_layers *layers)
{
	const struct pier_captured *packet;
	struct pier_dump_stats stats;
	int i, rc = 0;

	for (i = 0; rc == 0 && i < 10; i++) {
		rc = pier_dump_next(dump, &packet, pier_in_s(60));
		if (rc < 0)
			break;
		(void)pier_layers_decode(layers, packet);
		printf("%zu bytes\n", packet->full_size);
		show(layers);
		(void)fflush(stdout);
	}
	if (pier_dump_stats(dump, &stats) == 0)
		printf("%llu dropped\n", (unsigned long long)stats.dropped);
	return rc;
}

int
main(int argc, char **argv)
{
	struct pier_dump_opts opts = { .interface = argc > 1 ? argv[1] : NULL,
		.filter = argc > 2 ? argv[2] : NULL };
	struct pier_layers *layers = NULL;
	struct pier_dump *dump = NULL;
	int rc;

	if (argc < 2 || argc > 3) {
		fprintf(stderr, "usage: dump INTERFACE [FILTER]\n");
		return 2;
	}
	rc = pier_layers_new(&layers);
	if (rc == 0)
		rc = pier_dump_open(&dump, &opts);
	if (rc == 0) {
		fprintf(stderr, "listening\n");
		rc = capture(dump, layers);
	}
	if (rc < 0)
		fprintf(stderr, "%s\n", pier_error_line());
	pier_dump_close(dump);
	pier_layers_free(layers);
	return rc < 0;
}

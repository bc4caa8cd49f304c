/* SPDX-License-Identifier: MIT */
/* pier can list: the CAN interfaces of this machine, and how they fare. */
#include "can.h"

#include "conduct.h"
#include "output.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#define LINE_SIZE 768

/* What runs: the words are names of interfaces. */
struct listing {
	struct cli_tool *tool;
	const struct can_settings *settings;
};

static bool
has(const struct pier_can_link *link, unsigned int bit)
{
	return (link->has & bit) != 0;
}

/* A newer kernel may have more of them. */
static const char *
state_of(const struct pier_can_link *link)
{
	const char *name = pier_can_state_name(link->state);

	return name != NULL ? name : "unknown";
}

/* The other end of vxcan, in this namespace; "": none. */
static const char *
peer_of(const struct pier_can_link *link, char name[PIER_INTERFACE_NAME_MAX])
{
	name[0] = '\0';
	if (link->peer != 0)
		(void)pier_interface_name(
			link->peer, name, PIER_INTERFACE_NAME_MAX);
	return name;
}

static json_t *
timing_object(const struct pier_can_timing *timing)
{
	json_t *object = json_object();

	cli_event_number(object, "bitrate", timing->bitrate);
	cli_event_number(object, "sample_point", timing->sample_point);
	cli_event_number(object, "quantum_ns", timing->quantum_ns);
	cli_event_number(object, "prop_seg", timing->prop_seg);
	cli_event_number(object, "phase_seg1", timing->phase_seg1);
	cli_event_number(object, "phase_seg2", timing->phase_seg2);
	cli_event_number(object, "sjw", timing->sjw);
	cli_event_number(object, "brp", timing->brp);
	return object;
}

static json_t *
mode_list(uint32_t modes)
{
	json_t *list = json_array();
	uint32_t bit;

	for (bit = 1; bit != 0; bit <<= 1)
		if ((modes & bit) != 0 && pier_can_mode_name(bit) != NULL)
			(void)json_array_append_new(
				list, json_string(pier_can_mode_name(bit)));
	return list;
}

static json_t *
events_object(const struct pier_can_events *events)
{
	json_t *object = json_object();

	cli_event_number(object, "bus_error", events->bus_error);
	cli_event_number(object, "error_warning", events->error_warning);
	cli_event_number(object, "error_passive", events->error_passive);
	cli_event_number(object, "bus_off", events->bus_off);
	cli_event_number(object, "arbitration_lost", events->arbitration_lost);
	cli_event_number(object, "restarts", events->restarts);
	return object;
}

/* What only a controller has. */
static void
add_controller(json_t *event, const struct pier_can_link *link)
{
	if (has(link, PIER_CAN_HAS_STATE))
		cli_event_text(event, "state", state_of(link));
	if (has(link, PIER_CAN_HAS_TIMING))
		(void)json_object_set_new(
			event, "timing", timing_object(&link->timing));
	if (has(link, PIER_CAN_HAS_DATA_TIMING))
		(void)json_object_set_new(event, "data_timing",
			timing_object(&link->data_timing));
	if (has(link, PIER_CAN_HAS_CONTROLLER))
		cli_event_text(event, "controller", link->controller);
	if (has(link, PIER_CAN_HAS_CLOCK))
		cli_event_number(event, "clock_hz", link->clock_hz);
	if (has(link, PIER_CAN_HAS_MODES))
		(void)json_object_set_new(
			event, "modes", mode_list(link->modes));
	if (has(link, PIER_CAN_HAS_RESTART))
		cli_event_number(event, "restart_ms", link->restart_ms);
	if (has(link, PIER_CAN_HAS_COUNTERS)) {
		cli_event_number(event, "sending_errors", link->sending_errors);
		cli_event_number(
			event, "receiving_errors", link->receiving_errors);
	}
	if (has(link, PIER_CAN_HAS_TERMINATION))
		cli_event_number(
			event, "termination_ohm", link->termination_ohm);
	if (has(link, PIER_CAN_HAS_EVENTS))
		(void)json_object_set_new(
			event, "events", events_object(&link->events));
}

static int
tell_json(const struct cli_tool *tool, const struct pier_can_link *link)
{
	json_t *event = cli_event("interface");
	char peer[PIER_INTERFACE_NAME_MAX];

	cli_event_text(event, "interface", link->name);
	cli_event_number(event, "index", link->index);
	cli_event_text(event, "kind", link->kind);
	cli_event_flag(event, "up", link->up);
	cli_event_flag(event, "fd", link->fd);
	cli_event_number(event, "mtu", link->mtu);
	cli_event_number(event, "queue_max", link->queue_max);
	if (peer_of(link, peer)[0] != '\0')
		cli_event_text(event, "peer", peer);
	add_controller(event, link);
	return cli_event_print(event, tool->until);
}

static void
put_timing(FILE *out, const char *what, const struct pier_can_timing *timing)
{
	fprintf(out, "  %s%" PRIu32 " bit/s at %" PRIu32 ".%" PRIu32 "%%", what,
		timing->bitrate, timing->sample_point / 10,
		timing->sample_point % 10);
}

static void
put_modes(FILE *out, uint32_t modes)
{
	const char *before = "  ";
	uint32_t bit;

	/* FD is told of every interface, by what it takes. */
	modes &= ~(uint32_t)PIER_CAN_MODE_FD;
	for (bit = 1; bit != 0; bit <<= 1) {
		if ((modes & bit) == 0 || pier_can_mode_name(bit) == NULL)
			continue;
		fprintf(out, "%s%s", before, pier_can_mode_name(bit));
		before = " ";
	}
}

static void
put_controller(FILE *out, const struct pier_can_link *link)
{
	if (has(link, PIER_CAN_HAS_STATE) &&
		link->state != PIER_CAN_STATE_STOPPED)
		fprintf(out, "  %s", state_of(link));
	if (has(link, PIER_CAN_HAS_TIMING))
		put_timing(out, "", &link->timing);
	else if (has(link, PIER_CAN_HAS_STATE))
		fputs("  no bit rate", out);
	if (has(link, PIER_CAN_HAS_DATA_TIMING))
		put_timing(out, "data ", &link->data_timing);
	put_modes(out, link->modes);
	if (has(link, PIER_CAN_HAS_COUNTERS))
		fprintf(out, "  errors sending %u receiving %u",
			link->sending_errors, link->receiving_errors);
	if (has(link, PIER_CAN_HAS_RESTART) && link->restart_ms > 0)
		fprintf(out, "  restart after %" PRIu32 " ms",
			link->restart_ms);
	if (has(link, PIER_CAN_HAS_TERMINATION))
		fprintf(out, "  termination %u ohm", link->termination_ohm);
	if (has(link, PIER_CAN_HAS_CONTROLLER))
		fprintf(out, "  %s", link->controller);
	if (has(link, PIER_CAN_HAS_CLOCK))
		fprintf(out, "  %" PRIu32 " Hz", link->clock_hz);
}

static int
tell(const struct cli_tool *tool, const struct pier_can_link *link)
{
	char line[LINE_SIZE], peer[PIER_INTERFACE_NAME_MAX];
	FILE *out;

	if (tool->json)
		return tell_json(tool, link);
	out = fmemopen(line, sizeof(line), "w");
	if (out == NULL)
		return -ENOMEM;
	fprintf(out, "%s  %s  %s", link->name,
		link->kind[0] != '\0' ? link->kind : "-",
		link->up ? "up" : "down");
	put_controller(out, link);
	fprintf(out, "%s  queue %" PRIu32, link->fd ? "  fd" : "",
		link->queue_max);
	if (peer_of(link, peer)[0] != '\0')
		fprintf(out, "  peer %s", peer);
	fputc('\n', out);
	fclose(out);
	return cli_output(line, strlen(line), tool->until);
}

/* An exit code. */
static int
told(const struct listing *listing, int rc)
{
	if (rc == 0 || rc == -EPIPE || pier_is_cancelled(rc))
		return CLI_EXIT_OK;
	return cli_output_failed(listing->tool, rc);
}

static int
tell_all(const struct listing *listing)
{
	const struct pier_error none = { .code = -ENODEV,
		.step = PIER_STEP_CREATE,
		.endpoint = "can://*",
		.detail = "this machine has no CAN interface" };
	struct pier_can_links *all;
	int rc = pier_can_links(&all), code = CLI_EXIT_OK;
	size_t i;

	if (rc < 0)
		return cli_failure(listing->tool, pier_last_error());
	if (all->count == 0)
		code = cli_failure_here(
			listing->tool, &none, "can://*", cli_exit_for(&none));
	for (i = 0; rc == 0 && i < all->count; i++)
		rc = tell(listing->tool, all->list[i]);
	if (all->count > 0)
		code = told(listing, rc);
	pier_can_links_free(all);
	return code;
}

static int
run(struct pier_group *group, void *arg)
{
	const struct listing *listing = arg;
	const struct cli_texts *names = &listing->settings->words;
	struct pier_can_link link;
	size_t i;
	int rc, code = CLI_EXIT_OK;

	(void)group;
	if (names->n == 0)
		return tell_all(listing);
	for (i = 0; i < names->n; i++) {
		rc = pier_can_link(&link, names->item[i]);
		if (rc == 0)
			rc = told(listing, tell(listing->tool, &link));
		else
			rc = cli_failure(listing->tool, pier_last_error());
		/* The others are told too. */
		code = code == CLI_EXIT_OK ? rc : code;
	}
	return code;
}

int
can_list(struct cli_tool *tool, const struct can_settings *settings)
{
	struct listing listing = { .tool = tool, .settings = settings };

	return cli_conduct(tool, run, &listing);
}

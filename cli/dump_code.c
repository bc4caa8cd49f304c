/* SPDX-License-Identifier: MIT */
/*
 * pier dump --code: the program that a filter is to the kernel, an instruction a
 * line, as the assembler of the kernel's Documentation/networking/filter.rst
 * writes it.
 */
#include "dump.h"

#include <errno.h>
#include <linux/filter.h>
#include <stdlib.h>

/* What the kernel knows of a packet besides its bytes. */
static const char *
known(uint32_t k)
{
	switch ((int64_t)k - (int64_t)(uint32_t)SKF_AD_OFF) {
	case SKF_AD_PROTOCOL:
		return "#proto";
	case SKF_AD_PKTTYPE:
		return "#type";
	case SKF_AD_HATYPE:
		return "#hatype";
	case SKF_AD_VLAN_TAG:
		return "#vlan_tci";
	case SKF_AD_VLAN_TAG_PRESENT:
		return "#vlan_avail";
	default:
		return NULL;
	}
}

static void
put_load(FILE *out, const struct pier_dump_code *op)
{
	const char *size = BPF_SIZE(op->code) == BPF_H   ? "ldh"
			   : BPF_SIZE(op->code) == BPF_B ? "ldb"
							 : "ld";

	switch (BPF_MODE(op->code)) {
	case BPF_IMM:
		fprintf(out, "ld #%u", op->k);
		break;
	case BPF_LEN:
		fprintf(out, "ld #len");
		break;
	case BPF_MEM:
		fprintf(out, "ld M[%u]", op->k);
		break;
	case BPF_IND:
		fprintf(out, "%s [x + %u]", size, op->k);
		break;
	default:
		if (known(op->k) != NULL)
			fprintf(out, "ld %s", known(op->k));
		else
			fprintf(out, "%s [%u]", size, op->k);
		break;
	}
}

static void
put_operation(FILE *out, const struct pier_dump_code *op)
{
	static const char *const names[] = { "add", "sub", "mul", "div", "or",
		"and", "lsh", "rsh" };
	size_t name = BPF_OP(op->code) >> 4;

	fprintf(out, "%s ", name < 8 ? names[name] : "?");
	if (BPF_SRC(op->code) == BPF_X)
		fputs("x", out);
	else
		fprintf(out, "#%#x", op->k);
}

static void
put_jump(FILE *out, const struct pier_dump_code *op, size_t at)
{
	static const char *const names[] = { "jmp", "jeq", "jgt", "jge",
		"jset" };
	size_t name = BPF_OP(op->code) >> 4;

	if (name == 0) {
		fprintf(out, "jmp %zu", at + 1 + op->k);
		return;
	}
	fprintf(out, "%s ", name < 5 ? names[name] : "?");
	if (BPF_SRC(op->code) == BPF_X)
		fputs("x", out);
	else
		fprintf(out, "#%#x", op->k);
	fprintf(out, ", %zu, %zu", at + 1 + op->yes, at + 1 + op->no);
}

static void
put(FILE *out, const struct pier_dump_code *op, size_t at)
{
	fprintf(out, "%4zu  ", at);
	switch (BPF_CLASS(op->code)) {
	case BPF_LD:
		put_load(out, op);
		break;
	case BPF_LDX:
		fprintf(out, "ldx M[%u]", op->k);
		break;
	case BPF_ST:
		fprintf(out, "st M[%u]", op->k);
		break;
	case BPF_ALU:
		put_operation(out, op);
		break;
	case BPF_JMP:
		put_jump(out, op, at);
		break;
	case BPF_RET:
		fprintf(out, "ret #%u", op->k);
		break;
	default:
		fputs("tax", out);
		break;
	}
	fputc('\n', out);
}

static int
print(const struct dump_settings *settings,
	const struct pier_dump_filter *filter)
{
	struct pier_dump_code *code = calloc(PIER_DUMP_CODE_MAX, sizeof(*code));
	int i, n;

	if (code == NULL)
		return -ENOMEM;
	/* As it would be of Ethernet, or of all interfaces. */
	n = pier_dump_filter_code(filter, code, PIER_DUMP_CODE_MAX,
		settings->interface != NULL ? PIER_LINK_ETHERNET
					    : PIER_LINK_COOKED2,
		settings->snap > 0 ? (uint32_t)settings->snap
				   : PIER_DUMP_SNAP_MAX);
	for (i = 0; i < n; i++)
		put(stdout, &code[i], (size_t)i);
	free(code);
	return n < 0 ? n : 0;
}

int
dump_code(struct cli_tool *tool, const struct dump_settings *settings,
	const char *text)
{
	struct cli_complaint why = {
		.hint = "pier-dump-filter(7) explains filters"
	};
	struct pier_dump_filter *filter;
	int rc;

	if (pier_dump_filter_new(&filter, text) < 0) {
		snprintf(why.line, sizeof(why.line), "%s", pier_error_line());
		return cli_usage_error(tool, "dump", &why);
	}
	rc = print(settings, filter);
	pier_dump_filter_free(filter);
	return rc < 0 ? cli_own_failure(
				tool, PIER_STEP_CREATE, "filter", rc, "")
		      : CLI_EXIT_OK;
}

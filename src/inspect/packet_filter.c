/* SPDX-License-Identifier: MIT */
/*
 * inspect/packet_filter.c - filters of packets as text:
 *
 *   or   = and *( ( "or" | "||" ) and )
 *   and  = not *( [ "and" | "&&" ] not )
 *   not  = ( "not" | "!" ) not | "(" or ")" | term
 *
 * with the terms of packet_filter_term.c.
 */
#include "inspect/packet_filter.h"

#include <errno.h>
#include <string.h>

#include "os/calls.h"
#include "task/failure.h"

struct parser {
	struct pier_dump_filter *filter;
	struct pier__span rest;
	struct pier__why *why;
	unsigned depth;
};

static int parse_or(struct parser *parser, uint16_t *out);

static bool
is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static char
next_char(const struct parser *parser)
{
	return parser->rest.begin < parser->rest.end
		       ? parser->rest.text[parser->rest.begin]
		       : '\0';
}

struct pier__span
pier__packet_word(struct pier__span *rest)
{
	struct pier__span word;

	while (rest->begin < rest->end && is_space(rest->text[rest->begin]))
		rest->begin++;
	word = pier__span_cut(*rest, rest->begin, rest->begin);
	while (word.end < rest->end && !is_space(word.text[word.end]) &&
		word.text[word.end] != '(' && word.text[word.end] != ')' &&
		!(word.text[word.end] == '!' && word.end == word.begin))
		word.end++;
	return word;
}

/* Takes the word, in either spelling, when it is the next one. */
static bool
take_keyword(struct parser *parser, const char *word, const char *sign)
{
	struct pier__span next = pier__packet_word(&parser->rest);

	if (!pier__span_is(next, word) && !pier__span_is(next, sign))
		return false;
	parser->rest.begin = next.end;
	return true;
}

static int
add_node(struct parser *parser, uint16_t *out, enum pier__packet_op op,
	uint16_t left, uint16_t right)
{
	struct pier_dump_filter *filter = parser->filter;

	if (filter->node_count == PIER__PACKET_NODES_MAX)
		return pier__why_set(parser->why, parser->rest.begin,
			"the filter is too long");
	*out = filter->node_count;
	filter->nodes[filter->node_count++] = (struct pier__packet_node){
		.op = (uint8_t)op, .left = left, .right = right
	};
	return 0;
}

static int
parse_term(struct parser *parser, uint16_t *out)
{
	struct pier_dump_filter *filter = parser->filter;
	struct pier__packet_term *term = &filter->terms[filter->term_count];
	int rc;

	if (filter->term_count == PIER_DUMP_TERMS_MAX)
		return pier__why_set(parser->why, parser->rest.begin,
			"more than %d conditions", PIER_DUMP_TERMS_MAX);
	memset(term, 0, sizeof(*term));
	rc = pier__packet_term_parse(term, &parser->rest, parser->why);
	return rc < 0 ? rc
		      : add_node(parser, out, PIER__PACKET_TERM,
				filter->term_count++, 0);
}

/* 1: a "not", and there is more. */
static int
parse_inside(struct parser *parser, uint16_t *out)
{
	size_t at;
	int rc;

	if (take_keyword(parser, "not", "not"))
		return 1;
	at = parser->rest.begin;
	if (next_char(parser) == '!') {
		parser->rest.begin++;
		return 1;
	}
	if (next_char(parser) != '(')
		return parse_term(parser, out);
	parser->rest.begin++;
	rc = parse_or(parser, out);
	if (rc < 0)
		return rc;
	(void)pier__packet_word(&parser->rest);
	if (next_char(parser) != ')')
		return pier__why_set(
			parser->why, at, "the parenthesis is not closed");
	parser->rest.begin++;
	return 0;
}

static int
parse_not(struct parser *parser, uint16_t *out)
{
	unsigned nots = 0;
	int rc;

	if (++parser->depth > PIER__PACKET_DEPTH_MAX)
		return pier__why_set(parser->why, parser->rest.begin,
			"more than %d parentheses, one in the other",
			PIER__PACKET_DEPTH_MAX);
	while ((rc = parse_inside(parser, out)) > 0)
		nots++;
	parser->depth--;
	/* Two of them are none. */
	if (rc == 0 && nots % 2 == 1)
		rc = add_node(parser, out, PIER__PACKET_NOT, *out, 0);
	return rc;
}

/* Does the filter, or the parenthesis, go on with what is to be joined? */
static bool
goes_on(struct parser *parser)
{
	struct pier__span word = pier__packet_word(&parser->rest);

	return next_char(parser) != '\0' && next_char(parser) != ')' &&
	       !pier__span_is(word, "or") && !pier__span_is(word, "||");
}

static int
parse_and(struct parser *parser, uint16_t *out)
{
	uint16_t right = 0;
	int rc = parse_not(parser, out);

	while (rc == 0 && goes_on(parser)) {
		(void)take_keyword(parser, "and", "&&");
		rc = parse_not(parser, &right);
		if (rc == 0)
			rc = add_node(
				parser, out, PIER__PACKET_AND, *out, right);
	}
	return rc;
}

static int
parse_or(struct parser *parser, uint16_t *out)
{
	uint16_t right = 0;
	int rc = parse_and(parser, out);

	while (rc == 0 && take_keyword(parser, "or", "||")) {
		rc = parse_and(parser, &right);
		if (rc == 0)
			rc = add_node(
				parser, out, PIER__PACKET_OR, *out, right);
	}
	return rc;
}

int
pier__packet_filter_parse(struct pier_dump_filter *filter, const char *text,
	struct pier__why *why)
{
	struct parser parser = { .filter = filter,
		.rest = pier__span_of(text == NULL ? "" : text),
		.why = why };
	int rc;

	memset(filter, 0, offsetof(struct pier_dump_filter, nodes));
	(void)pier__packet_word(&parser.rest);
	filter->empty = next_char(&parser) == '\0';
	if (filter->empty)
		return 0;
	rc = parse_or(&parser, &filter->root);
	if (rc == 0 && parser.rest.begin < parser.rest.end)
		return pier__why_set(why, parser.rest.begin,
			"there is no parenthesis to be closed");
	return rc;
}

int
pier_dump_filter_new(struct pier_dump_filter **out, const char *text)
{
	struct pier_dump_filter *filter = pier__alloc(sizeof(*filter));
	struct pier__why why;
	int rc;

	if (filter == NULL)
		return pier__fail_step(
			-ENOMEM, PIER_STEP_CREATE, "filter", NULL);
	rc = pier__packet_filter_parse(filter, text, &why);
	if (rc < 0) {
		pier__free(filter);
		return pier__fail_parse(rc, text, &why);
	}
	*out = filter;
	return 0;
}

void
pier_dump_filter_free(struct pier_dump_filter *filter)
{
	pier__free(filter);
}

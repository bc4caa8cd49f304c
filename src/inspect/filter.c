/* SPDX-License-Identifier: MIT */
/*
 * inspect/filter.c - filters as text:
 *
 *   or     = and *( "or" and )
 *   and    = not *( [ "and" ] not )
 *   not    = ( "not" | "!" ) not | "(" or ")" | term
 *   term   = KEY ( ":" | "=" | "!=" | "<" | "<=" | ">" | ">=" ) VALUE | WORD
 *
 * VALUE ends at a space or a closing parenthesis, or stands in quotes.
 */
#include "inspect/filter.h"

#include <errno.h>
#include <string.h>

struct parser {
	struct pier__filter *filter;
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

static void
skip_spaces(struct parser *parser)
{
	struct pier__span *rest = &parser->rest;

	while (rest->begin < rest->end && is_space(rest->text[rest->begin]))
		rest->begin++;
}

/* The letters of a key or word at the front; the rest stays. */
static struct pier__span
peek_word(const struct parser *parser)
{
	struct pier__span word = parser->rest;

	word.end = word.begin;
	while (word.end < parser->rest.end) {
		char c = word.text[word.end];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
			    (c >= '0' && c <= '9') || c == '_' || c == '-'))
			break;
		word.end++;
	}
	return word;
}

static char
next_char(const struct parser *parser)
{
	return parser->rest.begin < parser->rest.end
		       ? parser->rest.text[parser->rest.begin]
		       : '\0';
}

/* Is this the next word, and not the key of a term? Its end, or 0. */
static size_t
keyword_end(struct parser *parser, const char *keyword)
{
	struct pier__span word;
	char behind;

	skip_spaces(parser);
	word = peek_word(parser);
	if (!pier__span_is(word, keyword))
		return 0;
	behind = word.end < parser->rest.end ? word.text[word.end] : ' ';
	return is_space(behind) || behind == '(' || behind == ')' ? word.end
								  : 0;
}

static bool
take_keyword(struct parser *parser, const char *keyword)
{
	size_t end = keyword_end(parser, keyword);

	if (end > 0)
		parser->rest.begin = end;
	return end > 0;
}

static int
add_node(struct parser *parser, uint16_t *out, enum pier__filter_op op,
	uint16_t left, uint16_t right)
{
	struct pier__filter *filter = parser->filter;

	if (filter->node_count == PIER__FILTER_NODES_MAX)
		return pier__why_set(parser->why, parser->rest.begin,
			"the filter is too long");
	*out = filter->node_count;
	filter->nodes[filter->node_count++] = (struct pier__filter_node){
		.op = (uint8_t)op, .left = left, .right = right
	};
	return 0;
}

static bool
take_compare(struct parser *parser, enum pier__filter_compare *out)
{
	static const struct {
		const char *text;
		enum pier__filter_compare compare;
	} list[] = {
		{ "!=", PIER__IS_NOT },
		{ "<=", PIER__AT_MOST },
		{ ">=", PIER__AT_LEAST },
		{ ":", PIER__IS },
		{ "=", PIER__IS },
		{ "<", PIER__BELOW },
		{ ">", PIER__ABOVE },
	};

	for (size_t i = 0; i < sizeof(list) / sizeof(list[0]); i++) {
		if (!pier__span_starts(parser->rest, list[i].text))
			continue;
		parser->rest.begin += strlen(list[i].text);
		*out = list[i].compare;
		return true;
	}
	return false;
}

/* The value, to its quote or to a space; it may be empty. */
static int
take_value(struct parser *parser, struct pier__span *value)
{
	struct pier__span *rest = &parser->rest;
	bool quoted = next_char(parser) == '"';

	rest->begin += quoted;
	*value = *rest;
	while (rest->begin < rest->end) {
		char c = rest->text[rest->begin];

		if (quoted ? c == '"' : is_space(c) || c == ')')
			break;
		rest->begin++;
	}
	value->end = rest->begin;
	if (quoted && rest->begin == rest->end)
		return pier__why_set(parser->why, value->begin - 1,
			"the quote is not closed");
	rest->begin += quoted;
	if (pier__span_len(*value) == 0)
		return pier__why_set(
			parser->why, value->begin, "a value is missing");
	return 0;
}

static int
parse_word(struct parser *parser, struct pier__filter_term *term,
	struct pier__span word)
{
	struct pier__span value = parser->rest;

	if (pier__span_len(word) == 0) {
		value.end =
			value.begin < value.end ? value.begin + 1 : value.begin;
		return pier__why_set(parser->why, value.begin,
			pier__span_len(value) == 0
				? "a condition is missing"
				: "'%.*s' begins no condition; expected "
				  "KEY:VALUE",
			pier__span_quote(value), pier__span_at(value));
	}
	parser->rest.begin = word.end;
	if (take_compare(parser, &term->compare)) {
		int rc = pier__filter_key(term, word, parser->why);

		if (rc == 0)
			rc = take_value(parser, &value);
		return rc < 0 ? rc
			      : pier__filter_value(term, value, parser->why);
	}
	if (pier__filter_word(term, word))
		return 0;
	return pier__why_set(parser->why, word.begin,
		"'%.*s' is no kind of sockets, no state and no condition; "
		"expected KEY:VALUE",
		pier__span_quote(word), pier__span_at(word));
}

static int
parse_term(struct parser *parser, uint16_t *out)
{
	struct pier__filter *filter = parser->filter;
	struct pier__filter_term *term = &filter->terms[filter->term_count];
	int rc;

	if (filter->term_count == PIER__FILTER_TERMS_MAX)
		return pier__why_set(parser->why, parser->rest.begin,
			"more than %d conditions", PIER__FILTER_TERMS_MAX);
	memset(term, 0, sizeof(*term));
	rc = parse_word(parser, term, peek_word(parser));
	if (rc < 0)
		return rc;
	if (term->about == PIER__ABOUT_PROCESS)
		filter->owners = true;
	if (term->about == PIER__ABOUT_CGROUP)
		filter->cgroups = true;
	if (term->about == PIER__ABOUT_STATE &&
		(term->low & 1U << PIER_TCP_BOUND_INACTIVE) != 0)
		filter->bound = true;
	return add_node(parser, out, PIER__TERM, filter->term_count++, 0);
}

static int
parse_inside(struct parser *parser, uint16_t *out)
{
	size_t at = parser->rest.begin;
	bool not = next_char(parser) == '!' || take_keyword(parser, "not");
	int rc;

	if (not ) {
		/* The keyword was taken, the sign was not. */
		if (parser->rest.begin == at)
			parser->rest.begin++;
		skip_spaces(parser);
		return 1;
	}
	if (next_char(parser) != '(')
		return parse_term(parser, out);
	parser->rest.begin++;
	rc = parse_or(parser, out);
	if (rc < 0)
		return rc;
	skip_spaces(parser);
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

	skip_spaces(parser);
	if (++parser->depth > PIER__FILTER_DEPTH_MAX)
		return pier__why_set(parser->why, parser->rest.begin,
			"more than %d parentheses, one in the other",
			PIER__FILTER_DEPTH_MAX);
	while ((rc = parse_inside(parser, out)) > 0)
		nots++;
	parser->depth--;
	/* Two of them are none. */
	if (rc == 0 && nots % 2 == 1)
		rc = add_node(parser, out, PIER__NOT, *out, 0);
	return rc;
}

/* Does the filter, or the parenthesis, go on with what is to be joined? */
static bool
goes_on(struct parser *parser)
{
	return keyword_end(parser, "or") == 0 && next_char(parser) != '\0' &&
	       next_char(parser) != ')';
}

static int
parse_and(struct parser *parser, uint16_t *out)
{
	uint16_t right = 0;
	int rc = parse_not(parser, out);

	while (rc == 0 && goes_on(parser)) {
		(void)take_keyword(parser, "and");
		rc = parse_not(parser, &right);
		if (rc == 0)
			rc = add_node(parser, out, PIER__AND, *out, right);
	}
	return rc;
}

static int
parse_or(struct parser *parser, uint16_t *out)
{
	uint16_t right = 0;
	int rc = parse_and(parser, out);

	while (rc == 0 && take_keyword(parser, "or")) {
		rc = parse_and(parser, &right);
		if (rc == 0)
			rc = add_node(parser, out, PIER__OR, *out, right);
	}
	return rc;
}

int
pier__filter_parse(
	struct pier__filter *filter, const char *text, struct pier__why *why)
{
	struct parser parser = { .filter = filter,
		.rest = pier__span_of(text == NULL ? "" : text),
		.why = why };
	int rc;

	memset(filter, 0, offsetof(struct pier__filter, nodes));
	skip_spaces(&parser);
	filter->empty = next_char(&parser) == '\0';
	if (filter->empty)
		return 0;
	rc = parse_or(&parser, &filter->root);
	if (rc == 0 && parser.rest.begin < parser.rest.end)
		return pier__why_set(why, parser.rest.begin,
			"there is no parenthesis to be closed");
	return rc;
}

static bool
match(const struct pier__filter *filter, uint16_t at,
	const struct pier_socket *socket)
{
	const struct pier__filter_node *node = &filter->nodes[at];

	switch (node->op) {
	case PIER__AND:
		return match(filter, node->left, socket) &&
		       match(filter, node->right, socket);
	case PIER__OR:
		return match(filter, node->left, socket) ||
		       match(filter, node->right, socket);
	case PIER__NOT:
		return !match(filter, node->left, socket);
	default:
		return pier__filter_holds(&filter->terms[node->left], socket);
	}
}

bool
pier__filter_match(
	const struct pier__filter *filter, const struct pier_socket *socket)
{
	return filter->empty || match(filter, filter->root, socket);
}

/* The bits that a subtree, or its contrary, leaves possible. */
static uint32_t
possible(const struct pier__filter *filter, uint16_t at,
	enum pier__filter_about about, bool contrary)
{
	const struct pier__filter_node *node = &filter->nodes[at];
	const struct pier__filter_term *term;
	uint32_t left, right;

	if (node->op == PIER__NOT)
		return possible(filter, node->left, about, !contrary);
	if (node->op == PIER__TERM) {
		term = &filter->terms[node->left];
		if (term->about != about)
			return UINT32_MAX;
		return (term->compare == PIER__IS_NOT) != contrary
			       ? ~(uint32_t)term->low
			       : (uint32_t)term->low;
	}
	left = possible(filter, node->left, about, contrary);
	right = possible(filter, node->right, about, contrary);
	return (node->op == PIER__AND) != contrary ? left & right
						   : left | right;
}

uint32_t
pier__filter_kinds(const struct pier__filter *filter)
{
	return filter->empty ? PIER_SOCKET_ALL
			     : possible(filter, filter->root, PIER__ABOUT_KIND,
				       false) &
				       PIER_SOCKET_ALL;
}

uint32_t
pier__filter_states(const struct pier__filter *filter)
{
	uint32_t all = (1U << PIER_TCP_BOUND_INACTIVE) - 2;

	if (filter->bound)
		all |= 1U << PIER_TCP_BOUND_INACTIVE;
	return filter->empty ? all
			     : all & possible(filter, filter->root,
					     PIER__ABOUT_STATE, false);
}

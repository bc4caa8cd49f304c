/* SPDX-License-Identifier: MIT */
/*
 * Values of options, for people and as JSON: a switch is true or false, a
 * duration is in seconds, a structure is an object, what repeats is an array.
 */
#include "opt.h"

#include <stdio.h>
#include <string.h>

struct opt_word
opt_word(const char *text)
{
	const char *equals = strchr(text, '=');
	size_t len = equals == NULL ? strlen(text) : (size_t)(equals - text);
	struct opt_word word = { .value = equals == NULL ? NULL : equals + 1 };

	if (len >= sizeof(word.name))
		len = sizeof(word.name) - 1;
	memcpy(word.name, text, len);
	word.name[len] = '\0';
	return word;
}

const char *
opt_text(const struct pier_option_value *value, char *buf, size_t size)
{
	int len = pier_option_format(value, buf, size);

	if (len <= 0)
		snprintf(buf, size, "%s", len == 0 ? "\"\"" : "?");
	return buf;
}

const char *
opt_name(const struct pier_option_value *value, char *buf, size_t size)
{
	if (*value->option->name != '\0')
		return value->option->name;
	snprintf(buf, size, "%d:%d", value->level, value->number);
	return buf;
}

static json_t *
field_json(const struct pier_option_field *field, bool words)
{
	if (field->is_switch)
		return json_boolean(field->integer != 0);
	/* Masks and cookies are read by people and compared as text. */
	if (!field->is_number || words || strncmp(field->text, "0x", 2) == 0)
		return json_string(field->text);
	if (strcmp(field->unit, "ns") == 0)
		return json_real((double)field->integer / 1e9);
	return json_integer(field->integer);
}

json_t *
opt_json(const struct pier_option_value *value)
{
	bool many = strchr(value->option->layout, '*') != NULL;
	bool words = value->option->words != NULL;
	struct pier_option_field field;
	json_t *list = many ? json_array() : NULL;
	json_t *object = NULL;
	char key[64];
	size_t i;

	if (pier_option_field(value, 0, &field) > 0 && field.name_len == 0)
		return field_json(&field, words);
	for (i = 0; pier_option_field(value, i, &field) > 0; i++) {
		snprintf(key, sizeof(key), "%.*s", (int)field.name_len,
			field.name);
		/* Its first name again: the next part begins. */
		if (object == NULL || json_object_get(object, key) != NULL) {
			object = json_object();
			if (many)
				(void)json_array_append_new(list, object);
		}
		(void)json_object_set_new(
			object, key, field_json(&field, false));
	}
	if (many)
		return list;
	return object != NULL ? object : json_null();
}

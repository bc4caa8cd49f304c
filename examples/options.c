/* SPDX-License-Identifier: MIT */
/* options NAME[=VALUE]...: options of a new TCP socket by name, shown or set,
   each in its own type and unit; without a name all of them. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <pier.h>

/* What cannot be read is left out, and what changes when it is. */
static int
show(const struct pier_option *option, void *arg)
{
	char text[PIER_OPTION_TEXT_MAX];
	struct pier_option_value value;

	if ((option->flags & PIER_OPTION_EFFECT) == 0 &&
		pier_option_get(*(int *)arg, option->name, &value) == 0 &&
		pier_option_format(&value, text, sizeof(text)) >= 0)
		printf("%s = %s\n", option->name, text);
	return 0;
}

static int
change(int fd, char *word)
{
	char text[PIER_OPTION_TEXT_MAX];
	struct pier_option_value value;
	char *equals = strchr(word, '=');
	int rc = 0;

	if (equals != NULL) {
		*equals = '\0';
		rc = pier_option_set(fd, word, equals + 1, NULL);
	}
	if (rc == 0)
		rc = pier_option_get(fd, word, &value);
	if (rc == 0)
		rc = pier_option_format(&value, text, sizeof(text));
	if (rc >= 0)
		printf("%s = %s\n", word, text);
	return rc < 0 ? fprintf(stderr, "%s\n", pier_error_line()) : 0;
}

int
main(int argc, char **argv)
{
	int fd = pier_option_socket("tcp4");
	int wrong = argc == 1 ? pier_option_each(fd, show, &fd) : 0;
	int i;

	for (i = 1; i < argc && wrong == 0; i++)
		wrong = change(fd, argv[i]);
	close(fd);
	return wrong != 0;
}

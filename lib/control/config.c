/* SPDX-License-Identifier: Apache-2.0 */
/*
 * config.c - the configuration file
 *
 *   bytes ──► config_tree: form, places          (libyaml's events)
 *              ├──► config_match: keys and types  (by config_schema)
 *              └──► libcyaml: values              (by config_schema)
 *                     └──► config_fill: meaning, into orders and settings
 *
 * The bytes are read twice, by the same scanner: the first time for what
 * libcyaml does not tell (places) and does not mind (equal keys, `maybe` for
 * true, 0x10 for a number), the second time for the values.  After the first
 * nothing is left for libcyaml to refuse but a lack of memory.
 */
#include "control/config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/limits.h"
#include "control/config_fill.h"
#include "control/config_match.h"
#include "control/config_schema.h"

#define READ_BYTES 65536u

static const cyaml_config_t how = {
	.mem_fn = cyaml_mem,
	.log_level = CYAML_LOG_ERROR,
	.flags = CYAML_CFG_NO_ALIAS,
};

/* values by libcyaml, and what they mean */
static bool load(const struct weir_config_tree *t, const uint8_t *bytes,
		 size_t len, struct weir_orders *o, struct weir_settings *s,
		 char *why)
{
	struct weir_config_raw *raw = NULL;
	cyaml_err_t e = cyaml_load_data(bytes, len, &how, &weir_config_schema,
					(cyaml_data_t **)&raw, NULL);
	bool ok;

	if (e != CYAML_OK)
		return weir_config_tree_refuse(t, 0, 0, why,
					       "it cannot be loaded: %s",
					       cyaml_strerror(e));
	ok = weir_config_fill(t, raw, o, s, why);
	cyaml_free(&how, &weir_config_schema, raw, 0);
	return ok;
}

bool weir_config_parse(const uint8_t *bytes, size_t len, const char *name,
		       struct weir_orders *o, struct weir_settings *s,
		       char why[WEIR_CONFIG_WHY_BYTES])
{
	struct weir_config_tree t = { .name = name };
	bool ok;

	if (len > WEIR_CONFIG_BYTES)
		return weir_config_tree_refuse(
			&t, 0, 0, why,
			"a configuration has at most %u MiB: put names into "
			"lists of their own and write file:PATH",
			WEIR_CONFIG_BYTES >> 20);
	if (!weir_config_tree_read(bytes, len, name, &t, why))
		return false;
	ok = t.n == 0 || t.node[0].kind == WEIR_CONFIG_NOTHING ||
	     (weir_config_match(&t, t.node, &weir_config_schema, "", why) &&
	      (t.node[0].n == 0 || load(&t, bytes, len, o, s, why)));
	weir_config_tree_fini(&t);
	return ok;
}

/** struct file - what was read of it */
struct file {
	uint8_t *bytes;
	size_t len, room;
};

/* up to one byte more than it may have; Return: 0 or a negative errno */
static int read_all(int fd, struct file *f)
{
	for (;;) {
		ssize_t n;

		if (f->len > WEIR_CONFIG_BYTES)
			return 0;
		if (f->len == f->room) {
			size_t room = f->room ? 2 * f->room : READ_BYTES;
			void *more = realloc(f->bytes, room);

			if (!more)
				return -ENOMEM;
			f->bytes = more;
			f->room = room;
		}
		n = read(fd, f->bytes + f->len, f->room - f->len);
		if (n < 0 && errno != EINTR)
			return -errno;
		if (n == 0)
			return 0;
		f->len += n > 0 ? (size_t)n : 0;
	}
}

/* Return: 0 or a negative errno; a file that is too long is not read */
static int read_file(const char *path, struct file *f)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	struct stat st;
	int r = 0;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st))
		r = -errno;
	else if (S_ISREG(st.st_mode) && st.st_size > WEIR_CONFIG_BYTES)
		f->len = WEIR_CONFIG_BYTES + 1u;
	else
		r = read_all(fd, f);
	close(fd);
	return r;
}

/* the path and its folder; Return: false: no memory */
static bool keep_path(const char *path, struct weir_settings *s)
{
	const char *slash = strrchr(path, '/');
	char *dir =
		slash ? strndup(path, slash > path ? (size_t)(slash - path) : 1)
		      : strdup(".");

	if (!dir || !weir_settings_set(&s->config, path)) {
		free(dir);
		return false;
	}
	free(s->dir);
	s->dir = dir;
	return true;
}

bool weir_config_load(const char *path, struct weir_orders *o,
		      struct weir_settings *s, char why[WEIR_CONFIG_WHY_BYTES])
{
	struct weir_config_tree t = { .name = path };
	struct file f = { .bytes = NULL };
	int r = keep_path(path, s) ? read_file(path, &f) : -ENOMEM;
	bool ok;

	ok = r == 0 ? weir_config_parse(f.bytes, f.len, path, o, s, why)
		    : weir_config_tree_refuse(
			      &t, 0, 0, why,
			      "the configuration cannot be read: %s",
			      strerror(-r));
	free(f.bytes);
	return ok;
}

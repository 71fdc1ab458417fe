/* SPDX-License-Identifier: Apache-2.0 */
/*
 * config_tree.h - a YAML document as a tree whose every node knows its place
 *
 * Only the form is judged here: UTF-8, no control characters, one document, no
 * aliases and tags, texts as keys, none of them twice, bounded depth and
 * number.  What the keys mean is config_match's and config_fill's.
 */
#ifndef WEIR_CONTROL_CONFIG_TREE_H
#define WEIR_CONTROL_CONFIG_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WEIR_CONFIG_TREE_DEPTH_MAX 8u
#define WEIR_CONFIG_TREE_NODES_MAX (1u << 20)
#define WEIR_CONFIG_TREE_NAME_MAX  160u /* of the file, in sentences */
#define WEIR_CONFIG_WHY_BYTES      1024u

/** enum weir_config_kind - NOTHING: an empty value, ~ or null */
enum weir_config_kind {
	WEIR_CONFIG_NOTHING,
	WEIR_CONFIG_TEXT,
	WEIR_CONFIG_LIST,
	WEIR_CONFIG_MAPPING,
};

/**
 * struct weir_config_node - a value; the numbers are offsets and indices
 * @plain: a text without quotes
 * @line, @column: from 1; columns count characters
 * @key, @key_line, @key_column: of a value in a mapping
 * @text:  of a text; terminated, no NUL in it
 * @n:     values inside, @first and then @next (0: none)
 */
struct weir_config_node {
	enum weir_config_kind kind;
	bool plain;
	uint32_t line, column;
	uint32_t key, key_line, key_column;
	uint32_t text;
	uint32_t n, first, last, next;
};

/**
 * struct weir_config_tree - a document; the root is node[0]
 * @name: the file's, for sentences; borrowed
 * @n:    0: the document is empty
 */
struct weir_config_tree {
	const char *name;
	struct weir_config_node *node;
	uint32_t n, room;
	char *texts;
	size_t used, texts_room;
};

/**
 * weir_config_tree_read() - from bytes to a tree
 * @name: of the file; borrowed
 * @ret:  written on success; give it back with weir_config_tree_fini()
 * @why:  on failure one sentence: file, line, column, what, the remedy
 */
bool weir_config_tree_read(const uint8_t *bytes, size_t len, const char *name,
			   struct weir_config_tree *ret,
			   char why[WEIR_CONFIG_WHY_BYTES]);

/** weir_config_tree_fini() - give it back; @t may be all zero */
void weir_config_tree_fini(struct weir_config_tree *t);

/** weir_config_tree_first() - the first value inside, or NULL */
const struct weir_config_node *
weir_config_tree_first(const struct weir_config_tree *t,
		       const struct weir_config_node *of);

/** weir_config_tree_next() - the value after this one, or NULL */
const struct weir_config_node *
weir_config_tree_next(const struct weir_config_tree *t,
		      const struct weir_config_node *after);

/** weir_config_tree_find() - the value of a key; NULL if @in (may be NULL) is
 * no mapping or has none */
const struct weir_config_node *
weir_config_tree_find(const struct weir_config_tree *t,
		      const struct weir_config_node *in, const char *key);

/** weir_config_tree_text() - of a text; "" of anything else */
const char *weir_config_tree_text(const struct weir_config_tree *t,
				  const struct weir_config_node *of);

/** weir_config_tree_key() - of a value in a mapping; "" of any other */
const char *weir_config_tree_key(const struct weir_config_tree *t,
				 const struct weir_config_node *of);

/**
 * weir_config_tree_refuse() - one sentence: FILE:LINE:COLUMN: and what is wrong
 * @line: 0: neither line nor column
 *
 * Return: false, for the caller to return.
 */
bool weir_config_tree_refuse(const struct weir_config_tree *t, uint32_t line,
			     uint32_t column, char why[WEIR_CONFIG_WHY_BYTES],
			     const char *format, ...)
	__attribute__((format(printf, 5, 6)));

/** weir_config_tree_place() - FILE:LINE:COLUMN, in @room bytes at @ret */
void weir_config_tree_place(const struct weir_config_tree *t,
			    const struct weir_config_node *of, char *ret,
			    size_t room);

#endif /* WEIR_CONTROL_CONFIG_TREE_H */

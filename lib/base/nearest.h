/* SPDX-License-Identifier: Apache-2.0 */
/* nearest.h - which word was probably meant? */
#ifndef WEIR_BASE_NEAREST_H
#define WEIR_BASE_NEAREST_H

#include <stddef.h>

#define WEIR_NEAREST_WORD_MAX 32u /* a longer word is near to none */

/**
 * weir_nearest_find() - the word that one or two single changes make of @word
 * @words: @n of them
 *
 * The beginning of a word, of three characters or more, is near it however
 * long it is.
 *
 * Return: one of @words, or NULL if none is near.
 */
const char *weir_nearest_find(const char *word, const char *const *words,
			      size_t n);

#endif /* WEIR_BASE_NEAREST_H */

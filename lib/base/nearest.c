/* SPDX-License-Identifier: Apache-2.0 */
/* nearest.c - which word was probably meant? */
#include "base/nearest.h"

#include <string.h>

/* how many single changes make one word the other; at most 99 */
static unsigned distance(const char *a, const char *b)
{
	size_t n = strlen(a), m = strlen(b);
	unsigned d[WEIR_NEAREST_WORD_MAX + 1];

	if (n > WEIR_NEAREST_WORD_MAX || m > WEIR_NEAREST_WORD_MAX)
		return 99;
	for (unsigned j = 0; j <= m; j++)
		d[j] = j;
	for (unsigned i = 1; i <= n; i++) {
		unsigned corner = d[0];

		d[0] = i;
		for (unsigned j = 1; j <= m; j++) {
			unsigned change = corner + (a[i - 1] != b[j - 1]);
			unsigned skip = 1 + (d[j] < d[j - 1] ? d[j] : d[j - 1]);

			corner = d[j];
			d[j] = change < skip ? change : skip;
		}
	}
	return d[m];
}

const char *weir_nearest_find(const char *word, const char *const *words,
			      size_t n)
{
	const char *best = NULL;
	unsigned least = 3;

	for (size_t i = 0; i < n; i++) {
		unsigned d = distance(word, words[i]);

		if (d > 1 && strlen(word) > 2 &&
		    strncmp(word, words[i], strlen(word)) == 0)
			d = 1;
		if (d < least && d < strlen(words[i])) {
			least = d;
			best = words[i];
		}
	}
	return best;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* descriptors.h - which descriptors a process of Weir's has */
#ifndef WEIR_CONTROL_DESCRIPTORS_H
#define WEIR_CONTROL_DESCRIPTORS_H

#include <stdbool.h>
#include <stdint.h>

/**
 * weir_descriptors_fill() - open 0, 1 and 2 if they are closed: to /dev/null
 *
 * Return: false if that is not possible.
 */
bool weir_descriptors_fill(void);

/**
 * weir_descriptors_close() - close everything above 2
 * @keep: but these @n, in any order, negative ones not minded
 */
void weir_descriptors_close(const int *keep, uint32_t n);

#endif /* WEIR_CONTROL_DESCRIPTORS_H */

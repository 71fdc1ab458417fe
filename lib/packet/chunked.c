/* SPDX-License-Identifier: Apache-2.0 */
/* chunked.c - the framing of a chunked body */
#include "packet/chunked.h"

#include <stdbool.h>

#define DIGITS_MAX 15u

enum state {
	STATE_SIZE = 1,
	STATE_SIZE_LF,
	STATE_DATA,
	STATE_DATA_CR,
	STATE_DATA_LF,
	STATE_END,
};

void weir_chunked_init(struct weir_chunked *c)
{
	*c = (struct weir_chunked){ .state = STATE_SIZE };
}

static int digit_of(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

static bool step_size(struct weir_chunked *c, uint8_t byte)
{
	int digit = digit_of(byte);

	if (byte == '\r' && c->digits) {
		c->state = STATE_SIZE_LF;
		return true;
	}
	if (digit < 0 || c->digits == DIGITS_MAX)
		return false;
	c->left = c->left << 4 | (unsigned)digit;
	c->digits++;
	return true;
}

/* one byte of the framing; false if it is wrong */
static bool step(struct weir_chunked *c, uint8_t byte)
{
	switch ((enum state)c->state) {
	case STATE_SIZE:
		return step_size(c, byte);
	case STATE_SIZE_LF:
		c->state = c->left ? STATE_DATA : STATE_END;
		return byte == '\n';
	case STATE_DATA_CR:
		c->state = STATE_DATA_LF;
		return byte == '\r';
	case STATE_DATA_LF:
		weir_chunked_init(c);
		return byte == '\n';
	case STATE_DATA:
	case STATE_END:
		break;
	}
	return false;
}

static size_t take_data(struct weir_chunked *c, struct weir_rd *in, size_t max,
			struct weir_rd *ret)
{
	size_t n = in->left < max ? in->left : max;

	if (c->left < n)
		n = (size_t)c->left;
	if (n == 0)
		return 0;
	*ret = weir_rd_sub(in, n);
	c->left -= n;
	if (c->left == 0)
		c->state = STATE_DATA_CR;
	return n;
}

enum weir_chunked_is weir_chunked_look(struct weir_chunked *c,
				       struct weir_rd *in, size_t max,
				       struct weir_rd *ret_data)
{
	*ret_data = weir_rd_over(NULL, 0);
	while (in->left && c->state != STATE_END) {
		if (c->state == STATE_DATA)
			return take_data(c, in, max, ret_data)
				       ? WEIR_CHUNKED_DATA
				       : WEIR_CHUNKED_MORE;
		if (!step(c, weir_rd_u8(in)))
			return WEIR_CHUNKED_BAD;
	}
	return c->state == STATE_END ? WEIR_CHUNKED_END : WEIR_CHUNKED_MORE;
}

/*
 * Amounts as people write them: `64`, `0x40`, `512k`, `2G`. The kernel's own
 * syntax for them (memparse(), by which tmpfs reads its size=).
 */
#ifndef KVFS_BASE_AMOUNT_H
#define KVFS_BASE_AMOUNT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The number at the start of `text`, of `length` bytes, times 1024 for a suffix k, 1024 * 1024 for m, and so on to e.
 * False if there is none, or it is too large. `ret_used`: how many bytes of the text it was.
 */
bool amount_parse(const char *text, size_t length, uint64_t *ret_amount, size_t *ret_used);

#endif

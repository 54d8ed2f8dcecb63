#pragma once
/*
 * The memory with which a file is mapped.
 */
#include <stddef.h>
#include <sys/types.h>

/**
 * Give back the pages of a file that this process has mapped, shared and whole: they stay in the kernel's cache, and
 * come back one by one when they are read. Where no such mapping is found nothing happens.
 *
 *   inode  in   of the file
 *   size   in   bytes of the mapping, at least
 *
 * Returns the bytes of the mapping, 0 if there is none.
 */
size_t mapping_release(ino_t inode, size_t size);

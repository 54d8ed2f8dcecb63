#pragma once
/*
 * What the printers of settings share: print.c writes a settings file, manual.c the manual.
 */
#include "base/buf.h"
#include "config/option.h"

/** Append formatted text of at most 1023 bytes. */
void write_format(struct writer *out, const char *format, ...) __attribute__((format(printf, 2, 3)));

/** When a change of this setting takes effect, or that it is not built yet: a sentence. */
const char *option_when_text(const struct option *option);

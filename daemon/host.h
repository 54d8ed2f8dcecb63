#pragma once
/*
 * By which name did a browser find us? DNS rebinding makes a page of somebody else's read ours: its name is suddenly
 * an address of ours, and the browser says that name in the Host field. So names that are not ours are turned away.
 */
#include "config/settings.h"
#include <stdbool.h>

/**
 * Is this Host field (RFC 9110 7.2; with or without a port) an address, localhost, or one of `web-names`? NULL: there
 * was none, which no browser does.
 */
bool host_is_ours(const char *host, const struct settings *settings);

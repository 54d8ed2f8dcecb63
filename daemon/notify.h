#pragma once
/*
 * Telling the service manager how we are (sd_notify): a datagram to the socket that $NOTIFY_SOCKET names. Where there
 * is no manager, nothing happens.
 */
#include <stdint.h>

/** "READY=1", "STOPPING=1", "WATCHDOG=1"... */
void notify(const char *state);

/** How often the manager wants to hear "WATCHDOG=1", in milliseconds; 0: not at all. */
uint64_t notify_watchdog_ms(void);

#pragma once
/*
 * Who has the port that we wanted? Read from /proc, for the one message that every first start beside another resolver
 * ends in.
 */
#include "base/address.h"
#include <stddef.h>

enum { OWNER_TEXT_MAX = 64 };

/**
 * The process that listens on this port (type: SOCK_DGRAM or SOCK_STREAM): "dnsmasq (process 812)". False: not to be
 * found out, usually for want of rights.
 */
bool owner_of_port(const struct endpoint *at, int type, char out[OWNER_TEXT_MAX]);

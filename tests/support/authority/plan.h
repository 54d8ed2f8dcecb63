#pragma once
/*
 * lab.conf: which zone is served on which address, and how badly. The grammar is drawn in zones/lab/lab.conf.
 */
#include "servers.h"

/** Read DIR/lab.conf and the zone files it names. false, and complaint says file, line and why. */
bool plan_read(struct authority *authority, const char *dir, char complaint[AUTHORITY_COMPLAINT_MAX]);

#pragma once
/*
 * Which worker gets a question.
 *
 * Of the sockets that share a port (SO_REUSEPORT) the kernel by itself chooses by the addresses and ports of both ends:
 * all that comes from one socket of a load balancer or of a forwarder falls to one worker, and the others are idle.
 * Here the question's name decides. So the work is spread however few ask, equal questions meet in one worker, which
 * walks only once, and a name is on one front shelf instead of on all.
 */
#include <stdbool.h>

/**
 * Let the names of questions decide among the workers' UDP sockets of one endpoint, which were bound in the order of
 * the workers. fd: any of them. False where the kernel does not offer it; it goes on choosing by itself then.
 */
bool steer_by_name(int fd, unsigned workers);

/* SPDX-License-Identifier: MIT */
/* os/process_calls.h - entries of the real table that stand in process_calls.c;
   see calls.h. */
#ifndef PIER_OS_PROCESS_CALLS_H
#define PIER_OS_PROCESS_CALLS_H

int pier__real_fork(int *pidfd);
int pier__real_pidfd_open(int pid);
int pier__real_pidfd_kill(int pidfd, int signal);
int pier__real_pidfd_getfd(int pidfd, int fd);
int pier__real_reap(int pidfd, int *status);
int pier__real_end_with(int parent);
int pier__real_close_range(int first, int last);

#endif

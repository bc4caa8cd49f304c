/* SPDX-License-Identifier: MIT */
/*
 * os/fault.c - see fault.h.
 *
 * What is shared here is written once, before the handlers that read it are
 * installed.
 */
#include "os/fault.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <unistd.h>

static struct {
	pthread_mutex_t lock; /* of the installation */
	atomic_bool installed;
	pier__fault_fn *tell;
	struct sigaction before_segv;
	struct sigaction before_bus;
} watch = { .lock = PTHREAD_MUTEX_INITIALIZER };

/* Nobody else wanted it: as if there were no handler. A fault comes again at
   once, as the instruction is tried again; a signal that somebody sent does
   not, and is sent again. */
static void
by_default(int number, const siginfo_t *info)
{
	struct sigaction action = { .sa_handler = SIG_DFL };

	(void)sigaction(number, &action, NULL);
	if (info->si_code <= 0)
		(void)raise(number);
}

static void
on_fault(int number, siginfo_t *info, void *context)
{
	const struct sigaction *before =
		number == SIGSEGV ? &watch.before_segv : &watch.before_bus;
	int saved = errno;

	if (info->si_code > 0)
		watch.tell(info->si_addr);
	errno = saved;
	if ((before->sa_flags & SA_SIGINFO) != 0)
		before->sa_sigaction(number, info, context);
	else if (before->sa_handler == SIG_DFL ||
		 (before->sa_handler == SIG_IGN && info->si_code > 0))
		by_default(number, info);
	else if (before->sa_handler != SIG_IGN)
		before->sa_handler(number);
}

static int
install(void)
{
	struct sigaction action = { .sa_sigaction = on_fault,
		.sa_flags = SA_SIGINFO | SA_ONSTACK };

	(void)sigemptyset(&action.sa_mask);
	/* What was there is known before anything can come. */
	if (sigaction(SIGSEGV, NULL, &watch.before_segv) < 0 ||
		sigaction(SIGBUS, NULL, &watch.before_bus) < 0)
		return -errno;
	if (sigaction(SIGSEGV, &action, NULL) < 0 ||
		sigaction(SIGBUS, &action, NULL) < 0)
		return -errno;
	return 0;
}

int
pier__fault_watch(pier__fault_fn *fn)
{
	int rc = 0;

	(void)pthread_mutex_lock(&watch.lock);
	/* Never a second time: a handler that came over ours since then calls
	   it, and would be called by it. */
	if (!atomic_load(&watch.installed)) {
		watch.tell = fn;
		rc = install();
		if (rc == 0)
			atomic_store(&watch.installed, true);
	}
	(void)pthread_mutex_unlock(&watch.lock);
	return rc;
}

bool
pier__fault_watched(void)
{
	return atomic_load_explicit(&watch.installed, memory_order_acquire);
}

void
pier__fault_say(const char *text, size_t len)
{
	/* There is nobody to tell of a failure here. */
	while (len > 0) {
		ssize_t n = write(STDERR_FILENO, text, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return;
		text += n;
		len -= (size_t)n;
	}
}

int
pier__signal_stack_set(void *stack)
{
	stack_t want = { .ss_sp = stack, .ss_size = PIER__SIGNAL_STACK };
	stack_t have;

	if (sigaltstack(NULL, &have) < 0)
		return -errno;
	if ((have.ss_flags & SS_DISABLE) == 0)
		return -EEXIST;
	return sigaltstack(&want, NULL) < 0 ? -errno : 0;
}

void
pier__signal_stack_unset(const void *stack)
{
	stack_t none = { .ss_flags = SS_DISABLE };
	stack_t have;

	/* Somebody may have set another one over it. */
	if (sigaltstack(NULL, &have) == 0 && have.ss_sp == stack)
		(void)sigaltstack(&none, NULL);
}

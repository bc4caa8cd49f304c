/* SPDX-License-Identifier: MIT */
/*
 * os/return_x86_64.S - a return that asks no return predictor: what the
 * compiler jumps to in place of `ret` in functions marked PIER__AFTER_CALL
 * (os/direct.h tells why). The name is the compiler's.
 */
#if defined(__x86_64__)

	.section .text.hot, "ax", @progbits
	.weak	__x86_return_thunk
	.hidden	__x86_return_thunk
	.type	__x86_return_thunk, @function
	.p2align 4
__x86_return_thunk:
	.cfi_startproc
	popq	%rcx
	.cfi_adjust_cfa_offset -8
	.cfi_register rip, rcx
	jmp	*%rcx
	.cfi_endproc
	.size	__x86_return_thunk, .-__x86_return_thunk

#endif

#if defined(__linux__) && defined(__ELF__)
	.section .note.GNU-stack, "", @progbits
#endif

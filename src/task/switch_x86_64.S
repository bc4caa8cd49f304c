/* SPDX-License-Identifier: MIT */
/*
 * task/switch_x86_64.S - the switch for x86-64 (System V ABI).
 *
 * What a function must preserve is kept on the old stack: six registers, and
 * the control words of SSE and x87. The x87 word is loaded only where it
 * differs (half a ns less a pair); that of SSE always, as a comparison would
 * wait for its store just before (3 ns more). What costs is that store of MXCSR,
 * which waits for all that came before: without it a pair of switches takes 5
 * ns in place of 10, whatever else is saved. Hence it comes early, moves stand
 * where pushes might, and MXCSR is loaded by the new stack's address while the
 * old one is still in use: .15 ns a pair.
 *
 * It ends by `ret`, so that the processor's return predictor stays in step:
 * all fibers park in one place, so what it expects of the stack that was left
 * holds for the one gone to. A jump in its place leaves the predictor one
 * return behind, and every function up to the handler is then mispredicted
 * (24 against 18 ns a yield).
 *
 * Frame at a saved sp:  0 mxcsr  4 x87 control  8 r15  16 r14  24 r13
 *                      32 r12  40 rbx  48 rbp  56 return address
 */
#if defined(__x86_64__) && !defined(PIER_UCONTEXT)

	.section .text.hot, "ax", @progbits
	.globl	pier__switch
	.hidden	pier__switch
	.type	pier__switch, @function
	.p2align 4
pier__switch:
	.cfi_startproc
	subq	$56, %rsp
	.cfi_adjust_cfa_offset 56
	movq	%rbp, 48(%rsp)
	.cfi_rel_offset rbp, 48
	stmxcsr	(%rsp)
	movq	%rbx, 40(%rsp)
	.cfi_rel_offset rbx, 40
	movq	%r12, 32(%rsp)
	.cfi_rel_offset r12, 32
	movq	%r13, 24(%rsp)
	.cfi_rel_offset r13, 24
	movq	%r14, 16(%rsp)
	.cfi_rel_offset r14, 16
	movq	%r15, 8(%rsp)
	.cfi_rel_offset r15, 8
	fnstcw	4(%rsp)
	movq	%rsp, (%rdi)
	movzwl	4(%rsp), %eax
	cmpw	4(%rsi), %ax
	ldmxcsr	(%rsi)
	movq	%rsi, %rsp
	jne	.Lx87_differs
.Lx87_done:
	addq	$8, %rsp
	.cfi_adjust_cfa_offset -8
	popq	%r15
	.cfi_adjust_cfa_offset -8
	.cfi_restore r15
	popq	%r14
	.cfi_adjust_cfa_offset -8
	.cfi_restore r14
	popq	%r13
	.cfi_adjust_cfa_offset -8
	.cfi_restore r13
	popq	%r12
	.cfi_adjust_cfa_offset -8
	.cfi_restore r12
	popq	%rbx
	.cfi_adjust_cfa_offset -8
	.cfi_restore rbx
	popq	%rbp
	.cfi_adjust_cfa_offset -8
	.cfi_restore rbp
	.cfi_remember_state
	ret
	.cfi_restore_state
.Lx87_differs:
	.cfi_adjust_cfa_offset 56
	.cfi_rel_offset rbp, 48
	.cfi_rel_offset rbx, 40
	.cfi_rel_offset r12, 32
	.cfi_rel_offset r13, 24
	.cfi_rel_offset r14, 16
	.cfi_rel_offset r15, 8
	fldcw	4(%rsp)
	jmp	.Lx87_done
	.cfi_endproc
	.size	pier__switch, .-pier__switch

/* Where a first switch to a fiber lands: rbx is its entry, r12 its argument.
   The unwinder is told that nothing called it. */
	.globl	pier__switch_start
	.hidden	pier__switch_start
	.type	pier__switch_start, @function
	.p2align 4
pier__switch_start:
	.cfi_startproc
	.cfi_undefined rip
	movq	%r12, %rdi
	callq	*%rbx
	ud2
	.cfi_endproc
	.size	pier__switch_start, .-pier__switch_start

#endif

#if defined(__linux__) && defined(__ELF__)
	.section .note.GNU-stack, "", @progbits
#endif

/* SPDX-License-Identifier: MIT */
/*
 * task/switch_aarch64.S - the switch for aarch64 (AAPCS64).
 *
 * What a function must preserve is stored on the old stack and loaded from the
 * new one: x19 to x30, the low halves of v8 to v15, and FPCR, which is written
 * only where it differs, as a write to it may hold up the whole pipeline. x18
 * belongs to the platform, which keeps it by thread, as fibers stay on theirs.
 *
 * It ends by `ret`, so that the processor's return predictor stays in step:
 * switch_x86_64.S tells why.
 *
 * Frame at a saved sp:  0 x29 (frame record)  8 x30  16 x19 ... 88 x28
 *                      96 d8 ... 152 d15  160 fpcr  168 unused
 */
#if defined(__aarch64__) && defined(__LP64__) && !defined(PIER_UCONTEXT)

	.section .text.hot, "ax", @progbits
	.globl	pier__switch
	.hidden	pier__switch
	.type	pier__switch, @function
	.p2align 4
pier__switch:
	.cfi_startproc
	hint	#34			/* bti c */
	stp	x29, x30, [sp, #-176]!
	.cfi_def_cfa_offset 176
	.cfi_offset 29, -176
	.cfi_offset 30, -168
	stp	x19, x20, [sp, #16]
	.cfi_offset 19, -160
	.cfi_offset 20, -152
	stp	x21, x22, [sp, #32]
	.cfi_offset 21, -144
	.cfi_offset 22, -136
	stp	x23, x24, [sp, #48]
	.cfi_offset 23, -128
	.cfi_offset 24, -120
	stp	x25, x26, [sp, #64]
	.cfi_offset 25, -112
	.cfi_offset 26, -104
	stp	x27, x28, [sp, #80]
	.cfi_offset 27, -96
	.cfi_offset 28, -88
	stp	d8, d9, [sp, #96]
	.cfi_offset 72, -80
	.cfi_offset 73, -72
	stp	d10, d11, [sp, #112]
	.cfi_offset 74, -64
	.cfi_offset 75, -56
	stp	d12, d13, [sp, #128]
	.cfi_offset 76, -48
	.cfi_offset 77, -40
	stp	d14, d15, [sp, #144]
	.cfi_offset 78, -32
	.cfi_offset 79, -24
	mrs	x9, fpcr
	str	x9, [sp, #160]
	mov	x10, sp
	str	x10, [x0]
	/* The frame on the new stack is laid out as this one: what the
	   unwinder was told stays true. */
	mov	sp, x1
	ldr	x10, [sp, #160]
	cmp	x9, x10
	b.ne	.Lfpcr_differs
.Lfpcr_done:
	ldp	d14, d15, [sp, #144]
	ldp	d12, d13, [sp, #128]
	ldp	d10, d11, [sp, #112]
	ldp	d8, d9, [sp, #96]
	ldp	x27, x28, [sp, #80]
	ldp	x25, x26, [sp, #64]
	ldp	x23, x24, [sp, #48]
	ldp	x21, x22, [sp, #32]
	ldp	x19, x20, [sp, #16]
	.cfi_remember_state
	ldp	x29, x30, [sp], #176
	.cfi_def_cfa_offset 0
	.cfi_restore 19
	.cfi_restore 20
	.cfi_restore 21
	.cfi_restore 22
	.cfi_restore 23
	.cfi_restore 24
	.cfi_restore 25
	.cfi_restore 26
	.cfi_restore 27
	.cfi_restore 28
	.cfi_restore 29
	.cfi_restore 30
	.cfi_restore 72
	.cfi_restore 73
	.cfi_restore 74
	.cfi_restore 75
	.cfi_restore 76
	.cfi_restore 77
	.cfi_restore 78
	.cfi_restore 79
	ret
	.cfi_restore_state
.Lfpcr_differs:
	msr	fpcr, x10
	b	.Lfpcr_done
	.cfi_endproc
	.size	pier__switch, .-pier__switch

/* Where a first switch to a fiber lands: x19 is its entry, x20 its argument.
   The unwinder is told that nothing called it. */
	.globl	pier__switch_start
	.hidden	pier__switch_start
	.type	pier__switch_start, @function
	.p2align 4
pier__switch_start:
	.cfi_startproc
	.cfi_undefined 30
	mov	x0, x20
	blr	x19
	brk	#1
	.cfi_endproc
	.size	pier__switch_start, .-pier__switch_start

#endif

/* The linker marks the library for BTI only when each of its parts says that
   it has landing pads. */
#if defined(__aarch64__) && defined(__LP64__) && \
	defined(__ARM_FEATURE_BTI_DEFAULT)
	.section .note.gnu.property, "a", @note
	.p2align 3
	.word	4			/* length of the name */
	.word	16			/* length of what follows it */
	.word	5			/* NT_GNU_PROPERTY_TYPE_0 */
	.asciz	"GNU"
	.word	0xc0000000		/* GNU_PROPERTY_AARCH64_FEATURE_1_AND */
	.word	4
	.word	1			/* BTI */
	.word	0
#endif

#if defined(__linux__) && defined(__ELF__)
	.section .note.GNU-stack, "", @progbits
#endif

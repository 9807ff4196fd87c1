# One function a kind of row. Labels name the places whose rows the tests ask for; nothing here is run.
    .text
    .globl _start
    .type _start, @function
_start:
    .cfi_startproc
    .cfi_undefined rip
at_end:
    nop
    call plain
    .cfi_endproc
    .size _start, . - _start

    .p2align 4
plain:
    .cfi_startproc
at_entry:
    push %rbp
    .cfi_def_cfa_offset 16
    .cfi_offset rbp, -16
at_pushed:
    mov %rsp, %rbp
    .cfi_def_cfa_register rbp
at_framed:
    sub $64, %rsp
    .cfi_remember_state
    leave
    .cfi_restore rbp
    .cfi_def_cfa rsp, 8
at_left:
    ret
    .cfi_restore_state
at_restored:
    ud2
    .cfi_endproc

    .p2align 4
large:
    .cfi_startproc
    sub $307200, %rsp
    .cfi_def_cfa_offset 307208
at_large:
    nop
    .cfi_escape 0x2e, 0x20
    .cfi_adjust_cfa_offset 8
at_arguments:
    nop
    .cfi_endproc

    .p2align 4
realigned:
    .cfi_startproc
    lea 8(%rsp), %r10
    .cfi_def_cfa r10, 0
at_register:
    and $-32, %rsp
    push -8(%r10)
    push %rbp
    .cfi_escape 0x10, 0x6, 0x2, 0x76, 0x0
at_rbp_at_rbp:
    mov %rsp, %rbp
    push %r10
    .cfi_escape 0xf, 0x3, 0x76, 0x78, 0x6
at_rbp_deref:
    nop
    .cfi_endproc

    .p2align 4
deref:
    .cfi_startproc
    nop
    .cfi_escape 0xf, 0x3, 0x77, 0x18, 0x6
at_rsp_deref:
    nop
    .cfi_escape 0xf, 0x6, 0x77, 0xf0, 0x00, 0x6, 0x23, 0x8
at_rsp_deref_plus:
    nop
    .cfi_endproc

    .p2align 4
stubs:
    .cfi_startproc
    .cfi_escape 0xf, 0xb, 0x77, 0x8, 0x80, 0x0, 0x3f, 0x1a, 0x3b, 0x2a, 0x33, 0x24, 0x22
at_plt:
    nop
    .cfi_endproc

    .p2align 4
    nop
handler_return:
    .cfi_startproc
    .cfi_signal_frame
    .cfi_escape 0xf, 0x4, 0x77, 0xa0, 0x1, 0x6
    .cfi_escape 0x10, 0x6, 0x3, 0x77, 0xf8, 0x0
    .cfi_escape 0x10, 0x7, 0x3, 0x77, 0xa0, 0x1
    .cfi_escape 0x10, 0x10, 0x3, 0x77, 0xa8, 0x1
at_signal:
    mov $15, %rax
    syscall
    .cfi_endproc

    .p2align 4
bad:
    .cfi_startproc
    nop
    .cfi_register rip, rdx
at_return_in_register:
    nop
    .cfi_offset rip, 16
at_return_elsewhere:
    nop
    .cfi_offset rip, -8
    .cfi_register rbp, rax
at_rbp_in_register:
    nop
    .cfi_val_offset rbp, -16
at_rbp_computed:
    nop
    .cfi_same_value rbp
at_good_again:
    nop
    .cfi_def_cfa 17, 8
at_vector_register:
    nop
    .cfi_endproc

    .p2align 4
unknown_operation:
    .cfi_startproc
    nop
    .cfi_escape 0x2d
at_unknown_operation:
    nop
    .cfi_endproc

    .p2align 8
crowded:
    .cfi_startproc
    .rept 100
    nop
    .cfi_adjust_cfa_offset 8
    .endr
at_crowded:
    nop
    .cfi_endproc

    .p2align 8
half_crowded:
    .cfi_startproc
    .rept 20
    nop
    .cfi_adjust_cfa_offset 8
    .endr
    .skip 108
    .rept 20
    nop
    .cfi_adjust_cfa_offset 8
    .endr
    .skip 107
at_last_byte:
    nop
    .cfi_endproc

    .p2align 8
at_gap:
    .skip 64
gap_with_handler_return:
    mov $15, %eax
    syscall
after_handler_return:
    .skip 55
    .section .note.GNU-stack, "", @progbits

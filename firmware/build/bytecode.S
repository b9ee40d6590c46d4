/* The bundle's bytecode as read-only data of the executable. */
	.section .rodata
	.balign 8
	.global monami_bytecode
	.type monami_bytecode, %object
monami_bytecode:
	.incbin "bytecode.bin"
	.global monami_bytecode_end
monami_bytecode_end:
	.size monami_bytecode, monami_bytecode_end - monami_bytecode
	.section .note.GNU-stack, "", %progbits

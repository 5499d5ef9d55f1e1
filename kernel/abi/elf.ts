/*
 * The parts of ELF32 that exec reads: the file's header and the program headers, which say what to map where.
 *
 * @source System V ABI, chapter 4 (object files) and 5 (program loading); i386 supplement.
 */

/** The first four bytes of a file, as a little-endian word: 7F 'E' 'L' 'F'. */
export const ELF_MAGIC = 0x464c457f;
export const ELFCLASS32 = 1;
export const ELFDATA2LSB = 1;
export const EV_CURRENT = 1;
export const ET_EXEC = 2;
export const ET_DYN = 3;
export const EM_386 = 3;
/** Never assigned to anything but the same machine; Linux takes it. */
export const EM_486 = 6;

export const PT_NULL = 0;
export const PT_LOAD = 1;
export const PT_DYNAMIC = 2;
export const PT_INTERP = 3;
export const PT_NOTE = 4;
export const PT_PHDR = 6;
export const PT_TLS = 7;
export const PT_GNU_STACK = 0x6474e551;

export const PF_X = 1;
export const PF_W = 2;
export const PF_R = 4;

export class Elf32Header {
  e_magic: u32;
  e_class: u8;
  e_data: u8;
  e_identVersion: u8;
  e_pad: FixedArray<u8, 9>;
  e_type: u16;
  e_machine: u16;
  e_version: u32;
  e_entry: u32;
  e_phoff: u32;
  e_shoff: u32;
  e_flags: u32;
  e_ehsize: u16;
  e_phentsize: u16;
  e_phnum: u16;
  e_shentsize: u16;
  e_shnum: u16;
  e_shstrndx: u16;
}

export class Elf32ProgramHeader {
  p_type: u32;
  p_offset: u32;
  p_vaddr: u32;
  p_paddr: u32;
  p_filesz: u32;
  p_memsz: u32;
  p_flags: u32;
  p_align: u32;
}

/*
 * The interpreter of a program: the dynamic linker, which is loaded beside it, runs first, and links the program with its
 * libraries before it starts it. Where the program itself is, it learns from the auxiliary vector (AT_PHDR, AT_ENTRY), and
 * where it is itself, too (AT_BASE).
 *
 * @source System V ABI, chapter 5 "Dynamic Linking", "Program Interpreter".
 */

import { EIO, ELIBBAD, ENOEXEC, ENOMEM } from '../abi/errno.ts';
import { type Elf32Header, type Elf32ProgramHeader } from '../abi/elf.ts';
import { PATH_MAX } from '../abi/fcntl.ts';
import { MAP_ANONYMOUS, MAP_PRIVATE, PROT_NONE } from '../abi/mman.ts';
import { pageCeil, pageFloor } from '../arch/x86/layout.ts';
import { type File, putFile } from '../fs/file.ts';
import { allowWriting, kernelRead, openExecutable } from '../fs/open.ts';
import { doMmap } from '../mm/mmap.ts';
import { doMunmap } from '../mm/munmap.ts';
import { allocate, kfree, kmalloc } from '../mm/slab.ts';
import { type Mm } from '../mm/types.ts';
import { type ElfImage, loadSegments, moveImage, NO_INTERPRETER, readElf } from './execElf.ts';

export class Interpreter {
  file: File | null;
  image: Inline<ElfImage>;
}

/** Reads the path that `segment` of `file` holds, with its zero. 0, -ENOEXEC (it is none), -EIO (it is not there). */
function readPath(file: File, segment: Elf32ProgramHeader, path: Ptr<u8>): i32 {
  const size = segment.p_filesz;
  if (size < 2 || size > PATH_MAX) return -ENOEXEC;
  const got = kernelRead(file, segment.p_offset, path, size);
  if (got < 0) return got;
  if (u32(got) !== size) return -EIO;
  return path[size - 1] === 0 ? 0 : -ENOEXEC;
}

function openAndRead(interpreter: Interpreter, path: Ptr<u8>): i32 {
  let file = as<File>(0);
  const error = openExecutable(path, addrOf(file));
  if (error !== 0) return error;
  interpreter.file = file;
  const header = zeroed<Inline<Elf32Header>>();
  const got = kernelRead(file, 0, ptr<u8>(addrOf(header)), sizeof<Elf32Header>());
  if (got < 0) return got;
  if (u32(got) !== sizeof<Elf32Header>()) return -EIO;
  const refused = readElf(file, header, 0, interpreter.image);
  return refused === -ENOEXEC ? -ELIBBAD : refused;
}

/**
 * Opens the interpreter that the program in `file` names, if it does; `result` gets it, to be given back by
 * `closeInterpreter` in any case. 0, -ENOEXEC, -EIO, -ELIBBAD, -ENOMEM, or the errors of opening a program.
 *
 * @sleeps
 */
export function openInterpreter(file: File, image: ElfImage, result: Ptr<Interpreter | null>): i32 {
  if (image.interpreter === NO_INTERPRETER) return 0;
  const path = kmalloc(PATH_MAX);
  if (path === null) return -ENOMEM;
  let error = readPath(file, image.headers[image.interpreter], path);
  if (error === 0) {
    const interpreter = allocate<Interpreter>();
    result[0] = interpreter;
    error = interpreter === null ? -ENOMEM : openAndRead(interpreter, path);
  }
  kfree(path);
  return error;
}

/** It stays mapped, but only the program itself cannot be written to as long as it runs. @sleeps */
export function closeInterpreter(interpreter: Interpreter): void {
  const file = interpreter.file;
  if (file !== null) {
    allowWriting(file);
    putFile(file);
  }
  kfree(interpreter);
}

/** Loads it where there is room beside the program. 0, -ENOMEM, -ENOEXEC (segments that cannot be), ... */
export function loadInterpreter(mm: Mm, interpreter: Interpreter): i32 {
  const image = interpreter.image;
  if (image.isSound && image.canMove) {
    const first = pageFloor(image.startCode);
    const size = pageCeil(image.endOfBss) - first;
    const place = doMmap(mm, 0, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, null, 0);
    if (u32(place) >= 0xfffff000) return place;
    const error = doMunmap(mm, u32(place), size); // it was only to find the place
    if (error !== 0) return error;
    moveImage(image, u32(place) - first);
  }
  return loadSegments(mm, interpreter.file!, image);
}

/*
 * Copying between the kernel and user memory.
 *
 * Idea. An address that came from a program may point anywhere. Anything at or above USER_END is refused by comparison.
 * Below, the MMU is the judge: the copy just touches the memory. A page that is not there yet faults and is brought in,
 * as if the program had touched it; a page that will never be there faults, and the exception table makes the copy
 * return what it could not do. So a good address costs nothing extra, and a bad one cannot be missed: there is no window
 * between a check and a use.
 *
 * These functions may sleep (the fault may). Locks: none that sleeping forbids, and not the mmapSem of the current
 * address space, which the fault takes.
 */

import { EFAULT } from '../../abi/errno.ts';
import { mightFault } from '../../sync/lockChecker.ts';
import { USER_END } from './layout.ts';

/** An address in user space, of a `T`: a number, which nothing can dereference. */
export type UserPtr<T> = u32 & { readonly __user?: T };

/** Is all of [address, address + count) below the end of user space? */
export function isUserRange(address: u32, count: u32): boolean {
  return count <= USER_END && address <= USER_END - count;
}

/** Copies `count` bytes from user address `source`. 0, or -EFAULT with the target partly written. */
export function copyFromUser(target: Ptr<u8>, source: u32, count: u32): i32 {
  mightFault();
  if (!isUserRange(source, count)) return -EFAULT;
  return copyGuarded(u32(target), source, count) === 0 ? 0 : -EFAULT;
}

/** Copies `count` bytes to user address `target`. 0, or -EFAULT with the target partly written. */
export function copyToUser(target: u32, source: Ptr<u8>, count: u32): i32 {
  mightFault();
  if (!isUserRange(target, count)) return -EFAULT;
  return copyGuarded(target, u32(source), count) === 0 ? 0 : -EFAULT;
}

/**
 * Copies a NUL-terminated string from user space, at most `size` bytes with the NUL. Returns its length; `size` if
 * there is no NUL in that many bytes (the target then has none either); -EFAULT.
 */
export function strncpyFromUser(target: Ptr<u8>, source: u32, size: u32): i32 {
  mightFault();
  if (source >= USER_END) return -EFAULT;
  const room = USER_END - source;
  const length = copyStringGuarded(u32(target), source, size < room ? size : room);
  if (length < 0) return -EFAULT;
  return u32(length) === room && room < size ? -EFAULT : length;
}

/** Loads a 32-bit word from user space. 0 or -EFAULT. */
export function getUser32(source: u32, result: Ptr<u32>): i32 {
  return copyFromUser(ptr<u8>(result), source, 4);
}

/** Stores a 32-bit word to user space. 0 or -EFAULT. */
export function putUser32(target: u32, value: u32): i32 {
  mightFault();
  if (!isUserRange(target, 4)) return -EFAULT;
  return putWordGuarded(target, value);
}

/**
 * Loads a word (aligned) from user space without bringing its page in: -EFAULT if that is not there now. For callers with
 * a spinlock held, which must not sleep.
 */
export function peekUser32(source: u32, result: Ptr<u32>): i32 {
  if (!isUserRange(source, 4)) return -EFAULT;
  return copyGuarded(u32(result), source, 4) === 0 ? 0 : -EFAULT;
}

/**
 * Replaces a word (aligned) in user space by `fresh` if it is `old`, atomically; what was there goes to `seen`. 0 or
 * -EFAULT. With a spinlock held, -EFAULT also if the page is not there, or not writable, now.
 */
export function compareAndSwapUser32(target: u32, old: u32, fresh: u32, seen: Ptr<u32>): i32 {
  if (!isUserRange(target, 4)) return -EFAULT;
  seen[0] = old;
  return compareAndSwapGuarded(target, seen, fresh);
}

/** Fills with zeroes. 0 or -EFAULT. */
export function clearUser(target: u32, count: u32): i32 {
  mightFault();
  if (!isUserRange(target, count)) return -EFAULT;
  return clearGuarded(target, count) === 0 ? 0 : -EFAULT;
}

/**
 * Copies words, then the last bytes. Returns how many bytes are left to do: 0 unless a fault came in between. A fault in
 * `rep movs` leaves the count of what is left in ECX: of words at first, with the bytes of the rest in EDX.
 *
 * @naked
 */
function copyGuarded(_target: u32, _source: u32, _count: u32): u32 {
  return asm`
    push esi
    push edi
    mov edi, eax
    mov esi, edx
    mov edx, ecx
    and edx, 3
    shr ecx, 2
  words:
    rep movsd
    mov ecx, edx
  rest:
    rep movsb
  done:
    mov eax, ecx
    pop edi
    pop esi
    ret
  faultInWords:
    lea ecx, [edx + ecx*4]
    jmp done
    .extable words, faultInWords
    .extable rest, done
  `;
}

/**
 * Copies bytes up to and including a NUL, at most ECX. Returns how many before the NUL, or ECX, or -1 after a fault.
 *
 * @naked
 */
function copyStringGuarded(_target: u32, _source: u32, _count: u32): i32 {
  return asm`
    push esi
    push edi
    mov edi, eax
    mov esi, edx
    mov edx, ecx                  ; the limit
    test ecx, ecx
    jz limit
  next:
    mov al, byte ptr [esi]
    mov byte ptr [edi], al
    test al, al
    jz end
    inc esi
    inc edi
    dec ecx
    jnz next
  limit:
    mov eax, edx
    jmp out
  end:
    mov eax, edx
    sub eax, ecx
    jmp out
  fault:
    mov eax, -1
  out:
    pop edi
    pop esi
    ret
    .extable next, fault
  `;
}

/** @naked */
function putWordGuarded(_target: u32, _value: u32): i32 {
  return asm`
  store:
    mov dword ptr [eax], edx
    xor eax, eax
    ret
  fault:
    mov eax, ${-EFAULT}
    ret
    .extable store, fault
  `;
}

/** @naked */
function compareAndSwapGuarded(_target: u32, _seen: Ptr<u32>, _fresh: u32): i32 {
  return asm`
    push ebx
    push esi
    mov ebx, eax
    mov esi, edx
    mov eax, dword ptr [esi]      ; what is expected
  swap:
    lock cmpxchg dword ptr [ebx], ecx
    mov dword ptr [esi], eax      ; what was there
    xor eax, eax
    jmp out
  fault:
    mov eax, ${-EFAULT}
  out:
    pop esi
    pop ebx
    ret
    .extable swap, fault
  `;
}

/**
 * Zeroes words, then the last bytes; returns how many bytes are left, as copyGuarded does.
 *
 * @naked
 */
function clearGuarded(_target: u32, _count: u32): u32 {
  return asm`
    push edi
    mov edi, eax
    mov ecx, edx
    and edx, 3
    shr ecx, 2
    xor eax, eax
  words:
    rep stosd
    mov ecx, edx
  rest:
    rep stosb
  done:
    mov eax, ecx
    pop edi
    ret
  faultInWords:
    lea ecx, [edx + ecx*4]
    jmp done
    .extable words, faultInWords
    .extable rest, done
  `;
}

/// <reference path="./scalars.d.ts" />
/*
 * The ambient library of kernel TS: all that guest code can name without an import.
 *
 * With `noLib`, this file is the whole standard library, so tsc itself rejects Math, console, Error or [].map. The
 * empty interfaces below are those that the checker insists on.
 *
 * A function declared here is an intrinsic: the compiler replaces the call by an instruction, or by a constant. The
 * hardware ones are named after the instruction in the Intel SDM (volume 2) wherever that is a usable name.
 */

interface Array<T> {
  readonly length: number;
  readonly [index: number]: T;
}
interface ReadonlyArray<T> {
  readonly length: number;
  readonly [index: number]: T;
}
interface Boolean {}
interface CallableFunction {}
interface Function {}
interface IArguments {}
interface NewableFunction {}
interface Number {}
interface BigInt {}
interface Object {}
interface RegExp {}
interface String {}
interface Symbol {}
interface SymbolConstructor {
  readonly dispose: unique symbol;
}
declare const Symbol: SymbolConstructor;
interface Disposable {
  [Symbol.dispose](): void;
}
interface TemplateStringsArray extends ReadonlyArray<string> {
  readonly raw: readonly string[];
}

// ---------------------------------------------------------------------------------------------------------------------
// Conversions. A conversion to a narrower type truncates, to a wider one extends by the signedness of the operand.

type Scalar = number | bigint | boolean | string | object | null;
declare function u8(value: Scalar): u8;
declare function u16(value: Scalar): u16;
declare function u32(value: Scalar): u32;
declare function i8(value: Scalar): i8;
declare function i16(value: Scalar): i16;
declare function i32(value: Scalar): i32;
declare function u64(value: Scalar): u64;
declare function i64(value: Scalar): i64;

// ---------------------------------------------------------------------------------------------------------------------
// Pointers and storage.

interface Ptr<T> {
  /** The address `count` elements further on. */
  add(count: i32 | u32): Ptr<T>;
}

/** The bytes of a string constant: UTF-8, ended by a zero byte. A `string` value *is* this address. */
declare function bytes(text: string): Ptr<u8>;
/** An address as a pointer. */
declare function ptr<T>(address: u32 | Ptr<unknown> | object | null): Ptr<T>;
/** An address as a pointer to an instance of class `T`. */
declare function as<T extends object>(address: u32 | Ptr<unknown> | object): T;
/** The same, where address 0 means null. */
declare function asOrNull<T extends object>(address: u32 | Ptr<unknown> | object | null): T | null;
/** The address of a variable, field or element. A variable whose address is taken lives in memory. */
declare function addrOf<T>(place: T): Ptr<T>;
/** Reads a place anew and forgets what the checker has narrowed it to: another CPU may have changed it. */
declare function reload<T>(place: unknown): T;
/** Size of `T` in bytes, a constant. For a class the size of the instance. */
declare function sizeof<T>(): u32;
/** Offset of a field of class `T` in bytes, a constant; the name must be a literal. */
declare function offsetof<T>(field: keyof T & string): u32;
/** Zero-filled storage of type `T`: of a module's variable (in .bss), or in the frame of the function. */
declare function zeroed<T>(): T;
/** The same in the frame of a function, not filled. */
declare function uninitialized<T>(): T;
/** A constant table: the initial value of a module's variable. Items are constants, strings or functions. */
declare function table<T, N extends number>(...items: readonly T[]): FixedArray<T, N>;
/** Copies a whole instance. Overlap is not allowed. */
declare function assign<T extends object>(target: T, source: T): void;
/** A rest parameter's element: any scalar of at most 32 bits. `...args: Word[]` arrives as address and length. */
type Word = number | boolean | string | object | null;
/** The address of a symbol that the linker defines (`__textStart`, `__bssEnd`, ...; the compiler's README lists them). */
declare function linkerSymbol(name: string): u32;
/** A value that the build fixes: `export const SMP: boolean = define('SMP', false)`, changed by `--define SMP=true`. */
declare function define<T extends number | boolean>(name: string, otherwise: T): T;
/** Fails the build, with the message, unless the condition is a constant that holds. */
declare function staticAssert(condition: boolean, message: string): void;
/** Ends the path: the compiler may assume it is never reached (ud2 where it is). */
declare function unreachable(): never;

// ---------------------------------------------------------------------------------------------------------------------
// Witnesses: proof, of size zero, that a lock of class L is held. Parameters of this type are erased.

declare const lockClass: unique symbol;
interface Held<L> extends Disposable {
  readonly [lockClass]: L;
}
/** Makes a witness from nothing. Only the functions that take a lock may do so. */
declare function witness<L>(): Held<L>;

// ---------------------------------------------------------------------------------------------------------------------
// Assembly: the whole body of a `@naked` function. Intel syntax; `${name}` is a constant, a function or a variable.

declare function asm(text: TemplateStringsArray, ...operands: readonly Scalar[]): never;

// ---------------------------------------------------------------------------------------------------------------------
// Atomic operations: LOCK-prefixed, full barriers. On u8, u16, u32, i32 and pointers; cmpxchg also on u64.

interface Atomics {
  /** Stores `value`, returns what was there. */
  xchg<T>(place: Ptr<T>, value: T): T;
  /** Stores `value` if the place holds `expected`; returns what was there. */
  cmpxchg<T>(place: Ptr<T>, expected: T, value: T): T;
  /** Adds, returns what was there before. */
  fetchAdd<T>(place: Ptr<T>, value: T): T;
  add<T>(place: Ptr<T>, value: T): void;
  sub<T>(place: Ptr<T>, value: T): void;
  and<T>(place: Ptr<T>, value: T): void;
  or<T>(place: Ptr<T>, value: T): void;
  inc<T>(place: Ptr<T>): void;
  dec<T>(place: Ptr<T>): void;
  /** Subtracts one, says whether the place is zero now. */
  decAndTest<T>(place: Ptr<T>): boolean;
  /** Bit operations on a word; the bit was set before? */
  /** `bit` counts modulo 32. Gives what the bit was before. */
  testAndSetBit(place: Ptr<u32>, bit: u32): boolean;
  /** `bit` counts modulo 32. Gives what the bit was before. */
  testAndClearBit(place: Ptr<u32>, bit: u32): boolean;
}
declare const atomic: Atomics;

/** Neither the compiler nor (with `mfence`) the CPU moves memory accesses across. */
declare function compilerBarrier(): void;
declare function mfence(): void;

// ---------------------------------------------------------------------------------------------------------------------
// Instructions.

declare function cli(): void;
declare function sti(): void;
declare function hlt(): void;
declare function pause(): void;
/** `sti; hlt` back to back: no interrupt can slip in between. */
declare function stiHlt(): void;
declare function int3(): void;
declare function ud2(): never;
declare function readEflags(): u32;
declare function writeEflags(flags: u32): void;
declare function readEsp(): u32;
declare function inb(port: u16): u8;
declare function inw(port: u16): u16;
declare function inl(port: u16): u32;
declare function outb(port: u16, value: u8): void;
declare function outw(port: u16, value: u16): void;
declare function outl(port: u16, value: u32): void;
/** `rep insw` / `rep outsw`: `count` 16-bit words. */
declare function repInsw(port: u16, target: Ptr<u8>, count: u32): void;
declare function repOutsw(port: u16, source: Ptr<u8>, count: u32): void;
declare function readCr0(): u32;
declare function readCr2(): u32;
declare function readCr3(): u32;
declare function readCr4(): u32;
declare function writeCr0(value: u32): void;
declare function writeCr3(value: u32): void;
declare function writeCr4(value: u32): void;
declare function invlpg(address: u32): void;
/** The operand is the address of the six-byte pseudo-descriptor. */
declare function lgdt(descriptor: Ptr<u8>): void;
declare function lidt(descriptor: Ptr<u8>): void;
declare function ltr(selector: u16): void;
declare function lldt(selector: u16): void;
declare function loadDs(selector: u16): void;
declare function loadEs(selector: u16): void;
declare function loadFs(selector: u16): void;
declare function loadGs(selector: u16): void;
declare function readFs(): u16;
declare function readGs(): u16;
/** A 32-bit access relative to GS or FS: per-CPU data in the kernel, TLS in programs. */
declare function readGs32(offset: u32): u32;
declare function writeGs32(offset: u32, value: u32): void;
declare function readFs32(offset: u32): u32;
declare function writeFs32(offset: u32, value: u32): void;
declare function rdtsc(): u64;
declare function rdmsr(index: u32): u64;
declare function wrmsr(index: u32, value: u64): void;
/** Stores EAX, EBX, ECX, EDX of the leaf to `result[0..3]`. */
declare function cpuid(leaf: u32, subleaf: u32, result: Ptr<u32>): void;
declare function clts(): void;
declare function fninit(): void;
declare function fnsave(area: Ptr<u8>): void;
declare function frstor(area: Ptr<u8>): void;
/** The area is 512 bytes, aligned to 16. */
declare function fxsave(area: Ptr<u8>): void;
declare function fxrstor(area: Ptr<u8>): void;
declare function wbinvd(): void;
/** Index of the lowest / highest set bit. Undefined for 0. */
declare function bsf(value: u32): u32;
declare function bsr(value: u32): u32;
declare function bswap(value: u32): u32;
/** `rep movsb` / `rep stosb` (the compiler picks wider forms where it can). Forwards: fine for overlap with target < source. */
declare function copyBytes(target: Ptr<u8>, source: Ptr<u8>, count: u32): void;
declare function fillBytes(target: Ptr<u8>, value: u8, count: u32): void;
/** The high 32 bits of the 64-bit product. */
declare function mulHigh(a: u32, b: u32): u32;
/** `int 0x80` with EAX, EBX, ECX, EDX, ESI, EDI, EBP; returns EAX. */
declare function int80(nr: u32, a: u32, b: u32, c: u32, d: u32, e: u32, f: u32): i32;
/** Address of the caller's next instruction. */
declare function returnAddress(): u32;

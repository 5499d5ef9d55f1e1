/*
 * The scalar types of kernel TS, as stock TypeScript sees them.
 *
 * Idea. An integer type is `number` with an optional brand. An optional brand costs nothing to write: literals,
 * `a + b` and `x += 1` type-check, since a plain number fits every brand. What does not fit is the wrong brand: u32 is
 * not assignable to u8 (it may be too large) nor to i32 (it may be negative there). The brands widen: a u8 fits wherever
 * a u16, u32, i16 or i32 is wanted.
 *
 * This file holds types alone, so that host code which shares records and numbers with the guest can name them too.
 * What guest code may *call* is in kernel.d.ts.
 */

type u8 = number & { readonly __t?: 'u8' };
type u16 = number & { readonly __t?: 'u8' | 'u16' };
type u32 = number & { readonly __t?: 'u8' | 'u16' | 'u32' };
type i8 = number & { readonly __t?: 'i8' };
type i16 = number & { readonly __t?: 'u8' | 'i8' | 'i16' };
type i32 = number & { readonly __t?: 'u8' | 'u16' | 'i8' | 'i16' | 'i32' };
type u64 = bigint & { readonly __t?: 'u64' };
type i64 = bigint & { readonly __t?: 'i64' };

/** A storage location that hardware or another CPU may touch: every access happens, once, at its width, in order. */
type Volatile<T> = T & { readonly __volatile?: true };

/** The struct itself where a class type alone would be a pointer to it. Reading such a place gives its address. */
type Inline<T> = T & { readonly __inline?: true };

/** An address of `T`s. `p[i]` loads or stores the i-th. On the host, a Uint8Array serves as a Ptr<u8>. */
interface Ptr<T> {
  [index: number]: T;
}

/** N elements in place (a field or a variable of this type holds them itself). As a value it is the first one's address. */
interface FixedArray<T, N extends number> extends Ptr<T> {
  readonly length: N;
}

/*
 * The type of a kernel structure as the host sees it.
 *
 * A class of kernel TS describes memory of the guest. `View<Mm>` is the same class read from outside, at one moment: an
 * integer is a number (a bigint if it has 64 bits), a string the text, an embedded structure or a pointer to one a View
 * again, an array an array. Addresses whose target the class does not tell (`Ptr`, functions) stay numbers. So the host
 * names fields as the kernel does, and a field that is renamed there does not type-check here.
 */

/** The address of what a View shows. */
export const ADDRESS: unique symbol = Symbol('address');

/** Methods, and phantoms that are functions, are no fields. */
type FieldNames<T> = { [K in keyof T]: T[K] extends (...args: never[]) => unknown ? never : K }[keyof T];

export type View<T> = { readonly [K in FieldNames<T>]: FieldView<T[K]> } & { readonly [ADDRESS]: number };

type FieldView<F> = F extends boolean
  ? boolean
  : F extends number
    ? number
    : F extends bigint
      ? bigint
      : F extends string | null
        ? F
        : F extends FixedArray<infer E, number>
          ? readonly FieldView<E>[]
          : F extends Ptr<unknown>
            ? number
            : View<F>;

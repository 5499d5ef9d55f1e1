/*
 * Bytes and NUL-terminated strings: the C library's names, with lengths in bytes.
 */

/** Copies; the areas must not overlap unless `target` is below `source`. */
export function memcpy(target: Ptr<u8>, source: Ptr<u8>, count: u32): void {
  copyBytes(target, source, count);
}

/** Copies, whatever the overlap. */
export function memmove(target: Ptr<u8>, source: Ptr<u8>, count: u32): void {
  if (u32(target) <= u32(source) || u32(target) >= u32(source) + count) {
    copyBytes(target, source, count);
    return;
  }
  for (let i = count; i > 0; i--) target[i - 1] = source[i - 1];
}

export function memset(target: Ptr<u8>, value: u8, count: u32): void {
  fillBytes(target, value, count);
}

/** Negative, zero or positive as the first difference (unsigned) says. */
export function memcmp(a: Ptr<u8>, b: Ptr<u8>, count: u32): i32 {
  for (let i: u32 = 0; i < count; i++) {
    if (a[i] !== b[i]) return i32(a[i]) - i32(b[i]);
  }
  return 0;
}

/** Length without the NUL. */
export function strlen(text: Ptr<u8>): u32 {
  let length: u32 = 0;
  while (text[length] !== 0) length++;
  return length;
}

/** Length without the NUL, or `limit` if there is none before. */
export function strnlen(text: Ptr<u8>, limit: u32): u32 {
  let length: u32 = 0;
  while (length < limit && text[length] !== 0) length++;
  return length;
}

export function strcmp(a: Ptr<u8>, b: Ptr<u8>): i32 {
  let i: u32 = 0;
  while (a[i] === b[i] && a[i] !== 0) i++;
  return i32(a[i]) - i32(b[i]);
}

/** Compares at most `count` bytes. */
export function strncmp(a: Ptr<u8>, b: Ptr<u8>, count: u32): i32 {
  for (let i: u32 = 0; i < count; i++) {
    if (a[i] !== b[i]) return i32(a[i]) - i32(b[i]);
    if (a[i] === 0) return 0;
  }
  return 0;
}

/**
 * Copies at most `size - 1` bytes and always ends the target with a NUL. Returns the length of `source`: a result of
 * `size` or more says that the copy is cut short.
 */
export function strlcpy(target: Ptr<u8>, source: Ptr<u8>, size: u32): u32 {
  const length = strlen(source);
  if (size > 0) {
    const copied = length < size ? length : size - 1;
    copyBytes(target, source, copied);
    target[copied] = 0;
  }
  return length;
}

/** The first occurrence of `character`, or null. */
export function strchr(text: Ptr<u8>, character: u8): Ptr<u8> | null {
  for (let i: u32 = 0; ; i++) {
    if (text[i] === character) return text.add(i);
    if (text[i] === 0) return null;
  }
}

/** The last occurrence of `character`, or null. */
export function strrchr(text: Ptr<u8>, character: u8): Ptr<u8> | null {
  let found: Ptr<u8> | null = null;
  for (let i: u32 = 0; ; i++) {
    if (text[i] === character) found = text.add(i);
    if (text[i] === 0) return found;
  }
}

/** Does `text` begin with `prefix`? */
export function startsWith(text: Ptr<u8>, prefix: Ptr<u8>): boolean {
  let i: u32 = 0;
  while (prefix[i] !== 0) {
    if (text[i] !== prefix[i]) return false;
    i++;
  }
  return true;
}

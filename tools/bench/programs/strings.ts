/* Strings: length, comparison, splitting a path into components, hashing them. */
const buffer = zeroed<FixedArray<u8, 256>>();
const paths = table<string, 4>(
  '/usr/share/doc/pagewright/readme',
  '/bin/sh',
  '/a/very/long/path/with/many/short/parts',
  'no/slash/first/',
);

function length(s: Ptr<u8>): u32 {
  let n: u32 = 0;
  while (s[n] !== 0) n++;
  return n;
}

function compare(a: Ptr<u8>, b: Ptr<u8>): i32 {
  let i: u32 = 0;
  while (a[i] !== 0 && a[i] === b[i]) i++;
  return i32(a[i]) - i32(b[i]);
}

function hashPart(s: Ptr<u8>, count: u32): u32 {
  let h: u32 = 5381;
  for (let i: u32 = 0; i < count; i++) h = (h << 5) + h + s[i];
  return h;
}

function walk(path: Ptr<u8>): u32 {
  let sum: u32 = 0;
  let at: u32 = 0;
  while (path[at] !== 0) {
    while (path[at] === 0x2f) at++;
    let count: u32 = 0;
    while (path[at + count] !== 0 && path[at + count] !== 0x2f) {
      buffer[count] = path[at + count];
      count++;
    }
    buffer[count] = 0;
    sum = sum * 7 + hashPart(path.add(at), count) + length(buffer);
    at += count;
  }
  return sum;
}

export function main(): u32 {
  let sum: u32 = 0;
  for (let round: u32 = 0; round < 60; round++) {
    for (let i: u32 = 0; i < 4; i++) {
      sum += walk(bytes(paths[i]));
      for (let j: u32 = 0; j < 4; j++) if (compare(bytes(paths[i]), bytes(paths[j])) < 0) sum++;
    }
  }
  return sum;
}

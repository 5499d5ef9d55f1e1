/* Heap sort through a comparison function: indirect calls, array indexing, nested loops. */
type Compare = (a: u32, b: u32) => i32;

const items = zeroed<FixedArray<u32, 2048>>();

function byLowBits(a: u32, b: u32): i32 {
  const x = a & 0xffff;
  const y = b & 0xffff;
  if (x < y) return -1;
  return x > y ? 1 : 0;
}

function siftDown(base: Ptr<u32>, start: u32, end: u32, compare: Compare): void {
  let root = start;
  while (root * 2 + 1 < end) {
    let child = root * 2 + 1;
    if (child + 1 < end && compare(base[child], base[child + 1]) < 0) child++;
    if (compare(base[root], base[child]) >= 0) return;
    const swap = base[root];
    base[root] = base[child];
    base[child] = swap;
    root = child;
  }
}

function heapSort(base: Ptr<u32>, length: u32, compare: Compare): void {
  for (let start = length >>> 1; start > 0; start--) siftDown(base, start - 1, length, compare);
  for (let end = length - 1; end > 0; end--) {
    const swap = base[end];
    base[end] = base[0];
    base[0] = swap;
    siftDown(base, 0, end, compare);
  }
}

export function main(): u32 {
  let random: u32 = 99;
  for (let i: u32 = 0; i < 2048; i++) {
    random = random * 1664525 + 1013904223;
    items[i] = random >>> 4;
  }
  heapSort(items, 2048, byLowBits);
  let sum: u32 = 0;
  for (let i: u32 = 0; i < 2048; i++) sum = sum * 33 + (items[i] & 0xffff);
  return sum;
}

/* A buddy allocator over a bitmap: bit arithmetic, searching, splitting and merging. */
const ORDERS: u32 = 8;
const PAGES: u32 = 1024;
const free = zeroed<FixedArray<FixedArray<u32, 32>, 8>>();

function testBit(map: Ptr<u32>, bit: u32): boolean {
  return (map[bit >>> 5] & (1 << (bit & 31))) !== 0;
}

function changeBit(map: Ptr<u32>, bit: u32): void {
  map[bit >>> 5] = map[bit >>> 5] ^ (u32(1) << (bit & 31));
}

function firstSet(map: Ptr<u32>, words: u32): u32 {
  for (let i: u32 = 0; i < words; i++) if (map[i] !== 0) return i * 32 + bsf(map[i]);
  return 0xffffffff;
}

function allocate(order: u32): u32 {
  for (let o = order; o < ORDERS; o++) {
    const block = firstSet(free[o], 32 >>> o === 0 ? 1 : 32 >>> o);
    if (block === 0xffffffff) continue;
    changeBit(free[o], block);
    let page = block << o;
    for (let lower = o; lower > order; lower--) changeBit(free[lower - 1], (page >>> (lower - 1)) + 1);
    return page;
  }
  return 0xffffffff;
}

function release(page: u32, order: u32): void {
  let o = order;
  let block = page >>> o;
  while (o < ORDERS - 1 && testBit(free[o], block ^ 1)) {
    changeBit(free[o], block ^ 1);
    block = block >>> 1;
    o++;
  }
  changeBit(free[o], block);
}

const held = zeroed<FixedArray<u32, 64>>();
const heldOrder = zeroed<FixedArray<u32, 64>>();

export function main(): u32 {
  for (let i: u32 = 0; i < PAGES >>> (ORDERS - 1); i++) changeBit(free[ORDERS - 1], i);
  for (let i: u32 = 0; i < 64; i++) held[i] = 0xffffffff;
  let random: u32 = 7;
  let sum: u32 = 0;
  for (let i: u32 = 0; i < 3000; i++) {
    random = random * 1664525 + 1013904223;
    const slot = (random >>> 16) & 63;
    if (held[slot] !== 0xffffffff) {
      release(held[slot], heldOrder[slot]);
      held[slot] = 0xffffffff;
    } else {
      heldOrder[slot] = (random >>> 24) & 3;
      held[slot] = allocate(heldOrder[slot]);
      sum = sum * 5 + held[slot];
    }
  }
  return sum;
}

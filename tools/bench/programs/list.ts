/* An intrusive doubly linked list with insertion in order: pointer chasing and field stores, what a kernel does most. */
class Node {
  next: Node;
  previous: Node;
  key: u32;
  value: u32;
}

const head = zeroed<Inline<Node>>();
const nodes = zeroed<FixedArray<Inline<Node>, 512>>();

function insertBetween(node: Node, previous: Node, next: Node): void {
  node.next = next;
  node.previous = previous;
  previous.next = node;
  next.previous = node;
}

function remove(node: Node): void {
  node.previous.next = node.next;
  node.next.previous = node.previous;
}

function insertSorted(node: Node): void {
  let at = head.next;
  while (at !== head && at.key < node.key) at = at.next;
  insertBetween(node, at.previous, at);
}

export function main(): u32 {
  head.next = head;
  head.previous = head;
  let random: u32 = 12345;
  for (let i: u32 = 0; i < 512; i++) {
    random = random * 1103515245 + 12345;
    nodes[i].key = random >>> 8;
    nodes[i].value = i;
    insertSorted(nodes[i]);
  }
  for (let i: u32 = 0; i < 512; i += 3) remove(nodes[i]);
  let sum: u32 = 0;
  for (let at = head.next; at !== head; at = at.next) sum = sum * 31 + at.value;
  return sum;
}

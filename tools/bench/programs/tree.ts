/* A binary search tree with recursion: calls, branches that depend on data, strict null checks. */
class TreeNode {
  left: TreeNode | null;
  right: TreeNode | null;
  key: u32;
  count: u16;
  level: u8;
}

const pool = zeroed<FixedArray<Inline<TreeNode>, 1024>>();
let used: u32 = 0;

function insert(root: TreeNode | null, key: u32, level: u8): TreeNode {
  if (root === null) {
    const node: TreeNode = pool[used];
    used++;
    node.left = null;
    node.right = null;
    node.key = key;
    node.count = 1;
    node.level = level;
    return node;
  }
  if (key < root.key) root.left = insert(root.left, key, u8(level + 1));
  else if (key > root.key) root.right = insert(root.right, key, u8(level + 1));
  else root.count++;
  return root;
}

function sumTree(root: TreeNode | null): u32 {
  if (root === null) return 1;
  return sumTree(root.left) * 3 + sumTree(root.right) * 5 + root.key * root.count + root.level;
}

function fibonacci(n: u32): u32 {
  return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2);
}

export function main(): u32 {
  let root: TreeNode | null = null;
  let random: u32 = 4242;
  for (let i: u32 = 0; i < 1000; i++) {
    random = random * 1103515245 + 12345;
    root = insert(root, (random >>> 16) & 0x3ff, 0);
  }
  return sumTree(root) + fibonacci(16);
}

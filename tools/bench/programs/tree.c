#include <stddef.h>
#include <stdint.h>
struct node {
  struct node *left, *right;
  uint32_t key;
  uint16_t count;
  uint8_t level;
};
static struct node pool[1024];
static uint32_t used;

static struct node *insert(struct node *root, uint32_t key, uint8_t level) {
  if (root == NULL) {
    struct node *node = &pool[used];
    used++;
    node->left = NULL;
    node->right = NULL;
    node->key = key;
    node->count = 1;
    node->level = level;
    return node;
  }
  if (key < root->key) root->left = insert(root->left, key, (uint8_t)(level + 1));
  else if (key > root->key) root->right = insert(root->right, key, (uint8_t)(level + 1));
  else root->count++;
  return root;
}

static uint32_t sumTree(const struct node *root) {
  if (root == NULL) return 1;
  return sumTree(root->left) * 3 + sumTree(root->right) * 5 + root->key * root->count + root->level;
}

static uint32_t fibonacci(uint32_t n) { return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2); }

uint32_t benchMain(void) {
  struct node *root = NULL;
  uint32_t random = 4242;
  for (uint32_t i = 0; i < 1000; i++) {
    random = random * 1103515245u + 12345;
    root = insert(root, (random >> 16) & 0x3ff, 0);
  }
  return sumTree(root) + fibonacci(16);
}

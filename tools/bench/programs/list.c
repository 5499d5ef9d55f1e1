#include <stdint.h>
struct node {
  struct node *next, *previous;
  uint32_t key, value;
};
static struct node head;
static struct node nodes[512];

static void insertBetween(struct node *node, struct node *previous, struct node *next) {
  node->next = next;
  node->previous = previous;
  previous->next = node;
  next->previous = node;
}

static void removeNode(struct node *node) {
  node->previous->next = node->next;
  node->next->previous = node->previous;
}

static void insertSorted(struct node *node) {
  struct node *at = head.next;
  while (at != &head && at->key < node->key) at = at->next;
  insertBetween(node, at->previous, at);
}

uint32_t benchMain(void) {
  head.next = &head;
  head.previous = &head;
  uint32_t random = 12345;
  for (uint32_t i = 0; i < 512; i++) {
    random = random * 1103515245u + 12345;
    nodes[i].key = random >> 8;
    nodes[i].value = i;
    insertSorted(&nodes[i]);
  }
  for (uint32_t i = 0; i < 512; i += 3) removeNode(&nodes[i]);
  uint32_t sum = 0;
  for (struct node *at = head.next; at != &head; at = at->next) sum = sum * 31 + at->value;
  return sum;
}

// 3 Take the marks off again
// Removes the label Risky, and nothing else.
MATCH (node:Risky)
REMOVE node:Risky;

// 3 Take the marks off again
// Removes the labels Risky, Removed and Outside, and nothing else.
MATCH (node:Risky|Removed|Outside)
REMOVE node:Risky:Removed:Outside;

//! What the schema's table says, as Cypher and as a page of documentation.

// name: evidence-of
// title: Which records prove something, and what hangs on it
// description: The journal records behind one node and behind each of its edges: linktrail evidence shows a record.
//   what is the label, or the type of an edge and which way it runs; other is what the edge joins it
//   with. The node is given by id, as hunts show it for messages and urls.
// parameters: id string required example https://login.contoso-payroll.example/oauth2/authorize?client_id=hr&state=8f21
// returns: table
// columns: what, other, records, evidence, first, last
// tags: evidence

CALL () {
  MATCH (node:Alert {id: $id})
  RETURN node
  UNION
  MATCH (node:Channel {id: $id})
  RETURN node
  UNION
  MATCH (node:Chat {id: $id})
  RETURN node
  UNION
  MATCH (node:Domain {id: $id})
  RETURN node
  UNION
  MATCH (node:Host {id: $id})
  RETURN node
  UNION
  MATCH (node:Message {id: $id})
  RETURN node
  UNION
  MATCH (node:Team {id: $id})
  RETURN node
  UNION
  MATCH (node:Url {id: $id})
  RETURN node
  UNION
  MATCH (node:User {id: $id})
  RETURN node
  UNION
  MATCH (node:Verdict {id: $id})
  RETURN node
}
WITH node
WHERE ($case IS NULL OR $case IN node.cases)
CALL (node) {
  RETURN labels(node)[0] AS what, null AS other, node.evidence_count AS records,
         [record IN coalesce(node.evidence, []) WHERE $case IS NULL OR record STARTS WITH $case + '/'] AS evidence,
         node.first_seen AS first, node.last_seen AS last
  UNION ALL
  MATCH (node)-[edge]->(far:Alert|Channel|Chat|Domain|Host|Message|Team|Url|User|Verdict)
  WHERE all(x IN [edge, far] WHERE $case IS NULL OR $case IN x.cases)
  RETURN type(edge) + ' →' AS what, coalesce(far.upn, far.name, far.id) AS other, edge.evidence_count AS records,
         [record IN coalesce(edge.evidence, []) WHERE $case IS NULL OR record STARTS WITH $case + '/'] AS evidence,
         edge.first_seen AS first, edge.last_seen AS last
  UNION ALL
  MATCH (node)<-[edge]-(far:Alert|Channel|Chat|Domain|Host|Message|Team|Url|User|Verdict)
  WHERE all(x IN [edge, far] WHERE $case IS NULL OR $case IN x.cases)
  RETURN '← ' + type(edge) AS what, coalesce(far.upn, far.name, far.id) AS other, edge.evidence_count AS records,
         [record IN coalesce(edge.evidence, []) WHERE $case IS NULL OR record STARTS WITH $case + '/'] AS evidence,
         edge.first_seen AS first, edge.last_seen AS last
}
RETURN what, other, records, evidence, first, last
ORDER BY other IS NOT NULL, what, other, records, evidence, first, last;

// name: incident-graph
// title: The whole incident as a picture
// description: From every malicious url to the messages that hold it, their senders and places, to those who opened
//   or clicked it, to the hosts that went there and to the alerts that name it. At most limit paths, the
//   shortest first.
// parameters: limit integer optional default 500 example 200
// returns: graph
// columns: path
// tags: overview, picture

MATCH (url:Url {risky: true})
WHERE ($case IS NULL OR $case IN url.cases) AND coalesce($case IN url.risky_in, url.risky)
CALL (url) {
  MATCH path = (url)<-[:CONTAINS]-(:Message)<-[:SENT]-(:User)
  WHERE all(x IN nodes(path) + relationships(path) WHERE $case IS NULL OR $case IN x.cases)
  RETURN path
  UNION
  MATCH path = (url)<-[:CONTAINS]-(:Message)-[:POSTED_IN]->(:Channel|Chat)
  WHERE all(x IN nodes(path) + relationships(path) WHERE $case IS NULL OR $case IN x.cases)
  RETURN path
  UNION
  MATCH path = (url)<-[:OPENED|CLICKED]-(:User)
  WHERE all(x IN nodes(path) + relationships(path) WHERE $case IS NULL OR $case IN x.cases)
  RETURN path
  UNION
  MATCH path = (url)<-[:WARNED_ABOUT|CONNECTED_TO]-(:Host)
  WHERE all(x IN nodes(path) + relationships(path) WHERE $case IS NULL OR $case IN x.cases)
  RETURN path
  UNION
  MATCH path = (url)<-[:WARNED_ABOUT|CONNECTED_TO]-(:Host)<-[:USED]-(:User)
  WHERE all(x IN nodes(path) + relationships(path) WHERE $case IS NULL OR $case IN x.cases)
  RETURN path
  UNION
  MATCH path = (url)<-[:MENTIONS]-(:Alert)
  WHERE all(x IN nodes(path) + relationships(path) WHERE $case IS NULL OR $case IN x.cases)
  RETURN path
}
RETURN path
ORDER BY length(path), [node IN nodes(path) | node.id], [edge IN relationships(path) | type(edge)]
LIMIT toInteger($limit);

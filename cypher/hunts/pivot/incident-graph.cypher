// name: incident-graph
// title: The whole incident as a picture
// description: From every malicious url to the messages that hold it, their senders, the people who received or
//   reported them and their places, to those who opened or clicked it, to the hosts that went there, along redirects,
//   and to the alerts that name it, a message or a place. Messages that Defender rated phishing or malware without a
//   malicious url are there too. At most limit paths, the shortest first.
// parameters: limit integer optional default 500 example 200
// returns: graph
// columns: path
// tags: overview, picture

CALL () {
  MATCH (url:Url {risky: true})
  WHERE ($case IS NULL OR $case IN url.cases) AND coalesce($case IN url.risky_in, url.risky)
  CALL (url) {
    MATCH path = (url)<-[:CONTAINS]-(:Message)<-[:SENT|RECEIVED|REPORTED]-(:User)
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
    UNION
    MATCH path = (url)-[:REDIRECTS_TO]->(:Url)
    WHERE all(x IN nodes(path) + relationships(path) WHERE $case IS NULL OR $case IN x.cases)
    RETURN path
    UNION
    // What is malicious itself shows where it leads.
    MATCH path = (url)<-[:REDIRECTS_TO]-(before:Url)
    WHERE all(x IN nodes(path) + relationships(path) WHERE $case IS NULL OR $case IN x.cases)
      AND NOT coalesce($case IN before.risky_in, before.risky, false)
    RETURN path
    UNION
    MATCH path = (url)<-[:CONTAINS]-(:Message)<-[:MENTIONS]-(:Alert)
    WHERE all(x IN nodes(path) + relationships(path) WHERE $case IS NULL OR $case IN x.cases)
    RETURN path
    UNION
    MATCH path = (url)<-[:CONTAINS]-(:Message)-[:POSTED_IN]->(:Channel|Chat)<-[:MENTIONS]-(:Alert)
    WHERE all(x IN nodes(path) + relationships(path) WHERE $case IS NULL OR $case IN x.cases)
    RETURN path
  }
  RETURN path
  UNION
  MATCH (message:Message {risky: true})
  WHERE ($case IS NULL OR $case IN message.cases) AND coalesce($case IN message.risky_in, message.risky)
    AND NOT EXISTS {
      MATCH (message)-[contains:CONTAINS]->(url:Url {risky: true})
      WHERE all(x IN [contains, url] WHERE $case IS NULL OR $case IN x.cases)
        AND coalesce($case IN url.risky_in, url.risky)
    }
  CALL (message) {
    MATCH path = (message)<-[:SENT|RECEIVED|REPORTED]-(:User)
    WHERE all(x IN nodes(path) + relationships(path) WHERE $case IS NULL OR $case IN x.cases)
    RETURN path
    UNION
    MATCH path = (message)-[:CONTAINS]->(:Url)
    WHERE all(x IN nodes(path) + relationships(path) WHERE $case IS NULL OR $case IN x.cases)
    RETURN path
    UNION
    MATCH path = (message)-[:POSTED_IN]->(:Channel|Chat)
    WHERE all(x IN nodes(path) + relationships(path) WHERE $case IS NULL OR $case IN x.cases)
    RETURN path
    UNION
    MATCH path = (message)<-[:MENTIONS]-(:Alert)
    WHERE all(x IN nodes(path) + relationships(path) WHERE $case IS NULL OR $case IN x.cases)
    RETURN path
  }
  RETURN path
}
RETURN path
ORDER BY length(path), [node IN nodes(path) | node.id], [edge IN relationships(path) | type(edge)]
LIMIT toInteger($limit);

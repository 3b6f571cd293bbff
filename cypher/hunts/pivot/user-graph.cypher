// name: user-graph
// title: What a user has to do with malicious urls as a picture
// description: Malicious messages that the user sent, with their urls, recipients and places, and those that the user
//   received or reported, with their urls and senders; malicious urls that the user opened or clicked, their hosts that
//   went there, and alerts about the user. The user is given by UPN, name or id.
// parameters: user string required example mila.hoffmann@contoso.com
// returns: graph
// columns: path
// tags: user, picture

MATCH (user:User)
WHERE toLower($user) IN [toLower(user.upn), toLower(user.name), toLower(user.id)]
  AND ($case IS NULL OR $case IN user.cases)
WITH DISTINCT user
CALL (user) {
  MATCH path = (user)-[:SENT]->(:Message)-[:CONTAINS]->(url:Url {risky: true})
  WHERE all(x IN nodes(path) + relationships(path) WHERE $case IS NULL OR $case IN x.cases)
    AND coalesce($case IN url.risky_in, url.risky)
  RETURN path
  UNION
  MATCH path = (user)-[:SENT]->(message:Message)-[:POSTED_IN]->(:Channel|Chat)
  WHERE all(x IN nodes(path) + relationships(path) WHERE $case IS NULL OR $case IN x.cases)
    AND EXISTS {
      MATCH (message)-[contains:CONTAINS]->(url:Url {risky: true})
      WHERE all(x IN [contains, url] WHERE $case IS NULL OR $case IN x.cases)
        AND coalesce($case IN url.risky_in, url.risky)
    }
  RETURN path
  UNION
  MATCH path = (user)-[:SENT]->(message:Message {risky: true})<-[:RECEIVED|REPORTED]-(:User)
  WHERE all(x IN nodes(path) + relationships(path) WHERE $case IS NULL OR $case IN x.cases)
    AND coalesce($case IN message.risky_in, message.risky)
  RETURN path
  UNION
  MATCH path = (user)-[:RECEIVED|REPORTED]->(message:Message {risky: true})<-[:SENT]-(:User)
  WHERE all(x IN nodes(path) + relationships(path) WHERE $case IS NULL OR $case IN x.cases)
    AND coalesce($case IN message.risky_in, message.risky)
  RETURN path
  UNION
  MATCH path = (user)-[:RECEIVED|REPORTED]->(:Message)-[:CONTAINS]->(url:Url {risky: true})
  WHERE all(x IN nodes(path) + relationships(path) WHERE $case IS NULL OR $case IN x.cases)
    AND coalesce($case IN url.risky_in, url.risky)
  RETURN path
  UNION
  MATCH path = (user)-[:OPENED|CLICKED]->(url:Url {risky: true})
  WHERE all(x IN nodes(path) + relationships(path) WHERE $case IS NULL OR $case IN x.cases)
    AND coalesce($case IN url.risky_in, url.risky)
  RETURN path
  UNION
  MATCH path = (user)-[:USED]->(:Host)-[:WARNED_ABOUT|CONNECTED_TO]->(url:Url {risky: true})
  WHERE all(x IN nodes(path) + relationships(path) WHERE $case IS NULL OR $case IN x.cases)
    AND coalesce($case IN url.risky_in, url.risky)
  RETURN path
  UNION
  MATCH path = (user)<-[:MENTIONS]-(:Alert)
  WHERE all(x IN nodes(path) + relationships(path) WHERE $case IS NULL OR $case IN x.cases)
  RETURN path
}
RETURN path
ORDER BY length(path), [node IN nodes(path) | node.id], [edge IN relationships(path) | type(edge)];

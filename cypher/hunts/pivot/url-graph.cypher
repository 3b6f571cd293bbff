// name: url-graph
// title: Everything around one url as a picture
// description: The messages that hold the url with senders, recipients, reporters and places, who opened or clicked
//   it, which hosts went there, where it leads and what leads to it, alerts, the verdicts that call it malicious, and
//   its domain. The url may be defanged.
// parameters: url string required example https://login.contoso-payroll.example/oauth2/authorize?client_id=hr&state=8f21
// returns: graph
// columns: path
// tags: url, picture

WITH CASE
    WHEN $url STARTS WITH 'hxxp' THEN 'http' + substring($url, 4)
    WHEN $url STARTS WITH 'fxp' THEN 'ftp' + substring($url, 3)
    ELSE $url
  END AS wanted
WITH replace(replace(replace(wanted, '[.]', '.'), '[:]', ':'), '[@]', '@') AS wanted
MATCH (url:Url)
WHERE url.id IN [wanted, wanted + '/', $url] AND ($case IS NULL OR $case IN url.cases)
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
  MATCH path = (url)-[:REDIRECTS_TO*1..4]->(:Url)
  WHERE all(x IN nodes(path) + relationships(path) WHERE $case IS NULL OR $case IN x.cases)
  RETURN path
  UNION
  MATCH path = (url)<-[:REDIRECTS_TO*1..4]-(:Url)
  WHERE all(x IN nodes(path) + relationships(path) WHERE $case IS NULL OR $case IN x.cases)
  RETURN path
  UNION
  MATCH path = (url)<-[:CONTAINS]-(:Message)<-[:MENTIONS]-(:Alert)
  WHERE all(x IN nodes(path) + relationships(path) WHERE $case IS NULL OR $case IN x.cases)
  RETURN path
  UNION
  MATCH path = (url)<-[:CONTAINS]-(:Message)-[:POSTED_IN]->(:Channel|Chat)<-[:MENTIONS]-(:Alert)
  WHERE all(x IN nodes(path) + relationships(path) WHERE $case IS NULL OR $case IN x.cases)
  RETURN path
  UNION
  MATCH path = (url)<-[:MENTIONS]-(:Alert)
  WHERE all(x IN nodes(path) + relationships(path) WHERE $case IS NULL OR $case IN x.cases)
  RETURN path
  UNION
  MATCH path = (url)-[:HAS_VERDICT]->(verdict:Verdict)
  WHERE verdict.state = 'hit' AND all(x IN nodes(path) + relationships(path) WHERE $case IS NULL OR $case IN x.cases)
  RETURN path
  UNION
  MATCH path = (url)-[:ON_DOMAIN]->(:Domain)
  WHERE all(x IN nodes(path) + relationships(path) WHERE $case IS NULL OR $case IN x.cases)
  RETURN path
}
RETURN path
ORDER BY length(path), [node IN nodes(path) | node.id], [edge IN relationships(path) | type(edge)];

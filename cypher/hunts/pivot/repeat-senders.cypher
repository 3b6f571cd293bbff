// name: repeat-senders
// title: Who sent malicious urls more than once
// description: Users who sent malicious urls in at least two messages: likely compromised, or the attacker.
// returns: table
// columns: user, name, messages, urls, places, first, last
// tags: sender
// mitre: T1534

MATCH (url:Url {risky: true})<-[contains:CONTAINS]-(message:Message)<-[sent:SENT]-(sender:User)
WHERE all(x IN [url, contains, message, sent, sender] WHERE $case IS NULL OR $case IN x.cases)
  AND coalesce($case IN url.risky_in, url.risky)
CALL (message) {
  OPTIONAL MATCH (message)-[posted:POSTED_IN]->(spot:Channel|Chat)
  WHERE all(x IN [posted, spot] WHERE $case IS NULL OR $case IN x.cases)
  OPTIONAL MATCH (spot)<-[holds:HAS_CHANNEL]-(team:Team)
  WHERE all(x IN [holds, team] WHERE $case IS NULL OR $case IN x.cases)
  RETURN CASE
      WHEN spot:Chat THEN 'Chat: ' + coalesce(spot.topic, spot.kind, spot.id)
      ELSE coalesce(coalesce(team.name, team.id) + ' / ', '') + coalesce(spot.name, spot.id)
    END AS place
  ORDER BY place
  LIMIT 1
}
WITH sender, url.id AS url, message, place, coalesce(message.created, sent.at) AS at
ORDER BY url
WITH sender, count(DISTINCT message) AS messages, collect(DISTINCT url) AS urls, collect(DISTINCT place) AS places,
     min(at) AS first, max(at) AS last
WHERE messages > 1
RETURN coalesce(sender.upn, sender.name, sender.id) AS user, sender.name AS name, messages, urls,
       COLLECT { UNWIND places AS place RETURN place ORDER BY place } AS places, first, last
ORDER BY messages DESC, user, name, urls, places, first, last;

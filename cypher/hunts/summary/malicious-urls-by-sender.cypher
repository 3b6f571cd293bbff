// name: malicious-urls-by-sender
// title: Who sent which malicious url, and where
// description: One row for each sender and url; places are all channels and chats where that sender put it,
//   messages how often.
// returns: table
// columns: sender, url, severity, places, messages
// notebook: "Malicious URLs sent:"
// tags: sender, url
// mitre: T1566.002

MATCH (url:Url {risky: true})<-[contains:CONTAINS]-(message:Message)
WHERE all(x IN [url, contains, message] WHERE $case IS NULL OR $case IN x.cases)
  AND coalesce($case IN url.risky_in, url.risky)
OPTIONAL MATCH (message)<-[sent:SENT]-(sender:User)
WHERE all(x IN [sent, sender] WHERE $case IS NULL OR $case IN x.cases)
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
WITH DISTINCT sender, url, message, place
ORDER BY place
WITH sender, url, collect(DISTINCT place) AS places, count(DISTINCT message) AS messages
CALL (url) {
  OPTIONAL MATCH (url)-[asked:HAS_VERDICT]->(verdict:Verdict)
  WHERE all(x IN [asked, verdict] WHERE $case IN x.cases)
  WITH url, collect(DISTINCT verdict.severity) AS said
  RETURN CASE
      WHEN $case IS NULL THEN url.severity
      ELSE coalesce(head([rating IN ['high', 'warning', 'information'] WHERE rating IN said]), 'unknown')
    END AS severity
}
RETURN coalesce(sender.upn, sender.name, sender.id) AS sender, url.id AS url, severity, places,
       messages
ORDER BY sender, url, severity, places, messages;

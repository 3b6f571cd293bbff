// name: sender-url-place
// title: Senders, malicious urls and places as a picture
// description: From each message with a malicious url to its urls, its sender, its channel or chat, and the team.
// returns: graph
// columns: link, sender, place, team
// notebook: "Graph of events:"
// tags: sender, url, place
// mitre: T1566.002

MATCH link = (message:Message)-[contains:CONTAINS]->(url:Url {risky: true})
WHERE all(x IN [message, contains, url] WHERE $case IS NULL OR $case IN x.cases)
  AND coalesce($case IN url.risky_in, url.risky)
OPTIONAL MATCH sender = (message)<-[sent:SENT]-(user:User)
WHERE all(x IN [sent, user] WHERE $case IS NULL OR $case IN x.cases)
OPTIONAL MATCH place = (message)-[posted:POSTED_IN]->(spot:Channel|Chat)
WHERE all(x IN [posted, spot] WHERE $case IS NULL OR $case IN x.cases)
OPTIONAL MATCH team = (spot)<-[holds:HAS_CHANNEL]-(group:Team)
WHERE all(x IN [holds, group] WHERE $case IS NULL OR $case IN x.cases)
RETURN link, sender, place, team
ORDER BY message.id, url.id, user.id, spot.id, group.id;

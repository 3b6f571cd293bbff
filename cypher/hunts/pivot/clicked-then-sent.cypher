// name: clicked-then-sent
// title: Who sent a malicious url after having clicked one
// description: Users who opened or clicked a malicious url and sent one later: the account was probably taken over
//   by the first. hours lie between the two; each malicious message is set against the last click before
//   it.
// returns: table
// columns: user, clicked, clicked_at, sent, sent_at, hours, place, message
// tags: user, sender, time
// mitre: T1534, T1078

MATCH (user:User)-[did:OPENED|CLICKED]->(clicked:Url {risky: true})
WHERE all(x IN [user, did, clicked] WHERE $case IS NULL OR $case IN x.cases)
  AND coalesce($case IN clicked.risky_in, clicked.risky)
MATCH (user)-[wrote:SENT]->(message:Message)-[contains:CONTAINS]->(url:Url {risky: true})
WHERE coalesce(message.created, wrote.at) > did.first_seen
  AND all(x IN [wrote, message, contains, url] WHERE $case IS NULL OR $case IN x.cases)
  AND coalesce($case IN url.risky_in, url.risky)
WITH user, message, url, coalesce(message.created, wrote.at) AS sent_at, did.first_seen AS clicked_at, clicked
ORDER BY clicked_at DESC, clicked.id
WITH user, message, url, sent_at, head(collect({at: clicked_at, url: clicked.id})) AS before
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
RETURN coalesce(user.upn, user.name, user.id) AS user, before.url AS clicked, before.at AS clicked_at, url.id AS sent,
       sent_at,
       duration.inSeconds(before.at, sent_at).seconds / 3600 AS hours, place, message.id AS message
ORDER BY sent_at, user, clicked, clicked_at, sent, hours, place, message;

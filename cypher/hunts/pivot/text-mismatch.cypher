// name: text-mismatch
// title: Links whose text shows another address than they lead to
// description: Links in messages whose visible text is itself an address, and of another host than the link. text
//   is what the reader saw, url where it leads.
// returns: table
// columns: at, sender, place, text, url, risky, message
// tags: url, lure
// mitre: T1036

// The edges alone first: that a mismatch is rare is not known to the planner, which would read every message.
MATCH ()-[contains:CONTAINS {mismatch: true}]->()
WITH DISTINCT contains
MATCH (message:Message)-[contains]->(url:Url)
WHERE all(x IN [message, contains, url] WHERE $case IS NULL OR $case IN x.cases)
  AND coalesce($case IN contains.mismatch_in, contains.mismatch)
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
RETURN coalesce(message.created, sent.at) AS at, coalesce(sender.upn, sender.name, sender.id) AS sender, place,
       CASE
         WHEN $case IS NULL OR contains.text_in IS NULL THEN contains.text
         ELSE head([said IN contains.text_in WHERE said STARTS WITH $case + '/' | substring(said, size($case) + 1)])
       END AS text, url.id AS url,
       coalesce($case IN url.risky_in, url.risky, false) AS risky, message.id AS message
ORDER BY risky DESC, at, message, url, sender, place, text;

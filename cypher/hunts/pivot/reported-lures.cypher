// name: reported-lures
// title: Messages that people reported, and what became of the report
// description: Who reported which message and when, the verdict with which the report was graded, and how many minutes
//   after sending it came. urls are all those in the message, others counts the other people who received one of them,
//   rated lists the verdicts that call one of them, or a url that it led to within four redirects, malicious; with none, the
//   report is the only hint. A report names its sender and not its message: it is taken for the newest that the person received from that
//   sender before it.
// returns: table
// columns: at, user, sender, sent, minutes, place, urls, verdict, others, rated, message
// tags: user, recipients, report
// mitre: T1566.003

MATCH (user:User)-[told:REPORTED]->(message:Message)
WHERE all(x IN [user, told, message] WHERE $case IS NULL OR $case IN x.cases)
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
WITH user, told, message, sender, place, coalesce(message.created, sent.at) AS sent, COLLECT {
       MATCH (message)-[contains:CONTAINS]->(url:Url)
       WHERE all(x IN [contains, url] WHERE $case IS NULL OR $case IN x.cases)
       RETURN DISTINCT url
       ORDER BY url.id
     } AS held
RETURN told.at AS at, coalesce(user.upn, user.name, user.id) AS user,
       coalesce(sender.upn, sender.name, sender.id) AS sender, sent,
       duration.inSeconds(sent, told.at).seconds / 60 AS minutes, place, [url IN held | url.id] AS urls,
       CASE
         WHEN $case IS NULL OR told.verdict_in IS NULL THEN told.verdict
         ELSE head([said IN told.verdict_in WHERE said STARTS WITH $case + '/' | substring(said, size($case) + 1)])
       END AS verdict,
       COUNT {
         UNWIND held AS url
         MATCH (url)<-[holds_it:CONTAINS]-(twin:Message)<-[got:RECEIVED]-(other:User)
         WHERE other <> user AND all(x IN [holds_it, twin, got, other] WHERE $case IS NULL OR $case IN x.cases)
         RETURN DISTINCT other
       } AS others,
       COLLECT {
         UNWIND held AS url
         MATCH (url)-[led:REDIRECTS_TO*0..4]->(end:Url)-[asked:HAS_VERDICT]->(rating:Verdict)
         WHERE rating.state = 'hit' AND all(x IN led WHERE $case IS NULL OR $case IN x.cases)
           AND all(x IN [end, asked, rating] WHERE $case IS NULL OR $case IN x.cases)
         RETURN DISTINCT rating.provider + ':' + rating.severity AS word
         ORDER BY word
       } AS rated, message.id AS message
ORDER BY at, user, message, sender, sent, minutes, place, urls, verdict, others, rated;

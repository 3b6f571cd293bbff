// name: team-exposure
// title: What malicious urls did in one team
// description: Each malicious url in the channels of the team: who sent it, how many messages hold it, and how many
//   of the members are known to have opened or clicked it. Members are those of the whole team. removed counts the
//   messages that were taken away, reporters the people who reported one. The team is given by name or id.
// parameters: team string required example Finance Operations
// returns: table
// columns: team, channel, url, severity, senders, messages, members, openers, first, last, removed, reporters
// tags: place
// mitre: T1566.002

MATCH (team:Team)
WHERE toLower($team) IN [toLower(team.name), toLower(team.id)] AND ($case IS NULL OR $case IN team.cases)
WITH DISTINCT team
MATCH (team)-[holds:HAS_CHANNEL]->(channel:Channel)<-[posted:POSTED_IN]-(message:Message)
      -[contains:CONTAINS]->(url:Url {risky: true})
WHERE all(x IN [holds, channel, posted, message, contains, url] WHERE $case IS NULL OR $case IN x.cases)
  AND coalesce($case IN url.risky_in, url.risky)
CALL (message) {
  WITH message,
       CASE
         WHEN $case IS NULL OR message.delivery_in IS NULL THEN message.delivery
         ELSE head([said IN message.delivery_in WHERE said STARTS WITH $case + '/' | substring(said, size($case) + 1)])
       END AS delivery,
       CASE
         WHEN $case IS NULL OR message.zapped_in IS NULL THEN message.zapped
         ELSE datetime(head([said IN message.zapped_in WHERE said STARTS WITH $case + '/' | substring(said, size($case) + 1)]))
       END AS zapped,
       CASE
         WHEN $case IS NULL OR message.deleted_in IS NULL THEN message.deleted
         ELSE datetime(head([said IN message.deleted_in WHERE said STARTS WITH $case + '/' | substring(said, size($case) + 1)]))
       END AS deleted
  RETURN zapped IS NOT NULL OR deleted IS NOT NULL OR toLower(coalesce(delivery, 'Teams')) <> 'teams' AS removed,
         coalesce(zapped, deleted) AS removed_at
}
OPTIONAL MATCH (message)<-[sent:SENT]-(sender:User)
WHERE all(x IN [sent, sender] WHERE $case IS NULL OR $case IN x.cases)
WITH team, channel, url, message, removed, coalesce(sender.upn, sender.name, sender.id) AS sender
ORDER BY sender
WITH team, channel, url, collect(DISTINCT sender) AS senders, count(DISTINCT message) AS messages,
     collect(DISTINCT message) AS held, count(DISTINCT CASE WHEN removed THEN message END) AS removed,
     min(message.created) AS first, max(message.created) AS last
CALL (url) {
  OPTIONAL MATCH (url)-[asked:HAS_VERDICT]->(verdict:Verdict)
  WHERE all(x IN [asked, verdict] WHERE $case IN x.cases)
  WITH url, collect(DISTINCT verdict.severity) AS said
  RETURN CASE
      WHEN $case IS NULL THEN url.severity
      ELSE coalesce(head([rating IN ['high', 'warning', 'information'] WHERE rating IN said]), 'unknown')
    END AS severity
}
RETURN coalesce(team.name, team.id) AS team, coalesce(channel.name, channel.id) AS channel, url.id AS url,
       severity, senders, messages,
       COUNT {
         MATCH (team)<-[member:MEMBER_OF]-(user:User)
         WHERE all(x IN [member, user] WHERE $case IS NULL OR $case IN x.cases)
         RETURN DISTINCT user
       } AS members,
       COUNT {
         MATCH (team)<-[member:MEMBER_OF]-(user:User)-[did:OPENED|CLICKED]->(url)
         WHERE all(x IN [member, user, did] WHERE $case IS NULL OR $case IN x.cases)
         RETURN DISTINCT user
       } AS openers, first, last, removed,
       COUNT {
         UNWIND held AS message
         MATCH (message)<-[told:REPORTED]-(user:User)
         WHERE all(x IN [told, user] WHERE $case IS NULL OR $case IN x.cases)
         RETURN DISTINCT user
       } AS reporters
ORDER BY messages DESC, channel, url, team, severity, senders, members, openers, first, last, removed, reporters;

// name: user-exposure
// title: What malicious urls a user met, and how
// description: Malicious urls that the user sent, received (as Defender says, in a standard channel of a team of theirs,
//   or in a chat), reported, opened or clicked, and those that a host of theirs was warned about or connected to.
//   removed says whether the message was taken away. The user is given by UPN, name or id.
// parameters: user string required example mila.hoffmann@contoso.com
// returns: table
// columns: user, at, how, url, severity, place, message, host, removed
// tags: user
// mitre: T1204.001

MATCH (user:User)
WHERE toLower($user) IN [toLower(user.upn), toLower(user.name), toLower(user.id)]
  AND ($case IS NULL OR $case IN user.cases)
CALL (user) {
  MATCH (user)-[sent:SENT]->(message:Message)-[contains:CONTAINS]->(url:Url {risky: true})
  WHERE all(x IN [sent, message, contains, url] WHERE $case IS NULL OR $case IN x.cases)
    AND coalesce($case IN url.risky_in, url.risky)
  RETURN url, 'sent' AS how, message.created AS at, message, null AS host
  UNION
  MATCH (user)-[member:MEMBER_OF]->(team:Team)-[holds:HAS_CHANNEL]->(channel:Channel)
        <-[posted:POSTED_IN]-(message:Message)-[contains:CONTAINS]->(url:Url {risky: true})
  WHERE 'standard' = coalesce(CASE
      WHEN $case IS NULL OR channel.membership_in IS NULL THEN channel.membership
      ELSE head([said IN channel.membership_in WHERE said STARTS WITH $case + '/' | substring(said, size($case) + 1)])
    END, 'standard')
    AND all(x IN [member, team, holds, channel, posted, message, contains, url] WHERE $case IS NULL OR $case IN x.cases)
    AND coalesce($case IN url.risky_in, url.risky)
    AND NOT EXISTS { MATCH (user)-[sent:SENT]->(message) WHERE ($case IS NULL OR $case IN sent.cases) }
  RETURN url, 'received' AS how, message.created AS at, message, null AS host
  UNION
  MATCH (user)-[takes_part:PARTICIPATES_IN]->(chat:Chat)
        <-[posted:POSTED_IN]-(message:Message)-[contains:CONTAINS]->(url:Url {risky: true})
  WHERE all(x IN [takes_part, chat, posted, message, contains, url] WHERE $case IS NULL OR $case IN x.cases)
    AND coalesce($case IN url.risky_in, url.risky)
    AND NOT EXISTS { MATCH (user)-[sent:SENT]->(message) WHERE ($case IS NULL OR $case IN sent.cases) }
  RETURN url, 'received' AS how, message.created AS at, message, null AS host
  UNION
  MATCH (user)-[got:RECEIVED]->(message:Message)-[contains:CONTAINS]->(url:Url {risky: true})
  WHERE all(x IN [got, message, contains, url] WHERE $case IS NULL OR $case IN x.cases)
    AND coalesce($case IN url.risky_in, url.risky)
    AND NOT EXISTS { MATCH (user)-[sent:SENT]->(message) WHERE ($case IS NULL OR $case IN sent.cases) }
  RETURN url, 'received' AS how, message.created AS at, message, null AS host
  UNION
  MATCH (user)-[told:REPORTED]->(message:Message)-[contains:CONTAINS]->(url:Url {risky: true})
  WHERE all(x IN [told, message, contains, url] WHERE $case IS NULL OR $case IN x.cases)
    AND coalesce($case IN url.risky_in, url.risky)
  RETURN url, 'reported' AS how, told.at AS at, message, null AS host
  UNION
  MATCH (user)-[did:OPENED]->(url:Url {risky: true})
  WHERE all(x IN [did, url] WHERE $case IS NULL OR $case IN x.cases) AND coalesce($case IN url.risky_in, url.risky)
  RETURN url, 'opened' AS how, did.first_seen AS at, null AS message, null AS host
  UNION
  MATCH (user)-[did:CLICKED]->(url:Url {risky: true})
  WHERE all(x IN [did, url] WHERE $case IS NULL OR $case IN x.cases) AND coalesce($case IN url.risky_in, url.risky)
  RETURN url, 'clicked' AS how, did.first_seen AS at, null AS message, null AS host
  UNION
  MATCH (user)-[used:USED]->(host:Host)-[seen:WARNED_ABOUT]->(url:Url {risky: true})
  WHERE all(x IN [used, host, seen, url] WHERE $case IS NULL OR $case IN x.cases)
    AND coalesce($case IN url.risky_in, url.risky)
  RETURN url, 'warned' AS how, seen.first_seen AS at, null AS message, host
  UNION
  MATCH (user)-[used:USED]->(host:Host)-[seen:CONNECTED_TO]->(url:Url {risky: true})
  WHERE all(x IN [used, host, seen, url] WHERE $case IS NULL OR $case IN x.cases)
    AND coalesce($case IN url.risky_in, url.risky)
  RETURN url, 'connected' AS how, seen.first_seen AS at, null AS message, host
}
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
CALL (url) {
  OPTIONAL MATCH (url)-[asked:HAS_VERDICT]->(verdict:Verdict)
  WHERE all(x IN [asked, verdict] WHERE $case IN x.cases)
  WITH url, collect(DISTINCT verdict.severity) AS said
  RETURN CASE
      WHEN $case IS NULL THEN url.severity
      ELSE coalesce(head([rating IN ['high', 'warning', 'information'] WHERE rating IN said]), 'unknown')
    END AS severity
}
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
RETURN coalesce(user.upn, user.name, user.id) AS user, at, how, url.id AS url, severity, place,
       message.id AS message,
       coalesce(host.name, host.id) AS host, CASE WHEN message IS NOT NULL THEN removed END AS removed
ORDER BY at, user, how, url, severity, place, message, host, removed;

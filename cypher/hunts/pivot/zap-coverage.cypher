// name: zap-coverage
// title: How much of the malicious messages was taken away, and how fast
// description: One row for each malicious url (kind url) and each threat that Defender found (kind threat), with the
//   malicious messages that it stands for: how many were removed (taken out after delivery, deleted, or never in Teams),
//   how many still stand, and how many of these are known to stand in places of another tenant, where nobody here can
//   remove them.
//   share is that of the removed ones, from 0 to 1. minutes is the median time from sending to removal, slowest the
//   longest, where it is known. What stands most comes first; still-standing lists it.
// returns: table
// columns: kind, what, messages, removed, standing, not_ours, share, minutes, slowest
// tags: message, removal, overview
// mitre: T1566.002

MATCH (message:Message {risky: true})
WHERE ($case IS NULL OR $case IN message.cases) AND coalesce($case IN message.risky_in, message.risky)
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
OPTIONAL MATCH (message)-[posted:POSTED_IN]->(chat:Chat)
WHERE all(x IN [posted, chat] WHERE $case IS NULL OR $case IN x.cases)
WITH message, removed, duration.inSeconds(message.created, removed_at).seconds / 60 AS waited,
     NOT removed AND coalesce(message.owned, head(collect(chat.owned)), true) = false AS foreign
CALL (message) {
  MATCH (message)-[contains:CONTAINS]->(url:Url {risky: true})
  WHERE all(x IN [contains, url] WHERE $case IS NULL OR $case IN x.cases)
    AND coalesce($case IN url.risky_in, url.risky)
  RETURN DISTINCT 'url' AS kind, url.id AS what
  UNION
  UNWIND [threat IN coalesce(message.threats, []) WHERE coalesce($case + '/' + threat IN message.threats_in, true)] AS threat
  RETURN DISTINCT 'threat' AS kind, threat AS what
}
WITH kind, what, count(*) AS messages, sum(CASE WHEN removed THEN 1 ELSE 0 END) AS removed,
     sum(CASE WHEN foreign THEN 1 ELSE 0 END) AS not_ours, percentileDisc(waited, 0.5) AS minutes, max(waited) AS slowest
RETURN kind, what, messages, removed, messages - removed AS standing, not_ours,
       round(100.0 * removed / messages) / 100 AS share, minutes, slowest
ORDER BY standing DESC, messages DESC, kind, what, removed, not_ours, share, minutes, slowest;

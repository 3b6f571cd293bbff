// name: incident-timeline
// title: Everything around the malicious urls, in the order of time
// description: One row for each message, opening, click, warning, connection and alert. what is sent, opened,
//   clicked, warned, connected or alert; who a user, a host or an alert; detail the place, what Safe
//   Links did, what matched, or the severity.
// returns: table
// columns: at, what, who, url, detail
// tags: time, overview

MATCH (url:Url {risky: true})
WHERE ($case IS NULL OR $case IN url.cases) AND coalesce($case IN url.risky_in, url.risky)
CALL (url) {
  MATCH (url)<-[contains:CONTAINS]-(message:Message)
  WHERE all(x IN [contains, message] WHERE $case IS NULL OR $case IN x.cases)
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
  RETURN coalesce(message.created, sent.at) AS at, 'sent' AS what,
         coalesce(sender.upn, sender.name, sender.id) AS who, place AS detail
  UNION ALL
  MATCH (url)<-[did:OPENED]-(user:User)
  WHERE all(x IN [did, user] WHERE $case IS NULL OR $case IN x.cases)
  RETURN did.first_seen AS at, 'opened' AS what, coalesce(user.upn, user.name, user.id) AS who, null AS detail
  UNION ALL
  MATCH (url)<-[did:CLICKED]-(user:User)
  WHERE all(x IN [did, user] WHERE $case IS NULL OR $case IN x.cases)
  RETURN did.first_seen AS at, 'clicked' AS what, coalesce(user.upn, user.name, user.id) AS who,
         reduce(
           text = '',
           action IN [action IN coalesce(did.actions, []) WHERE coalesce($case + '/' + action IN did.actions_in, true)]
           | text + CASE text WHEN '' THEN '' ELSE ', ' END + action
         ) AS detail
  UNION ALL
  MATCH (url)<-[seen:WARNED_ABOUT]-(host:Host)
  WHERE all(x IN [seen, host] WHERE $case IS NULL OR $case IN x.cases)
  RETURN seen.first_seen AS at, 'warned' AS what, coalesce(host.name, host.id) AS who, null AS detail
  UNION ALL
  MATCH (url)<-[seen:CONNECTED_TO]-(host:Host)
  WHERE all(x IN [seen, host] WHERE $case IS NULL OR $case IN x.cases)
  RETURN seen.first_seen AS at, 'connected' AS what, coalesce(host.name, host.id) AS who,
         CASE
           WHEN $case IS NULL OR seen.match_in IS NULL THEN seen.match
           ELSE head([said IN seen.match_in WHERE said STARTS WITH $case + '/' | substring(said, size($case) + 1)])
         END AS detail
  UNION ALL
  MATCH (url)<-[mentions:MENTIONS]-(alert:Alert)
  WHERE all(x IN [mentions, alert] WHERE $case IS NULL OR $case IN x.cases)
  RETURN coalesce(alert.time, alert.first_seen) AS at, 'alert' AS what, coalesce(alert.name, alert.id) AS who,
         alert.severity AS detail
}
RETURN at, what, who, url.id AS url, detail
ORDER BY at, what, who, url, detail;

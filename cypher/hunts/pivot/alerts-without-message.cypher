// name: alerts-without-message
// title: Alerts about a url that stands in no message
// description: Alerts that name a url which no message of the investigation holds: it came another way, or its
//   message was not read. openers and hosts are the numbers of users and hosts that the investigation
//   knows to have gone there.
// returns: table
// columns: at, alert, severity, url, risky, openers, hosts
// tags: alert, gap

MATCH (alert:Alert)-[mentions:MENTIONS]->(url:Url)
WHERE all(x IN [alert, mentions, url] WHERE $case IS NULL OR $case IN x.cases)
  AND NOT EXISTS {
    MATCH (url)<-[contains:CONTAINS]-(message:Message)
    WHERE all(x IN [contains, message] WHERE $case IS NULL OR $case IN x.cases)
  }
RETURN coalesce(alert.time, alert.first_seen) AS at, coalesce(alert.name, alert.id) AS alert,
       alert.severity AS severity, url.id AS url, coalesce($case IN url.risky_in, url.risky, false) AS risky,
       COUNT {
         MATCH (url)<-[did:OPENED|CLICKED]-(user:User)
         WHERE all(x IN [did, user] WHERE $case IS NULL OR $case IN x.cases)
         RETURN DISTINCT user
       } AS openers,
       COUNT {
         MATCH (url)<-[seen:WARNED_ABOUT|CONNECTED_TO]-(host:Host)
         WHERE all(x IN [seen, host] WHERE $case IS NULL OR $case IN x.cases)
         RETURN DISTINCT host
       } AS hosts
ORDER BY at, alert, url, severity, risky, openers, hosts;

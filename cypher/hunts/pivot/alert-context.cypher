// name: alert-context
// title: What the investigation knows of everything an alert names
// description: One row for each url, user and host that the alert names. messages are those that hold the url, or
//   the malicious ones that the user sent; users opened or clicked the url, or worked on the host; hosts were
//   warned about the url or connected to it, or the user worked on them. A user is risky who sent a malicious url,
//   a host that was warned about one or connected to one. The alert is given by id or name.
// parameters: alert string required example A potentially malicious URL click was detected
// returns: table
// columns: alert, at, severity, kind, entity, risky, messages, users, hosts
// tags: alert

MATCH (alert:Alert)
WHERE toLower($alert) IN [toLower(alert.id), toLower(alert.name)] AND ($case IS NULL OR $case IN alert.cases)
CALL (alert) {
  MATCH (alert)-[mentions:MENTIONS]->(url:Url)
  WHERE all(x IN [mentions, url] WHERE $case IS NULL OR $case IN x.cases)
  RETURN 'url' AS kind, url.id AS entity, coalesce($case IN url.risky_in, url.risky, false) AS risky,
         COUNT {
           MATCH (url)<-[contains:CONTAINS]-(message:Message)
           WHERE all(x IN [contains, message] WHERE $case IS NULL OR $case IN x.cases)
           RETURN DISTINCT message
         } AS messages,
         COUNT {
           MATCH (url)<-[did:OPENED|CLICKED]-(user:User)
           WHERE all(x IN [did, user] WHERE $case IS NULL OR $case IN x.cases)
           RETURN DISTINCT user
         } AS users,
         COUNT {
           MATCH (url)<-[seen:WARNED_ABOUT|CONNECTED_TO]-(host:Host)
           WHERE all(x IN [seen, host] WHERE $case IS NULL OR $case IN x.cases)
           RETURN DISTINCT host
         } AS hosts
  UNION
  MATCH (alert)-[mentions:MENTIONS]->(user:User)
  WHERE all(x IN [mentions, user] WHERE $case IS NULL OR $case IN x.cases)
  WITH user, COUNT {
         MATCH (user)-[sent:SENT]->(message:Message)-[contains:CONTAINS]->(url:Url {risky: true})
         WHERE all(x IN [sent, message, contains, url] WHERE $case IS NULL OR $case IN x.cases)
           AND coalesce($case IN url.risky_in, url.risky)
         RETURN DISTINCT message
       } AS messages
  RETURN 'user' AS kind, coalesce(user.upn, user.name, user.id) AS entity, messages > 0 AS risky, messages,
         null AS users,
         COUNT {
           MATCH (user)-[used:USED]->(host:Host)
           WHERE all(x IN [used, host] WHERE $case IS NULL OR $case IN x.cases)
           RETURN DISTINCT host
         } AS hosts
  UNION
  MATCH (alert)-[mentions:MENTIONS]->(host:Host)
  WHERE all(x IN [mentions, host] WHERE $case IS NULL OR $case IN x.cases)
  RETURN 'host' AS kind, coalesce(host.name, host.id) AS entity,
         EXISTS {
           MATCH (host)-[seen:WARNED_ABOUT|CONNECTED_TO]->(url:Url {risky: true})
           WHERE all(x IN [seen, url] WHERE $case IS NULL OR $case IN x.cases)
             AND coalesce($case IN url.risky_in, url.risky)
         } AS risky,
         null AS messages,
         COUNT {
           MATCH (host)<-[used:USED]-(user:User)
           WHERE all(x IN [used, user] WHERE $case IS NULL OR $case IN x.cases)
           RETURN DISTINCT user
         } AS users,
         null AS hosts
}
RETURN coalesce(alert.name, alert.id) AS alert, coalesce(alert.time, alert.first_seen) AS at,
       alert.severity AS severity, kind, entity, risky, messages, users, hosts
ORDER BY at, alert, kind, entity, severity, risky, messages, users, hosts;

// name: unattributed-hosts
// title: Hosts that went to a malicious url, and nobody knows whose they are
// description: Hosts that were warned about a malicious url or connected to one, and that no user is known to work
//   on. alerts are those that name the host.
// returns: table
// columns: host, id, os, urls, first, last, alerts
// tags: host, gap

MATCH (url:Url {risky: true})<-[seen:WARNED_ABOUT|CONNECTED_TO]-(host:Host)
WHERE all(x IN [url, seen, host] WHERE $case IS NULL OR $case IN x.cases)
  AND coalesce($case IN url.risky_in, url.risky)
  AND NOT EXISTS {
    MATCH (host)<-[used:USED]-(user:User)
    WHERE all(x IN [used, user] WHERE $case IS NULL OR $case IN x.cases)
  }
WITH host, url, seen
ORDER BY url.id
WITH host, collect(DISTINCT url.id) AS urls, min(seen.first_seen) AS first, max(seen.last_seen) AS last
RETURN coalesce(host.name, host.id) AS host, host.id AS id, host.os AS os, urls, first, last,
       COLLECT {
         MATCH (host)<-[mentions:MENTIONS]-(alert:Alert)
         WHERE all(x IN [mentions, alert] WHERE $case IS NULL OR $case IN x.cases)
         RETURN DISTINCT coalesce(alert.name, alert.id) AS name
         ORDER BY name
       } AS alerts
ORDER BY first, host, id, os, urls, last, alerts;

// name: hosts-that-accessed
// title: Hosts that went to a malicious url
// description: Hosts that SmartScreen warned about any url opened from Teams (warned), and hosts that connected to
//   a malicious url or to its host (connected).
// returns: table
// columns: host, url, how, first, last, count
// notebook: "Hosts that accessed suspcious Urls:"
// tags: host
// mitre: T1204.001

CALL () {
  MATCH (host:Host)-[seen:WARNED_ABOUT]->(url:Url)
  WHERE all(x IN [host, seen, url] WHERE $case IS NULL OR $case IN x.cases)
  RETURN host, url, seen, 'warned' AS how
  UNION ALL
  MATCH (host:Host)-[seen:CONNECTED_TO]->(url:Url {risky: true})
  WHERE all(x IN [host, seen, url] WHERE $case IS NULL OR $case IN x.cases)
    AND coalesce($case IN url.risky_in, url.risky)
  RETURN host, url, seen, 'connected' AS how
}
RETURN coalesce(host.name, host.id) AS host, url.id AS url, how, seen.first_seen AS first, seen.last_seen AS last,
       seen.count AS count
ORDER BY host, url, how, first, last, count;

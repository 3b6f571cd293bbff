// name: seen-before
// title: What of this was seen in other investigations
// description: Malicious urls, their domains, their senders and the hosts that went to them which more than one
//   case holds; with a case given, those of that case. cases are all that hold it.
// returns: table
// columns: kind, entity, cases, first, last
// tags: overview, case

CALL () {
  MATCH (url:Url {risky: true})
  WHERE size(url.cases) > 1 AND ($case IS NULL OR $case IN url.cases) AND coalesce($case IN url.risky_in, url.risky)
  RETURN 'url' AS kind, url.id AS entity, url.cases AS cases, url.first_seen AS first, url.last_seen AS last
  UNION
  MATCH (url:Url {risky: true})-[on:ON_DOMAIN]->(domain:Domain)
  WHERE size(domain.cases) > 1 AND all(x IN [url, on, domain] WHERE $case IS NULL OR $case IN x.cases)
    AND coalesce($case IN url.risky_in, url.risky)
  RETURN 'domain' AS kind, domain.id AS entity, domain.cases AS cases, domain.first_seen AS first,
         domain.last_seen AS last
  UNION
  MATCH (url:Url {risky: true})<-[contains:CONTAINS]-(message:Message)<-[sent:SENT]-(sender:User)
  WHERE size(sender.cases) > 1
    AND all(x IN [url, contains, message, sent, sender] WHERE $case IS NULL OR $case IN x.cases)
    AND coalesce($case IN url.risky_in, url.risky)
  RETURN 'sender' AS kind, coalesce(sender.upn, sender.name, sender.id) AS entity, sender.cases AS cases,
         sender.first_seen AS first,
         sender.last_seen AS last
  UNION
  MATCH (url:Url {risky: true})<-[seen:WARNED_ABOUT|CONNECTED_TO]-(host:Host)
  WHERE size(host.cases) > 1 AND all(x IN [url, seen, host] WHERE $case IS NULL OR $case IN x.cases)
    AND coalesce($case IN url.risky_in, url.risky)
  RETURN 'host' AS kind, coalesce(host.name, host.id) AS entity, host.cases AS cases, host.first_seen AS first,
         host.last_seen AS last
}
RETURN kind, entity, cases, first, last
ORDER BY kind, entity, cases, first, last;

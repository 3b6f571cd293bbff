// name: entities
// title: Users, hosts and urls worth a closer look
// description: Users who sent a malicious url, hosts that hosts-that-accessed names, and every malicious url.
// returns: table
// columns: kind, entity
// notebook: "The following are a set of entities worthy of further investigation."
// tags: overview

CALL () {
  MATCH (url:Url {risky: true})<-[contains:CONTAINS]-(message:Message)<-[sent:SENT]-(sender:User)
  WHERE all(x IN [url, contains, message, sent, sender] WHERE $case IS NULL OR $case IN x.cases)
    AND coalesce($case IN url.risky_in, url.risky)
  RETURN 'user' AS kind, coalesce(sender.upn, sender.name, sender.id) AS entity
  UNION
  MATCH (host:Host)-[warned:WARNED_ABOUT]->(url:Url)
  WHERE all(x IN [host, warned, url] WHERE $case IS NULL OR $case IN x.cases)
  RETURN 'host' AS kind, coalesce(host.name, host.id) AS entity
  UNION
  MATCH (host:Host)-[connected:CONNECTED_TO]->(url:Url {risky: true})
  WHERE all(x IN [host, connected, url] WHERE $case IS NULL OR $case IN x.cases)
    AND coalesce($case IN url.risky_in, url.risky)
  RETURN 'host' AS kind, coalesce(host.name, host.id) AS entity
  UNION
  MATCH (url:Url {risky: true})
  WHERE ($case IS NULL OR $case IN url.cases) AND coalesce($case IN url.risky_in, url.risky)
  RETURN 'url' AS kind, url.id AS entity
}
RETURN kind, entity
ORDER BY kind, entity;

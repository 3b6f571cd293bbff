// name: external-tenants
// title: Outside tenants that wrote here, the newest first
// description: Tenants of guests, external and anonymous users and bots, with when their first and last message
//   with a link was sent. since leaves only those that first wrote then or later. urls are the malicious
//   ones.
// parameters: since datetime optional example 2026-10-15
// returns: table
// columns: tenant, senders, messages, urls, first, last
// tags: sender
// mitre: T1566.003

MATCH (sender:User)
WHERE $case IS NULL OR $case IN sender.cases
WITH sender,
     CASE
       WHEN $case IS NULL OR sender.type_in IS NULL THEN sender.type
       ELSE head([said IN sender.type_in WHERE said STARTS WITH $case + '/' | substring(said, size($case) + 1)])
     END AS type,
     CASE
       WHEN $case IS NULL OR sender.tenant_in IS NULL THEN sender.tenant
       ELSE head([said IN sender.tenant_in WHERE said STARTS WITH $case + '/' | substring(said, size($case) + 1)])
     END AS tenant
WHERE type IN ['guest', 'external', 'anonymous', 'bot'] AND tenant IS NOT NULL
MATCH (sender)-[sent:SENT]->(message:Message)-[contains:CONTAINS]->(url:Url)
WHERE all(x IN [sent, message, contains, url] WHERE $case IS NULL OR $case IN x.cases)
WITH sender, tenant, message, coalesce(message.created, sent.at) AS at,
     CASE WHEN coalesce($case IN url.risky_in, url.risky) THEN url.id END AS risky
ORDER BY risky
WITH tenant, count(DISTINCT sender) AS senders, count(DISTINCT message) AS messages,
     collect(DISTINCT risky) AS urls, min(at) AS first, max(at) AS last
WHERE $since IS NULL OR first >= $since
RETURN tenant, senders, messages, urls, first, last
ORDER BY first DESC, tenant, senders, messages, urls, last;

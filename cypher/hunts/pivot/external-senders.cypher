// name: external-senders
// title: Who from outside sent links here
// description: Guests, external and anonymous users and bots who sent a message with a link. messages counts those
//   messages, urls lists the malicious ones in them.
// returns: table
// columns: user, name, type, tenant, messages, urls, first, last
// tags: sender
// mitre: T1199

MATCH (sender:User)
WHERE $case IS NULL OR $case IN sender.cases
WITH sender, CASE
    WHEN $case IS NULL OR sender.type_in IS NULL THEN sender.type
    ELSE head([said IN sender.type_in WHERE said STARTS WITH $case + '/' | substring(said, size($case) + 1)])
  END AS type
WHERE type IN ['guest', 'external', 'anonymous', 'bot']
MATCH (sender)-[sent:SENT]->(message:Message)-[contains:CONTAINS]->(url:Url)
WHERE all(x IN [sent, message, contains, url] WHERE $case IS NULL OR $case IN x.cases)
WITH sender, type, message, coalesce(message.created, sent.at) AS at,
     CASE WHEN coalesce($case IN url.risky_in, url.risky) THEN url.id END AS risky
ORDER BY risky
WITH sender, type, count(DISTINCT message) AS messages, collect(DISTINCT risky) AS urls, min(at) AS first, max(at) AS last
RETURN coalesce(sender.upn, sender.name, sender.id) AS user, sender.name AS name, type,
       CASE
         WHEN $case IS NULL OR sender.tenant_in IS NULL THEN sender.tenant
         ELSE head([said IN sender.tenant_in WHERE said STARTS WITH $case + '/' | substring(said, size($case) + 1)])
       END AS tenant,
       messages, urls, first, last
ORDER BY size(urls) DESC, messages DESC, user, name, type, tenant, urls, first, last;

// name: external-senders
// title: Who from outside sent links here
// description: Guests, external and anonymous users and bots who sent a message with a link. messages counts those
//   messages, urls lists the malicious ones in them.
// returns: table
// columns: user, name, type, tenant, messages, urls, first, last
// tags: sender
// mitre: T1199

MATCH (sender:User)-[sent:SENT]->(message:Message)-[contains:CONTAINS]->(url:Url)
WHERE sender.type IN ['guest', 'external', 'anonymous', 'bot']
  AND all(x IN [sender, sent, message, contains, url] WHERE $case IS NULL OR $case IN x.cases)
WITH sender, message, coalesce(message.created, sent.at) AS at,
     CASE WHEN coalesce($case IN url.risky_in, url.risky) THEN url.id END AS risky
ORDER BY risky
WITH sender, count(DISTINCT message) AS messages, collect(DISTINCT risky) AS urls, min(at) AS first, max(at) AS last
RETURN coalesce(sender.upn, sender.name, sender.id) AS user, sender.name AS name, sender.type AS type,
       sender.tenant AS tenant, messages, urls, first, last
ORDER BY size(urls) DESC, messages DESC, user, name, type, tenant, urls, first, last;
